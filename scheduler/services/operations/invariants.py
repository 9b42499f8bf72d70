"""Invariants: rules that hold for the stored data at any time, checked daily and by `chainmeet doctor`.

Each is a query that counts the rows that break it, without loading rows. A broken invariant is a defect, or
data that something else than Chainmeet changed. It raises an alert for the operators.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, Select, and_, case, exists, func, literal, or_, select, text, union_all
from sqlalchemy.orm import Session, aliased

from scheduler.config import Settings
from scheduler.domain.entities import (
    AlertKind,
    HolderKind,
    JobKind,
    JobState,
    Method,
    OutboxKind,
    OutboxState,
    RequestState,
    VersionState,
)
from scheduler.i18n import gettext_lazy
from scheduler.services.operations import alerts, restored_copy
from scheduler.services.outbox import payloads
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Booking,
    Event,
    Invitation,
    MeetingRequest,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    VersionJob,
)
from scheduler.storage.send_journal import SendJournal

TIMEOUT_MILLISECONDS: Final = 60_000
"""Limit of each query in PostgreSQL."""
NAMED: Final = 5
"""Events named in an alert."""
_INSTALLATION: Final = ""
"""Stands for the key of the event where a fault belongs to none."""

Counts = Counter[str]
"""Numbers of faults by event key."""


class Invariant(StrEnum):
    """A rule that holds for the stored data at any time."""

    NO_OVERLAP = "no_overlap"
    """No attendee and no interpreter is in two published meetings at once."""
    BOOKED = "booked"
    """The bookings, which reject a second meeting, are those of the published version."""
    NOTIFIED = "notified"
    """Each published change has its email: calendars and the outbox together have the published meetings."""
    SEQUENCE = "sequence"
    """No SEQUENCE in the database is lower than in the journal of sent emails."""
    OWN_EVENT = "own_event"
    """Rows refer to existing rows of their own event."""


@dataclass(frozen=True, slots=True)
class BrokenInvariant:
    """The number of faults, and the keys of events that have some."""

    invariant: Invariant
    count: int
    events: tuple[str, ...]

    @property
    def reason(self) -> str:
        """What is wrong and what to do, as a translatable sentence."""
        where = ", ".join(self.events[:NAMED]) or "–"
        return _REASONS[self.invariant](f"{self.count:,}", where)


def check_invariants(database: Database, settings: Settings) -> list[BrokenInvariant]:
    """Check all invariants, each in a short transaction. Return the broken ones. Writes nothing."""
    broken = []
    for invariant, count in _COUNTS.items():
        found = count(database, settings)
        if found:
            named = tuple(sorted(key for key in found if key != _INSTALLATION))
            broken.append(BrokenInvariant(invariant, found.total(), named))
    return broken


def update_alerts(session: Session, broken: list[BrokenInvariant], *, now: datetime) -> None:
    """Raise an alert for each broken invariant, and end those of the others."""
    by_name = {each.invariant: each for each in broken}
    for invariant in Invariant:
        if invariant not in by_name:
            alerts.end_alert(
                session, AlertKind.INVARIANT_BROKEN, event_id=None, about=invariant.value, now=now
            )
            continue
        alerts.raise_alert(
            session,
            AlertKind.INVARIANT_BROKEN,
            event_id=None,
            about=invariant.value,
            reason=by_name[invariant].reason,
            path="/",
            now=now,
        )


def _rows(database: Database, *queries: Select[*tuple[Any, ...]]) -> list[Any]:
    with database.read() as session:
        if not database.is_sqlite:
            session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_MILLISECONDS}"))
        return [row for query in queries for row in session.execute(query)]


def _published(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join planned meetings with their published version and event."""
    return query.join(
        ScheduleVersion,
        and_(
            ScheduleVersion.id == PlannedMeeting.version_id, ScheduleVersion.state == VersionState.PUBLISHED
        ),
    ).join(Event, and_(Event.id == ScheduleVersion.event_id, Event.is_there()))


def _overlaps(database: Database, _: Settings) -> Counts:
    people = PlannedAttendee.attendee_id, PlannedAttendee
    interpreters = PlannedMeeting.interpreter_id, None
    found = Counts()
    for key, count in _rows(database, *(_overlapping(*each) for each in (people, interpreters))):
        found[key] += count
    return found


def _overlapping(holder: Any, seats: Any) -> Select[*tuple[Any, ...]]:
    """Count meetings that start before an earlier one of the same holder ends."""
    last = aliased(Slot)
    until = func.max(last.end).over(
        partition_by=holder, order_by=(Slot.start, PlannedMeeting.id), rows=(None, -1)
    )
    query = _published(
        select(Event.key, Slot.start.label("start"), until.label("until"))
        .select_from(PlannedMeeting)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(last, last.id == PlannedMeeting.last_slot_id)
    ).where(holder.is_not(None))
    if seats is not None:
        query = query.join(seats, seats.meeting_id == PlannedMeeting.id)
    rows = query.subquery()
    return select(rows.c.key, func.count()).where(rows.c.start < rows.c.until).group_by(rows.c.key)


def _unbooked(database: Database, _: Settings) -> Counts:
    seat = and_(
        Booking.slot_id == PlannedMeeting.slot_id,
        Booking.kind == HolderKind.ATTENDEE,
        Booking.holder_id == PlannedAttendee.attendee_id,
        Booking.meeting_id == PlannedMeeting.id,
    )
    missing = (
        _published(
            select(Event.key, func.count())
            .select_from(PlannedMeeting)
            .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
            .join(Slot, and_(Slot.id == PlannedMeeting.slot_id, Slot.is_retired.is_(False)))
        )
        .outerjoin(Booking, seat)
        .where(Booking.slot_id.is_(None))
        .group_by(Event.key)
    )
    left_over = (
        select(Event.key, func.count())
        .select_from(Booking)
        .join(Event, and_(Event.id == Booking.event_id, Event.is_there()))
        .join(PlannedMeeting, PlannedMeeting.id == Booking.meeting_id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .where(ScheduleVersion.state != VersionState.PUBLISHED)
        .group_by(Event.key)
    )
    found = Counts()
    for key, count in _rows(database, missing, left_over):
        found[key] += count
    return found


def _unnotified(database: Database, _: Settings) -> Counts:
    """Count entries of upcoming meetings that calendars lack, have at another time, or should not have.

    What the outbox will send counts as sent. Grouped by time, so few rows are read.
    """
    now = database.now()
    found = Counts()
    for key, planned, sent, count in _rows(database, _planned_entries(now), _extra_entries()):
        start = datetime.fromisoformat(sent) if sent else None
        is_extra = planned is None and start is not None and start > now
        if is_extra or (planned is not None and planned != start):
            found[key] += count
    return found


def _last_messages() -> Any:
    """Return the last message for each UID and attendee, as sent or as queued."""
    sent = select(
        Invitation.event_id,
        Invitation.request_id,
        Invitation.attendee_id,
        Invitation.uid,
        Invitation.sequence,
        Invitation.dtstamp,
        Invitation.method,
        Invitation.content["start"].as_string().label("start"),
    )
    queued = select(
        OutboxEmail.event_id,
        OutboxEmail.request_id,
        OutboxEmail.attendee_id,
        OutboxEmail.uid,
        OutboxEmail.sequence,
        OutboxEmail.dtstamp,
        OutboxEmail.method,
        payloads.entry_start_column(),
    ).where(
        OutboxEmail.kind.in_((OutboxKind.INVITATION, OutboxKind.RESEND)),
        OutboxEmail.state.in_((OutboxState.QUEUED, OutboxState.SENDING)),
        OutboxEmail.method != Method.DECLINECOUNTER,
    )
    told = union_all(sent, queued).subquery()
    newest = func.row_number().over(
        partition_by=(told.c.uid, told.c.attendee_id),
        order_by=(told.c.sequence.desc(), told.c.dtstamp.desc(), told.c.method),
    )
    ranked = select(told, newest.label("rank")).subquery()
    return select(ranked).where(ranked.c.rank == 1).subquery()


def _is_told() -> Any:
    """Condition: emails of the event's published version were queued completely."""
    of_version = and_(VersionJob.version_id == ScheduleVersion.id, VersionJob.kind == JobKind.PUBLISH)
    is_open = exists().where(of_version, VersionJob.state.in_((JobState.QUEUED, JobState.RUNNING)))
    since = func.coalesce(Event.live_at, ScheduleVersion.published_at)  # going live may notify no one
    after = exists().where(of_version, VersionJob.requested_at >= since)
    return and_(~is_open, or_(ScheduleVersion.published_at >= since, after))


def _planned_entries(now: datetime) -> Select[*tuple[Any, ...]]:
    """Count attendees of upcoming published meetings by start, and by the start that was sent to them."""
    last = _last_messages()
    start = func.max(case((last.c.method == Method.REQUEST, last.c.start)))
    told = (
        select(last.c.request_id, last.c.attendee_id, start.label("start"))
        .group_by(last.c.request_id, last.c.attendee_id)
        .subquery()
    )
    cancelled = exists().where(
        OutboxEmail.event_id == Event.id,
        OutboxEmail.request_id == PlannedMeeting.request_id,
        OutboxEmail.attendee_id == PlannedAttendee.attendee_id,
        OutboxEmail.method == Method.CANCEL,
    )  # a corrected address that was not notified has a cancellation without an email
    return (
        _published(
            select(Event.key, Slot.start, told.c.start.label("sent"), func.count())
            .select_from(PlannedAttendee)
            .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        )
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .outerjoin(
            told,
            and_(
                told.c.request_id == PlannedMeeting.request_id,
                told.c.attendee_id == PlannedAttendee.attendee_id,
            ),
        )
        .where(
            MeetingRequest.state == RequestState.ACCEPTED,
            Slot.start > now,
            _is_told(),
            or_(told.c.request_id.is_(None), told.c.start.is_not(None), cancelled),
        )
        .group_by(Event.key, Slot.start, told.c.start)
    )


def _extra_entries() -> Select[*tuple[Any, ...]]:
    """Count entries in calendars that the published version does not have, by start."""
    last = _last_messages()
    planned = and_(
        PlannedMeeting.version_id == ScheduleVersion.id, PlannedMeeting.request_id == last.c.request_id
    )
    seat = and_(
        PlannedAttendee.meeting_id == PlannedMeeting.id, PlannedAttendee.attendee_id == last.c.attendee_id
    )
    return (
        select(Event.key, literal(None), last.c.start, func.count())
        .select_from(last)
        .join(
            ScheduleVersion,
            and_(
                ScheduleVersion.event_id == last.c.event_id, ScheduleVersion.state == VersionState.PUBLISHED
            ),
        )
        .join(Event, and_(Event.id == ScheduleVersion.event_id, Event.is_there()))
        .outerjoin(PlannedMeeting, planned)
        .outerjoin(PlannedAttendee, seat)
        .where(last.c.method == Method.REQUEST, PlannedAttendee.meeting_id.is_(None), _is_told())
        .group_by(Event.key, last.c.start)
    )


def _behind_journal(database: Database, settings: Settings) -> Counts:
    """Count calendar entries whose SEQUENCE in the journal is higher than in the database.

    The journal is read first, so emails that are sent meanwhile are no fault.
    """
    journal = restored_copy.open_journal(settings)
    highest = {} if journal is None else _highest_sequences(journal)
    if not highest:
        return Counts()
    stored = (
        select(Event.key, Invitation.uid, Invitation.attendee_id, func.max(Invitation.sequence))
        .join(Event, and_(Event.id == Invitation.event_id, Event.is_there()))
        .group_by(Event.key, Invitation.uid, Invitation.attendee_id)
    )
    return Counts(
        key
        for key, uid, attendee_id, sequence in _rows(database, stored)
        if highest.get((uid, attendee_id), sequence) > sequence
    )


def _highest_sequences(journal: SendJournal) -> dict[tuple[str, int], int]:
    highest: dict[tuple[str, int], int] = {}
    try:
        for line in journal.lines():
            if "u" in line:
                key = line["u"], line["a"]
                highest[key] = max(line["s"], highest.get(key, 0))
    except FileNotFoundError:
        return {}  # no email was sent yet
    return highest


def _misplaced(database: Database, _: Settings) -> Counts:
    """Count rows that refer to a row of another event, or to a missing one.

    PostgreSQL never stores the latter. SQLite does where something else than Chainmeet writes.
    """
    found = Counts()
    for key, count in _rows(database, *_references_across_events()):
        found[key or _INSTALLATION] += count
    if database.is_sqlite:
        with database.read() as session:
            if orphans := len(session.execute(text("PRAGMA foreign_key_check")).all()):
                found[_INSTALLATION] += orphans
    return found


def _references_across_events() -> Iterator[Select[*tuple[Any, ...]]]:
    """Yield a query for each foreign key between rows that belong to an event, directly or by another row."""
    for table in Base.metadata.sorted_tables:
        references = sorted(
            (key for key in table.foreign_keys if "event_id" in key.column.table.c),
            key=lambda key: (not key.parent.nullable, key.parent.name),
            reverse=True,
        )
        if "event_id" in table.c:
            for key in references:
                yield _crossing(table.c.event_id, table, key)
            continue
        for key in references[1:]:  # a row that belongs to the event of the first one
            first = references[0]
            owner = first.column.table.alias()
            yield _crossing(
                owner.c.event_id, table.join(owner, owner.c[first.column.name] == first.parent), key
            )


def _crossing(own: Any, source: Any, key: ForeignKey) -> Select[*tuple[Any, ...]]:
    referred = key.column.table.alias()
    joined = source.join(referred, referred.c[key.column.name] == key.parent)
    return (
        select(Event.key, func.count())
        .select_from(joined.outerjoin(Event, Event.id == own))
        .where(own != referred.c.event_id)
        .group_by(Event.key)
    )


_COUNTS: Final[Mapping[Invariant, Callable[[Database, Settings], Counts]]] = {
    Invariant.NO_OVERLAP: _overlaps,
    Invariant.BOOKED: _unbooked,
    Invariant.NOTIFIED: _unnotified,
    Invariant.SEQUENCE: _behind_journal,
    Invariant.OWN_EVENT: _misplaced,
}

_REASONS: Final[Mapping[Invariant, Callable[[str, str], str]]] = {
    Invariant.NO_OVERLAP: lambda count, where: gettext_lazy(
        "The published schedule has people in two meetings at once. Start a run and publish its draft. "
        "Meetings: %(count)s. Events: %(where)s.",
        count=count,
        where=where,
    ),
    Invariant.BOOKED: lambda count, where: gettext_lazy(
        "Bookings differ from the published schedule. Publish the schedule again. "
        "Rows: %(count)s. Events: %(where)s.",
        count=count,
        where=where,
    ),
    Invariant.NOTIFIED: lambda count, where: gettext_lazy(
        "Calendars differ from the published schedule, and no email is waiting. Publish the schedule again "
        "to send what is missing. Calendar entries: %(count)s. Events: %(where)s.",
        count=count,
        where=where,
    ),
    Invariant.SEQUENCE: lambda count, where: gettext_lazy(
        "Calendars have newer invitations than the database, which may be a restored backup. See Back up and "
        "restore in docs/operators.md. Calendar entries: %(count)s. Events: %(where)s.",
        count=count,
        where=where,
    ),
    Invariant.OWN_EVENT: lambda count, where: gettext_lazy(
        "Rows refer to missing rows or to those of another event. Something other than Chainmeet may have "
        "changed the database. Rows: %(count)s. Events: %(where)s.",
        count=count,
        where=where,
    ),
}
