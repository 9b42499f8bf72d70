"""Outbox: the only way to queue an email, and the conditions on its states."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from scheduler.domain.entities import Method, OutboxKind, OutboxState
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.mail import imip
from scheduler.services.outbox import looks
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Event, InboundEmail, OutboxEmail

OF_PUBLISHINGS = (OutboxKind.INVITATION, OutboxKind.SUMMARY, OutboxKind.BRIEFING)
"""Emails of a publication. The next publication replaces them if no sender has claimed them."""

SET_ASIDE = "A newer publishing says this anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """An email to queue: everything its bytes depend on, as in its outbox row.

    `payload` is read only by its renderer. An email without `event_id` is outside every rate.
    `about_event_id` still names its event.
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
    key_number: int | None = None
    """Number of the key that its tokens are derived from, if some are recorded already."""


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
    """Return the email of an iTIP message to an address and name.

    `payload` has the message and its wording.
    """
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
    """Queue emails in this order, with the look of their events. Trigger a delivery after the commit."""
    if mails:
        events = [_event_of(mail) for mail in mails]
        found = looks.load_looks(session, (event_id for event_id in events if event_id is not None))
        rows = [
            {name: getattr(mail, name) for name in _COLUMNS}
            | {"payload": looks.with_look(mail.payload, found.get(event_id or 0))}
            for mail, event_id in zip(mails, events, strict=True)
        ]
        session.execute(insert(OutboxEmail), [row | {"state": OutboxState.QUEUED} for row in rows])


def _event_of(mail: NewMail) -> int | None:
    """Return the event whose look an email has."""
    return None if mail.kind in looks.WITHOUT else mail.event_id or mail.about_event_id


def untouched_condition() -> ColumnElement[bool]:
    """Condition: no sender has claimed the email, so its recipient has not been notified."""
    return and_(OutboxEmail.state == OutboxState.QUEUED, OutboxEmail.attempts == 0)


def set_aside_condition() -> ColumnElement[bool]:
    """Condition: the email was set aside before any sender claimed it."""
    return and_(
        OutboxEmail.state == OutboxState.FAILED, OutboxEmail.error == SET_ASIDE, OutboxEmail.attempts == 0
    )


def set_aside_mails(session: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    """Set aside unclaimed emails: they are not sent unless their content is queued again."""
    session.execute(
        update(OutboxEmail)
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
    """Delete unclaimed emails, and with `with_aside` those set aside. Return `columns` of each.

    An email that a sender is claiming at the same time is either deleted or sent. The database decides.
    """
    unsent = or_(untouched_condition(), set_aside_condition()) if with_aside else untouched_condition()
    gone = delete(OutboxEmail).where(which, unsent)
    options = {"synchronize_session": False}
    if not columns:
        session.execute(gone, execution_options=options)
        return []
    found = session.execute(gone.returning(OutboxEmail.id, *columns), execution_options=options)
    return [tuple(row)[1:] for row in sorted(found, key=lambda row: row[0])]


def delete_all(session: Session, event_id: int) -> None:
    """Delete every email of an event in any state, except tests that an organiser requested."""
    own = and_(OutboxEmail.event_id == event_id, OutboxEmail.kind != OutboxKind.TEST)
    _delete_with_references(session, or_(own, OutboxEmail.about_event_id == event_id))


def delete_expired(session: Session, ids: Collection[int]) -> None:
    """Delete emails whose retention period ended. Replies to them stay."""
    _delete_with_references(session, in_chunks(OutboxEmail.id, ids))


def _delete_with_references(session: Session, which: ColumnElement[bool]) -> None:
    no_sync = {"synchronize_session": False}
    about = InboundEmail.outbox_email_id.in_(select(OutboxEmail.id).where(which))
    session.execute(update(InboundEmail).where(about).values(outbox_email_id=None), execution_options=no_sync)
    session.execute(delete(OutboxEmail).where(which), execution_options=no_sync)


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


def content_of(row: OutboxEmail) -> dict[str, Any]:
    """Return everything that an email's content depends on, as JSON."""
    return {"kind": row.kind.value} | {name: getattr(row, name) for name in _CONTENT}


def mail_with_content(document: Mapping[str, Any]) -> OutboxEmail:
    """Return an email with the content of another one's `content_of`. It is not queued and has id 0."""
    return OutboxEmail(**{**document, "kind": OutboxKind(document["kind"]), "id": 0})


def is_event_paused(session: Session, event_id: int) -> bool:
    """Return True if the event's emails are paused."""
    return session.scalar(select(Event.mails_paused_at).where(Event.id == event_id)) is not None


def paused_condition() -> ColumnElement[bool]:
    """Condition: the organisers of the email's event have paused its emails."""
    return OutboxEmail.event_id.in_(select(Event.id).where(Event.mails_paused_at.is_not(None)))


def event_id_of(row: OutboxEmail) -> int:
    """Return the event of an email, whether or not it uses its rate, or 0 for one of the installation."""
    return row.event_id or row.about_event_id or 0


def event_of_mail() -> ColumnElement[int | None]:
    """Column expression for the event of an email, whether or not it uses its rate."""
    return func.coalesce(OutboxEmail.event_id, OutboxEmail.about_event_id)


@cache
def rehearsal_condition() -> ColumnElement[bool]:
    """Condition: the email's event is in rehearsal, so that it must not be sent.

    Samples are excluded, because they are made for organisers.
    """
    event = aliased(Event)
    rehearses = select(event.id).where(event.id == event_of_mail(), event.live_at.is_(None)).exists()
    return and_(OutboxEmail.kind != OutboxKind.TEST, rehearses)


def stopped_condition() -> ColumnElement[bool]:
    """Condition: the email was stopped by an organiser before any sender claimed it."""
    return and_(OutboxEmail.state == OutboxState.QUEUED, OutboxEmail.stopped_at.is_not(None))


@cache
def superseded_condition() -> ColumnElement[bool]:
    """Condition: a newer email supersedes this one.

    That is a newer message about the meeting to the same attendee, a newer summary, or a newer briefing.
    """
    newer = aliased(OutboxEmail)
    same_meeting = and_(
        OutboxEmail.kind != OutboxKind.SUMMARY,
        newer.uid == OutboxEmail.uid,
        newer.method != Method.DECLINECOUNTER,
    )
    another_summary = and_(OutboxEmail.kind == OutboxKind.SUMMARY, newer.kind == OutboxKind.SUMMARY)
    for_attendee = (
        select(newer.id)
        .where(
            newer.attendee_id == OutboxEmail.attendee_id,
            newer.id > OutboxEmail.id,
            or_(same_meeting, another_summary),
        )
        .exists()
    )
    later = aliased(OutboxEmail)
    for_interpreter = (
        select(later.id)
        .where(later.interpreter_id == OutboxEmail.interpreter_id, later.id > OutboxEmail.id)
        .exists()
    )
    return or_(for_attendee, for_interpreter)


@cache
def failed_condition() -> ColumnElement[bool]:
    """Condition: the email failed, and was neither archived nor superseded."""
    return and_(
        OutboxEmail.state == OutboxState.FAILED, OutboxEmail.dropped_at.is_(None), ~superseded_condition()
    )


def sent_condition(since: datetime) -> ColumnElement[bool]:
    """Condition: the mail server accepted the email after a time. Rehearsed emails do not count."""
    return and_(
        OutboxEmail.state == OutboxState.SENT, OutboxEmail.sent_at > since, OutboxEmail.rehearsed_as.is_(None)
    )


def requeue_failed(
    session: Session, which: ColumnElement[bool], *, now: datetime
) -> Sequence[Row[int, int | None, int | None]]:
    """Requeue failed emails, each as the same message. Return their ids, attendees and interpreters.

    The first attempt stays counted. So the calendar counts as notified, and no publication queues the email
    again.
    """
    return session.execute(
        update(OutboxEmail)
        .where(which, failed_condition())
        .values(state=OutboxState.QUEUED, attempts=1, next_attempt_at=now)
        .returning(OutboxEmail.id, OutboxEmail.attendee_id, OutboxEmail.interpreter_id)
        .execution_options(synchronize_session=False)
    ).all()


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """The numbers of emails."""

    queued: int
    sending: int
    sent: int
    failed: int
    stopped: int = 0
    """Stopped before they were sent, and not counted as queued. The next publishing sends the net effect."""


def count_mails(session: Session, event_id: int, version_id: int | None = None) -> OutboxCounts:
    """Count the emails of an event, or of one publication, by state.

    `failed` excludes archived and superseded ones.
    """
    states = {state: OutboxEmail.state == state for state in OutboxState} | {
        OutboxState.FAILED: failed_condition()
    }
    states[OutboxState.QUEUED] &= OutboxEmail.stopped_at.is_(None)
    which = [*(states[state] for state in OutboxState), stopped_condition()]
    columns = [func.sum(case((condition, 1), else_=0)) for condition in which]
    query = select(*columns).where(OutboxEmail.event_id == event_id)
    if version_id is not None:
        query = query.where(OutboxEmail.version_id == version_id)
    row = session.execute(query).one()
    return OutboxCounts(*(int(value or 0) for value in row))
