"""Week view of a firm: people in columns, meetings and busy times by slot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Partstat
from scheduler.secret_keys import SecretKeys
from scheduler.services.agendas.week.changes import WeekChange, list_changes
from scheduler.services.agendas.week.meeting_details import MeetingDetails, load_details
from scheduler.services.availability import unavailable_slots
from scheduler.services.directory.references import PersonRef, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.replies import agenda_replies
from scheduler.services.replies.agenda_replies import MeetingReplies
from scheduler.services.schedule import agendas
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, MeetingRequest, RequestPerson, Slot


class MeetingFilter(StrEnum):
    """Filter for the meetings of the day."""

    ALL = "all"
    UNANSWERED = "unanswered"
    CHANGED = "changed"
    CLASHES = "clashes"


@dataclass(frozen=True, slots=True)
class WeekPerson:
    """A colleague of the firm, with their number of meetings on the day and their languages.

    `busy` are the starts of the day's slots in which they are not available.
    """

    person: PersonRef
    count: int
    spoken: tuple[str, ...]
    busy: frozenset[datetime]


@dataclass(frozen=True, slots=True)
class WeekMeeting:
    """A meeting in the week view.

    `handed_to` are people whom the firm named for the next plan and who are not in the published meeting.
    `clashing` are the keys of the firm's participants who are busy at that time. `can_change`: a plan may
    still change the meeting.
    """

    item: AgendaItem
    details: MeetingDetails
    replies: MeetingReplies
    change: WeekChange | None
    handed_to: tuple[PersonRef, ...]
    clashing: frozenset[str]
    can_change: bool

    @property
    def is_answered(self) -> bool:
        """True if at least one person of each side has accepted."""
        return self.details.has_accepted and self.details.partner_has_accepted


@dataclass(frozen=True, slots=True)
class WeekCell:
    meetings: tuple[WeekMeeting, ...]
    is_busy: bool


@dataclass(frozen=True, slots=True)
class Week:
    """One day of a firm's meetings.

    `agenda` is the firm's whole agenda, `part` that of the day shown. `rows` are keyed by the start of the
    slot. `days` have their number of meetings. `people` are all colleagues, `columns` those shown.
    """

    agenda: Agenda
    part: Agenda
    days: tuple[tuple[date, int], ...]
    day: date | None
    people: tuple[WeekPerson, ...]
    columns: tuple[WeekPerson, ...]
    rows: tuple[tuple[datetime, tuple[WeekCell, ...]], ...]
    meetings: Mapping[str, WeekMeeting]
    changes: tuple[WeekChange, ...]

    @property
    def is_filtered_out(self) -> bool:
        """True if the day has meetings, and the filters show none of them."""
        return bool(self.meetings) and not any(cell.meetings for _, cells in self.rows for cell in cells)

    def meeting(self, key: str | None) -> WeekMeeting | None:
        return self.meetings.get(key or "")


def show_week(
    session: Session,
    actor: Actor,
    *,
    day: date | None = None,
    only: str | None = None,
    show: MeetingFilter = MeetingFilter.ALL,
    secret_key: SecretKeys,
    now: datetime,
) -> Week:
    """Return a day of the actor's own firm. `only` is the key of a person to show alone.

    The number of queries does not depend on the number of meetings or people. Raises NotFound if the actor
    has no firm.
    """
    agenda = agendas.firm_agenda(session, actor)
    zone = ZoneInfo(agenda.timezone)
    slots = _slots(session, actor)
    all_days = sorted(
        {start.astimezone(zone).date() for _, start, _ in slots} | {each for each, _ in agenda.days()}
    )
    shown = agenda.day_shown(day if day in all_days else None, now)
    part = agenda.on(shown)
    counts = Counter(item.start.astimezone(zone).date() for item in agenda.items if not item.is_called_off)
    today = [slot for slot in slots if slot[1].astimezone(zone).date() == shown]
    people = _people(session, actor, part, today)
    changed = list_changes(session, actor, agenda)
    found = _meetings(session, actor, part, people, changed, secret_key=secret_key, now=now)
    kept = {key: meeting for key, meeting in found.items() if _is_shown(meeting, show)}
    columns = tuple(each for each in people if each.person.key == only) or people
    return Week(
        agenda=agenda,
        part=part,
        days=tuple((each, counts[each]) for each in all_days),
        day=shown,
        people=people,
        columns=columns,
        rows=_rows(today, columns, list(kept.values())),
        meetings=found,
        changes=changed,
    )


_Times = Sequence[tuple[int, datetime, datetime]]
"""Id, start and end of each slot."""


def _slots(session: Session, actor: Actor) -> _Times:
    columns = select(Slot.id, Slot.start, Slot.end).where(Slot.of(actor.event_id))
    return [(row[0], row[1], row[2]) for row in session.execute(columns.order_by(Slot.position))]


def _people(session: Session, actor: Actor, part: Agenda, today: _Times) -> tuple[WeekPerson, ...]:
    rows = session.execute(
        select(Attendee.id, Attendee.languages, Attendee.withdrawn_at, *person_columns(Attendee))
        .where(Attendee.firm_id == actor.firm_id)
        .order_by(Attendee.id)
    ).all()
    busy = unavailable_slots.list_unavailable_slots(session, actor.event_id, [row[0] for row in rows])
    counts = Counter(person.key for item in part.items for person in item.people)
    return tuple(
        WeekPerson(
            person=PersonRef(*names),
            count=counts[names[0]],
            spoken=tuple(languages),
            busy=frozenset(start for slot, start, _ in today if slot in busy.get(attendee_id, ())),
        )
        for attendee_id, languages, withdrawn_at, *names in rows
        if withdrawn_at is None or counts[names[0]]
    )


def _meetings(
    session: Session,
    actor: Actor,
    part: Agenda,
    people: Sequence[WeekPerson],
    changed: Sequence[WeekChange],
    *,
    secret_key: SecretKeys,
    now: datetime,
) -> dict[str, WeekMeeting]:
    replies = agenda_replies.list_meeting_replies(session, actor, part, secret_key=secret_key)
    facts = load_details(session, actor, part, replies)
    by_key = {change.request_key: change for change in changed}
    named = _named(session, actor, part)
    busy = {each.person.key: each.busy for each in people}
    frozen_until = session.get_one(Event, actor.event_id).frozen_until(now)
    return {
        item.request_key: WeekMeeting(
            item=item,
            details=facts[item.request_key],
            replies=replies[item.request_key],
            change=by_key.get(item.request_key),
            handed_to=tuple(each for each in named.get(item.request_key, ()) if each not in item.people),
            clashing=frozenset(
                each.key
                for each in item.people
                if any(item.start <= start < item.end for start in busy.get(each.key, ()))
            ),
            can_change=not item.is_called_off and item.start >= frozen_until,
        )
        for item in part.items
    }


def _named(session: Session, actor: Actor, part: Agenda) -> dict[str, tuple[PersonRef, ...]]:
    """Return the firm's people that each request names, by request key."""
    rows = session.execute(
        select(MeetingRequest.key, *person_columns(Attendee))
        .join(RequestPerson, RequestPerson.request_id == MeetingRequest.id)
        .join(Attendee, Attendee.id == RequestPerson.attendee_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            Attendee.firm_id == actor.firm_id,
            in_chunks(MeetingRequest.key, [item.request_key for item in part.items]),
        )
    )
    named: dict[str, tuple[PersonRef, ...]] = {}
    for key, *person in rows:
        named[key] = (*named.get(key, ()), PersonRef(*person))
    return named


def _is_shown(meeting: WeekMeeting, show: MeetingFilter) -> bool:
    if show is MeetingFilter.UNANSWERED:
        answers = meeting.replies.answers
        return any(answers.get(each.key) is Partstat.NEEDS_ACTION for each in meeting.item.people)
    if show is MeetingFilter.CHANGED:
        return meeting.change is not None
    return show is MeetingFilter.ALL or bool(meeting.clashing)


def _rows(
    today: _Times, columns: Sequence[WeekPerson], meetings: Sequence[WeekMeeting]
) -> tuple[tuple[datetime, tuple[WeekCell, ...]], ...]:
    """Return one row per slot, with each meeting in the row of its start.

    A meeting whose slot no longer exists gets a row of its own.
    """
    starts = sorted({start for _, start, _ in today} | {meeting.item.start for meeting in meetings})
    return tuple(
        (
            start,
            tuple(
                WeekCell(
                    tuple(
                        meeting
                        for meeting in meetings
                        if meeting.item.start == start and column.person in meeting.item.people
                    ),
                    start in column.busy,
                )
                for column in columns
            ),
        )
        for start in starts
    )
