"""Firms that are never to meet, as organisers read them."""

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
def listing(event_key: str) -> str:
    """Who is never to meet whom, the latest first."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        page = firm_notes.list_exclusions(db, actor, number=paging.asked_number())
        return rendering.render(db, actor, "desk_requests", "directory/exclusions.html", page=page)
