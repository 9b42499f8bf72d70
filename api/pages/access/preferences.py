"""Emails and calendar: the language and the time zone that an attendee or interpreter reads them in."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from api.pages import rendering, zones
from scheduler.domain.errors import InvalidInput
from scheduler.invites.catalogue import languages, words
from scheduler.saying import say
from scheduler.services.access import preferences, stopping
from scheduler.services.access.actors import Actor
from scheduler.services.digests import choices

blueprint = APIBlueprint(
    "preferences", __name__, enable_openapi=False, url_prefix="/events/<event_key>/preferences"
)

FAULTS = {"timezone": say("Choose a time zone from the list, or leave this blank.")}


@blueprint.get("")
@login_required
def show(event_key: str) -> str:
    actor = auth.participant(event_key)
    with context.database().read() as db:
        return _page(db, actor, None, {})


@blueprint.post("")
@login_required
def save(event_key: str) -> Response | tuple[str, int]:
    actor = auth.participant(event_key)
    language, timezone = (
        request.form.get("language", ""),
        zones.meant(request.form.get("timezone", "").strip()),
    )
    try:
        with context.database().write() as db:
            preferences.choose(db, actor, language=language, timezone=timezone)
    except InvalidInput as error:
        with context.database().read() as db:
            return _page(
                db, actor, request.form, {f.path: FAULTS.get(f.path, f.message) for f in error.faults}
            ), 422
    flash(gettext("Saved. It holds for every page and mail from now on."), "good")
    return redirect(url_for("preferences.show", event_key=event_key), 303)


@blueprint.post("/summaries")
@login_required
def summaries(event_key: str) -> Response:
    """Stop one's own summaries, or have them sent again, as by the link in them."""
    actor = auth.actor(event_key)
    is_wanted = request.form.get("send") == "yes"
    with context.database().write() as db:
        stopping.want(db, actor, is_wanted=is_wanted, now=context.now())
    flash(
        gettext("You get summaries again, from the next schedule on.")
        if is_wanted
        else gettext("You get no more summaries."),
        "good",
    )
    return redirect(url_for("preferences.show", event_key=event_key, _anchor="summaries"), 303)


def _page(db: Session, actor: Actor, typed: Mapping[str, str] | None, faults: Mapping[str, str]) -> str:
    now = preferences.preferences(db, actor, now=context.now())
    derived = gettext("Automatic: %(choice)s", choice=words(now.derived_language).name)
    zone = zones.label(now.derived_timezone) if now.derived_timezone else gettext("only the venue's time")
    return rendering.render(
        db,
        actor,
        "preferences",
        "access/preferences.html",
        typed=typed or {"language": now.language, "timezone": now.timezone and zones.label(now.timezone)},
        faults=faults,
        languages=[("", derived), *languages().items()],
        zones=[label for _, label in zones.choices()],
        derived_zone=zone,
        words=words(now.language or now.derived_language),
        summaries=stopping.own(db, actor) if actor.attendee_id else None,
        digests=choices.own(db, actor) if actor.attendee_id else None,
        slot=now.first_slot,
        own_zone=now.timezone or now.derived_timezone,
    )
