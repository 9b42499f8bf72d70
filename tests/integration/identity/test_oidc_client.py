"""ID tokens are verified, and a provider's responses are bounded and checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from chainmeet.doctor import service_checks
from scheduler.config import Settings
from scheduler.domain.findings import Level
from scheduler.services.identity import oidc_client
from scheduler.services.identity.oidc_client import (
    AuthenticationRequest,
    OidcClient,
    ProviderFailure,
    Subject,
)
from tests.support import clocks
from tests.support.factories import SECRET_KEY
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, StubProvider, serving_provider, signing_key

URI = "https://expo.example/sign-in/providers/acme/callback"
BROWSER = "the secret in the browser's cookie"


@pytest.fixture(scope="module")
def server() -> Iterator[StubProvider]:
    with serving_provider() as provider:
        yield provider


@pytest.fixture
def provider(server: StubProvider) -> StubProvider:
    """Return the provider as it is at first."""
    fresh = StubProvider(port=server.port, trusting=server.trusting)
    for name in StubProvider.__dataclass_fields__:
        setattr(server, name, getattr(fresh, name))
    return server


def signed_in(provider: StubProvider, client: OidcClient | None = None) -> Subject:
    client = client or provider.client()
    request = AuthenticationRequest.derive(BROWSER, "state")
    address = client.authorization_url(request, redirect_uri=URI, max_hours=336, is_fresh=False)
    code = provider.authorize(address)["code"]
    return client.redeem_code(code, request, redirect_uri=URI, now=clocks.now())


def refused(provider: StubProvider, client: OidcClient | None = None) -> str:
    with pytest.raises(ProviderFailure) as failure:
        signed_in(provider, client)
    return str(failure.value)


def unsigned(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_the_claims_of_a_valid_id_token_are_the_persons(provider: StubProvider) -> None:
    found = signed_in(provider)
    assert (found.subject, found.email, found.is_verified) == ("subject-1", "ann@example.org", True)
    assert found.authenticated_at is not None and not found.is_operator
    assert provider.asked == ["/.well-known/openid-configuration", "/token", "/keys"]
    assert "client_secret" not in provider.forms[0] and len(provider.forms[0]["code_verifier"]) == 43


def test_the_secret_is_in_the_form_only_if_the_provider_takes_it_nowhere_else(provider: StubProvider) -> None:
    provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    signed_in(provider)
    assert provider.forms[0]["client_secret"] == CLIENT_SECRET


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({"iss": "https://login.other.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another client"}, "aud"),
        ({"aud": ["another client"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": [CLIENT_ID, "another client"]}, "azp"),
        ({"aud": [CLIENT_ID, "another client"], "azp": "another client"}, "azp"),
        ({"azp": "another client"}, "azp"),
        ({"exp": 1}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "9999999999"}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"iat": 1}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": 9_999_999_999}, "nbf"),
        ({"nonce": "that of another sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"auth_time": None}, "auth_time"),
        ({"auth_time": "1"}, "auth_time"),
        ({"auth_time": 9_999_999_999}, "auth_time"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "s" * 256}, "sub"),
        ({"sub": 7}, "sub"),
    ],
)
def test_an_id_token_with_a_wrong_claim_is_refused(
    provider: StubProvider, claims: dict[str, Any], fault: str
) -> None:
    provider.claims = claims
    assert refused(provider) == f"the ID token is invalid: {fault}"


def test_several_audiences_need_the_authorized_party(provider: StubProvider) -> None:
    provider.claims = {"aud": [CLIENT_ID, "an API"], "azp": CLIENT_ID}
    assert signed_in(provider).subject == "subject-1"


def test_an_unsigned_id_token_is_refused(provider: StubProvider) -> None:
    provider.sign = lambda claims: unsigned({"alg": "none"}, claims)
    assert "invalid" in refused(provider)
    provider.metadata["id_token_signing_alg_values_supported"] = ["none", "RS256"]
    assert "invalid" in refused(provider)


@pytest.mark.parametrize("shared", ["client secret", "public key"])
@pytest.mark.parametrize("offered", [["RS256"], ["RS256", "HS256"]])
def test_a_shared_key_never_verifies_an_id_token(
    provider: StubProvider, shared: str, offered: list[str]
) -> None:
    key = CLIENT_SECRET.encode() if shared == "client secret" else public_pem(signing_key("first"))
    provider.metadata["id_token_signing_alg_values_supported"] = offered
    provider.sign = lambda claims: hs256(key, dict(claims))
    assert "invalid" in refused(provider)


def test_a_shared_key_that_the_provider_publishes_verifies_nothing(provider: StubProvider) -> None:
    shared = OctKey.import_key(b"k" * 32, {"kid": "shared"})
    provider.keys = [shared.as_dict(private=True)]
    provider.sign = lambda claims: hs256(b"k" * 32, dict(claims), kid="shared")
    assert "no signing key" in refused(provider)


def public_pem(key: RSAKey) -> bytes:
    return key.as_pem(private=False)


def hs256(key: bytes, claims: dict[str, Any], kid: str = "first") -> str:
    """Sign by hand, because libraries refuse such keys."""
    text = unsigned({"alg": "HS256", "kid": kid}, claims).rpartition(".")[0]
    proof = hmac.digest(key, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(proof).rstrip(b'=').decode()}"


def test_a_signature_by_another_key_or_in_the_tokens_own_header_is_refused(provider: StubProvider) -> None:
    other = signing_key("other")
    provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, dict(claims), other)
    assert "invalid" in refused(provider)
    embedded = {"alg": "RS256", "jwk": other.as_dict(private=False), "kid": "first"}
    provider.sign = lambda claims: jwt.encode(embedded, dict(claims), other)
    assert "invalid" in refused(provider)


def test_a_short_key_and_a_private_one_are_left_out(provider: StubProvider) -> None:
    short = {**signing_key("first").as_dict(private=False), "n": "x" * 171}
    provider.keys = [short, signing_key("first").as_dict(private=True), {"kty": "RSA"}, "no key"]  # type: ignore[list-item]
    assert "no signing key" in refused(provider)


def test_elliptic_curves_sign_too(provider: StubProvider) -> None:
    key = ECKey.generate_key("P-256", {"kid": "curve"})
    provider.metadata["id_token_signing_alg_values_supported"] = ["ES256"]
    provider.keys = [key.as_dict(private=False)]
    provider.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "curve"}, dict(claims), key)
    assert signed_in(provider).subject == "subject-1"


def test_new_keys_are_fetched_when_a_token_names_one(
    provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, at = provider.client(), [0.0]
    client.clock = lambda: at[0]
    monkeypatch.setattr(oidc_client, "SECONDS", 1e9)
    signed_in(provider, client)
    provider.kid = "second"
    assert "invalid" in refused(provider, client), "keys were fetched just now"
    at[0] += oidc_client.REFETCHED + 1
    assert signed_in(provider, client).subject == "subject-1"
    assert provider.asked.count("/keys") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1


def test_claims_come_from_the_userinfo_endpoint_if_the_token_has_none(provider: StubProvider) -> None:
    provider.claims = {"email": None, "email_verified": None}
    provider.userinfo = {"email": "ann@example.org", "email_verified": "true"}
    found = signed_in(provider)
    assert (found.email, found.is_verified) == ("ann@example.org", True)
    provider.userinfo["sub"] = "subject-2"
    assert "another subject" in refused(provider)


@pytest.mark.parametrize("value", [False, None, "false", 0, "yes", [True], {"verified": True}])
def test_only_a_true_claim_verifies_an_address(provider: StubProvider, value: Any) -> None:
    provider.claims = {"email_verified": value}
    assert not signed_in(provider).is_verified


@pytest.mark.parametrize(
    ("value", "is_operator"),
    [
        (["staff", "chainmeet operators"], True),
        ("chainmeet operators", True),
        (["staff"], False),
        ("chainmeet operators and more", False),
        ({"chainmeet operators": True}, False),
        (None, False),
    ],
)
def test_a_value_of_the_claim_makes_an_operator(
    provider: StubProvider, value: Any, is_operator: bool
) -> None:
    provider.claims = {"groups": value}
    operators = {"claim": "groups", "values": ["chainmeet operators"]}
    assert signed_in(provider, provider.client(operators=operators)).is_operator is is_operator


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://login.other.example"},
        {"issuer": None},
        {"token_endpoint": "http://login.acme.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
        {"userinfo_endpoint": "file:///etc/passwd"},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_provider_with_wrong_metadata_signs_no_one_in(
    provider: StubProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    with pytest.raises(ProviderFailure):
        provider.client().find_metadata()


def test_the_host_must_be_public_unless_the_setting_allows_others(provider: StubProvider) -> None:
    for is_private in (False, True):
        client = provider.client(private_network=is_private)
        fetcher = oidc_client.provider_fetcher(client.provider)
        assert fetcher.is_allowed("127.0.0.1") is is_private
        assert fetcher.ports == {443, provider.port}
        assert fetcher.max_octets == oidc_client.MAX_OCTETS


def test_a_response_of_another_issuer_is_refused(provider: StubProvider) -> None:
    client = provider.client()
    client.require_issuer(provider.issuer)
    for issuer in ("https://login.other.example", "", f"{provider.issuer}/", None):
        with pytest.raises(ProviderFailure):
            client.require_issuer(issuer)
    provider.metadata["authorization_response_iss_parameter_supported"] = None
    silent = provider.client()
    silent.require_issuer(None)
    with pytest.raises(ProviderFailure):
        silent.require_issuer("https://login.other.example")


def test_values_of_a_request_differ_by_browser_and_state() -> None:
    found = [
        AuthenticationRequest.derive(browser, state)
        for browser in ("one browser", "another one")
        for state in ("state", "another state")
    ]
    values = {value for each in found for value in (each.nonce, each.verifier, each.challenge)}
    assert len(values) == 12 and {len(value) for value in values} == {43}


def test_no_failure_names_a_secret(provider: StubProvider) -> None:
    provider.sign = lambda _claims: "no token"
    said = refused(provider)
    assert CLIENT_SECRET not in said + repr(provider.client().provider)


def test_clocks_may_differ_by_a_minute(provider: StubProvider) -> None:
    now = int((clocks.now() + timedelta(seconds=40)).timestamp())
    provider.claims = {"iat": now, "nbf": now}
    assert signed_in(provider).subject == "subject-1"


def test_the_doctor_names_a_provider_that_signs_no_one_in(provider: StubProvider) -> None:
    provider.metadata = {"issuer": "https://login.other.example"}
    settings = Settings(database_url="sqlite://", redis_url="redis://", secret_key=SECRET_KEY)
    (found,) = service_checks.check_providers(settings, {"acme": provider.client()})
    assert (found.level, provider.issuer in found.what) == (Level.ERROR, True)
    assert list(service_checks.check_providers(settings)) == []
