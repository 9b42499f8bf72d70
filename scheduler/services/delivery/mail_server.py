"""The outgoing mail server of the settings: the only way in which emails leave."""

from __future__ import annotations

from typing import Literal, cast

from scheduler.config import Settings
from scheduler.invites.transport.smtp import TIMEOUT, Smtp


def build_smtp(settings: Settings, *, timeout: float = TIMEOUT, deadline: float = 45.0) -> Smtp:
    """Return the client, not yet connected, which signs emails with the DKIM keys of the settings.

    `timeout` and `deadline` are in seconds, as in `Smtp`.
    """
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        cast(Literal["none", "starttls", "tls"], settings.smtp_security),
        settings.smtp_username,
        settings.smtp_password,
        timeout=timeout,
        deadline=deadline,
        dkim_keys=settings.dkim,
    )
