"""Brand settings of an event, with a preview of colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from api import auth, context, errors, limits
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain import colours
from scheduler.domain.brand import TEXTS, BrandPicture
from scheduler.domain.errors import ChainmeetError, InvalidInput
from scheduler.services.branding import brands
from scheduler.services.branding.brands import BrandForm
from scheduler.services.identity.actors import Actor
from scheduler.untrusted.parsers import UNREADABLE_MESSAGE
from scheduler.untrusted.pictures import BRAND_MAX_OCTETS

blueprint = APIBlueprint("brand", __name__, enable_openapi=False, url_prefix="/events/<event_key>/brand")

Answer = Response | tuple[str, int]

_ROOM = 2 * sum(BRAND_MAX_OCTETS.values())
"""Maximum octets of the form, so that files slightly above their limits get an error of their own."""


@blueprint.get("")
@login_required
def show_brand(event_key: str) -> str:
    """Show the form with the current brand."""
    return _form(auth.organiser(event_key), {}, {})


@blueprint.post("")
@login_required
@limits.costly
def save_brand(event_key: str) -> Answer:
    """Save the brand, or show the form again with an error at each invalid field."""
    actor, typed = auth.organiser(event_key), request.form.to_dict()
    try:
        brands.save_brand(context.own_transactions(), actor, _read(typed), now=context.now())
    except InvalidInput as error:
        return _form(actor, typed, {fault.path: fault.message for fault in error.faults}), 422
    except UNREADABLE_MESSAGE:
        flash(gettext("A picture couldn't be read. Choose another file, or try again in a minute."), "error")
        return redirect(url_for("brand.show_brand", event_key=event_key), 303)
    flash(gettext("Brand saved. No emails were sent."), "good")
    return redirect(url_for("brand.show_brand", event_key=event_key), 303)


@blueprint.get("/preview")
@login_required
def show_preview(event_key: str) -> str:
    """Return the preview of typed colours, which the form requests as they change."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        brand = brands.get_brand(db, actor)
    return render_template("events/_brand_preview.html", look=_look(request.args), brand=brand)


@blueprint.url_value_preprocessor
def _take_pictures(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    if endpoint == "brand.save_brand":
        request.max_content_length = _ROOM


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> Answer:
    """Show the form again with an error, without reading the request body."""
    auth.settle(ask=True)
    if not current_user.is_authenticated:
        return errors.http_error(error)
    try:
        actor = auth.organiser((request.view_args or {})["event_key"])
        return _form(actor, {}, {kind.value: brands.too_large(kind) for kind in BrandPicture}), 413
    except ChainmeetError:  # no access to the page
        return errors.http_error(error)


def _read(typed: Mapping[str, str]) -> BrandForm:
    given = {kind: request.files.get(kind.value) for kind in BrandPicture}
    octets = {kind: file.read() for kind, file in given.items() if file is not None}
    texts: dict[str, Any] = {name: typed.get(name, "") for name in TEXTS}
    return BrandForm(
        **texts,
        files={kind: each for kind, each in octets.items() if each},
        removed=frozenset(kind for kind in BrandPicture if typed.get(f"remove-{kind.value}") == "yes"),
    )


def _form(actor: Actor, typed: Mapping[str, str], faults: Mapping[str, str]) -> str:
    with context.database().read() as db:
        brand = brands.get_brand(db, actor)
        values = {name: getattr(brand, name) for name in TEXTS} | dict(typed)
        return rendering.render(
            db,
            actor,
            "settings",
            "events/brand.html",
            brand=brand,
            typed=values,
            faults=faults,
            look=_look(values),
            most_kb={name: most >> 10 for name, most in BRAND_MAX_OCTETS.items()},
        )


def _look(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the colours of the preview in both schemes, for typed colours or those of the site."""
    accent = colours.read_colour(typed.get("accent", "")) or colours.SITE_ACCENT
    banner = colours.read_colour(typed.get("banner", "")) or colours.SITE_ACCENT
    ratio = colours.contrast(accent, colours.WHITE)
    return {
        "schemes": [
            ("light", colours.LIGHT_CARD, "#14242a", colours.light_palette(accent)),
            ("dark", colours.DARK_CARD, "#e6eeee", colours.dark_palette(accent)),
        ],
        "banner": banner,
        "banner_ink": colours.ink_on(banner),
        "ratio": int(ratio * 10) / 10,
        "is_enough": ratio >= colours.TEXT_CONTRAST,
        "darker": colours.darkened(accent),
        "headline": typed.get("headline", ""),
    }
