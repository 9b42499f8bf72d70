"""Delivery in rehearsal: emails are recorded as sent, and samples go to the organisers.

A sample is a separate email to a team member that states who would have received the original.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import OutboxKind, OutboxState
from scheduler.services import links
from scheduler.services.delivery import claims
from scheduler.services.identity import actors, preferences
from scheduler.services.outbox import outbox, payloads
from scheduler.services.outbox.outbox import NewMail
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, Event, OutboxEmail

BATCH: Final = 200
"""Emails handled in one transaction."""

SAMPLES: Final = 3
"""Samples of each kind that each organiser gets per hour. The page lists all emails."""
SAMPLES_EACH: Final = timedelta(hours=1)


def deliver_rehearsed(
    session: Session, settings: Settings, *, worker: str, now: datetime, urgent: bool = False
) -> int:
    """Process a batch of due emails of events in rehearsal. Return their number.

    None of them is sent to its address. Each counts as sent.
    """
    found, rows = claims.claim_rehearsed_emails(
        session, worker=worker, limit=BATCH, secret_key=settings.secret_key, now=now, urgent=urgent
    )
    labels = {row.id: payloads.mail_label(row.kind, row.payload) for row in rows}
    outbox.enqueue(session, _samples(session, settings, rows, labels, now))
    _keep(session, labels, now)
    return found


def _keep(session: Session, labels: Mapping[int, str], now: datetime) -> None:
    if labels:
        table = OutboxEmail.__table__
        kept = (
            update(table)  # type: ignore[arg-type]
            .where(table.c.id == bindparam("row_id"))
            .values(
                state=OutboxState.SENT,
                sent_at=now,
                claimed_by=None,
                error=None,
                failure=None,
                rehearsed_as=bindparam("what"),
            )
        )
        rows = [{"row_id": row_id, "what": what} for row_id, what in labels.items()]
        session.connection().execute(kept, rows)
        session.expire_all()


@dataclass(frozen=True, slots=True)
class _Reader:
    """An organiser who leads the event with this key, and the language of their emails."""

    email: str
    name: str
    language: str
    event_key: str


def _samples(
    session: Session,
    settings: Settings,
    rows: Sequence[OutboxEmail],
    labels: Mapping[int, str],
    now: datetime,
) -> list[NewMail]:
    """Build samples of the first emails of each kind."""
    events = {outbox.event_id_of(row) for row in rows}
    readers = {each: _readers(session, each, now) for each in events}
    shown = _shown_lately(session, events, now)
    made: list[NewMail] = []
    for row in rows:
        which = outbox.event_id_of(row), labels[row.id]
        if shown[which] < SAMPLES:
            shown[which] += 1
            made += [
                _sample(row, labels[row.id], to, settings, now) for to in readers[outbox.event_id_of(row)]
            ]
    return made


def _readers(session: Session, event_id: int, now: datetime) -> list[_Reader]:
    event = session.get_one(Event, event_id)
    query = select(Account).where(Account.id.in_(actors.leading_accounts(now, event_id))).order_by(Account.id)
    return [
        _Reader(
            each.email,
            each.name,
            preferences.account_language(session, each.id, default=event.language),
            event.key,
        )
        for each in session.scalars(query)
    ]


def _shown_lately(session: Session, events: Collection[int], now: datetime) -> Counter[tuple[int, str]]:
    """Count the emails sampled in the last hour by event and label, each once for all readers."""
    query = select(OutboxEmail.about_event_id, OutboxEmail.payload).where(
        in_chunks(OutboxEmail.about_event_id, events),
        OutboxEmail.kind == OutboxKind.TEST,
        OutboxEmail.created_at > now - SAMPLES_EACH,
    )
    shown: dict[tuple[int, str], set[int]] = defaultdict(set)
    for event, payload in session.execute(query):
        label, mail = payloads.sample_source(payload)
        shown[event, label].add(mail)
    return Counter({which: len(mails) for which, mails in shown.items()})


def _sample(row: OutboxEmail, what: str, to: _Reader, settings: Settings, now: datetime) -> NewMail:
    return NewMail(
        kind=OutboxKind.TEST,  # outside the event's queue
        to_address=to.email,
        to_name=to.name,
        message_id=f"<{uuid.uuid4()}@{settings.mail_domain}>",
        about_event_id=outbox.event_id_of(row),
        payload=payloads.sample_payload(
            outbox.content_of(row),
            what,
            row.id,
            to.language,
            links.rehearsed_mail(to.event_key, row.id),
        ),
        created_at=now,
        next_attempt_at=now,
    )
