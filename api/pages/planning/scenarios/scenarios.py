"""Scenarios: modified copies of the event, solved beside the live plan, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from apiflask import APIBlueprint
from flask import Response as FlaskResponse
from flask import abort, flash, make_response, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, limits
from api.downloads import download
from api.inputs import whole
from api.language.speaking import said
from api.pages import paging, rendering
from api.pages.exports.exports import TYPES
from api.pages.participants.autocomplete import key_in
from api.pages.planning.scenarios.forms import FORMS, change_of
from api.pages.planning.scenarios.sentences import DIALS, sentence
from api.pages.schedule.priority_levels import LEVELS
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.domain.solving import ScenarioState
from scheduler.i18n import gettext_lazy
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page
from scheduler.services.planning.runs import commitment_clashes
from scheduler.services.planning.scenarios import (
    comparison,
    effects,
    effects_workbook,
    scenario_fixes,
    scenarios,
)
from scheduler.services.planning.scenarios.comparison import FIGURES
from scheduler.services.planning.scenarios.effects import FirmFilter, ScenarioCard
from scheduler.services.planning.scenarios.scenario_changes import MAX_CHANGES
from scheduler.services.requests import unscheduled_requests
from scheduler.services.spreadsheets.columns import ImportKind
from workers import dispatch

blueprint = APIBlueprint(
    "scenarios", __name__, enable_openapi=False, url_prefix="/events/<event_key>/scenarios"
)

Faults = Mapping[str, str]
NONE: Faults = MappingProxyType({})
DONE = MappingProxyType(
    {
        "solve": gettext_lazy("Calculation queued. It starts when a worker is free. Runs go first."),
        "try": gettext_lazy("Fix added. The calculation starts when a worker is free. Runs go first."),
        "stop": gettext_lazy("Calculation stopped."),
        "delete": gettext_lazy("Scenario deleted. The event is unchanged."),
        "copy": gettext_lazy("Scenario duplicated. Edit the copy and calculate it to compare the two."),
    }
)

STATES = MappingProxyType(
    {
        ScenarioState.NEW: gettext_lazy("Not calculated"),
        ScenarioState.QUEUED: gettext_lazy("Waiting for a worker"),
        ScenarioState.RUNNING: gettext_lazy("Calculating"),
        ScenarioState.DONE: gettext_lazy("Calculated"),
        ScenarioState.FAILED: gettext_lazy("Failed"),
    }
)
TAGS = MappingProxyType({ScenarioState.DONE: "good", ScenarioState.FAILED: "bad"})
REASONS: Mapping[str, str] = MappingProxyType(
    {**unscheduled_requests.GROUPS, effects.REMOVED: gettext_lazy("An exhibitor is not in the scenario")}
)
"""Titles of reasons for unscheduled requests in a scenario."""
SHOWN: Mapping[FirmFilter, str] = MappingProxyType(
    {
        FirmFilter.CHANGED: gettext_lazy("Changed"),
        FirmFilter.LOSE: gettext_lazy("Fewer meetings"),
        FirmFilter.GAIN: gettext_lazy("More meetings"),
        FirmFilter.ELSEWHERE: gettext_lazy("Different location"),
    }
)
"""Filters of the list of exhibitors."""
PLACES: Mapping[str, str] = MappingProxyType(
    {
        "tables": "venue",
        "slots": "venue",
        "interpreters": "interpreters",
        "shift": "interpreters",
        "quota": "exhibitors",
        "removed_firm": "exhibitors",
        "added_firm": "exhibitors",
        "priority": "priorities",
        "fairness": "priorities",
        "policy": "priorities",
    }
)
"""Page on which an event is changed as a scenario is, by kind of change."""
MOST_SHOWN = 25
"""Exhibitors on a page."""


@blueprint.get("")
@login_required
def list_scenarios(event_key: str) -> str:
    return _list(auth.team(event_key), {}, NONE)


@blueprint.post("")
@login_required
def create_scenario(event_key: str) -> Response | tuple[str, int]:
    """Create a scenario without changes."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            made = scenarios.create_scenario(db, actor, request.form.get("name", ""), now=context.now())
    except InvalidInput as error:
        return _list(actor, request.form, _by_field(error)), 422
    return redirect(url_for("scenarios.show_scenario", event_key=event_key, number=made.number))


@blueprint.get("/<int:number>")
@login_required
def show_scenario(event_key: str, number: int) -> str:
    return _page(auth.team(event_key), number, request.args, NONE)


@blueprint.get("/<int:number>/panel")
@login_required
def show_panel(event_key: str, number: int) -> FlaskResponse:
    """Return the part of the page that shows progress. When it has ended, htmx reloads the page."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        card = scenarios.get_scenario(db, actor, number)
        text = rendering.render(
            db, actor, "scenarios", "planning/scenarios/_follow.html", one=card, now=context.now()
        )
    response = make_response(text)
    if not card.is_open:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<int:number>/<step>")
@login_required
def change_scenario(event_key: str, number: int, step: str) -> Response | tuple[str, int]:
    """Add or remove a change, set name and solve time, solve, stop, copy or delete the scenario.

    `try` adds a change and solves the scenario with it.
    """
    actor = auth.organiser(event_key)
    if step not in _STEPS:
        abort(404)
    try:
        with context.database().write() as db:
            there = _STEPS[step](db, actor, number)
    except InvalidInput as error:
        return _page(actor, number, request.form, _by_field(error)), 422
    except WrongState:
        there = number  # it was solved or stopped meanwhile: show its current state
    else:
        if step in DONE:
            flash(said(DONE[step]), "good")
    if step in ("solve", "try"):
        dispatch.solve_scenario(app=context.celery())
    if there is None:
        return redirect(url_for("scenarios.list_scenarios", event_key=event_key), 303)
    return redirect(url_for("scenarios.show_scenario", event_key=event_key, number=there), 303)


@blueprint.get("/<int:number>/exhibitors.xlsx")
@login_required
def export_exhibitors(event_key: str, number: int) -> FlaskResponse:
    """Export the exhibitors that a calculated scenario changes, as a workbook."""
    actor = auth.team(event_key)
    limits.require_costly()
    with context.database().read() as db:
        octets = effects_workbook.export_effects(db, actor, number)
    return download(Export(octets, f"scenario-{event_key}-{number}.xlsx"), TYPES["xlsx"])


@blueprint.get("/comparison.<ending>")
@login_required
def export_comparison(event_key: str, ending: str) -> FlaskResponse:
    """Export the comparison as CSV or XLSX."""
    if ending not in ("csv", "xlsx"):
        abort(404)
    actor = auth.team(event_key)
    limits.require_costly()
    with context.database().write() as db:
        made = comparison.export_comparison(db, actor, ending, now=context.now())
    return download(made, TYPES[ending])


def _add(db: Session, actor: Actor, number: int) -> int:
    change = change_of(request.form, lambda name: key_in(db, actor, ImportKind.FIRMS, name))
    return scenarios.add_change(db, actor, number, change, now=context.now()).number


def _try(db: Session, actor: Actor, number: int) -> int:
    return _solve(db, actor, _add(db, actor, number))


def _drop(db: Session, actor: Actor, number: int) -> int:
    position = whole(request.form.get("position"), otherwise=MAX_CHANGES)
    return scenarios.remove_change(db, actor, number, position, now=context.now()).number


def _change(db: Session, actor: Actor, number: int) -> int:
    name, seconds = request.form.get("name", ""), whole(request.form.get("seconds"))
    return scenarios.change_scenario(db, actor, number, name=name, seconds=seconds, now=context.now()).number


def _solve(db: Session, actor: Actor, number: int) -> int:
    return scenarios.solve_scenario(db, actor, number, now=context.now()).number


def _stop(db: Session, actor: Actor, number: int) -> int:
    return scenarios.stop_scenario(db, actor, number, now=context.now()).number


def _copy(db: Session, actor: Actor, number: int) -> int:
    return scenarios.copy_scenario(db, actor, number, now=context.now()).number


def _delete(db: Session, actor: Actor, number: int) -> None:
    scenarios.delete_scenario(db, actor, number, now=context.now())


_STEPS: Mapping[str, Any] = MappingProxyType(
    {
        "add": _add,
        "try": _try,
        "drop": _drop,
        "change": _change,
        "solve": _solve,
        "stop": _stop,
        "copy": _copy,
        "delete": _delete,
    }
)


def _by_field(error: InvalidInput) -> Faults:
    faults: dict[str, str] = {}
    for fault in error.faults:
        faults.setdefault(fault.path or "name", fault.message)
    return faults


def _list(actor: Actor, typed: Mapping[str, str], faults: Faults) -> str:
    with context.database().read() as db:
        cards = scenarios.list_scenarios(db, actor)
        names = scenarios.load_names(db, actor, cards)
        return rendering.render(
            db,
            actor,
            "scenarios",
            "planning/scenarios/list.html",
            cards=cards,
            said={card.number: [sentence(change, names) for change in card.changes] for card in cards},
            compared=comparison.compare_scenarios(db, actor),
            figures=FIGURES,
            words=STATES,
            tags=TAGS,
            typed=typed,
            faults=faults,
            may_try=actor.may(Right.MANAGE_SCENARIOS),
            most=scenarios.MAX_SCENARIOS,
        )


def _page(actor: Actor, number: int, typed: Mapping[str, str], faults: Faults) -> str:
    with context.database().read() as db:
        card = scenarios.get_scenario(db, actor, number)
        fixes = scenario_fixes.list_fixes(actor, card)
        every = replace(card, changes=(*card.changes, *(fix.change for fix in fixes)))
        kind, names = typed.get("kind", ""), scenarios.load_names(db, actor, [every])
        return rendering.render(
            db,
            actor,
            "scenarios",
            "planning/scenarios/show.html",
            one=card,
            said=[sentence(change, names) for change in card.changes],
            fixes=[(sentence(fix.change, names), fix) for fix in fixes],
            places={PLACES[change.kind] for change in card.changes},
            **_result(db, actor, card),
            clashes=commitment_clashes.describe_clashes(db, actor, card.result or {}),
            typed={"name": card.name, "seconds": str(card.seconds), "count": "1", **typed},
            faults=faults,
            kind=kind if kind in FORMS else None,
            forms=FORMS,
            dials=DIALS,
            levels=LEVELS,
            choices=scenarios.list_choices(db, actor) if kind in FORMS else None,
            may_try=actor.may(Right.MANAGE_SCENARIOS),
            most=MAX_CHANGES,
            can_solve=card.state not in (ScenarioState.QUEUED, ScenarioState.RUNNING),
            now=context.now(),
        )


def _result(db: Session, actor: Actor, card: ScenarioCard) -> dict[str, Any]:
    """Return the template values of a calculated scenario."""
    found = effects.get_effects(db, actor, card)
    columns = comparison.compare_scenarios(db, actor).columns if card.result else ()
    values: dict[str, Any] = {
        "main": comparison.compare_figures(comparison.MAIN_FIGURES, card.result) if card.result else (),
        "more": comparison.compare_figures(comparison.OTHER_FIGURES, card.result) if card.result else (),
        "is_old": any(each.is_old for each in columns if each.number == card.number),
        "effects": found,
        "reasons": REASONS,
    }
    if found is None:
        return values
    asked = request.args.get("show", "")
    what = FirmFilter(asked) if asked in list(FirmFilter) else FirmFilter.CHANGED
    rows = found.of(what)
    page, start = paging.asked_number(), (paging.asked_number() - 1) * MOST_SHOWN
    return {
        **values,
        "what": what,
        "filters": [(each, words, len(found.of(each))) for each, words in SHOWN.items()],
        "page": Page(tuple(rows[start : start + MOST_SHOWN]), None, len(rows), page, MOST_SHOWN),
        "ticks": _ticks(max((max(row.now, row.then, row.accepted) for row in rows), default=0)),
    }


def _ticks(most: int) -> list[int]:
    """Return at most six axis ticks, in round steps from 0."""
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**6) if 5 * size >= most)
    return [step * k for k in range(6)]
