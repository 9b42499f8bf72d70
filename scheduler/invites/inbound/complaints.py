"""Spam complaints reported by mailbox providers (ARF, RFC 5965)."""

from __future__ import annotations

import re
from email.message import Message
from typing import Final

from scheduler.invites.inbound.automatic_emails import report_fields, returned_id
from scheduler.invites.inbound.model import Complaint
from scheduler.invites.inbound.parts import read_parameter
from scheduler.invites.text import clean

_REPORT: Final = "message/feedback-report"
_TEXT_LIMIT: Final = 20_000
_OURS: Final = re.compile(r"bounces\+[a-z2-7]{32}@[a-z0-9.-]+")


def read_complaint(mail: Message[str, str]) -> Complaint | None:
    """Return the complaint that an email reports, or None for any other email.

    Reports are recognised only by their format: whether they are marked as automatic, and who sends them,
    varies. A report may redact the recipient's address; the enclosed email then identifies it.
    """
    report = _report(mail)
    if report is None:
        return None
    fields = report_fields(report)
    recipient = fields.get("original-rcpt-to") or fields.get("removal-recipient", "")
    envelope = _OURS.search(fields.get("original-mail-from", "").lower())
    return Complaint(
        feedback=fields.get("feedback-type", "abuse").lower(),
        recipient=clean(recipient.rpartition(";")[2].strip("<> ").lower(), 254),
        message_id=returned_id(mail),
        envelope=envelope[0] if envelope else "",
    )


def _report(mail: Message[str, str]) -> str | None:
    """Return the fields of a report part of the email itself, not of an enclosed message."""
    payload = mail.get_payload()
    parts = payload if isinstance(payload, list) else []
    for part in parts:
        if isinstance(part, Message) and part.get_content_type() == _REPORT:
            inner = part.get_payload()
            blocks = inner if isinstance(inner, list) else [inner]
            return "\n".join(str(block) for block in blocks)[:_TEXT_LIMIT]
    is_one = read_parameter(str(mail.get("Content-Type", "")), "report-type").lower() == "feedback-report"
    return "" if is_one else None
