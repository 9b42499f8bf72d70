"""Settings never print secrets."""

from __future__ import annotations

from scheduler.config import Settings
from scheduler.secret_keys import SecretKeys


def test_settings_that_are_printed_show_no_password() -> None:
    settings = Settings(
        database_url="postgresql://u:databasepass@h/d",
        redis_url="redis://:brokerpass@h",
        secret_key=SecretKeys("k" * 32),
        smtp_password="mailpass",
        imap_password="boxpass",
    )
    secrets = ("databasepass", "brokerpass", settings.secret_key.key(), "mailpass", "boxpass")
    assert not any(secret in repr(settings) for secret in secrets)
