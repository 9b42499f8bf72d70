"""Day of an interpreter: meetings with both sides, spoken languages, and the walk to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.errors import NotFound
from scheduler.invites.agenda.agenda import AgendaDocument
from scheduler.services.agendas.my_day.day import HallPaths, Walk, find_day
from scheduler.services.agendas.week.meeting_details import load_details
from scheduler.services.exports import prints
from scheduler.services.identity.actors import Actor
from scheduler.services.replies.agenda_replies import MeetingReplies
from scheduler.services.schedule import agendas, versions
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.models import Interpreter


@dataclass(frozen=True, slots=True)
class InterpretedMeeting:
    """A meeting of the day.

    `spoken` maps the key of each participant to their languages (BCP 47 tags). `walk` is None for the first
    meeting of the day.
    """

    item: AgendaItem
    spoken: Mapping[str, tuple[str, ...]]
    walk: Walk | None


@dataclass(frozen=True, slots=True)
class InterpreterDay:
    """An interpreter's agenda for one day.

    `days` are the event days with their number of meetings, and `day` is the one shown. `upcoming` are the
    meetings that have not ended, in order.
    """

    agenda: Agenda
    languages: tuple[str, ...]
    days: tuple[tuple[date, int], ...]
    day: date | None
    is_today: bool
    past: tuple[InterpretedMeeting, ...]
    upcoming: tuple[InterpretedMeeting, ...]

    @property
    def next(self) -> InterpretedMeeting | None:
        return next((each for each in self.upcoming if not each.item.is_called_off), None)


def show_day(session: Session, actor: Actor, day: date | None, *, now: datetime) -> InterpreterDay:
    """Return one day of the interpreter's own agenda.

    It is `day` if that is an event day, else the day from `choose_day`. The number of queries does not depend
    on the number of meetings. Raises NotAllowed if the actor is not an interpreter.
    """
    agenda = agendas.interpreter_agenda(session, actor)
    shown = find_day(session, actor, agenda, day, now=now)
    part = shown.agenda
    facts = load_details(session, actor, part, {item.request_key: MeetingReplies() for item in part.items})
    walks = HallPaths(session, actor).walks(part.items, facts)
    meetings = [
        InterpretedMeeting(item, facts[item.request_key].spoken, walks.get(item.request_key))
        for item in part.items
    ]
    return InterpreterDay(
        agenda=agenda,
        languages=tuple(_own(session, actor).languages),
        days=shown.days,
        day=shown.day,
        is_today=shown.is_today,
        past=tuple(each for each in meetings if each.item.end <= now),
        upcoming=tuple(each for each in meetings if each.item.end > now),
    )


def build_own_sheet(session: Session, actor: Actor) -> tuple[str, AgendaDocument | None]:
    """Return the interpreter's key and their published agenda, or None without meetings.

    Raises NotAllowed if the actor is not an interpreter.
    """
    agenda = agendas.interpreter_agenda(session, actor)
    version = versions.find_published_version(session, actor.event_id)
    found = prints.list_sheets(session, actor, PrintPack.INTERPRETERS, version, only={agenda.key})
    sheet = dict(found).get(agenda.key)
    return agenda.key, replace(sheet, language=actor.language or sheet.language) if sheet else None


def _own(session: Session, actor: Actor) -> Interpreter:
    if actor.interpreter_id is None:
        raise NotFound("interpreter", "")
    return session.get_one(Interpreter, actor.interpreter_id)
