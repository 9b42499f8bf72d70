"""Interpreter emails of a publication: the changes since the last one, and all their meetings."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import OutboxKind, OutboxState
from scheduler.invites.ical.content import Content
from scheduler.invites.mail import summary, summary_mail
from scheduler.invites.mail.summary import Summary
from scheduler.services import links
from scheduler.services.delivery import email_texts
from scheduler.services.outbox import outbox, payloads
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.publishing.interpreter_notices import contents
from scheduler.services.publishing.interpreter_notices.contents import InterpreterReader
from scheduler.storage.models import Event, Interpreter, InterpreterNotice, OutboxEmail, ScheduleVersion


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """Pending notice to one interpreter."""

    reader: InterpreterReader
    said: Summary


def pending_notices(
    session: Session,
    version: ScheduleVersion,
    settings: Settings,
    *,
    now: datetime,
    with_queued: bool = False,
) -> list[PendingNotice]:
    """Return the notices that publishing the version sends to interpreters, as of `now`. Writes nothing.

    With `with_queued`, queued emails count as sent.
    """
    event = session.get_one(Event, version.event_id)
    people = contents.list_interpreters(session, event)
    url = links.absolute_url(settings, links.interpreting(event.key))
    shown = contents.interpreter_contents(
        session, event, version.id, people, url=url, domain=settings.mail_domain
    )
    told = _sent_notices(session, event.id)
    if with_queued:
        told |= _queued_notices(session, event.id)
    found = []
    for reader in people:
        address, known = told.get(reader.id, ("", {}))
        wanted = shown.get(reader.id, {})
        changes = summary.agenda_changes(known if address == reader.email else {}, wanted)
        if changes:
            found.append(PendingNotice(reader, Summary(version.number, now, wanted, changes)))
    return found


def queue_notices(session: Session, version: ScheduleVersion, settings: Settings, *, now: datetime) -> int:
    """Queue an email to each interpreter with changes. Return their number.

    Replaces emails that no sender has claimed yet, so that only the net effect is sent. Idempotent.
    """
    event = session.get_one(Event, version.event_id)
    waiting = (OutboxEmail.event_id == event.id) & (OutboxEmail.kind == OutboxKind.BRIEFING)
    outbox.delete_untouched(session, waiting)
    found = pending_notices(session, version, settings, now=now)
    outbox.enqueue(session, [_mail(each, event, version, settings) for each in found])
    return len(found)


_Known = tuple[str, Mapping[str, Content]]
"""The address that was notified, and all meetings by UID."""


def _sent_notices(session: Session, event_id: int) -> dict[int, _Known]:
    rows = session.execute(
        select(InterpreterNotice.interpreter_id, InterpreterNotice.address, InterpreterNotice.summary)
        .join(Interpreter, Interpreter.id == InterpreterNotice.interpreter_id)
        .where(Interpreter.event_id == event_id)
    )
    return {who: (address, payloads.summary_content(said).agenda) for who, address, said in rows}


def _queued_notices(session: Session, event_id: int) -> dict[int, _Known]:
    rows = session.execute(
        select(OutboxEmail.interpreter_id, OutboxEmail.to_address, OutboxEmail.payload)
        .where(
            OutboxEmail.event_id == event_id,
            OutboxEmail.kind == OutboxKind.BRIEFING,
            OutboxEmail.state == OutboxState.QUEUED,
            OutboxEmail.stopped_at.is_(None),
        )
        .order_by(OutboxEmail.id)
    )
    return {
        who: (address, payloads.summary_content(said).agenda)
        for who, address, said in rows
        if who is not None
    }


def _mail(found: PendingNotice, event: Event, version: ScheduleVersion, settings: Settings) -> NewMail:
    reader, said = found.reader, found.said
    return NewMail(
        kind=OutboxKind.BRIEFING,
        event_id=event.id,
        version_id=version.id,
        interpreter_id=reader.id,
        to_address=reader.email,
        to_name=reader.name,
        message_id=f"<{uuid.uuid4()}@{settings.mail_domain}>",
        thread_id=summary_mail.briefings_thread_id(reader.id, settings.mail_domain),
        payload=said.to_json() | email_texts.email_settings(event),
        created_at=said.stamp,
        next_attempt_at=said.stamp,
    )
