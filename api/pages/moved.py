"""Addresses that pages had before: they stand in mails and bookmarks, and lead to where the page is now."""

from __future__ import annotations

from urllib.parse import quote

from apiflask import APIBlueprint
from flask import redirect, request
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth

blueprint = APIBlueprint("moved", __name__, enable_openapi=False, url_prefix="/events/<event_key>")

MOVED = {"calendars": "calendar-health", "mails-and-calendar": "preferences"}
"""Of pages below an event: the first part of the path before, and now."""


@blueprint.get("/<any(calendars, 'mails-and-calendar'):before>", strict_slashes=False)
@blueprint.get("/<any(calendars, 'mails-and-calendar'):before>/<path:rest>")
@login_required
def lead(event_key: str, before: str, rest: str = "") -> Response:
    """Lead to the same page. Who may see it is asked there."""
    actor = auth.actor(event_key)
    path = f"/events/{actor.event_key}/{MOVED[before]}" + (f"/{quote(rest)}" if rest else "")
    asked = request.query_string.decode("latin-1")
    return redirect(f"{path}?{asked}" if asked else path, 301)
