"""The directory of an event's firms: search, filters, one firm."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import request
from flask_login import login_required

from api import auth, context
from api.pages import paging, rendering
from scheduler.services.directory import facets, search

blueprint = APIBlueprint("firms", __name__, enable_openapi=False, url_prefix="/events/<event_key>/firms")

FILTERS = ("country", "area", "tier", "hall")


@blueprint.get("", endpoint="directory")
@login_required
def directory_page(event_key: str) -> str:
    """The firms that a search and filters leave, with counts at each filter."""
    actor = auth.actor(event_key)
    text = request.args.get("text", "")
    filters: dict[str, Any] = {name: request.args.get(name) or None for name in FILTERS}
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "firms",
            "directory/directory.html",
            page=search.search_firms(db, actor, text=text, number=paging.asked_number(), **filters),
            facets=facets.facets(db, actor, text=text, **filters),
            text=text,
            filters=filters,
            asked={name: value for name, value in {"text": text, **filters}.items() if value},
        )


@blueprint.get("/<firm_key>")
@login_required
def show(event_key: str, firm_key: str) -> str:
    """One firm, its people, and what is open between it and the reader's firm."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        firm = search.firm(db, actor, firm_key)
        return rendering.render(db, actor, "firms", "directory/show.html", firm=firm.card, people=firm.people)
