"""Profile of the reader's firm, for its exhibitors."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import current_user, login_required
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from api import auth, context, errors, limits
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain import fields
from scheduler.domain.errors import ChainmeetError, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.directory import logos
from scheduler.services.directory import profile as profiles
from scheduler.services.identity.actors import Actor
from scheduler.untrusted.parsers import UNREADABLE_MESSAGE
from scheduler.untrusted.pictures import MAX_OCTETS

blueprint = APIBlueprint("profile", __name__, enable_openapi=False, url_prefix="/events/<event_key>/profile")

Answer = Response | tuple[str, int]

LISTS = {
    "offers": (gettext_lazy("What you offer"), gettext_lazy("Services, materials and cooperation.")),
    "needs": (
        gettext_lazy("What you need"),
        gettext_lazy("What you're looking for at the event. Companies that offer it are suggested to you."),
    ),
    "products": (
        gettext_lazy("Your products"),
        gettext_lazy("What you make, in the words buyers use."),
    ),
}
"""The lists of the form: label and help text."""
TITLE = "title-"
"""Prefix of the fields for job titles."""


@blueprint.get("")
@login_required
def show_profile(event_key: str) -> str:
    """Show the form with the current profile."""
    return _form(auth.actor(event_key), {}, {})


@blueprint.post("")
@login_required
def save_profile(event_key: str) -> Answer:
    """Save the profile, or show the form again with an error at each invalid field."""
    actor, typed = auth.actor(event_key), request.form.to_dict()
    titles = {name.removeprefix(TITLE): text for name, text in typed.items() if name.startswith(TITLE)}
    try:
        with context.database().write() as db:
            profiles.change_profile(
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
    flash(gettext("Profile saved. The directory now shows your changes."), "good")
    return redirect(url_for("profile.show_profile", event_key=event_key), 303)


@blueprint.post("/logo")
@login_required
@limits.costly
def upload_logo(event_key: str) -> Answer:
    """Replace the logo, or show the reason against it."""
    actor, file = auth.actor(event_key), request.files.get("logo")
    octets = file.read() if file is not None else b""
    try:
        logos.replace_logo(context.own_transactions(), actor, octets, now=context.now())
    except InvalidInput as error:
        return _form(actor, {}, {fault.path: fault.message for fault in error.faults}), 422
    except UNREADABLE_MESSAGE:
        flash(gettext("The logo couldn't be read. Choose another file, or try again in a minute."), "error")
        return redirect(url_for("profile.show_profile", event_key=event_key), 303)
    flash(gettext("Logo uploaded. It now appears next to your company name."), "good")
    return redirect(url_for("profile.show_profile", event_key=event_key), 303)


@blueprint.post("/logo/remove")
@login_required
def remove_logo(event_key: str) -> Response:
    """Remove the logo."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        logos.remove_logo(db, actor, now=context.now())
    flash(gettext("Logo removed."), "good")
    return redirect(url_for("profile.show_profile", event_key=event_key), 303)


@blueprint.url_value_preprocessor
def _take_pictures(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the size limit, so that logos slightly above it get an error of their own."""
    if endpoint == "profile.upload_logo":
        request.max_content_length = 4 * MAX_OCTETS


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> Response | tuple[str, int]:
    """Show the form again with an error, without reading the request body."""
    auth.settle(ask=True)
    if not current_user.is_authenticated:
        return errors.http_error(error)
    try:
        actor = auth.actor((request.view_args or {})["event_key"])
        return _form(actor, {}, {"logo": logos.TOO_LARGE}), 413
    except ChainmeetError:  # no access to the page
        return errors.http_error(error)


def _form(actor: Actor, typed: dict[str, str], faults: dict[str, str]) -> str:
    with context.database().read() as db:
        found = profiles.show_profile(db, actor)
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
            most_mb=MAX_OCTETS >> 20,
            most=fields.limits(fields.Things).most,
        )
