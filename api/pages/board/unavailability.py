"""Absences of a person, marked from the board, with a preview of the meetings they affect."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, ngettext
from api.pages import rendering
from api.pages.board import placement_view
from api.pages.board.placement_view import BestWay
from api.pages.participants import columns
from scheduler.domain.errors import EditConflict, InvalidInput, NotFound, PublishingInProgress, WrongState
from scheduler.services.board import commands, draft_view
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.board.search import AbsentPerson, list_missed_meetings
from scheduler.services.events.timetable import get_timetable
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants import absences, affected_meetings, journal
from scheduler.services.participants.journal import StepKind
from scheduler.services.spreadsheets.columns import ImportKind
from workers import board_queries

blueprint = APIBlueprint(
    "unavailability",
    __name__,
    enable_openapi=False,
    url_prefix="/events/<event_key>/board/<int:number>/people/<key>/unavailability",
)
SHOWN: Final = ("day", "half", "hall", "page")
"""Query parameters of the board that the page returns to."""
PEOPLE: Final = ImportKind.PEOPLE
MOST_MOVED: Final = 10
"""Maximum number of meetings for which targets are searched at once."""
NOT_MOVED = (BreaksRules, EditConflict, NotFound, PublishingInProgress, WrongState)


@blueprint.get("")
@login_required
def show_unavailability(event_key: str, number: int, key: str) -> str:
    """Show the person's times to select. With `look`, preview the effect of the selection."""
    asked = request.args
    return _page(auth.organiser(event_key), number, key, asked.getlist("slots"), is_look="look" in asked)


@blueprint.post("")
@login_required
def save_unavailability(event_key: str, number: int, key: str) -> Response | tuple[str, int]:
    """Save the person's absences, and move the selected meetings of the draft."""
    actor, form = auth.organiser(event_key), request.form
    slots, selected, now = form.getlist("slots"), form.getlist("to")[:MOST_MOVED], context.now()
    try:
        with context.database().write() as db:
            list_missed_meetings(db, actor, number, key, ())
            done = [_moved(db, actor, number, key, slots, to) for to in selected]
            moved = {request for requests in done for request in requests}
            left = absences.set_absences(db, actor, PEOPLE, key, slots, moved=moved, now=now)
    except InvalidInput as error:
        flash(columns.sentence(error), "error")
        return _page(actor, number, key, [], is_look=False), 422
    said = [gettext("Saved."), *columns.called_off(left.requests)]
    said += _told(sum(map(bool, done)), done.count(frozenset()))
    flash(" ".join(said), "good")
    return redirect(url_for("unavailability.show_unavailability", **_here(event_key, number, key)), 303)


def _moved(
    db: Session, actor: Actor, number: int, key: str, slots: Collection[str], to: str
) -> frozenset[str]:
    """Move a meeting as selected, as a step of the draft, before the absences are saved.

    Return the requests whose meetings it moved. If it now violates a rule, or the person would have one of
    these meetings during an absence, nothing is moved and the set is empty.
    """
    read = placement_view.read_to(to)
    if read is None:
        return frozenset()
    requests = frozenset(target.request for target in read[0])
    try:
        with db.begin_nested() as moving:
            commands.arrange_requests(db, actor, number, *read, seen=_seen(), now=context.now())
            db.flush()
            missed = {each.request for each in list_missed_meetings(db, actor, number, key, slots).missed}
            if requests & missed:
                moving.rollback()
                return frozenset()
    except NOT_MOVED:
        return frozenset()
    return requests


def _told(moved: int, not_moved: int) -> list[str]:
    """Return sentences about the selected meetings that were and were not moved."""
    said = []
    if moved:
        said += [
            ngettext(
                "%(num)s meeting changed in this draft.",
                "%(num)s meetings changed in this draft.",
                moved,
            ),
            gettext("No one is notified until you publish."),
        ]
    if not_moved:
        said.append(
            ngettext(
                "%(num)s selected meeting could not be moved: its new time is no longer possible.",
                "%(num)s selected meetings could not be moved: their new times are no longer possible.",
                not_moved,
            )
        )
    return said


def _page(actor: Actor, number: int, key: str, slots: Sequence[str], *, is_look: bool) -> str:
    now = context.now()
    with context.database().read() as db:
        draft = draft_view.get_draft(db, actor, number)
        times = {each.slot.key: each for each in absences.list_absence_slots(db, actor, PEOPLE, key, now=now)}
        known = {each for each in times if times[each].is_absent}
        absent = {each for each in slots if each in times} | (set() if is_look else known)
        person = list_missed_meetings(db, actor, number, key, absent)
        last = journal.list_steps(db, actor, most=1)
    may_move = draft is not None and draft.is_open and actor.may(Right.EDIT_DRAFTS)
    ways = _ways(actor, number, person, absent) if is_look and may_move else {}
    is_last = bool(last) and last[0].kind is StepKind.UNAVAILABILITY and last[0].undone_at is None
    with context.database().read() as db:
        soon = affected_meetings.list_frozen_requests(db, actor, key, absent - known, now=now)
        return rendering.render(
            db,
            actor,
            "board",
            "board/away.html",
            number=number,
            revision=draft.revision if draft else None,
            person=person,
            ways=ways,
            starts={slot: each.slot.start for slot, each in times.items()},
            days=[(day, [times[slot.key] for slot in day.slots]) for day in get_timetable(db, actor).days],
            selected=absent,
            is_look=is_look,
            soon=soon,
            lost=len(soon - ways.keys()),
            undo=last[0].id if is_last and not is_look else None,
            mine=_here(actor.event_key, number, key),
            there=url_for(
                "board.show_board", event_key=actor.event_key, draft=number, rows="person", **_shown()
            ),
        )


def _ways(actor: Actor, number: int, person: AbsentPerson, absent: Collection[str]) -> dict[str, BestWay]:
    """Return the best move for each affected meeting, as far as the board's worker suggests one."""
    found = {}
    for missed in person.missed[:MOST_MOVED]:
        answer = board_queries.ask(
            actor.event_id,
            number,
            {"request": missed.request},
            redis_url=context.settings().redis_url,
            app=context.celery(),
        )
        if answer is None:
            break
        kept = [row for row in answer.get("best", ()) if _is_there(row, person.key, absent)]
        best = placement_view.offer_of({"best": kept[:1]}).best
        if best:
            found[missed.request] = best[0]
    return found


def _is_there(row: Mapping[str, Any], person: str, absent: Collection[str]) -> bool:
    return not any(person in people and slot in absent for _, slot, _, people, _ in row["put"])


def _here(event_key: str, number: int, key: str) -> dict[str, Any]:
    return {"event_key": event_key, "number": number, "key": key, **_shown()}


def _shown() -> dict[str, Any]:
    return {name: request.values[name] for name in SHOWN if request.values.get(name)}


def _seen() -> int | None:
    seen = inputs.whole(request.form.get("seen"), -1)
    return seen if seen >= 0 else None
