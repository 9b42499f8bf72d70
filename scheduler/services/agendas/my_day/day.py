"""Day of a person: meetings, the walk to each, and the next one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from scheduler.domain.entities import Partstat
from scheduler.i18n import venue_label
from scheduler.services.agendas.my_day import lateness
from scheduler.services.agendas.my_day.lateness import Late
from scheduler.services.agendas.week.changes import WeekChange, WeekChangeKind, list_changes
from scheduler.services.agendas.week.meeting_details import MeetingDetails, load_details
from scheduler.services.directory.references import list_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.replies import agenda_replies, decline_effects
from scheduler.services.replies.agenda_replies import MeetingReplies
from scheduler.services.replies.decline_effects import DeclineEffect
from scheduler.services.schedule import agendas
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, Firm, FirmNote, Hall, MeetingRequest, WalkingTime

SHOWN = (WeekChangeKind.NEW, WeekChangeKind.MOVED, WeekChangeKind.RELOCATED)
"""The changes that one has to know in the halls."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The way to a meeting: minutes on foot, from which hall, and when to leave.

    `after` is the meeting before, None for the own booth. `spare` is the time between its end and leaving.
    `stays`: the place is the one before, so that there is no way to go.
    """

    minutes: int
    from_hall: str
    leave_at: datetime
    after: AgendaItem | None
    spare: timedelta | None
    stays: bool = False


@dataclass(frozen=True, slots=True)
class MeetingBrief:
    """What one goes into a meeting with: what either firm wrote, and what the own one keeps about the other.

    `is_ours`: the own firm asked for the meeting. `reply_topic` and `reply` are of the firm that was asked,
    if it asked back.
    """

    is_ours: bool
    message: str
    reply_topic: str
    reply: str
    note: str


@dataclass(frozen=True, slots=True)
class DayMeeting:
    """A meeting of the day. `walk` is None if nothing says where its person comes from.

    `is_off`: it was withdrawn, or its person declined. `effect` is what a decline would do. `change` is what
    is new of it since its person has seen the schedule: a new meeting, another time or another place.
    """

    item: AgendaItem
    brief: MeetingBrief
    effect: DeclineEffect
    around: MeetingDetails
    standing: MeetingReplies
    walk: Walk | None
    late: tuple[Late, ...]
    is_off: bool
    change: WeekChange | None


@dataclass(frozen=True, slots=True)
class MyDay:
    """`days` are those of the event with the number of the person's meetings, `day` the one that is shown.

    `upcoming` are the meetings that have not ended, in order: the first that is not off is the next one.
    """

    person: Agenda
    days: tuple[tuple[date, int], ...]
    day: date | None
    is_today: bool
    past: tuple[DayMeeting, ...]
    upcoming: tuple[DayMeeting, ...]

    @property
    def next(self) -> DayMeeting | None:
        return next((meeting for meeting in self.upcoming if not meeting.is_off), None)


def show_day(session: Session, actor: Actor, day: date | None, *, secret_key: str, now: datetime) -> MyDay:
    """The actor's own day: the one that is asked for, else today, else the next of the event.

    Thirty queries at most, however many meetings. Raises NotAllowed for who is no attendee.
    """
    agenda = agendas.attendee_agenda(session, actor)
    zone = ZoneInfo(agenda.timezone)
    today = now.astimezone(zone).date()
    all_days = sorted({slot.start.astimezone(zone).date() for slot in list_slots(session, actor.event_id)})
    counts = Counter(item.start.astimezone(zone).date() for item in agenda.items if not item.is_called_off)
    shown = choose_day(all_days, day, today)
    part = agenda.on(shown)
    items = part.items
    standing = agenda_replies.list_meeting_replies(session, actor, part, secret_key=secret_key)
    facts = load_details(session, actor, part, standing)
    late = lateness.list_late(session, actor, items)
    walks = HallPaths(session, actor).walks(items, facts)
    requests = _requests(session, actor, items)
    briefs = _briefs(session, actor, requests)
    attendee = session.get_one(Attendee, actor.attendee_id)
    effects = decline_effects.decline_effects_of(session, requests, attendee, now=now)
    ids = {request.key: request.id for request in requests}
    news = {each.request_key: each for each in list_changes(session, actor, part) if each.kind in SHOWN}
    meetings = [
        DayMeeting(
            item=item,
            brief=briefs[item.request_key],
            effect=effects[ids[item.request_key]],
            around=facts[item.request_key],
            standing=standing[item.request_key],
            walk=walks.get(item.request_key),
            late=late.get(item.request_key, ()),
            is_off=_is_off(item, standing[item.request_key], agenda.key),
            change=news.get(item.request_key),
        )
        for item in items
    ]
    return MyDay(
        person=agenda,
        days=tuple((each, counts[each]) for each in all_days),
        day=shown,
        is_today=shown == today,
        past=tuple(meeting for meeting in meetings if meeting.item.end <= now),
        upcoming=tuple(meeting for meeting in meetings if meeting.item.end > now),
    )


def is_event_day(session: Session, actor: Actor, *, now: datetime) -> bool:
    """Whether today, by the venue's clock, is a day of the event."""
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    days = {slot.start.astimezone(zone).date() for slot in list_slots(session, actor.event_id)}
    return now.astimezone(zone).date() in days


def choose_day(days: Sequence[date], asked: date | None, today: date) -> date | None:
    """The day that is asked for, else today, else the next, else the last one of the event."""
    if asked in days:
        return asked
    ahead = [each for each in days if each >= today]
    return ahead[0] if ahead else days[-1] if days else None


def _requests(session: Session, actor: Actor, items: Sequence[AgendaItem]) -> Sequence[MeetingRequest]:
    """The requests of the meetings, with what a decline asks of them. Three queries."""
    return session.scalars(
        select(MeetingRequest)
        .where(
            MeetingRequest.event_id == actor.event_id,
            in_chunks(MeetingRequest.key, [item.request_key for item in items]),
        )
        .options(selectinload(MeetingRequest.people), selectinload(MeetingRequest.excluded))
    ).all()


def _briefs(session: Session, actor: Actor, requests: Sequence[MeetingRequest]) -> dict[str, MeetingBrief]:
    """By key of the request. One query. Who keeps no notes of the firm reads none."""
    kept = select(FirmNote.about_id, FirmNote.note).where(FirmNote.firm_id == actor.firm_id)
    others = {each for request in requests for each in (request.from_firm_id, request.to_firm_id)}
    notes = {}
    if actor.may(Right.KEEP_NOTES, firm_id=actor.firm_id):
        rows = session.execute(kept.where(in_chunks(FirmNote.about_id, others)))
        notes = {row.about_id: row.note for row in rows}
    return {
        request.key: MeetingBrief(
            is_ours=request.from_firm_id == actor.firm_id,
            message=request.message,
            reply_topic=request.reply_topic,
            reply=request.reply_message,
            note=notes.get(
                request.to_firm_id if request.from_firm_id == actor.firm_id else request.from_firm_id, ""
            ),
        )
        for request in requests
    }


def _is_off(item: AgendaItem, standing: MeetingReplies, own: str) -> bool:
    return item.is_called_off or own in standing.excluded or standing.answers.get(own) is Partstat.DECLINED


class HallPaths:
    """How far it is from hall to hall."""

    def __init__(self, session: Session, actor: Actor) -> None:
        halls = session.execute(select(Hall.id, Hall.name, Hall.names).where(Hall.event_id == actor.event_id))
        self.names = {hall_id: venue_label(own, names) for hall_id, own, names in halls}
        rows = session.execute(
            select(WalkingTime.from_hall_id, WalkingTime.to_hall_id, WalkingTime.minutes)
            .join(Hall, Hall.id == WalkingTime.from_hall_id)
            .where(Hall.event_id == actor.event_id)
        )
        self.minutes = {frozenset((first, second)): minutes for first, second, minutes in rows}
        self.home = session.scalar(select(Firm.hall_id).where(Firm.id == actor.firm_id))

    def walks(self, items: Sequence[AgendaItem], facts: Mapping[str, MeetingDetails]) -> dict[str, Walk]:
        """By key of the request. A meeting that is called off is no place that one comes from."""
        found: dict[str, Walk] = {}
        hall, before = self.home, None
        for item in items:
            there = facts[item.request_key].hall_id
            if hall is not None:
                minutes = self.minutes.get(frozenset((hall, there)), 0) if hall != there else 0
                leave = item.start - timedelta(minutes=minutes)
                spare = max(leave - before.end, timedelta()) if before is not None else None
                is_ours = facts[item.request_key].is_ours
                stays = is_ours if before is None else (before.hall, before.place) == (item.hall, item.place)
                found[item.request_key] = Walk(minutes, self.names[hall], leave, before, spare, stays)
            if not item.is_called_off:
                hall, before = there, item
        return found
