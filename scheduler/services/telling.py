"""What a publishing has to tell: what calendars know against what they should show, as queued mails."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, OutboxState
from scheduler.invites import imip, itip
from scheduler.invites.content import Content
from scheduler.services import wordings
from scheduler.services.contents import EntryKey
from scheduler.storage.models import Attendee, Invitation, MeetingRequest, OutboxMail


@dataclass(frozen=True, slots=True)
class Pending:
    """What a publishing has to say: messages, and the request and mail thread of each UID and attendee.

    `told` is what calendars know before it, `shown` what they show after it.
    """

    messages: tuple[itip.Message, ...]
    requests: Mapping[itip.Key, int]
    first_ids: Mapping[itip.Key, str]
    told: Mapping[itip.Key, itip.Told]
    shown: Mapping[itip.Key, Content]


def pending(
    session: Session,
    event_id: int,
    wanted: Mapping[EntryKey, Content],
    *,
    mail_domain: str,
    now: datetime,
) -> Pending:
    """Compare what calendars were told with what they should show; changes nothing."""
    rows = _told(session, event_id)
    told = {key: _as_told(row) for key, row in rows.items()}
    uids = _uids(session, rows.values(), wanted, mail_domain)
    goals = {
        (uids[entry], entry[1]): itip.Wanted(uids[entry], entry[1], content)
        for entry, content in wanted.items()
    }
    requests = {key: row.request_id for key, row in rows.items()}
    requests |= {(uids[entry], entry[1]): entry[0] for entry in wanted}
    return Pending(
        messages=itip.messages(told, goals, now),
        requests=requests,
        first_ids={key: row.first_message_id for key, row in rows.items()},
        told=told,
        shown={key: goal.content for key, goal in goals.items()},
    )


def write(
    session: Session,
    event_id: int,
    version_id: int,
    wanted: Mapping[EntryKey, Content],
    *,
    mail_domain: str,
    now: datetime,
) -> Pending:
    """Queue the invitations of a publishing in place of those that still wait; gives what they say."""
    _forget_unsent(session, event_id)
    todo = pending(session, event_id, wanted, mail_domain=mail_domain, now=now)
    people = recipients(session, event_id)
    texts = wordings.of_event(session, event_id)
    rows = [
        {
            "event_id": event_id,
            "kind": "invitation",
            "attendee_id": message.attendee_id,
            "request_id": todo.requests[message.uid, message.attendee_id],
            "version_id": version_id,
            "to_address": people[message.attendee_id][0],
            "to_name": people[message.attendee_id][1],
            "message_id": imip.message_id(message, mail_domain),
            "thread_id": todo.first_ids.get((message.uid, message.attendee_id)),
            "uid": message.uid,
            "payload": wordings.payload(message, texts),
            "state": OutboxState.QUEUED,
            "next_attempt_at": now,
            "created_at": now,
        }
        for message in todo.messages
    ]
    if rows:
        session.execute(insert(OutboxMail), rows)
    _close_uids(session, todo)
    return todo


def recipients(session: Session, event_id: int) -> dict[int, tuple[str, str]]:
    """The address and the name of each attendee."""
    rows = session.execute(
        select(Attendee.id, Attendee.email, Attendee.name).where(Attendee.event_id == event_id)
    )
    return {attendee_id: (email, name) for attendee_id, email, name in rows}


def _told(session: Session, event_id: int) -> dict[itip.Key, Invitation]:
    """The last invitation of each UID and attendee."""
    rows = session.scalars(
        select(Invitation)
        .where(Invitation.event_id == event_id)
        .order_by(Invitation.sequence, Invitation.dtstamp)
    )
    return {(row.uid, row.attendee_id): row for row in rows}


def _as_told(row: Invitation) -> itip.Told:
    return itip.Told(
        uid=row.uid,
        attendee_id=row.attendee_id,
        sequence=row.sequence,
        dtstamp=row.dtstamp,
        method=row.method,
        content=Content.from_json(row.content),
        partstat=row.partstat,
    )


def _uids(
    session: Session, told: Iterable[Invitation], wanted: Collection[EntryKey], mail_domain: str
) -> dict[EntryKey, str]:
    """The UID of each wanted entry: the one that the calendar knows, else the request's.

    An attendee who was told that the request's UID is cancelled, and is in the meeting again, gets a
    UID of their own: a cancelled UID never comes back.
    """
    live: dict[EntryKey, str] = {}
    dead: set[itip.Key] = set()
    for row in told:
        if row.method is Method.CANCEL:
            dead.add((row.uid, row.attendee_id))
        else:
            live[row.request_id, row.attendee_id] = row.uid
    bases = _request_uids(session, {request_id for request_id, _ in wanted})
    uids: dict[EntryKey, str] = {}
    for entry in wanted:
        request_id, attendee_id = entry
        uid = live.get(entry) or f"{bases[request_id]}@{mail_domain}"
        uids[entry] = f"{uuid.uuid4()}@{mail_domain}" if (uid, attendee_id) in dead else uid
    return uids


def _request_uids(session: Session, request_ids: Collection[int]) -> dict[int, str]:
    if not request_ids:
        return {}
    event_id = session.scalar(
        select(MeetingRequest.event_id).where(MeetingRequest.id == next(iter(request_ids)))
    )
    rows = session.execute(
        select(MeetingRequest.id, MeetingRequest.uid).where(MeetingRequest.event_id == event_id)
    )
    return {key: value for key, value in rows}  # noqa: C416 -- dict(rows) loses the types


def _forget_unsent(session: Session, event_id: int) -> None:
    """Drop invitations that no sender has touched yet: only the net effect is told."""
    session.execute(
        delete(OutboxMail).where(
            OutboxMail.event_id == event_id,
            OutboxMail.kind == "invitation",
            OutboxMail.state == OutboxState.QUEUED,
            OutboxMail.attempts == 0,
        )
    )


def _close_uids(session: Session, todo: Pending) -> None:
    """A meeting that is cancelled for everybody gets a new UID, should it ever be held again."""
    off = {
        todo.requests[message.uid, message.attendee_id]
        for message in todo.messages
        if message.kind is itip.Kind.CANCEL and message.meeting_is_off
    }
    for request_id in sorted(off):
        session.execute(
            update(MeetingRequest).where(MeetingRequest.id == request_id).values(uid=str(uuid.uuid4()))
        )
