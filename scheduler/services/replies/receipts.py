"""Receipts to attendees whose reply was not applied, with the reason.

A receipt goes to the attendee's stored address, whatever the reply's From header is. Each cause is sent once
per meeting, and a person gets few per day, which stops mail loops between autoresponders.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxKind
from scheduler.invites.catalogue import load_words
from scheduler.invites.ical.content import Content
from scheduler.services.outbox import letters, payloads
from scheduler.services.outbox.letters import NewLetter
from scheduler.storage.models import Attendee, Event, Invitation, OutboxEmail

MOST_A_DAY = 5
"""Receipts per person and day."""


class ReceiptCause(StrEnum):
    """Reason why a reply was not applied; part of a key in the catalogue's section `desk`."""

    OVER = "over"
    CANCELLED = "cancelled"
    OLDER = "older"
    """There is a later reply."""
    UNCLEAR = "unclear"
    """An organiser has to read it."""


def queue_receipt(session: Session, invitation: Invitation, cause: ReceiptCause, *, now: datetime) -> bool:
    """Queue a receipt. Return False if it was sent before or the daily limit is reached."""
    attendee = session.get_one(Attendee, invitation.attendee_id)
    event = session.get_one(Event, invitation.event_id)
    if attendee.bounced_at is not None or event.archived_at is not None:
        return False
    before = session.execute(
        select(OutboxEmail.payload, OutboxEmail.created_at).where(
            OutboxEmail.attendee_id == attendee.id, OutboxEmail.kind == OutboxKind.DESK
        )
    )
    sent = [(payloads.receipt_content(payload), at) for payload, at in before]
    of_today = sum(said is not None and at > now - timedelta(days=1) for said, at in sent)
    if of_today >= MOST_A_DAY or any(said == (invitation.uid, cause) for said, _ in sent):
        return False
    content = Content.from_json(invitation.content)
    start = content.start.astimezone(content.zone)
    letter = NewLetter(
        letter=payloads.RECEIPT,
        to_address=attendee.email,
        to_name=attendee.name,
        language=content.language,
        event=event.name,
        values={
            "cause": cause.value,
            "meeting": content.summary,
            "day": start.date().isoformat(),
            "time": f"{start:%H:%M} ({load_words(content.language).zone_of(start, content.zone)})",
        },
        seed=invitation.uid,
        event_id=event.id,
        attendee_id=attendee.id,
    )
    letters.queue_letters(session, [letter], now=now)
    return True
