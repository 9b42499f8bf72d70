"""The directory of an event's firms: search, filters, one firm."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import request
from flask_login import login_required

from api import auth, context
from api.pages import paging, rendering
from scheduler.services.directory import facets, search
from scheduler.services.directory.facets import FirmFilters

blueprint = APIBlueprint("firms", __name__, enable_openapi=False, url_prefix="/events/<event_key>/firms")

FILTERS = ("text", "country", "area", "tier", "hall")


@blueprint.get("", endpoint="directory")
@login_required
def directory_page(event_key: str) -> str:
    """The firms that a search and filters leave, with counts at each filter."""
    actor = auth.actor(event_key)
    asked = {name: value for name in FILTERS if (value := request.args.get(name))}
    filters = FirmFilters(**asked)
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "firms",
            "directory/directory.html",
            page=search.search_firms(db, actor, filters, number=paging.asked_number()),
            facets=facets.facets(db, actor, filters),
            filters=filters,
            asked=asked,
        )


@blueprint.get("/<firm_key>")
@login_required
def show(event_key: str, firm_key: str) -> str:
    """One firm, its people, and what is open between it and the reader's firm."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        firm = search.firm(db, actor, firm_key)
        return rendering.render(db, actor, "firms", "directory/show.html", firm=firm.card, people=firm.people)
