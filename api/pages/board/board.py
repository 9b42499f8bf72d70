"""The board: a manual draft that organisers edit. All its pages work without JavaScript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, said
from api.language.unbroken import unbroken
from api.pages import rendering
from api.pages.board import best_filter, place_form, placement_view
from api.pages.board.placement_view import Offer
from api.pages.formatting import capitalize_first, local_moment
from scheduler.domain.entities import JobState
from scheduler.domain.errors import EditConflict, NotFound, PublishingInProgress, WrongState
from scheduler.i18n import join_texts
from scheduler.services.board import board_view, commands, draft_view, manual_drafts, search, steps
from scheduler.services.board.board_view import BoardQuery, BoardRow, BoardView, RowsOf
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.board.commands import Placement
from scheduler.services.board.draft_view import PickedRequest, StepLine
from scheduler.services.board.steps import StepResult
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from workers import board_queries, dispatch

blueprint = APIBlueprint("board", __name__, enable_openapi=False, url_prefix="/events/<event_key>/board")
blueprint.add_app_template_filter(placement_view.step_word)

SHOWN: Final = ("draft", "day", "half", "hall", "rows", "page", "empty", "best", "time")
"""Query parameters of the visible part of the board."""
REFUSED = (EditConflict, PublishingInProgress, WrongState, NotFound)
"""Errors other than rule violations that reject a step. Each has a message."""


MOST_ELSEWHERE: Final = 4
"""Maximum number of links to other parts of the board with targets."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A half-day of a hall."""

    day: date
    is_afternoon: bool
    hall: str


@blueprint.get("")
@login_required
def show_board(event_key: str) -> str:
    """Show a half-day of one hall. With a meeting selected, mark valid targets and reasons against others."""
    return _page(auth.team(event_key), request.args, None)


def _page(actor: Actor, asked: Mapping[str, str], sent: Mapping[str, str] | None) -> str:
    """Render the requested part of the board. `sent` is a rejected placement, shown with its errors."""
    wish = BoardQuery(
        day=asked.get("day", ""),
        half=asked.get("half", ""),
        hall=asked.get("hall", ""),
        rows_of=asked.get("rows", ""),
        page=max(1, inputs.whole(asked.get("page"))),
    )
    number = inputs.whole(asked.get("draft")) or None
    with context.database().read() as db:
        draft = draft_view.get_draft(db, actor, number)
        others = [
            each
            for each in manual_drafts.list_open_drafts(db, actor)
            if draft and each.number != draft.number
        ]
        if draft is None:
            return rendering.render(db, actor, "board", "board/none.html")
        seen = board_view.get_board(db, actor, draft.number, wish)
        picked = None
        if asked.get("pick"):
            picked = draft_view.get_picked_request(db, actor, draft.number, asked["pick"], seen.hall)
        typed = sent or (place_form.standing(picked) if picked else {})
        found = search.find_requests(db, actor, draft.number, asked.get("find", ""))
        event = events.get_event(db, actor)
    offer = None
    # The cheapest alternative to a rejected step is searched in the complete offer.
    filters = () if asked.get("wanted") else best_filter.chosen(asked.get("best", ""))
    if picked is not None and draft.is_open and actor.may(Right.EDIT_DRAFTS):
        more = best_filter.to_question(filters, seen, picked, event.timezone)
        sought = placement_view.sought(asked.get("seek", ""))
        if sought:
            more["search"] = list(sought)
        offer = _offer(actor.event_id, draft.number, picked, seen, more)
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "board",
            "board/board.html",
            draft=draft,
            others=others,
            seen=seen,
            picked=picked,
            offer=offer,
            wanted=placement_view.cheapest(offer, asked.get("wanted", "")),
            found=found,
            typed=typed,
            faults=place_form.faults_of(db, actor, picked, sent) if picked and sent else {},
            may_change=draft.is_open and actor.may(Right.EDIT_DRAFTS),
            filters=filters,
            toggled=best_filter.toggled,
            counts=_counts(seen, offer),
            column=_column(seen, picked, offer, asked),
            address=_address(draft.number, seen, asked) | {"best": " ".join(filters) or None},
            folded=frozenset() if asked.get("empty") else _folded(seen, offer),
            elsewhere=_elsewhere(offer, picked, event.timezone) if picked else (),
            times={slot.key: unbroken(local_moment(slot.start, event.timezone)) for slot in picked.slots}
            if picked
            else {},
            RowsOf=RowsOf,
        )


@blueprint.post("/drafts")
@login_required
def start_draft(event_key: str) -> Response:
    """Begin a manual draft of the version that the board shows."""
    actor = auth.organiser(event_key)
    base = inputs.whole(request.form.get("draft"))
    try:
        with context.database().read() as db:
            is_large = manual_drafts.is_large_event(db, actor)
        with context.database().write() as db:
            if is_large:
                job, number = manual_drafts.request_draft(db, actor, base, now=context.now()), base
            else:
                job, number = None, manual_drafts.start_draft(db, actor, base, now=context.now())
    except WrongState as error:
        flash(said(error.user_message), "error")
        return redirect(url_for("board.show_board", event_key=event_key), 303)
    if job is not None:
        dispatch.version_job(job.id, app=context.celery())
        return redirect(url_for("board.show_draft_progress", event_key=event_key, number=base), 303)
    flash(
        gettext("Manual draft %(number)s created. No one is notified until you publish.", number=str(number)),
        "good",
    )
    return redirect(_board(event_key, number), 303)


@blueprint.get("/<int:number>/progress")
@login_required
def show_draft_progress(event_key: str, number: int) -> str | Response:
    """Show the progress of a worker that creates a manual draft, then redirect to its board."""
    actor = auth.organiser(event_key)
    by_htmx = rendering.by_htmx()
    with context.database().read() as db:
        found = manual_drafts.get_draft_start(db, actor, number)
        if found.job is not None and found.job.state is not JobState.DONE:
            template = "board/_begun.html" if by_htmx else "board/begun.html"
            return rendering.render(
                db, actor, "board", template, number=number, job=found.job, now=context.now()
            )
    there = url_for("board.show_board", event_key=event_key, draft=found.draft or number)
    return Response(status=204, headers={"HX-Redirect": there}) if by_htmx else redirect(there, 303)


@blueprint.get("/<int:number>/updates")
@login_required
def poll_changes(event_key: str, number: int) -> Response:
    """Return the steps of other editors since the page was rendered, as an htmx update, or 204 if none."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        steps = draft_view.list_new_steps(db, actor, number, inputs.whole(request.args.get("seen"), -1))
        if steps is None:
            return Response(status=204)
        text = rendering.render(db, actor, "board", "board/_news.html", steps=steps)
    return Response(text, mimetype="text/html", headers={"HX-Trigger-After-Swap": "board-changed"})


@blueprint.post("/<int:number>/place")
@login_required
def place_meeting(event_key: str, number: int) -> Response | tuple[str, int]:
    """Place a meeting where a button or the manual form says."""
    actor = auth.organiser(event_key)
    form, key, seen = request.form, request.form.get("request", ""), _seen()
    if "to" in form:
        read = placement_view.read_to(form["to"])
        if read is None:
            flash(gettext("This page was out of date. Try again."), "error")
            return _back(event_key, number, key)
        targets, dropped = read
    else:
        typed = place_form.sent()
        try:
            target = _by_hand(actor, number, key, typed)
        except NotFound as error:
            flash(said(error.user_message), "error")
            return _back(event_key, number, "")
        if target is None:
            flash(gettext("Nothing was saved. Fix the highlighted fields below."), "error")
            return _page(actor, {**_shown(), "draft": str(number), "pick": key}, typed), 422
        if "seek" in form:
            sought = f"{target.slot} {target.place}"
            return redirect(_board(event_key, number, pick=key, seek=sought), 303)
        targets, dropped = [target], []

    def do() -> StepResult:
        with context.database().write() as db:
            return commands.arrange_requests(
                db, actor, number, targets, dropped, seen=seen, now=context.now()
            )

    return _do(event_key, number, key, do, wanted=targets[0].slot if targets else "")


def _by_hand(actor: Actor, number: int, key: str, typed: Mapping[str, str]) -> Placement | None:
    with context.database().read() as db:
        picked = draft_view.get_picked_request(db, actor, number, key, "")
        return place_form.target_of(db, actor, picked, typed)


@blueprint.post("/<int:number>/<any(cancel, lock, unlock, swap, forbid, allow, undo, redo):step>")
@login_required
def apply_step(event_key: str, number: int, step: str) -> Response:
    """Cancel, lock or unlock a meeting, swap two, forbid or allow a time, undo or redo a step."""
    actor, now, seen = auth.organiser(event_key), context.now(), _seen()
    form = request.form
    key, other = form.get("request", ""), form.get("other", "")
    one = inputs.whole(form.get("step")) or None
    undone: list[str] = []

    def do() -> StepResult:
        with context.database().write() as db:
            if step == "swap":
                return commands.swap_meetings(db, actor, number, key, other, seen=seen, now=now)
            if step in ("forbid", "allow"):
                do_time = {"forbid": commands.forbid_slot, "allow": commands.allow_slot}[step]
                return do_time(db, actor, number, key, form.get("slot", ""), seen=seen, now=now)
            if step == "undo":
                taken = steps.undo_step(db, actor, number, step=one, seen=seen, now=now)
                undone.append(_undone(draft_view.get_step(db, actor, number, taken.number), taken.by))
                return taken
            if step == "redo":
                return steps.redo_step(db, actor, number, seen=seen, now=now)
            do_it = {
                "cancel": commands.cancel_meeting,
                "lock": commands.lock_meeting,
                "unlock": commands.unlock_request,
            }[step]
            return do_it(db, actor, number, key, seen=seen, now=now)

    done = {"undo": undone.pop, "redo": lambda: gettext("Change redone.")}.get(step)
    return _do(event_key, number, key, do, done=done, stays=step in ("forbid", "allow"))


def _undone(line: StepLine | None, by: str) -> str:
    """Return a message about the undone step, with its author if it was another organiser."""
    if line is None:
        return gettext("Change undone.")
    step, pairs = capitalize_first(placement_view.step_word(line.kind)), said(join_texts(line.pairs))
    if by:
        return gettext("Change by %(who)s undone. %(step)s: %(pairs)s.", who=by, step=step, pairs=pairs)
    return gettext("Change undone. %(step)s: %(pairs)s.", step=step, pairs=pairs)


def _do(
    event_key: str,
    number: int,
    key: str,
    do: Callable[[], StepResult],
    *,
    done: Callable[[], str] | None = None,
    wanted: str = "",
    stays: bool = False,
) -> Response:
    """Execute a step, and flash the result or the reason against it.

    The meeting stays selected after a failure, or if `stays` is true.
    """
    try:
        taken = do()
    except BreaksRules as error:
        flash(gettext("This change isn't possible. %(reasons)s", reasons=said(str(error))), "error")
        return _back(event_key, number, key, wanted=wanted)
    except REFUSED as error:
        flash(said(error.user_message), "error")
        return _back(event_key, number, key)
    text = done() if done else said(placement_view.SAID[taken.kind])
    if taken.gain:
        text = gettext(
            "%(done)s Score change: %(points)s.", done=text, points=placement_view.points(taken.gain)
        )
    flash(text, "good")
    at = "" if stays else key or next(iter(taken.requests), "")
    return _back(event_key, number, key if stays else "", at=at)


def _back(event_key: str, number: int, pick: str, *, wanted: str = "", at: str = "") -> Response:
    """Redirect to the board, with the meeting still selected, or to the anchor of the meeting."""
    return redirect(_board(event_key, number, pick=pick or None, wanted=wanted or None, at=at or None), 303)


def _board(event_key: str, number: int, **more: str | None) -> str:
    """Return the URL of the part of the board that the form was sent from."""
    values: dict[str, Any] = {**_shown(), "draft": number, **more}
    return url_for("board.show_board", event_key=event_key, **values)


def _shown() -> dict[str, str]:
    return {name: request.form[name] for name in SHOWN if request.form.get(name)}


def _seen() -> int | None:
    seen = inputs.whole(request.form.get("seen"), -1)
    return seen if seen >= 0 else None


def _folded(seen: BoardView, offer: Offer | None) -> frozenset[str]:
    """Return the booths to collapse: they have no meetings and are no target of the selected one."""

    def is_offered(row: BoardRow) -> bool:
        cells = (offer.cells.get((cell.slot, row.key)) for cell in row.cells) if offer else ()
        return any(cell is not None and cell.standing != "no" for cell in cells)

    return frozenset(row.key for row in seen.page.items if row.is_empty_booth and not is_offered(row))


def _elsewhere(offer: Offer | None, picked: PickedRequest, timezone: str) -> tuple[Elsewhere, ...]:
    """Return the parts of the board with the best targets, if the visible part has none."""
    if offer is None or offer.has_target:
        return ()
    starts = {slot.key: slot.start.astimezone(ZoneInfo(timezone)) for slot in picked.slots}
    found = (
        Elsewhere(starts[way.slot].date(), starts[way.slot].time() >= board_view.AFTERNOON_START, way.hall)
        for way in offer.best
        if way.slot in starts
    )
    return tuple(dict.fromkeys(found))[:MOST_ELSEWHERE]


def _address(number: int, seen: BoardView, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return the query parameters of the visible part."""
    return {
        "draft": number,
        "day": seen.day.isoformat(),
        "half": "afternoon" if seen.is_afternoon else "morning",
        "hall": seen.hall,
        "rows": str(seen.rows_of),
        "page": seen.page.number if seen.page.number > 1 else None,
        "empty": "1" if asked.get("empty") else None,
        "time": asked["time"] if asked.get("time") in {slot.key for slot in seen.slots} else None,
    }


def _counts(seen: BoardView, offer: Offer | None) -> Mapping[str, int]:
    """Return the number of targets by slot, or of meetings if none is selected."""
    if offer is not None:
        return Counter(slot for (slot, _), cell in offer.cells.items() if cell.to)
    return Counter(cell.slot for row in seen.page.items for cell in row.cells for _ in cell.meetings)


def _column(
    seen: BoardView, picked: PickedRequest | None, offer: Offer | None, asked: Mapping[str, str]
) -> str:
    """Return the slot that a phone shows: as requested, or the first relevant one of the view."""
    rows, at = seen.page.items, asked.get("at", "")
    found = [
        cell.slot for row in rows for cell in row.cells if at in {each.request for each in cell.meetings}
    ]
    held = {cell.slot for row in rows for cell in row.cells if cell.meetings}
    offered = {slot for (slot, _), cell in offer.cells.items() if cell.to} if offer else set()
    slots = [slot.key for slot in seen.slots]
    wanted = [
        *(found if at else ()),
        asked.get("time", ""),
        picked.slot.key if picked and picked.slot else "",
        *(slot for some in (offered, held) for slot in slots if slot in some),
        *slots,
    ]
    return next((slot for slot in wanted if slot in slots), "")


def _offer(
    event_id: int, number: int, picked: PickedRequest, seen: BoardView, more: Mapping[str, Any]
) -> Offer | None:
    """Return the targets of a meeting from the board's worker, or None if it is unavailable."""
    by_person = seen.rows_of is RowsOf.PERSON
    places = picked.places if by_person else [row.key for row in seen.page.items]
    answer = board_queries.ask(
        event_id,
        number,
        {"request": picked.key, "slots": [slot.key for slot in seen.slots], "places": list(places), **more},
        redis_url=context.settings().redis_url,
        app=context.celery(),
    )
    if not answer:
        return None
    offer = placement_view.offer_of(answer)
    return placement_view.by_person(offer, picked.people) if by_person else offer
