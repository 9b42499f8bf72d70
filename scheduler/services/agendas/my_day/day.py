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
from scheduler.secret_keys import SecretKeys
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
"""The kinds of change that are marked on the day page."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk to a meeting: minutes, the hall it starts from, and when to leave.

    `after` is the previous meeting, or None if the walk starts at the person's own booth. `spare` is the time
    between the end of that meeting and leaving. `stays` is True if the meeting is at the same place, so there
    is no walk.
    """

    minutes: int
    from_hall: str
    leave_at: datetime
    after: AgendaItem | None
    spare: timedelta | None
    stays: bool = False


@dataclass(frozen=True, slots=True)
class MeetingBrief:
    """The messages of both firms about a meeting, and the reader's private note about the partner.

    `is_ours`: the reader's firm sent the request. `reply_topic` and `reply` are the requested firm's topic
    and message, if it accepted with a request of its own.
    """

    is_ours: bool
    message: str
    reply_topic: str
    reply: str
    note: str


@dataclass(frozen=True, slots=True)
class DayMeeting:
    """A meeting of the day.

    `walk` is None if the starting point is unknown. `is_off`: the meeting was cancelled, or this person
    declined it. `effect` is what declining would do. `change` is what changed since the person last viewed
    the schedule: a new meeting, another time or another place.
    """

    item: AgendaItem
    brief: MeetingBrief
    effect: DeclineEffect
    details: MeetingDetails
    replies: MeetingReplies
    walk: Walk | None
    late: tuple[Late, ...]
    is_off: bool
    change: WeekChange | None


@dataclass(frozen=True, slots=True)
class ShownDay:
    """One day of an agenda. `days` are the event days with their number of meetings."""

    days: tuple[tuple[date, int], ...]
    day: date | None
    is_today: bool
    agenda: Agenda


@dataclass(frozen=True, slots=True)
class MyDay:
    """A person's agenda for one day.

    `days` are the event days with the person's number of meetings, and `day` is the one shown. `upcoming` are
    the meetings that have not ended, in order. The first that is not off is the next one.
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


def show_day(
    session: Session, actor: Actor, day: date | None, *, secret_key: SecretKeys, now: datetime
) -> MyDay:
    """Return one day of the attendee's own agenda.

    It is `day` if that is an event day, else the day from `choose_day`. Takes at most thirty queries, for any
    number of meetings. Raises NotAllowed if the actor is not an attendee.
    """
    agenda = agendas.attendee_agenda(session, actor)
    shown = find_day(session, actor, agenda, day, now=now)
    part = shown.agenda
    items = part.items
    replies = agenda_replies.list_meeting_replies(session, actor, part, secret_key=secret_key)
    facts = load_details(session, actor, part, replies)
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
            details=facts[item.request_key],
            replies=replies[item.request_key],
            walk=walks.get(item.request_key),
            late=late.get(item.request_key, ()),
            is_off=_is_off(item, replies[item.request_key], agenda.key),
            change=news.get(item.request_key),
        )
        for item in items
    ]
    return MyDay(
        person=agenda,
        days=shown.days,
        day=shown.day,
        is_today=shown.is_today,
        past=tuple(meeting for meeting in meetings if meeting.item.end <= now),
        upcoming=tuple(meeting for meeting in meetings if meeting.item.end > now),
    )


def find_day(session: Session, actor: Actor, agenda: Agenda, day: date | None, *, now: datetime) -> ShownDay:
    """Return `day` of an agenda if that is an event day, else the day from `choose_day`."""
    zone = ZoneInfo(agenda.timezone)
    today = now.astimezone(zone).date()
    days = sorted({slot.start.astimezone(zone).date() for slot in list_slots(session, actor.event_id)})
    counts = Counter(item.start.astimezone(zone).date() for item in agenda.items if not item.is_called_off)
    shown = choose_day(days, day, today)
    return ShownDay(
        days=tuple((each, counts[each]) for each in days),
        day=shown,
        is_today=shown == today,
        agenda=agenda.on(shown),
    )


def is_event_day(session: Session, actor: Actor, *, now: datetime) -> bool:
    """Return True if today, in the venue's time zone, is a day of the event."""
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    days = {slot.start.astimezone(zone).date() for slot in list_slots(session, actor.event_id)}
    return now.astimezone(zone).date() in days


def choose_day(days: Sequence[date], asked: date | None, today: date) -> date | None:
    """Return the requested day if it is in `days`, else today or the next day, else the last one."""
    if asked in days:
        return asked
    ahead = [each for each in days if each >= today]
    return ahead[0] if ahead else days[-1] if days else None


def _requests(session: Session, actor: Actor, items: Sequence[AgendaItem]) -> Sequence[MeetingRequest]:
    """Load the requests of the meetings with their people and exclusions, which a decline needs.

    Three queries.
    """
    return session.scalars(
        select(MeetingRequest)
        .where(
            MeetingRequest.event_id == actor.event_id,
            in_chunks(MeetingRequest.key, [item.request_key for item in items]),
        )
        .options(selectinload(MeetingRequest.people), selectinload(MeetingRequest.excluded))
    ).all()


def _briefs(session: Session, actor: Actor, requests: Sequence[MeetingRequest]) -> dict[str, MeetingBrief]:
    """Return the briefs by request key. One query.

    Notes are empty if the actor may not keep notes for the firm.
    """
    kept = select(FirmNote.other_firm_id, FirmNote.note).where(FirmNote.firm_id == actor.firm_id)
    others = {each for request in requests for each in (request.from_firm_id, request.to_firm_id)}
    notes = {}
    if actor.may(Right.EDIT_FIRM_NOTES, firm_id=actor.firm_id):
        rows = session.execute(kept.where(in_chunks(FirmNote.other_firm_id, others)))
        notes = {row.other_firm_id: row.note for row in rows}
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


def _is_off(item: AgendaItem, replies: MeetingReplies, own: str) -> bool:
    return item.is_called_off or own in replies.excluded or replies.answers.get(own) is Partstat.DECLINED


class HallPaths:
    """Walking times between halls, and the halls' names."""

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
        """Return the walk to each meeting, by request key. A cancelled meeting is not a starting point."""
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
