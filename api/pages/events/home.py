"""The first page: the events of the signed-in person."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import redirect, render_template, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from scheduler.services.access import actors
from scheduler.services.access.rights import Role

blueprint = APIBlueprint("home", __name__, enable_openapi=False)


@blueprint.get("/")
@login_required
def index() -> str | Response:
    """The first page: one event opens at once, several give a list, none gives advice."""
    with context.database().read() as db:
        events = actors.events_of(db, auth.user().account_id, now=context.now())
    if len(events) == 1:
        return redirect(url_for("home.event", event_key=events[0].key))
    return render_template("home.html", events=events)


@blueprint.get("/events/<event_key>")
@login_required
def event(event_key: str) -> Response:
    """The page that each role works on first."""
    actor = auth.actor(event_key)
    if actor.is_organiser or actor.team_role is Role.READER:
        return redirect(url_for("runs.overview", event_key=event_key))
    if actor.is_exhibitor or actor.team_role is Role.DESK:
        return redirect(url_for("firms.directory", event_key=event_key))
    return redirect(url_for("agenda.own", event_key=event_key))
