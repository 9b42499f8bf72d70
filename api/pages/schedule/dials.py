"""The dials of an event's plans in words: what each does, costs now, and would do; saved or discarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apiflask import APIBlueprint
from flask import flash, make_response, redirect, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from api.pages import rendering
from api.pages.reading import FormReader
from api.pages.schedule.fair_points import OWN_PRICE, POINTS, point_of, with_point
from scheduler.domain.errors import InvalidInput
from scheduler.domain.fields import Factor, MaxMoved, Percent
from scheduler.domain.problem import DEFAULT_FACTORS
from scheduler.saying import say
from scheduler.services.access.actors import Actor
from scheduler.services.events import events
from scheduler.services.schedule import history
from scheduler.services.what_if import dials
from workers import dispatch

blueprint = APIBlueprint("dials", __name__, enable_openapi=False, url_prefix="/events/<event_key>/dials")

Faults = dict[str, str]


@dataclass(frozen=True, slots=True)
class Dial:
    """A factor of the score in words: `term` is the problem format's, `does` a sentence."""

    term: str
    label: str
    does: str


DIALS = (
    Dial(
        "shortfall",
        say("A meeting below the promise"),
        say(
            "What each meeting costs that a firm lacks to its fair share or its minimum. Higher: weak firms "
            "come first, and others may lose meetings."
        ),
    ),
    Dial(
        "idle",
        say("An idle time"),
        say(
            "What each free time costs between two meetings of a person and day. Higher: days are more "
            "compact, with more walks."
        ),
    ),
    Dial(
        "hall_change",
        say("A walk to another hall"),
        say(
            "What each change of the hall costs between two meetings of a person and day. Higher: people "
            "stay in a hall, with more idle times."
        ),
    ),
    Dial(
        "moved",
        say("Another time"),
        say(
            "What it costs to hold a published meeting at another time. Higher: the plan stays as people "
            "know it, and new meetings find less room."
        ),
    ),
    Dial(
        "relocated",
        say("Another place"),
        say("What it costs to hold a published meeting elsewhere at its time."),
    ),
    Dial("reassigned", say("Other people"), say("What it costs to send others to a published meeting.")),
    Dial(
        "dropped", say("A published meeting given up"), say("What it costs not to hold a published meeting.")
    ),
)
LIMITS = ("max_moved", "max_idle_spread")


@blueprint.get("")
@login_required
def show(event_key: str) -> str:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        found = dials.look(db, actor)
        policy = found.policy if found is not None else events.settings(db, actor).policy
        return _page(db, actor, _typed(policy), {})


@blueprint.post("")
@login_required
def change(event_key: str) -> Response | tuple[str, int]:
    """Preview what is typed, save it, or put the preview away."""
    actor = auth.organiser(event_key)
    try:
        step = request.form.get("do", "preview")
        if step == "discard":
            with context.database().write() as db:
                dials.discard(db, actor)
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
    return redirect(url_for("dials.show", event_key=event_key))


@blueprint.get("/panel")
@login_required
def panel(event_key: str) -> FlaskResponse:
    """The part of the page that follows a preview. Once it has ended, the page is loaded again."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        found = dials.look(db, actor)
        text = rendering.render(
            db, actor, "schedule", "schedule/_preview.html", preview=found, now=context.now()
        )
    response = make_response(text)
    if found is None or not found.is_open:
        response.headers["HX-Refresh"] = "true"
    return response


def _save(actor: Actor) -> None:
    with context.database().write() as db:
        before = events.settings(db, actor)
        policy = _read(request.form, before.policy)
        events.update_settings(db, actor, replace(before, policy=policy), now=context.now())
        dials.discard(db, actor)
    flash(gettext("Priorities saved. The next run follows them."), "good")


def _preview(actor: Actor) -> None:
    with context.database().write() as db:
        policy = _read(request.form, events.settings(db, actor).policy)
        dials.ask(db, actor, policy, now=context.now())
    dispatch.what_if(app=context.celery())


def _page(db: Session, actor: Actor, typed: Mapping[str, str], faults: Faults) -> str:
    newest = history.published(db, actor) or next(iter(history.newest(db, actor, limit=1)), None)
    factors = _factors(events.settings(db, actor).policy)
    terms = newest.terms if newest is not None else {}
    return rendering.render(
        db,
        actor,
        "dials",
        "schedule/dials.html",
        typed=typed,
        faults=faults,
        dials=DIALS,
        version=newest,
        prices={dial.term: (terms.get(dial.term), factors[dial.term]) for dial in DIALS},
        fairness=POINTS,
        preview=dials.look(db, actor),
        now=context.now(),
    )


def _factors(policy: Mapping[str, Any]) -> dict[str, float]:
    return {**DEFAULT_FACTORS, **policy.get("factors", {})}


def _typed(policy: Mapping[str, Any]) -> dict[str, str]:
    """A policy as the form shows it."""
    factors = _factors(policy)
    return {
        "fair_share": str(round(100 * float(policy.get("fair_share", 0)))),
        "fairness": point_of(policy),
        **{dial.term: f"{factors[dial.term]:g}" for dial in DIALS},
        **{name: "" if policy.get(name) is None else str(policy[name]) for name in LIMITS},
    }


def _read(form: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """The policy that was typed, with what the form does not show as it was. An empty limit is none."""
    read = FormReader(form)
    factors = {dial.term: read.whole(dial.term, Factor) for dial in DIALS}
    kept = {name: value for name, value in before.items() if name not in LIMITS}
    limits = {name: read.whole(name, MaxMoved) for name in LIMITS if form.get(name, "").strip()}
    share = read.whole("fair_share", Percent) / 100
    read.done()
    found = {**kept, **limits, "fair_share": share, "factors": {**before.get("factors", {}), **factors}}
    return with_point(found, form.get("fairness", OWN_PRICE))
