"""What a person wants to be told of requests: chosen on the preferences, stopped by the link in a digest."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, limits
from api.language.speaking import gettext
from api.pages.access.stop_page import stop_page
from scheduler.invites.catalogue import words
from scheduler.services.access.stopping import StopLook
from scheduler.services.digests import choices
from scheduler.services.digests.choices import DigestWishes

blueprint = APIBlueprint("digests", __name__, enable_openapi=False)


@blueprint.get("/digests/<token>")
def look(token: str) -> str:
    """Show which mails the link stops. Mail scanners may open it."""
    return _page(_counted(token), token)


@blueprint.post("/digests/<token>")
def stop(token: str) -> str:
    """Also what a mail program sends by itself: no cookie, and no redirect after it (RFC 8058)."""
    _counted(token)
    with context.database().write() as db:
        found = choices.stop(db, token, now=context.now())
    return _page(found, token)


@blueprint.post("/digests/<token>/again")
def resume(token: str) -> Response:
    """The way back."""
    _counted(token)
    with context.database().write() as db:
        choices.resume(db, token, now=context.now())
    return redirect(url_for("digests.look", token=token), 303)


@blueprint.post("/events/<event_key>/digests")
@login_required
def choose(event_key: str) -> Response:
    """Keep what the person ticked."""
    actor = auth.actor(event_key)
    wishes = DigestWishes(
        asked="asked" in request.form,
        reminders="reminders" in request.form,
        answers="answers" in request.form,
        at_once=request.form.get("when") == "at-once",
    )
    with context.database().write() as db:
        choices.choose(db, actor, wishes)
    flash(
        gettext("You get no more mails about requests.")
        if wishes.none
        else gettext("Saved. It holds from the next mail on."),
        "good",
    )
    return redirect(url_for("preferences.show", event_key=event_key, _anchor="digests"), 303)


def _counted(token: str) -> StopLook:
    """What a link that is known stops, with its use counted."""
    with limits.looking_up_a_token(), context.database().read() as db:
        found = choices.look(db, token, now=context.now())
    limits.require_link(token)
    return found


def _page(found: StopLook, token: str) -> str:
    texts = words(found.language).digest
    return stop_page(
        found,
        title=texts["stop_title"].format(event=found.event_name),
        sentence=texts["stop_done" if found.is_stopped else "stop_ask"].format(name=found.person),
        button=texts["stop_again" if found.is_stopped else "stop"],
        to=url_for("digests.resume" if found.is_stopped else "digests.stop", token=token),
    )
