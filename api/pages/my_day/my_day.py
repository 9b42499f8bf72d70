"""My day: what a person in the halls needs on a telephone, also without a network."""

from __future__ import annotations

import json
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, current_app, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as Leading

from api import auth, context, inputs
from api.language.speaking import gettext, ngettext, said
from api.pages import rendering
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.saying import say
from scheduler.services.access.tokens import hash_token
from scheduler.services.events import events
from scheduler.services.my_day import day as days
from scheduler.services.my_day import lateness
from scheduler.services.outcomes import outcomes

blueprint = APIBlueprint("my_day", __name__, enable_openapi=False, url_prefix="/events/<event_key>/my-day")

OFF = say("This meeting is off, over, or more than twelve hours away. Look at it as it is now.")
KEPT = "X-Kept-For"
"""Header of a page that the service worker may keep, and for whom: it forgets what it kept for others."""


@blueprint.get("")
@login_required
def show(event_key: str) -> Response:
    """The reader's meetings of one day, the next one large."""
    actor = auth.actor(event_key)
    now = context.now()
    with context.database().read() as db:
        mine = days.my_day(
            db, actor, inputs.day(request.args.get("day")), secret_key=context.settings().secret_key, now=now
        )
        page = rendering.render(
            db,
            actor,
            "my_day",
            "my_day/show.html",
            mine=mine,
            now=now,
            choices=lateness.CHOICES,
            words=outcomes.of_items(
                db, actor, [meeting.item for meeting in (*mine.past, *mine.upcoming)], now=now
            ),
        )
    response = Response(page)
    response.headers[KEPT] = hash_token(f"{event_key} {actor.account_id}")[:16]
    return response


@blueprint.post("/<request_key>/late")
@login_required
def late(event_key: str, request_key: str) -> Leading:
    """Tell everybody of a meeting how late the reader comes, or that they are on time after all."""
    actor = auth.actor(event_key)
    minutes = inputs.whole(request.form.get("minutes"), -1)
    try:
        with context.database().write() as db:
            lateness.say(db, actor, request_key, minutes, now=context.now())
    except InvalidInput as error:
        flash(said(error.faults[0].message), "error")
    except WrongState:
        flash(
            gettext("This meeting is off, over, or more than twelve hours away. Look at it as it is now."),
            "error",
        )
    else:
        late = ngettext(
            "The others read that you come %(num)s minute late.",
            "The others read that you come %(num)s minutes late.",
            minutes,
        )
        flash(late if minutes else gettext("You are on time."), "good")
    return redirect(url_for("my_day.show", event_key=event_key, day=request.form.get("day") or None), 303)


@blueprint.get("/manifest.webmanifest")
@login_required
def manifest(event_key: str) -> Response:
    """The page as something that a telephone puts on its home screen."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        name = events.event(db, actor).name
    start = url_for("my_day.show", event_key=event_key)
    icons = (("icon.svg", "image/svg+xml", "any"), ("icon-512.png", "image/png", "512x512"))
    body = {
        "name": gettext("My day, %(event)s", event=name),
        "short_name": gettext("My day"),
        "id": start,
        "start_url": start,
        "scope": f"/events/{event_key}/",
        "display": "standalone",
        "background_color": "#f5f7f6",
        "theme_color": "#0b5d63",
        "icons": [
            {"src": url_for("static", filename=file), "type": kind, "sizes": sizes}
            for file, kind, sizes in icons
        ],
    }
    return Response(json.dumps(body), content_type="application/manifest+json")


@blueprint.get("/worker.js")
@login_required
def worker(event_key: str) -> Response:
    """The service worker of this page alone."""
    auth.actor(event_key)
    path = Path(current_app.static_folder or "") / "my-day-worker.js"
    response = Response(path.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = url_for("my_day.show", event_key=event_key)
    response.headers["Cache-Control"] = "no-cache"
    return response
