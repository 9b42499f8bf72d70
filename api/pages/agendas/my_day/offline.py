"""Offline support of a page: owner of the cached copy, service worker, and web app manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from flask import Response, current_app, url_for

from api import context
from api.pages import rendering
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor

KEPT = "X-Kept-For"
"""Header of pages that the service worker may cache, with their owner. It deletes copies of other owners."""


def kept(page: str, actor: Actor) -> Response:
    """Return a page that the service worker caches for its reader."""
    response = Response(page)
    response.headers[KEPT] = rendering.kept_for(actor)
    return response


def worker(page: str) -> Response:
    """Return the service worker, scoped to the page at this path."""
    path = Path(current_app.static_folder or "") / "my-day-worker.js"
    response = Response(path.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = page
    response.headers["Cache-Control"] = "no-cache"
    return response


def manifest(actor: Actor, page: str, short: str, name: Callable[[str], str]) -> Response:
    """Return the web app manifest of a page. `name` formats the event's name."""
    with context.database().read() as db:
        event = events.get_event(db, actor).name
    icons = (("icon.svg", "image/svg+xml", "any"), ("icon-512.png", "image/png", "512x512"))
    body = {
        "name": name(event),
        "short_name": short,
        "id": page,
        "start_url": page,
        "scope": f"/events/{actor.event_key}/",
        "display": "standalone",
        "background_color": "#f5f7f6",
        "theme_color": "#0b5d63",
        "icons": [
            {"src": url_for("static", filename=file), "type": kind, "sizes": sizes}
            for file, kind, sizes in icons
        ],
    }
    return Response(json.dumps(body), content_type="application/manifest+json")
