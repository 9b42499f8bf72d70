"""Setup at an exhibitor's first sign-in: the firm's offers and needs, and the person's times at the venue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language import speaking
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain.errors import InvalidInput
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.dashboard import setup

blueprint = APIBlueprint(
    "setup", __name__, enable_openapi=False, url_prefix="/events/<event_key>/dashboard/setup"
)

Answer = Response | tuple[str, int]

STEPS = ("offers", "needs", "times")
"""Steps in order."""


@blueprint.get("")
@login_required
def show_setup(event_key: str) -> str:
    """Show the steps, with the requested or the first incomplete one expanded."""
    return _page(auth.actor(event_key), {})


@blueprint.post("/offers")
@login_required
def save_offers(event_key: str) -> Answer:
    """Save the firm's offers."""
    return _keep(event_key, "offers")


@blueprint.post("/needs")
@login_required
def save_needs(event_key: str) -> Answer:
    """Save the firm's needs."""
    return _keep(event_key, "needs")


def _keep(event_key: str, step: str) -> Answer:
    """Save items that were entered, selected or removed, and show the step again or the next one."""
    actor, form, now = auth.actor(event_key), request.form, context.now()
    try:
        with context.database().write() as db:
            setup.add_list_item(
                db, actor, step, "\n".join((form.get("word", ""), form.get("add", ""))), now=now
            )
            if "remove" in form:
                setup.remove_list_item(db, actor, step, form["remove"], now=now)
            if step == "needs":
                setup.replace_list(db, actor, "unwanted", form.get("unwanted", ""), now=now)
            if form.get("do") in ("continue", "skip") and step == "needs":
                setup.finish_setup(db, actor, now=now)
    except InvalidInput as error:
        return _page(actor, {fault.path: fault.message for fault in error.faults}, step), 422
    goes_on = form.get("do") in ("continue", "skip")
    shown = STEPS[STEPS.index(step) + 1] if goes_on else step
    return redirect(url_for("setup.show_setup", event_key=event_key, step=shown, _anchor=shown), 303)


@blueprint.post("/times")
@login_required
def save_times(event_key: str) -> Answer:
    """Save when the person is at the venue."""
    actor, form = auth.actor(event_key), request.form
    with context.database().write() as db:
        setup.finish_setup(db, actor, now=context.now())
    if form.get("do") != "skip":
        try:
            with context.database().write() as db:
                setup.set_presence(db, actor, _days(form))
        except InvalidInput as error:
            return _page(actor, {fault.path: fault.message for fault in error.faults}, "times"), 422
    flash(gettext("Setup finished. You can change everything later in your company profile."), "good")
    return redirect(url_for("exhibitor_dashboard.show_dashboard", event_key=event_key), 303)


def _days(form: Mapping[str, str]) -> dict[date, tuple[time, time] | None]:
    """Return the start and end time of each day in the form, or None for a day off. Skip invalid days."""
    found: dict[date, tuple[time, time] | None] = {}
    for name in form:
        kind, _, text = name.partition("-")
        if kind != "from":
            continue
        try:
            day = date.fromisoformat(text)
            span = time.fromisoformat(form[name]), time.fromisoformat(form.get(f"until-{text}", ""))
        except ValueError:
            continue
        found[day] = span if f"there-{text}" in form else None
    return found


def _page(actor: Actor, faults: Mapping[str, str], step: str = "") -> str:
    with context.database().read() as db:
        found = setup.show_setup(db, actor, language=speaking.language())
        asked = step or request.args.get("step", "")
        done = {"offers": bool(found.lists["offers"]), "needs": bool(found.lists["needs"]), "times": False}
        first = next(each for each in STEPS if not done[each])
        return rendering.render(
            db,
            actor,
            "dashboard",
            "requests/dashboard/setup.html",
            setup=found,
            step=asked if asked in STEPS else first,
            done=done,
            faults=faults,
            typed=request.form if faults else {},
        )
