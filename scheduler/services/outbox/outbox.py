"""Outbox: the only way to queue an email, and the conditions on its states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from scheduler.domain.entities import Method, OutboxKind, OutboxState
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.mail import imip
from scheduler.storage.models import Event, InboundMail, OutboxMail

OF_PUBLISHINGS = (OutboxKind.INVITATION, OutboxKind.SUMMARY, OutboxKind.BRIEFING)
"""Mails of a publishing. The next publishing replaces them while no sender has claimed them."""

SET_ASIDE = "A newer publishing says this anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """A mail to be queued: all that its bytes depend on, as a row of the outbox has it.

    `payload` is read only by its renderer. A mail without `event_id` is outside every rate; `about_event_id`
    says of which event it is all the same.
    """

    kind: OutboxKind
    to_address: str
    message_id: str
    payload: Mapping[str, Any]
    created_at: datetime
    next_attempt_at: datetime
    to_name: str = ""
    event_id: int | None = None
    about_event_id: int | None = None
    version_id: int | None = None
    attendee_id: int | None = None
    interpreter_id: int | None = None
    request_id: int | None = None
    sign_in_link_id: int | None = None
    thread_id: str | None = None
    uid: str | None = None
    method: Method | None = None
    sequence: int | None = None
    dtstamp: datetime | None = None
    facts: str | None = None


def calendar_mail(
    kind: OutboxKind,
    message: ItipMessage,
    *,
    to: tuple[str, str],
    event_id: int,
    request_id: int,
    payload: Mapping[str, Any],
    domain: str,
    now: datetime,
    thread_id: str | None,
    due: datetime | None = None,
    version_id: int | None = None,
    facts: str | None = None,
) -> NewMail:
    """The mail of an iTIP message to an address and name. `payload` has the message, and how it is worded."""
    return NewMail(
        kind=kind,
        to_address=to[0],
        to_name=to[1],
        message_id=imip.message_id(message, domain),
        payload=payload,
        created_at=now,
        next_attempt_at=due or now,
        event_id=event_id,
        version_id=version_id,
        attendee_id=message.attendee_id,
        request_id=request_id,
        thread_id=thread_id,
        uid=message.uid,
        method=message.method,
        sequence=message.sequence,
        dtstamp=message.dtstamp,
        facts=facts,
    )


_COLUMNS = tuple(field.name for field in fields(NewMail))


def enqueue(session: Session, mails: Sequence[NewMail]) -> None:
    """Queue mails, in this order. Have the outbox emptied after the commit."""
    if mails:
        rows = [{name: getattr(mail, name) for name in _COLUMNS} for mail in mails]
        session.execute(insert(OutboxMail), [row | {"state": OutboxState.QUEUED} for row in rows])


def untouched_condition() -> ColumnElement[bool]:
    """Mails that no sender has touched yet: nobody was told what they say."""
    return and_(OutboxMail.state == OutboxState.QUEUED, OutboxMail.attempts == 0)


def set_aside_condition() -> ColumnElement[bool]:
    """Mails that were set aside before any sender had them."""
    return and_(
        OutboxMail.state == OutboxState.FAILED, OutboxMail.error == SET_ASIDE, OutboxMail.attempts == 0
    )


def set_aside_mails(session: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    """Stop mails that no sender has claimed from being sent, until their content is queued again."""
    session.execute(
        update(OutboxMail)
        .where(which, untouched_condition())
        .values(state=OutboxState.FAILED, dropped_at=now, stopped_at=None, error=SET_ASIDE)
        .execution_options(synchronize_session=False)
    )


def delete_untouched(
    session: Session,
    which: ColumnElement[bool],
    *columns: InstrumentedAttribute[Any],
    with_aside: bool = False,
) -> list[tuple[Any, ...]]:
    """Delete mails that no sender has claimed, and those set aside if asked. Returns `columns` of each.

    A mail that a sender claims at this moment is either deleted or sent. The database decides.
    """
    unsent = or_(untouched_condition(), set_aside_condition()) if with_aside else untouched_condition()
    gone = delete(OutboxMail).where(which, unsent)
    options = {"synchronize_session": False}
    if not columns:
        session.execute(gone, execution_options=options)
        return []
    found = session.execute(gone.returning(OutboxMail.id, *columns), execution_options=options)
    return [tuple(row)[1:] for row in sorted(found, key=lambda row: row[0])]


def delete_all(session: Session, event_id: int) -> None:
    """Delete every mail of an event, whatever became of it, but tests that an organiser asked for."""
    own = and_(OutboxMail.event_id == event_id, OutboxMail.kind != OutboxKind.TEST)
    which = or_(own, OutboxMail.about_event_id == event_id)
    no_sync = {"synchronize_session": False}
    about = InboundMail.about_id.in_(select(OutboxMail.id).where(which))
    session.execute(update(InboundMail).where(about).values(about_id=None), execution_options=no_sync)
    session.execute(delete(OutboxMail).where(which), execution_options=no_sync)


_CONTENT = (
    "to_address",
    "to_name",
    "message_id",
    "thread_id",
    "attendee_id",
    "interpreter_id",
    "uid",
    "payload",
)


def content_of(row: OutboxMail) -> dict[str, Any]:
    """All on which the content of a mail depends, as JSON."""
    return {"kind": row.kind.value} | {name: getattr(row, name) for name in _CONTENT}


def mail_with_content(document: Mapping[str, Any]) -> OutboxMail:
    """A mail that says what another one does, of its `content_of`. It is in no queue, and has no number."""
    return OutboxMail(**{**document, "kind": OutboxKind(document["kind"]), "id": 0})


def is_event_paused(session: Session, event_id: int) -> bool:
    """Whether an event's organisers have paused its mails."""
    return session.scalar(select(Event.mails_paused_at).where(Event.id == event_id)) is not None


def paused_condition() -> ColumnElement[bool]:
    """Mails of events whose organisers have paused them."""
    return OutboxMail.event_id.in_(select(Event.id).where(Event.mails_paused_at.is_not(None)))


def event_of_mail() -> ColumnElement[int | None]:
    """The event that a mail is of, whether it keeps to its rate or not."""
    return func.coalesce(OutboxMail.event_id, OutboxMail.about_event_id)


@cache
def rehearsal_condition() -> ColumnElement[bool]:
    """Mails of events in rehearsal, which nobody but their organisers may get.

    Samples go: they are made for organisers.
    """
    event = aliased(Event)
    rehearses = select(event.id).where(event.id == event_of_mail(), event.live_at.is_(None)).exists()
    return and_(OutboxMail.kind != OutboxKind.TEST, rehearses)


def stopped_condition() -> ColumnElement[bool]:
    """Mails that were put aside before any sender had them."""
    return and_(OutboxMail.state == OutboxState.QUEUED, OutboxMail.stopped_at.is_not(None))


@cache
def superseded_condition() -> ColumnElement[bool]:
    """Mails about a meeting and attendee after which there is one that says how the meeting is, or a summary
    or a briefing after which there is another one.
    """
    newer = aliased(OutboxMail)
    same_meeting = and_(
        OutboxMail.kind != OutboxKind.SUMMARY,
        newer.uid == OutboxMail.uid,
        newer.method != Method.DECLINECOUNTER,
    )
    another_summary = and_(OutboxMail.kind == OutboxKind.SUMMARY, newer.kind == OutboxKind.SUMMARY)
    for_attendee = (
        select(newer.id)
        .where(
            newer.attendee_id == OutboxMail.attendee_id,
            newer.id > OutboxMail.id,
            or_(same_meeting, another_summary),
        )
        .exists()
    )
    later = aliased(OutboxMail)
    for_interpreter = (
        select(later.id)
        .where(later.interpreter_id == OutboxMail.interpreter_id, later.id > OutboxMail.id)
        .exists()
    )
    return or_(for_attendee, for_interpreter)


@cache
def failed_condition() -> ColumnElement[bool]:
    """Dead letters: mails that failed, were not put away, and still say how things are."""
    return and_(
        OutboxMail.state == OutboxState.FAILED, OutboxMail.dropped_at.is_(None), ~superseded_condition()
    )


def requeue_failed(
    session: Session, which: ColumnElement[bool], *, now: datetime
) -> Sequence[Row[int, int | None, int | None]]:
    """Queue dead letters again, each as the same message. Returns their ids, attendees and interpreters.

    The first attempt stays counted. So the calendar counts as told, and no publishing makes the mail again.
    """
    return session.execute(
        update(OutboxMail)
        .where(which, failed_condition())
        .values(state=OutboxState.QUEUED, attempts=1, next_attempt_at=now)
        .returning(OutboxMail.id, OutboxMail.attendee_id, OutboxMail.interpreter_id)
        .execution_options(synchronize_session=False)
    ).all()


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """The numbers of mails. `stopped` mails were set aside before they were sent, and are not in `queued`."""

    queued: int
    sending: int
    sent: int
    failed: int
    stopped: int = 0


def count_mails(session: Session, event_id: int, version_id: int | None = None) -> OutboxCounts:
    """The numbers of mails of an event, or of one publishing, by state. `failed` counts the dead letters."""
    states = {state: OutboxMail.state == state for state in OutboxState} | {
        OutboxState.FAILED: failed_condition()
    }
    states[OutboxState.QUEUED] &= OutboxMail.stopped_at.is_(None)
    which = [*(states[state] for state in OutboxState), stopped_condition()]
    columns = [func.sum(case((condition, 1), else_=0)) for condition in which]
    query = select(*columns).where(OutboxMail.event_id == event_id)
    if version_id is not None:
        query = query.where(OutboxMail.version_id == version_id)
    row = session.execute(query).one()
    return OutboxCounts(*(int(value or 0) for value in row))
