"""What the reader's own firm says of itself, for its exhibitors."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain import fields
from scheduler.domain.errors import InvalidInput
from scheduler.saying import say
from scheduler.services.access.actors import Actor
from scheduler.services.directory import profile as profiles

blueprint = APIBlueprint("profile", __name__, enable_openapi=False, url_prefix="/events/<event_key>/profile")

LISTS = {
    "offers": (say("What you offer"), say("Services, materials, cooperation.")),
    "needs": (say("What you need"), say("What you came to find; firms that offer it are suggested to you.")),
    "products": (say("Your products"), say("What you make, by the words that a buyer uses.")),
}
"""The lists of the form, and what belongs there."""
TITLE = "title-"
"""What the names of fields of job titles begin with."""


@blueprint.get("")
@login_required
def show(event_key: str) -> str:
    """The form with what is said now."""
    return _form(auth.actor(event_key), {}, {})


@blueprint.post("")
@login_required
def change(event_key: str) -> Response | tuple[str, int]:
    """Keep what was typed, or show it again with a sentence at each field at fault."""
    actor, typed = auth.actor(event_key), request.form.to_dict()
    titles = {name.removeprefix(TITLE): text for name, text in typed.items() if name.startswith(TITLE)}
    try:
        with context.database().write() as db:
            profiles.change(
                db,
                actor,
                description=typed.get("description", ""),
                website=typed.get("website", ""),
                things={name: typed.get(name, "") for name in profiles.LISTS},
                titles=titles,
                now=context.now(),
            )
    except InvalidInput as error:
        return _form(actor, typed, {fault.path: fault.message for fault in error.faults}), 422
    flash(gettext("Kept. The directory shows it from now on."), "good")
    return redirect(url_for("profile.show", event_key=event_key), 303)


def _form(actor: Actor, typed: dict[str, str], faults: dict[str, str]) -> str:
    with context.database().read() as db:
        found = profiles.profile(db, actor)
        now = {"description": found.description, "website": found.website}
        now |= {name: "\n".join(items) for name, items in found.things.items()}
        now |= {f"{TITLE}{person.key}": person.title for person in found.people}
        return rendering.render(
            db,
            actor,
            "profile",
            "directory/profile.html",
            profile=found,
            typed=now | typed,
            faults=faults,
            lists=LISTS,
            most=fields.limits(fields.Things).most,
        )
