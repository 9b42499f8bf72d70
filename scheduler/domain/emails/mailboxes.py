"""Mailboxes: the addresses that one person reads in one place, whatever stands behind a plus."""

from __future__ import annotations

_GMAIL = ("gmail.com", "googlemail.com")


def canonical_mailbox(email: str) -> str:
    """One name for the addresses of a mailbox: without what stands behind a plus, nor Gmail's dots."""
    local, _, domain = email.rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '')}@gmail.com" if domain in _GMAIL else f"{local}@{domain}"


def mailbox_domains(email: str) -> tuple[str, ...]:
    """The domains in which the address's mailbox has addresses."""
    domain = email.rpartition("@")[2]
    return _GMAIL if domain in _GMAIL else (domain,)
