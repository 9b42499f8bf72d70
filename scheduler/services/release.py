"""Publishing: preview the change set, publish a draft once and for everyone, roll back, discard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.changes import ChangeSet, compare
from scheduler.domain.entities import RequestState, VersionState
from scheduler.domain.errors import PlanRejected, VersionConflict, WrongState
from scheduler.invites.content import Content
from scheduler.services import contents, summaries, telling, versions, wordings
from scheduler.storage.models import (
    Event,
    Hold,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing a version does. `left_out` are requests that are no longer accepted.

    `mails` counts invitations and `summaries`; these and `people` are None for a version that is no draft.
    """

    version: ScheduleVersion
    compared_with: int | None
    change_set: ChangeSet
    left_out: tuple[str, ...] = ()
    mails: int | None = None
    summaries: int | None = None
    people: int | None = None


@dataclass(frozen=True, slots=True)
class Published:
    version: ScheduleVersion
    change_set: ChangeSet
    mails: int


def preview(session: Session, *, event_id: int, number: int, settings: Settings, now: datetime) -> Preview:
    """The change set of a draft against the published version, and whom it would be told to."""
    event = session.get_one(Event, event_id)
    version = versions.get(session, event_id, number)
    current = versions.published(session, event_id)
    left_out = tuple(contents.withdrawn_since(session, version.id))
    wanted = _wanted(session, event, version, settings)
    todo = telling.pending(session, event_id, wanted, mail_domain=settings.mail_domain, now=now)
    summed_up = summaries.changes(todo, summaries.unsent(session, event_id)) if event.summary_mails else {}
    return Preview(
        version=version,
        compared_with=current.number if current else None,
        change_set=change_set(session, current, version, left_out),
        left_out=left_out,
        mails=len(todo.messages) + len(summed_up),
        summaries=len(summed_up),
        people=len(summed_up.keys() | {message.attendee_id for message in todo.messages}),
    )


def comparison(session: Session, *, event_id: int, number: int, settings: Settings, now: datetime) -> Preview:
    """What publishing a draft now would do, or what an earlier version once did; then without mails."""
    version = versions.get(session, event_id, number)
    if version.state is VersionState.DRAFT:
        return preview(session, event_id=event_id, number=number, settings=settings, now=now)
    base = session.get(ScheduleVersion, version.compared_with_id) if version.compared_with_id else None
    return Preview(version, base.number if base else None, change_set(session, base, version))


def publish(
    session: Session,
    *,
    event_id: int,
    number: int,
    compared_with: int | None,
    by: int | None,
    settings: Settings,
    now: datetime,
) -> Published:
    """Make a draft the version that people see, and queue what each of them has to be told.

    `compared_with` is the number of the version that the change set was looked at against. Raises
    VersionConflict if another one is published now, WrongState if the version is no draft, and
    PlanRejected if it books somebody or something twice. The mails are sent after the commit.
    """
    event = session.scalars(select(Event).where(Event.id == event_id).with_for_update(key_share=True)).one()
    version = versions.get(session, event_id, number)
    session.refresh(version)
    if version.state is not VersionState.DRAFT:
        raise WrongState("version", number, version.state, "published")
    current = versions.published(session, event_id)
    if (current.number if current else None) != compared_with:
        raise VersionConflict(compared_with, current.number if current else None)
    left_out = contents.withdrawn_since(session, version.id)
    changes = change_set(session, current, version, left_out)
    _leave_out(session, version.id)
    _swap(session, current, version, by=by, now=now)
    _hold(session, event_id, version)
    wanted = _wanted(session, event, version, settings)
    mails = _tell(session, event, version, wanted, settings.mail_domain, now)
    return Published(version, changes, mails)


def roll_back(session: Session, *, event_id: int, number: int, now: datetime) -> ScheduleVersion:
    """A new draft with the content of an earlier version; it is published like any other."""
    old = versions.get(session, event_id, number)
    if old.state is not VersionState.SUPERSEDED:
        raise WrongState("version", number, old.state, "rolled back to")
    current = versions.published(session, event_id)
    draft = ScheduleVersion(
        event_id=event_id,
        number=versions.next_number(session, event_id),
        state=VersionState.DRAFT,
        run_id=old.run_id,
        compared_with_id=current.id if current else None,
        copy_of_id=old.id,
        status=old.status,
        score=old.score,
        bound=old.bound,
        served_bound=old.served_bound,
        terms=old.terms,
        unscheduled=old.unscheduled,
        created_at=now,
    )
    session.add(draft)
    session.flush()
    versions.store_meetings(session, draft, versions.meetings(session, old.id))
    return draft


def discard(session: Session, *, event_id: int, number: int) -> None:
    """Put a draft away; raises WrongState if it is no draft."""
    version = versions.get(session, event_id, number)
    done = session.scalar(
        update(ScheduleVersion)
        .where(ScheduleVersion.id == version.id, ScheduleVersion.state == VersionState.DRAFT)
        .values(state=VersionState.DISCARDED)
        .returning(ScheduleVersion.id)
    )
    if done is None:
        raise WrongState("version", number, version.state, "discarded")
    session.refresh(version)


def agenda_url(settings: Settings, event: Event) -> str:
    """Where an attendee reads the agenda of an event."""
    return f"{settings.base_url}/events/{event.key}/agenda"


def _wanted(
    session: Session, event: Event, version: ScheduleVersion, settings: Settings
) -> dict[contents.EntryKey, Content]:
    """What calendars should show of a version."""
    meetings = contents.held(session, event.id, version.id)
    texts = wordings.of_event(session, event.id)
    return contents.wanted(event, meetings, agenda_url(settings, event), texts)


def change_set(
    session: Session,
    current: ScheduleVersion | None,
    version: ScheduleVersion,
    left_out: Sequence[str] = (),
) -> ChangeSet:
    """The published version against another, without the requests that are left out of it."""
    gone = set(left_out)
    new = [m for m in versions.meetings(session, version.id) if m.request not in gone]
    return compare(versions.meetings(session, current.id if current else None), new)


def _tell(
    session: Session,
    event: Event,
    version: ScheduleVersion,
    wanted: Mapping[contents.EntryKey, Content],
    mail_domain: str,
    now: datetime,
) -> int:
    """Queue invitations, and behind them a summary for each who gets one; gives the number of mails."""
    dropped = summaries.drop_unsent(session, event.id)
    todo = telling.write(session, event.id, version.id, wanted, mail_domain=mail_domain, now=now)
    if not event.summary_mails:
        return len(todo.messages)
    added = summaries.write(session, event, version, todo, dropped, mail_domain=mail_domain, now=now)
    return len(todo.messages) + added


def _leave_out(session: Session, version_id: int) -> None:
    """Delete the meetings of requests that are no longer accepted."""
    gone = session.scalars(
        select(PlannedMeeting.id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(PlannedMeeting.version_id == version_id, MeetingRequest.state != RequestState.ACCEPTED)
    ).all()
    if gone:
        session.execute(delete(PlannedAttendee).where(PlannedAttendee.meeting_id.in_(gone)))
        session.execute(delete(PlannedMeeting).where(PlannedMeeting.id.in_(gone)))


def _swap(
    session: Session,
    current: ScheduleVersion | None,
    version: ScheduleVersion,
    *,
    by: int | None,
    now: datetime,
) -> None:
    """One version in, one out; the partial unique index refuses a second published one."""
    if current is not None:
        current.state = VersionState.SUPERSEDED
        session.flush()
    version.state = VersionState.PUBLISHED
    version.compared_with_id = current.id if current else None
    version.published_at, version.published_by = now, by
    session.flush()


def _hold(session: Session, event_id: int, version: ScheduleVersion) -> None:
    """Replace what the event holds; the unique key refuses that anybody is in two meetings at once."""
    session.execute(delete(Hold).where(Hold.event_id == event_id))
    rows = list(_holds(session, event_id, version.id))
    try:
        if rows:
            session.execute(insert(Hold), rows)
    except IntegrityError as error:
        raise PlanRejected([f"version {version.number} books somebody twice"]) from error


def _holds(session: Session, event_id: int, version_id: int) -> Iterable[dict[str, object]]:
    slots = session.scalars(select(Slot.id).where(Slot.event_id == event_id).order_by(Slot.position)).all()
    people: dict[int, list[int]] = {}
    for meeting_id, attendee_id in session.execute(
        select(PlannedAttendee.meeting_id, PlannedAttendee.attendee_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .where(PlannedMeeting.version_id == version_id)
    ):
        people.setdefault(meeting_id, []).append(attendee_id)
    seats: dict[tuple[int, int], int] = {}
    for meeting, start, capacity in session.execute(
        select(PlannedMeeting, Slot.position, Place.capacity)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .where(PlannedMeeting.version_id == version_id)
        .order_by(PlannedMeeting.id)
    ):
        for slot_id in slots[start : start + meeting.length]:
            base = {"slot_id": slot_id, "event_id": event_id, "meeting_id": meeting.id}
            taken = seats.get((slot_id, meeting.place_id), 0)
            seats[slot_id, meeting.place_id] = taken + 1
            # A place that is full hands out its first seat again, which the unique key refuses.
            seat = taken % max(capacity, 1)
            yield base | {"kind": "place", "holder_id": meeting.place_id, "seat": seat}
            for attendee_id in people.get(meeting.id, ()):
                yield base | {"kind": "attendee", "holder_id": attendee_id, "seat": 0}
            if meeting.interpreter_id is not None:
                yield base | {"kind": "interpreter", "holder_id": meeting.interpreter_id, "seat": 0}
