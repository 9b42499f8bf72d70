"""What a page needs to be there without a network: for whom it is kept, its service worker, its manifest."""

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
"""Header of a page that the service worker may keep, and for whom: it forgets what it kept for others."""


def kept(page: str, actor: Actor) -> Response:
    """A page that the service worker keeps for its reader."""
    response = Response(page)
    response.headers[KEPT] = rendering.kept_for(actor)
    return response


def worker(page: str) -> Response:
    """The service worker of the page with this path, and of no other."""
    path = Path(current_app.static_folder or "") / "my-day-worker.js"
    response = Response(path.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = page
    response.headers["Cache-Control"] = "no-cache"
    return response


def manifest(actor: Actor, page: str, short: str, name: Callable[[str], str]) -> Response:
    """A page as something that a telephone puts on its home screen. `name` is given the event's name."""
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
