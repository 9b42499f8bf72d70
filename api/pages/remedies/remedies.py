"""Remedies of requests that a version does not hold, done by a press."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.pages import rendering
from api.pages.presentation import local_moment
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.services.access.actors import Actor
from scheduler.services.events import events
from scheduler.services.remedies import doing
from scheduler.services.remedies.changing import NewPerson
from scheduler.services.requests import not_held
from scheduler.services.requests.locks import NotDone

blueprint = APIBlueprint(
    "remedies",
    __name__,
    enable_openapi=False,
    url_prefix="/events/<event_key>/versions/<int:number>/remedies",
)

MOST_PEOPLE = 2
"""Whom one remedy adds: a colleague of each firm."""


@blueprint.get("/do")
@login_required
def look(event_key: str, number: int) -> str:
    """Who is to come, for a remedy that adds somebody."""
    return _ask_who(auth.organiser(event_key), number, {}, {})


@blueprint.post("/do")
@login_required
def do(event_key: str, number: int) -> Response | tuple[str, int]:
    """Do a remedy of a request that is not held, and lock the request to its time."""
    actor = auth.organiser(event_key)
    key, remedy = request.form.get("request", ""), inputs.whole(request.form.get("remedy"), -1)
    people = [
        NewPerson(request.form[f"name{at}"].strip(), request.form.get(f"email{at}", "").strip())
        for at in range(MOST_PEOPLE)
        if f"name{at}" in request.form
    ]
    try:
        with context.database().write() as db:
            start = doing.hold_there(
                db, actor, number, key, remedy, people=people, settings=context.settings(), now=context.now()
            ).start
            zone = events.event(db, actor).timezone
        held = f"Done. The next run holds it on {local_moment(start, zone)}, or says why it cannot."
        flash(f"{held} The people desk can undo it.", "good")
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _ask_who(actor, number, dict(request.form), faults), 422
    except (NotDone, WrongState) as error:
        flash(str(error), "error")
    return redirect(url_for("versions.show", event_key=event_key, number=number, kind="unscheduled"), 303)


def _ask_who(actor: Actor, number: int, typed: dict[str, str], faults: dict[str, str]) -> str:
    key = request.values.get("request", "")
    remedy = inputs.whole(request.values.get("remedy"), -1)
    with context.database().read() as db:
        way = doing.way_of(db, actor, number, key, remedy)
        (row,) = not_held.about(db, actor, number, [key])
        return rendering.render(
            db,
            actor,
            "schedule",
            "remedies/who.html",
            number=number,
            row=row,
            remedy=row.remedies[remedy],
            kind=way["kind"],
            typed=typed,
            faults=faults,
        )
