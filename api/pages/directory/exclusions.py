"""Exclusions: firms that must never meet, for organisers."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask_login import login_required

from api import auth, context
from api.pages import paging, rendering
from scheduler.services.directory import firm_notes

blueprint = APIBlueprint(
    "exclusions", __name__, enable_openapi=False, url_prefix="/events/<event_key>/exclusions"
)


@blueprint.get("")
@login_required
def list_exclusions(event_key: str) -> str:
    """List the exclusions, newest first."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        page = firm_notes.list_exclusions(db, actor, number=paging.asked_number())
        return rendering.render(db, actor, "event_requests", "directory/exclusions.html", page=page)
