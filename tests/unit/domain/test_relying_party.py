"""The relying party of passkeys, and the setting that needs one."""

from __future__ import annotations

import pytest

from scheduler.config import ConfigError, Settings
from scheduler.domain.relying_party import find_relying_party
from tests.unit.domain.test_oidc_providers import ENVIRONMENT


@pytest.mark.parametrize(
    ("base_url", "party"),
    [
        ("https://Meet.expo.example", ("meet.expo.example", "https://meet.expo.example")),
        ("https://meet.expo.example:8443", ("meet.expo.example", "https://meet.expo.example:8443")),
        ("https://meet.expo.example:443", ("meet.expo.example", "https://meet.expo.example")),
        ("http://localhost:8000", ("localhost", "http://localhost:8000")),
        ("http://meet.expo.example", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
    ],
)
def test_the_relying_party_is_that_of_the_public_url(base_url: str, party: tuple[str, str] | None) -> None:
    found = find_relying_party(base_url)
    assert (found and (found.id, found.origin)) == party


def test_a_second_factor_is_required_only_where_browsers_make_passkeys() -> None:
    required = {**ENVIRONMENT, "CHAINMEET_SECOND_FACTOR_REQUIRED": "owners"}
    settings = Settings.from_env({**required, "CHAINMEET_BASE_URL": "https://meet.expo.example"})
    assert settings.second_factor_required == "owners"
    with pytest.raises(ConfigError) as failure:
        Settings.from_env({**required, "CHAINMEET_BASE_URL": "https://192.0.2.1"})
    assert [fault.path for fault in failure.value.faults] == ["CHAINMEET_SECOND_FACTOR_REQUIRED"]
