"""Canonical mailboxes: addresses that deliver to the same inbox."""

from __future__ import annotations

_GMAIL = ("gmail.com", "googlemail.com")


def canonical_mailbox(email: str) -> str:
    """Return one canonical address per mailbox, without a plus suffix and, for Gmail, without dots."""
    local, _, domain = email.rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '')}@gmail.com" if domain in _GMAIL else f"{local}@{domain}"


def mailbox_domains(email: str) -> tuple[str, ...]:
    """Return the domains under which this address's mailbox is reachable."""
    domain = email.rpartition("@")[2]
    return _GMAIL if domain in _GMAIL else (domain,)
