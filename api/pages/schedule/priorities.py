"""Scheduling priorities page: levels with exact values, their cost, and a preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from apiflask import APIBlueprint
from flask import flash, make_response, redirect, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from api.pages import rendering
from api.pages.planning.fairness.groups import group_name
from api.pages.reading import FormReader
from api.pages.schedule.priority_levels import (
    CUSTOM,
    FAIRNESS,
    GROUP_FAIRNESS,
    GROUPS,
    LEVELS,
    PRIORITIES,
    Exact,
    factors_of,
    group_point_of,
    groups_of,
    point_of,
    with_groups,
    with_point,
)
from scheduler.domain.errors import InvalidInput
from scheduler.domain.fields import DayLimit, Factor, MaxMoved, MeetingLimit, Percent
from scheduler.i18n import gettext_lazy
from scheduler.services.events import events, overnight_schedule, results
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.fairness import shares
from scheduler.services.planning.fairness.shares import FairnessView, Grouping
from scheduler.services.planning.scenarios import comparison, effects, priority_preview
from scheduler.services.planning.scenarios.effects import ScenarioCard
from scheduler.services.schedule import history
from workers import dispatch

blueprint = APIBlueprint(
    "priorities", __name__, enable_openapi=False, url_prefix="/events/<event_key>/priorities"
)

Faults = dict[str, str]
MOST_LISTED: Final = 200
"""Exhibitors of a preview on the page: those with the largest changes."""
SHOWN: Final = "shown-"
"""Prefix of hidden fields with the exact value that the form showed."""


@dataclass(frozen=True, slots=True)
class Dial:
    """A factor of the score. `term` is its name in the problem format, `does` its help text."""

    term: str
    label: str
    does: str


DIALS = (
    Dial(
        "shortfall",
        gettext_lazy("Meeting below the minimum"),
        gettext_lazy(
            "Points lost for each meeting that an exhibitor is short of the minimum share "
            "or of its own minimum. Higher values help these exhibitors first, but others "
            "can lose meetings."
        ),
    ),
    Dial(
        "idle",
        gettext_lazy("Idle time"),
        gettext_lazy("Points lost for each gap between two meetings in a person's day."),
    ),
    Dial(
        "hall_change",
        gettext_lazy("Hall change"),
        gettext_lazy("Points lost for each change of hall between two meetings in a person's day."),
    ),
    Dial(
        "moved",
        gettext_lazy("Meeting at another time"),
        gettext_lazy("Points lost for moving a published meeting to another time."),
    ),
    Dial(
        "relocated",
        gettext_lazy("Meeting at another location"),
        gettext_lazy("Points lost for moving a published meeting to another location at the same time."),
    ),
    Dial(
        "reassigned",
        gettext_lazy("Meeting with other attendees"),
        gettext_lazy("Points lost for assigning other attendees to a published meeting."),
    ),
    Dial(
        "repeated",
        gettext_lazy("Repeated change for one person"),
        gettext_lazy(
            "Points lost for a second change for the same attendee. A third change costs twice as much."
        ),
    ),
    Dial(
        "dropped",
        gettext_lazy("Published meeting dropped"),
        gettext_lazy("Points lost for not scheduling a published meeting."),
    ),
)
LIMITS: Final[Mapping[str, object]] = {
    "max_moved": MaxMoved,
    "max_idle_spread": MaxMoved,
    "max_in_row": MeetingLimit,
    "max_days": DayLimit,
}
"""The field types of a policy's limits. An empty one is no limit."""


@blueprint.get("")
@login_required
def show_priorities(event_key: str) -> str:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        found = priority_preview.get_preview(db, actor)
        policy = found.policy if found is not None else events.get_settings(db, actor).policy
        return _page(db, actor, _typed(policy), {})


@blueprint.post("")
@login_required
def change_priorities(event_key: str) -> Response | tuple[str, int]:
    """Preview, save or discard the submitted priorities."""
    actor = auth.organiser(event_key)
    try:
        step = request.form.get("do", "preview")
        if step == "discard":
            with context.database().write() as db:
                priority_preview.discard_preview(db, actor)
            flash(gettext("Preview discarded. The priorities are unchanged."))
        elif step == "save":
            _save(actor)
        else:
            _preview(actor)
    except InvalidInput as error:
        faults: Faults = {}
        for fault in error.faults:
            faults.setdefault(fault.path.rpartition(".")[2], fault.message)
        with context.database().read() as db:
            return _page(db, actor, request.form, faults), 422
    return redirect(url_for("priorities.show_priorities", event_key=event_key))


@blueprint.get("/panel")
@login_required
def show_panel(event_key: str) -> FlaskResponse:
    """Return the part of the page that shows the preview's progress. At its end htmx reloads the page."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        found = priority_preview.get_preview(db, actor)
        text = rendering.render(
            db,
            actor,
            "priorities",
            "schedule/_preview.html",
            **_previewed(db, actor, found),
        )
    response = make_response(text)
    if found is None or not found.is_open:
        response.headers["HX-Refresh"] = "true"
    return response


def _save(actor: Actor) -> None:
    with context.database().write() as db:
        before = events.get_settings(db, actor)
        policy = _read(request.form, before.policy)
        is_changed = policy != before.policy
        if is_changed:
            events.update_settings(db, actor, replace(before, policy=policy), now=context.now())
        priority_preview.discard_preview(db, actor)
    if is_changed:
        flash(gettext("Priorities saved. The next run uses them."), "good")
    else:
        flash(gettext("No priority was changed."))


def _preview(actor: Actor) -> None:
    with context.database().write() as db:
        policy = _read(request.form, events.get_settings(db, actor).policy)
        priority_preview.request_preview(db, actor, policy, now=context.now())
    dispatch.solve_scenario(app=context.celery())


def _page(db: Session, actor: Actor, typed: Mapping[str, str], faults: Faults) -> str:
    newest = history.find_published_version(db, actor) or next(
        iter(history.list_newest_versions(db, actor, limit=1)), None
    )
    saved = events.get_settings(db, actor).policy
    factors = factors_of(saved)
    terms = newest.terms if newest is not None else {}
    compared = _grouping(typed.get("group_by", ""))
    view = shares.get_fairness(db, actor, newest.number, compared) if newest is not None else None
    return rendering.render(
        db,
        actor,
        "priorities",
        "schedule/dials.html",
        typed=typed,
        saved=_typed(saved),
        shown={name: typed.get(SHOWN + name, value) for name, value in _typed(saved).items()},
        faults=faults,
        levels=LEVELS,
        custom=CUSTOM,
        fairness=FAIRNESS,
        group_fairness=GROUP_FAIRNESS,
        groups=GROUPS,
        priorities=PRIORITIES,
        dials=DIALS,
        by_level={term: values for each in (FAIRNESS, *PRIORITIES) for term, values in each.values.items()},
        version=newest,
        shares=view,
        results=results.get_results(db, actor, newest.number) if newest is not None else None,
        extremes=_extreme_groups(view, compared) if view is not None else None,
        prices={dial.term: (terms.get(dial.term), factors[dial.term]) for dial in DIALS},
        served=factors["served"],
        own_group_price=saved.get("factors", {}).get("group_gap", 0),
        own_price=saved.get("factors", {}).get("unfair", 0),
        coming=overnight_schedule.get_overnight_settings(db, actor).coming,
        **_previewed(db, actor, priority_preview.get_preview(db, actor)),
    )


def _grouping(by: str) -> Sequence[Grouping]:
    """Return the grouping that is compared, or none for delegations.

    Only versions that compare delegations have their shares.
    """
    return [Grouping(by)] if by in list(Grouping) else []


def _extreme_groups(view: FairnessView, by: Sequence[Grouping]) -> tuple[tuple[str, float], ...] | None:
    """Return the groups with the smallest and the largest share, with their names, if there are several."""
    lines = [(each, line) for each in by for line in view.groups[each]]
    if len(lines) < 2:
        return None
    ordered = sorted(lines, key=lambda each: each[1].figures.pooled)
    return tuple(
        (group_name(grouping, line.key, view.home), line.figures.pooled)
        for grouping, line in (ordered[0], ordered[-1])
    )


def _previewed(db: Session, actor: Actor, found: ScenarioCard | None) -> dict[str, Any]:
    """Return the template values of the preview."""
    return {
        "preview": found,
        "lines": comparison.compare_figures(comparison.PREVIEW_FIGURES, found.result)
        if found and found.result
        else (),
        "effects": effects.get_effects(db, actor, found) if found else None,
        "most_listed": MOST_LISTED,
        "now": context.now(),
    }


def _typed(policy: Mapping[str, Any]) -> dict[str, str]:
    """Return the form values of a policy: exact values at full precision, and the matching levels."""
    factors = factors_of(policy)
    exact = {dial.term: _text(factors[dial.term]) for dial in DIALS}
    exact["fair_share"] = _share_text(policy)
    return {
        **exact,
        **{name: "" if policy.get(name) is None else str(policy[name]) for name in LIMITS},
        FAIRNESS.name: point_of(policy),
        GROUP_FAIRNESS.name: group_point_of(policy),
        "group_by": groups_of(policy),
        **{priority.name: priority.level_of(factors) for priority in PRIORITIES},
        **{SHOWN + name: value for name, value in exact.items()},
    }


def _text(value: Exact) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _share_text(policy: Mapping[str, Any]) -> str:
    """Return the minimum share in per cent."""
    return _text(round(100 * float(policy.get("fair_share", 0)), 10))


def _read(form: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the policy. Values that the form does not contain, or that are unchanged, are kept.

    A level sets its exact values, except those that were edited. An empty limit means none.
    """
    read, known = FormReader(form), factors_of(before)
    factors = {dial.term: _exact(read, dial.term, known[dial.term]) for dial in DIALS}
    factors |= dict(_of_new_levels(form, before))
    limits = {name: read.whole(name, kind) for name, kind in LIMITS.items() if form.get(name, "").strip()}
    found = {name: value for name, value in before.items() if name not in LIMITS} | limits
    if form.get("fair_share", _share_text(before)).strip() != _share_text(before):
        found["fair_share"] = read.whole("fair_share", Percent) / 100
    read.done()
    changed = {term: value for term, value in factors.items() if value != known[term]}
    if changed:
        found["factors"] = {**before.get("factors", {}), **changed}
    found = with_groups(found, form.get(GROUP_FAIRNESS.name, CUSTOM), form.get("group_by", groups_of(before)))
    return with_point(found, form.get(FAIRNESS.name, CUSTOM))


def _exact(read: FormReader, term: str, known: Exact) -> Exact:
    """Return the value of a term. A saved value outside the field's limits is kept if unchanged."""
    return known if read.form.get(term, _text(known)).strip() == _text(known) else read.whole(term, Factor)


def _of_new_levels(form: Mapping[str, str], before: Mapping[str, Any]) -> Iterator[tuple[str, Exact]]:
    """Yield the values of each newly selected level, except those whose field was edited."""
    saved = _typed(before)
    for priority in PRIORITIES:
        shown = {term: form.get(SHOWN + term, saved[term]) for term in priority.values}
        chosen = form.get(priority.name, CUSTOM)
        was = next((n for n in range(len(LEVELS)) if _texts(priority.at(n)) == shown), CUSTOM)
        if chosen == str(was) or chosen not in map(str, range(len(LEVELS))):
            continue
        for term, value in priority.at(int(chosen)).items():
            if form.get(term, shown[term]).strip() == shown[term]:
                yield term, value


def _texts(exact: Mapping[str, Exact]) -> dict[str, str]:
    return {term: _text(value) for term, value in exact.items()}
