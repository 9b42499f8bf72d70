"""The setting of OpenID providers is read strictly, and its errors have no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chainmeet.doctor.hidden_secrets import without_secrets
from scheduler.config import ConfigError, Settings
from scheduler.domain.findings import error
from scheduler.domain.oidc_providers import MAX_PROVIDERS, parse_providers
from scheduler.secret_keys import SecretKeys

ROW: dict[str, Any] = {
    "key": "agency",
    "name": "Agency",
    "issuer": "https://login.agency.example",
    "client_id": "chainmeet",
    "client_secret": "hush-hush",
    "domains": ["agency.example"],
}
OTHER = {**ROW, "key": "other", "issuer": "https://login.other.example", "domains": ["other.example"]}
ENVIRONMENT = {
    "CHAINMEET_DATABASE_URL": "sqlite:///x.db",
    "CHAINMEET_REDIS_URL": "redis://127.0.0.1",
    "CHAINMEET_SECRET_KEY": "k" * 40,
}


def test_providers_are_read_in_their_order() -> None:
    found = parse_providers(json.dumps([ROW, {**OTHER, "scopes": ["groups", "openid"]}]))
    assert list(found) == ["agency", "other"]
    assert found["agency"].scopes == ("openid", "email")
    assert found["other"].scopes == ("openid", "email", "groups")
    assert found["agency"].has_auth_time and not found["agency"].is_private
    assert "hush-hush" not in repr(found)
    assert parse_providers("") == parse_providers(" ") == parse_providers("[]") == {}


@pytest.mark.parametrize(
    "rows",
    [
        "hush-hush",
        "{}",
        [ROW] * (MAX_PROVIDERS + 1),
        ["hush-hush"],
        [{**ROW, "unknown": 1}],
        *([{name: value for name, value in ROW.items() if name != missing}] for missing in ROW),
        *([{**ROW, name: ""}] for name in ("key", "name", "client_id", "client_secret", "domains")),
        [{**ROW, "client_secret": ["hush-hush"]}],
        [{**ROW, "key": "Agency"}],
        [{**ROW, "key": "../agency"}],
        [{**ROW, "key": "a" * 41}],
        [{**ROW, "issuer": "http://login.agency.example"}],
        [{**ROW, "issuer": "https://login.agency.example/?tenant=1"}],
        [{**ROW, "issuer": "https://user@login.agency.example/"}],
        [{**ROW, "domains": ["*.example"]}],
        [{**ROW, "domains": ["Agency.example"]}],
        [{**ROW, "scopes": ["two words"]}],
        [{**ROW, "auth_time": "false"}],
        [{**ROW, "private_network": 1}],
        [{**ROW, "operators": {"claim": "groups"}}],
        [{**ROW, "operators": {"claim": "", "values": ["x"]}}],
        [{**ROW, "operators": {"claim": "groups", "values": [""]}}],
        [ROW, {**OTHER, "key": "agency"}],
        [ROW, {**OTHER, "issuer": ROW["issuer"]}],
        [ROW, {**OTHER, "domains": ["other.example", "agency.example"]}],
    ],
    ids=str,
)
def test_a_wrong_provider_stops_the_start_without_its_secret(rows: Any) -> None:
    text = rows if isinstance(rows, str) else json.dumps(rows)
    with pytest.raises(ConfigError) as failure:
        Settings.from_env({**ENVIRONMENT, "CHAINMEET_OIDC_PROVIDERS": text})
    (fault,) = failure.value.faults
    assert fault.path == "CHAINMEET_OIDC_PROVIDERS" and "hush" not in fault.message


def test_a_sign_in_can_be_required_only_with_a_provider() -> None:
    required = {**ENVIRONMENT, "CHAINMEET_OIDC_REQUIRED": "organisers"}
    with pytest.raises(ConfigError):
        Settings.from_env(required)
    settings = Settings.from_env({**required, "CHAINMEET_OIDC_PROVIDERS": json.dumps([ROW])})
    assert Settings.from_env(settings.to_env()).providers.keys() == {"agency"}


def test_findings_show_no_client_secret() -> None:
    settings = Settings(
        database_url="sqlite:///x.db",
        redis_url="redis://127.0.0.1",
        secret_key=SecretKeys("k" * 40),
        oidc_providers=json.dumps([ROW]),
    )
    assert "hush-hush" not in repr(settings)
    assert without_secrets([error("sign-in", "hush-hush", "")], settings)[0].what == "***"
