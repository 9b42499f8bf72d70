"""Calendar feeds: consistent with the emails that were sent or are queued."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, cast, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from scheduler.domain import names
from scheduler.domain.entities import Method, OutboxKind, OutboxState
from scheduler.invites.ical import itip
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.feed import KEPT, FeedEvent, build_feed
from scheduler.invites.mail.summary import SummaryKind
from scheduler.services.outbox import payloads
from scheduler.services.schedule.feed_addresses import FeedOwner
from scheduler.storage.models import (
    Attendee,
    Event,
    Interpreter,
    InterpreterNotice,
    Invitation,
    MeetingRequest,
    OutboxEmail,
)


def constant(value: StrEnum) -> ColumnElement[str]:
    """Return a value as a part of the statement.

    With it as a parameter, PostgreSQL plans each execution anew, which takes longer than the execution.
    """
    return literal_column(f"'{value.value}'")


KEEP_CANCELLED = timedelta(days=30)
"""How long a feed shows a cancelled meeting as cancelled."""
QUEUED = (OutboxEmail.kind == constant(OutboxKind.INVITATION)) & OutboxEmail.state.in_(
    (constant(OutboxState.QUEUED), constant(OutboxState.SENDING))
)
"""Condition: an invitation that a feed shows before its email is sent."""


@dataclass(frozen=True, slots=True, eq=False)
class FeedEntry:
    """A meeting in one attendee's calendar. `request_uid` is the UID of its request, without the domain.

    Equal database rows give the same FeedEntry object, as long as the process caches it.
    """

    request_id: int
    request_uid: str
    attendee_id: int
    event: FeedEvent

    @property
    def has_common_uid(self) -> bool:
        """True if the UID is the request's, and not one of the attendee's own."""
        return self.event.uid.startswith(f"{self.request_uid}@")


def render_feed(session: Session, owner: FeedOwner, *, url: str, now: datetime) -> bytes:
    """Render the feed of a person or interpreter, or of a firm with one event for each meeting.

    Runs at most five queries. `url` is the feed's own address. A cancelled meeting is kept for 30 days.
    """
    event = session.get_one(Event, owner.event_id)
    name = feed_name(event.name, owner)
    if owner.is_interpreter:
        return build_feed(list(_interpreted(session, owner, now)), name, url, event.timezone)
    entries = latest_entries([*_told(session, owner), *_queued(session, owner)])
    if owner.is_firm:
        events = firm_events(entries, _names(session, owner.id))
    else:
        events = [entry.event for entry in entries]
    shown = [each for each in events if not each.cancelled or now - each.revised < KEEP_CANCELLED]
    return build_feed(shown, name, url, event.timezone)


def feed_name(event_name: str, owner: FeedOwner) -> str:
    """Return the title of a feed."""
    return f"{event_name}: {owner.name}"


def latest_entries(entries: Iterable[FeedEntry]) -> list[FeedEntry]:
    """Return the latest revision for each UID and attendee."""
    known: dict[itip.EntryKey, FeedEntry] = {}
    for entry in entries:
        key = itip.EntryKey(entry.event.uid, entry.attendee_id)
        if key not in known or _revision(entry) >= _revision(known[key]):
            known[key] = entry
    return list(known.values())


def firm_events(entries: Iterable[FeedEntry], people: Mapping[int, str]) -> list[FeedEvent]:
    """Merge the entries of a firm's people into one event for each meeting.

    `people` has names by attendee id.
    """
    meetings: dict[int, list[FeedEntry]] = {}
    for entry in entries:
        meetings.setdefault(entry.request_id, []).append(entry)
    return [
        _firm_event(tuple(meeting), tuple(people[entry.attendee_id] for entry in meeting))
        for meeting in meetings.values()
    ]


@lru_cache(maxsize=KEPT)
def _firm_event(entries: tuple[FeedEntry, ...], people: tuple[str, ...]) -> FeedEvent:
    """Return the event of a meeting: as scheduled, else as last cancelled.

    Its revision is the latest of all people's entries.
    """
    shown = [entry for entry in entries if not entry.event.cancelled] or entries
    name_of = {entry.attendee_id: name for entry, name in zip(entries, people, strict=True)}
    chosen = max(shown, key=lambda entry: (entry.has_common_uid, *_revision(entry), entry.attendee_id)).event
    language = chosen.content.language
    return replace(
        chosen,
        sequence=max(entry.event.sequence for entry in entries if entry.event.uid == chosen.uid),
        revised=max(entry.event.revised for entry in entries),
        colleagues=tuple(
            names.localize_joined(name_of[attendee], language)
            for attendee in sorted({entry.attendee_id for entry in shown})
        ),
    )


def _revision(entry: FeedEntry) -> tuple[int, datetime]:
    return entry.event.sequence, entry.event.revised


def _told(session: Session, owner: FeedOwner) -> Iterator[FeedEntry]:
    """Yield the entries of sent emails."""
    table = Invitation
    query = select(
        table.request_id, MeetingRequest.uid, table.attendee_id, table.uid, table.sequence, table.dtstamp,
        table.method, cast(table.content, Text),
    ).join(MeetingRequest, MeetingRequest.id == table.request_id)  # fmt: skip
    return (_told_entry(*row) for row in _rows(session, query, owner, table.attendee_id))


def _queued(session: Session, owner: FeedOwner) -> Iterator[FeedEntry]:
    """Yield the entries of queued emails, so that the feed need not wait for the email rate limit."""
    table = OutboxEmail
    query = (
        select(
            table.request_id, MeetingRequest.uid, table.attendee_id, table.uid, table.sequence, table.dtstamp,
            table.method, cast(table.payload, Text),
        )
        .join(MeetingRequest, MeetingRequest.id == table.request_id)
        .where(QUEUED)
    )  # fmt: skip
    return (_queued_entry(*row) for row in _rows(session, query, owner, table.attendee_id))


def _interpreted(session: Session, owner: FeedOwner, now: datetime) -> Iterator[FeedEvent]:
    """Yield the meetings in an interpreter's last queued or sent email, which contains all of them."""
    summary = find_interpreter_summary(session, owner)
    if summary is None:
        return
    said = payloads.summary_content(summary)
    for uid, content in said.agenda.items():
        yield FeedEvent(uid, said.version, said.stamp, content)
    for change in said.changes:
        if change.kind is SummaryKind.CANCELLED and now - said.stamp < KEEP_CANCELLED:
            yield FeedEvent(change.uid, said.version, said.stamp, change.content, cancelled=True)


def find_interpreter_summary(session: Session, owner: FeedOwner) -> dict[str, Any] | None:
    """Return the content of an interpreter's last queued or sent email as JSON, or None without one."""
    mails = select(OutboxEmail.payload).where(
        OutboxEmail.kind == OutboxKind.BRIEFING,
        OutboxEmail.interpreter_id == owner.id,
        OutboxEmail.state.in_((OutboxState.QUEUED, OutboxState.SENDING)),
    )
    told = (
        select(InterpreterNotice.summary)
        .join(Interpreter, Interpreter.id == InterpreterNotice.interpreter_id)
        .where(Interpreter.id == owner.id, InterpreterNotice.address == Interpreter.email)
    )
    return session.scalar(mails.order_by(OutboxEmail.id.desc()).limit(1)) or session.scalar(told)


def _rows(
    session: Session,
    query: Select[*tuple[Any, ...]],
    owner: FeedOwner,
    attendee_id: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the owner's rows of a query, bypassing the ORM session, which would take twice the time for a
    thousand.
    """
    if not owner.is_firm:
        mine = query.where(attendee_id == owner.id)
    else:
        mine = query.join(Attendee, Attendee.id == attendee_id).where(Attendee.firm_id == owner.id)
    return session.connection().execute(mine).all()


def _names(session: Session, firm_id: int) -> dict[int, str]:
    rows = session.execute(
        select(Attendee.id, Attendee.name, Attendee.latin_name).where(Attendee.firm_id == firm_id)
    )
    return {attendee_id: names.join_scripts(name, latin) for attendee_id, name, latin in rows}


@lru_cache(maxsize=KEPT)
def _told_entry(
    request_id: int,
    request_uid: str,
    attendee_id: int,
    uid: str,
    sequence: int,
    revised: datetime,
    method: Method,
    content: str,
) -> FeedEntry:
    shown, is_off = Content.from_json(json.loads(content)), method is Method.CANCEL
    return FeedEntry(request_id, request_uid, attendee_id, FeedEvent(uid, sequence, revised, shown, is_off))


@lru_cache(maxsize=KEPT)
def _queued_entry(
    request_id: int,
    request_uid: str,
    attendee_id: int,
    uid: str,
    sequence: int,
    revised: datetime,
    method: Method,
    payload: str,
) -> FeedEntry:
    shown, is_off = payloads.entry_content_from_text(payload), method is Method.CANCEL
    return FeedEntry(request_id, request_uid, attendee_id, FeedEvent(uid, sequence, revised, shown, is_off))
