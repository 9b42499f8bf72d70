"""OpenID Connect relying party: discovery, signing keys, the authorization code flow and ID tokens.

Operators name the providers, and their responses are bounded all the same: each host is resolved once and
must be public unless the setting allows a private network, and size and time are limited. Signatures must be
asymmetric: a client secret or a public key must never verify as a shared key (RFC 8725, 3.1). Metadata and
keys are cached in the process, because they are the same for everyone. What belongs to one sign-in is not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from scheduler.domain.errors import ChainmeetError
from scheduler.domain.oidc_providers import OidcProvider
from scheduler.invites.transport.public_addresses import is_public_address
from scheduler.invites.transport.remote import (
    Fetcher,
    FetchFailure,
    FetchRequest,
    StatusFailure,
    https_address,
)

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""Accepted signatures of ID tokens: asymmetric ones."""
MAX_OCTETS: Final = 262_144
"""Octets of one response: metadata, keys, tokens or claims."""
SECONDS: Final = 10.0
"""Of all requests of one step together."""
CACHED: Final = 3600.0
"""Seconds for which metadata and keys are cached."""
REFETCHED: Final = 10.0
"""Seconds between two fetches of keys, if a token names an unknown one."""
SKEW: Final = timedelta(seconds=60)
"""Tolerated difference between the clocks of the provider and the database."""
OLDEST: Final = timedelta(minutes=10)
"""Maximum age of an ID token, which is issued in response to our request."""
_MIN_RSA_BITS: Final = 2048
_MAX_SUBJECT: Final = 255


class ProviderFailure(ChainmeetError):
    """A provider could not be reached, or its response is invalid. `str()` has no secret, and is for logs."""

    code = "provider-failure"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of a provider that are used (OpenID Connect Discovery 1.0, 3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    algorithms: tuple[str, ...]
    has_post_only: bool
    """True if the token endpoint takes the client secret only in the form."""
    sends_issuer: bool
    """True if each authorization response names its issuer (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class AuthenticationRequest:
    """The values of one request. Only the browser's cookie and the state can derive them again."""

    state: str
    nonce: str
    verifier: str
    """The code verifier of PKCE (RFC 7636)."""

    @classmethod
    def derive(cls, secret: str, state: str) -> AuthenticationRequest:
        """Derive the values from the secret in the browser's cookie, for one state."""
        values = (
            _base64url(hmac.digest(secret.encode(), f"{purpose}:{state}".encode(), hashlib.sha256))
            for purpose in ("nonce", "verifier")
        )
        return cls(state, *values)

    @property
    def challenge(self) -> str:
        """The code challenge by the method S256."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())


@dataclass(frozen=True, slots=True)
class Subject:
    """What a provider says about the person that it has authenticated."""

    subject: str
    email: str
    is_verified: bool
    """True if the provider has verified the email address."""
    is_operator: bool
    authenticated_at: datetime | None
    """None if the provider does not say when."""


def provider_fetcher(provider: OidcProvider) -> Fetcher:
    """Return the HTTP client for a provider: public addresses, unless its setting allows others."""
    return Fetcher(
        max_octets=MAX_OCTETS,
        is_allowed=_is_any if provider.is_private else is_public_address,
        ports=frozenset({443, urlsplit(provider.issuer).port or 443}),
    )


@dataclass(slots=True)
class OidcClient:
    """This site as a client of one provider. Shared by the threads of a process."""

    provider: OidcProvider
    fetcher: Fetcher
    clock: Callable[[], float] = time.monotonic
    _metadata: tuple[float, Metadata] | None = field(default=None, repr=False)
    _keys: tuple[float, KeySet] | None = field(default=None, repr=False)

    def find_metadata(self) -> Metadata:
        """Return the provider's metadata, fetched at most once an hour. Raises ProviderFailure."""
        if self._metadata is None or self.clock() > self._metadata[0] + CACHED:
            address = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = self._object(address, FetchRequest(), self._deadline())
            self._metadata = self.clock(), _metadata(self.provider, found)
        return self._metadata[1]

    def find_keys(self, *, older_than: float = CACHED, ends: float | None = None) -> KeySet:
        """Return the signing keys, fetched unless those cached are young. Raises ProviderFailure."""
        if self._keys is None or self.clock() > self._keys[0] + older_than:
            address = self.find_metadata().jwks_uri
            found = self._object(address, FetchRequest(), ends or self._deadline())
            self._keys = self.clock(), _signing_keys(found)
        return self._keys[1]

    def authorization_url(
        self, request: AuthenticationRequest, *, redirect_uri: str, max_hours: int, is_fresh: bool
    ) -> str:
        """Return the address where the person authenticates. Raises ProviderFailure.

        With `max_hours`, it says when it authenticated the person (OpenID Connect Core 1.0, 3.1.2.1).
        """
        endpoint = self.find_metadata().authorization_endpoint
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.provider.scopes),
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": request.challenge,
            "code_challenge_method": "S256",
        }
        if self.provider.has_auth_time:
            asked["max_age"] = "0" if is_fresh else str(max_hours * 3600)
        if is_fresh:
            asked["prompt"] = "login"
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    def require_issuer(self, issuer: str | None) -> None:
        """Raise ProviderFailure unless a response is from this provider's issuer (RFC 9207, 2.4)."""
        if issuer is None and not self.find_metadata().sends_issuer:
            return
        if issuer != self.provider.issuer:
            raise ProviderFailure("the response names another issuer")

    def redeem_code(
        self, code: str, request: AuthenticationRequest, *, redirect_uri: str, now: datetime
    ) -> Subject:
        """Exchange an authorization code for the verified claims of a person. Raises ProviderFailure."""
        ends = self._deadline()
        metadata = self.find_metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": request.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        own = quote_plus(self.provider.client_id), quote_plus(self.provider.client_secret)
        if metadata.has_post_only:
            form |= {"client_id": self.provider.client_id, "client_secret": self.provider.client_secret}
        else:
            headers["Authorization"] = f"Basic {base64.b64encode(':'.join(own).encode()).decode()}"
        post = FetchRequest("POST", headers, urlencode(form).encode())
        tokens = self._object(metadata.token_endpoint, post, ends)
        claims = self._verified(_text(tokens, "id_token"), request.nonce, ends, now)
        wanted = {"email", self.provider.verified_claim, self.provider.operator_claim} - {""}
        if metadata.userinfo_endpoint and not wanted <= claims.keys():
            claims = self._userinfo(metadata.userinfo_endpoint, tokens, claims, ends) | claims
        return self._subject(claims)

    def _verified(self, token: str, nonce: str, ends: float, now: datetime) -> dict[str, Any]:
        """Return the claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7)."""
        allowed = self.find_metadata().algorithms
        registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
        try:
            try:
                found = jwt.decode(token, self.find_keys(ends=ends), allowed, registry).claims
            except InvalidKeyIdError:  # the provider has new keys
                keys = self.find_keys(older_than=REFETCHED, ends=ends)
                found = jwt.decode(token, keys, allowed, registry).claims
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderFailure(f"the ID token is invalid: {type(error).__name__}") from None
        if fault := self._fault(found, nonce, now):
            raise ProviderFailure(f"the ID token is invalid: {fault}")
        return found

    def _fault(self, claims: Mapping[str, Any], nonce: str, now: datetime) -> str:
        """Return which claim of an ID token is wrong, or an empty text."""
        audience, own = claims.get("aud"), self.provider.client_id
        audiences = audience if isinstance(audience, list) else [audience]
        expires, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
        not_before, authenticated = _moment(claims.get("nbf", 0)), _moment(claims.get("auth_time"))
        subject = claims.get("sub")
        checks = {
            "iss": claims.get("iss") == self.provider.issuer,
            "aud": own in audiences,
            "azp": claims.get("azp") == own or ("azp" not in claims and len(audiences) == 1),
            "exp": expires is not None and now < expires + SKEW,
            "iat": issued is not None and now - OLDEST - SKEW < issued < now + SKEW,
            "nbf": not_before is not None and not_before < now + SKEW,
            # required, as each request has max_age: otherwise a browser could leave it out
            "auth_time": not self.provider.has_auth_time
            or (authenticated is not None and authenticated < now + SKEW),
            "nonce": hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()),
            "sub": isinstance(subject, str) and 0 < len(subject) <= _MAX_SUBJECT and subject.isascii(),
        }
        return ", ".join(name for name, is_right in checks.items() if not is_right)

    def _userinfo(
        self, address: str, tokens: Mapping[str, Any], claims: Mapping[str, Any], ends: float
    ) -> dict[str, Any]:
        """Return the claims of the UserInfo endpoint, which must be of the same subject (5.3.2)."""
        bearer = {"Authorization": f"Bearer {_text(tokens, 'access_token')}"}
        found = self._object(address, FetchRequest(headers=bearer), ends)
        if found.get("sub") != claims["sub"]:
            raise ProviderFailure("the claims are about another subject")
        return found

    def _subject(self, claims: Mapping[str, Any]) -> Subject:
        email, held = claims.get("email"), claims.get(self.provider.operator_claim)
        groups: list[Any] = held if isinstance(held, list) else [held]
        return Subject(
            subject=claims["sub"],
            email=email if isinstance(email, str) else "",
            is_verified=claims.get(self.provider.verified_claim) in (True, "true", "1"),
            is_operator=any(
                isinstance(each, str) and each in self.provider.operator_values for each in groups
            ),
            authenticated_at=_moment(claims.get("auth_time")) if self.provider.has_auth_time else None,
        )

    def _object(self, address: str, question: FetchRequest, ends: float) -> dict[str, Any]:
        """Return the JSON object of a response."""
        host = urlsplit(address).hostname
        try:
            octets, _ = self.fetcher.ask(https_address(address), question, ends=ends)
        except StatusFailure as failure:
            raise ProviderFailure(f"{host} answered with status {failure.status}") from None
        except FetchFailure:
            raise ProviderFailure(f"{host} can't be reached by https, or isn't allowed") from None
        try:
            found = json.loads(octets)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ProviderFailure(f"{host} didn't answer with a JSON object")
        return found

    def _deadline(self) -> float:
        return self.clock() + SECONDS


def make_clients(providers: Mapping[str, OidcProvider]) -> dict[str, OidcClient]:
    """Return a client for each provider, by its key."""
    return {key: OidcClient(each, provider_fetcher(each)) for key, each in providers.items()}


def _metadata(provider: OidcProvider, found: Mapping[str, Any]) -> Metadata:
    """Return checked metadata. The issuer must be exactly the configured one (Discovery 1.0, 4.3)."""
    if found.get("issuer") != provider.issuer:
        raise ProviderFailure(f"the metadata of {provider.issuer} name another issuer")
    algorithms = _strings(found, "id_token_signing_alg_values_supported")
    methods = _strings(found, "token_endpoint_auth_methods_supported") or ("client_secret_basic",)
    challenges = _strings(found, "code_challenge_methods_supported")
    if challenges and "S256" not in challenges:
        raise ProviderFailure(f"{provider.issuer} doesn't support PKCE with S256")
    try:
        authorization, token, keys = (
            https_address(_text(found, name))
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        )
        userinfo = https_address(_text(found, "userinfo_endpoint")) if found.get("userinfo_endpoint") else ""
    except FetchFailure:
        raise ProviderFailure(f"the metadata of {provider.issuer} have an invalid address") from None
    allowed = tuple(each for each in ALGORITHMS if each in algorithms)
    if not allowed:
        raise ProviderFailure(f"{provider.issuer} signs with no accepted algorithm")
    return Metadata(
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=keys,
        userinfo_endpoint=userinfo,
        algorithms=allowed,
        has_post_only="client_secret_basic" not in methods,
        sends_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _signing_keys(found: Mapping[str, Any]) -> KeySet:
    """Return the public keys that may sign. Others are left out, such as shared and short ones."""
    keys: list[RSAKey | ECKey | OKPKey] = []
    rows = found.get("keys")
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or not _may_sign(row):
            continue
        try:
            key = JWKRegistry.import_key(row)
        except (JoseError, ValueError, TypeError):
            continue
        if isinstance(key, (RSAKey, ECKey, OKPKey)):
            keys.append(key)
    if not keys:
        raise ProviderFailure("the provider has no signing key")
    return KeySet(list(keys))


def _may_sign(row: Mapping[str, Any]) -> bool:
    """Return True for a public key, long enough and not for encryption alone."""
    is_public = row.get("kty") in ("RSA", "EC", "OKP") and "d" not in row
    is_long = row.get("kty") != "RSA" or len(str(row.get("n"))) * 6 >= _MIN_RSA_BITS
    return is_public and is_long and row.get("use", "sig") == "sig"


def _strings(found: Mapping[str, Any], name: str) -> Sequence[str]:
    value = found.get(name)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _text(found: Mapping[str, Any], name: str) -> str:
    """Return a text of a response that is safe to send back: printable ASCII without spaces."""
    value = found.get(name)
    if (
        not isinstance(value, str)
        or not value
        or not value.isascii()
        or not value.isprintable()
        or " " in value
    ):
        raise ProviderFailure(f"the response has no valid {name}")
    return value


def _moment(seconds: Any) -> datetime | None:
    """Return the time of a NumericDate (RFC 7519, 2), or None."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 2**37:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _is_any(_address: str) -> bool:
    return True
