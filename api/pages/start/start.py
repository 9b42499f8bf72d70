"""Start: what an exhibitor does now, the most pressing first."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.pages import rendering
from scheduler.services.start import start

blueprint = APIBlueprint("start", __name__, enable_openapi=False, url_prefix="/events/<event_key>/start")

GAPS = {
    "description": ("What you make and offer", "a description is what others find you by"),
    "website": ("Your website", "the directory links to it"),
    "areas": ("Your chain areas", "suggestions go by them"),
    "booth": ("Your hall and booth", "meetings near you are held there"),
    "titles": ("What your people do", "a job title each says whom to ask for"),
    "phones": ("Telephone numbers", "for the organisers, if somebody is late"),
}
"""What is missing, and what it is for."""


@blueprint.get("")
@login_required
def show(event_key: str) -> str:
    actor = auth.actor(event_key)
    with context.database().read() as db:
        page = start.start_page(db, actor, now=context.now())
        return rendering.render(
            db, actor, "start", "start/show.html", start=page, now=context.now(), gaps=GAPS
        )


@blueprint.post("/seen")
@login_required
def seen(event_key: str) -> Response:
    """What is new was seen."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        start.mark_seen(db, actor, now=context.now())
    flash("Marked as seen. What comes from now on stands here as new.", "good")
    return redirect(url_for("start.show", event_key=event_key), 303)
