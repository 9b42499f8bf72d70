"""Verdicts on inbound emails: outcome and reason."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.domain.entities import MailOutcome
from scheduler.domain.errors import InvalidInput
from scheduler.invites import text
from scheduler.services.replies.receipts import ReceiptCause


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and the sentence that explains it. `cause` is the reason reported to the sender, if any."""

    outcome: MailOutcome
    reason: str
    cause: ReceiptCause | None = None


def applied(reason: str) -> Verdict:
    return Verdict(MailOutcome.APPLIED, reason)


def ignored(reason: str) -> Verdict:
    return Verdict(MailOutcome.IGNORED, reason)


def waiting(reason: str, cause: ReceiptCause | None = None) -> Verdict:
    return Verdict(MailOutcome.WAITING, reason, cause)


def same_address(one: str, other: str) -> bool:
    """Return True if two addresses are equal, ignoring case and the form of an international domain."""
    return _ascii(one) == _ascii(other)


def _ascii(address: str) -> str:
    try:
        return text.address(address).lower()
    except InvalidInput:
        return address.strip().lower()
