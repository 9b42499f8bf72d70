"""Venue page: a form previews what it affects, and a second submission saves exactly that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from apiflask import APIBlueprint
from flask import abort, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, reader, said
from api.pages import marks, paging, rendering
from api.pages.formatting import capitalize_first
from api.pages.venue import changes
from api.pages.venue.day_strips import day_strips, place_days
from scheduler.domain import names
from scheduler.domain.entities import PlaceKind
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.identity.actors import Actor
from scheduler.services.venue import venue as venues
from scheduler.services.venue import venue_changes
from scheduler.services.venue.venue import Venue
from scheduler.services.venue.venue_changes import VenueOutdated

blueprint = APIBlueprint("venue", __name__, enable_openapi=False, url_prefix="/events/<event_key>/venue")

FIELDS = {
    "days": gettext_lazy("Days"),
    "day": gettext_lazy("Day"),
    "on": gettext_lazy("date"),
    "opens": gettext_lazy("from"),
    "closes": gettext_lazy("to"),
    "start": gettext_lazy("from"),
    "end": gettext_lazy("to"),
    "from": gettext_lazy("from"),
    "to": gettext_lazy("to"),
    "pauses": gettext_lazy("Breaks and special slots"),
    "pause": gettext_lazy("Break or special slot"),
    "slot_minutes": gettext_lazy("Slot length (minutes)"),
    "changeover_minutes": gettext_lazy("Changeover time (minutes)"),
    "halls": gettext_lazy("Halls"),
    "hall": gettext_lazy("Hall"),
    "walks": gettext_lazy("Walking times"),
    "walk": gettext_lazy("Walking time"),
    "from_hall": gettext_lazy("from"),
    "to_hall": gettext_lazy("to"),
    "minutes": gettext_lazy("minutes"),
    "places": gettext_lazy("Tables or booths"),
    "place": gettext_lazy("Table or booth"),
    "closing": gettext_lazy("Blocked times"),
    "pick": gettext_lazy("Tables or booths"),
    "slots": gettext_lazy("Times"),
    "areas": gettext_lazy("Chain areas"),
    "area": gettext_lazy("Chain area"),
    "guests": gettext_lazy("Guests of honour"),
    "guest": gettext_lazy("Guest of honour"),
    "name": gettext_lazy("name"),
    "names": gettext_lazy("names in other languages"),
    "key": gettext_lazy("ID"),
    "kind": gettext_lazy("type"),
    "country": gettext_lazy("country"),
    "pavilion": gettext_lazy("pavilion"),
    "capacity": gettext_lazy("meetings at a time"),
    "prefix": gettext_lazy("prefix"),
    "first": gettext_lazy("first number"),
    "count": gettext_lazy("number of tables"),
}
"""Labels of fields."""

_NONE: Mapping[str, str] = MappingProxyType({})

ANCHORS = {
    "new-tables": "tables",
    "places": "tables",
    "closing": "tables",
    "removal": "tables",
}
"""Anchors of forms whose section has another name."""


@blueprint.app_template_filter("venue_field")
def field_name(path: str) -> str:
    """Return the label of an error's field: days[1].pauses[0].end is "Days 2, pauses 1, to:"."""
    parts = []
    numbered = re.sub(r"(?:\[|-)(\d+)\]?", lambda found: f" {int(found[1]) + 1}", path)
    for each in re.split(r"[.-]", numbered):
        name, _, number = each.partition(" ")
        name, _, tag = name.partition("_") if name.startswith("name_") else (name, "", "")
        words = said(FIELDS.get(name, name))
        number = languages().get(tag, number)
        parts.append(gettext("%(field)s %(number)s", field=words, number=number) if number else words)
    return gettext("%(field)s:", field=capitalize_first(marks.comma().join(parts))) if path else ""


@blueprint.app_template_filter("localized_name")
def localized_name(both: str) -> str:
    """Return both forms of a name, in the order for the page's reader."""
    return names.localize_joined(both, reader())


@blueprint.get("")
@login_required
def show_venue(event_key: str) -> str:
    return _page(auth.organiser(event_key))


@blueprint.post("/<what>")
@login_required
def change_venue(event_key: str, what: str) -> Response | str | tuple[str, int]:
    """Preview a change, which is executed and rolled back. With the preview's digest, save it."""
    actor = auth.organiser(event_key)
    if what not in changes.READERS:
        abort(404)
    digest = request.form.get("digest", "")
    at: changes.Fields = {}
    try:
        with context.database().write() as db:
            wanted = changes.read(what, request.form, venues.show_venue(db, actor), at)
            if digest:
                look = venue_changes.save_change(db, actor, wanted, digest=digest, now=context.now())
                flash(gettext("Saved: %(changes)s.", changes="; ".join(map(said, look.said[:5]))), "good")
                return redirect(_back(event_key, what))
            look = venue_changes.preview_change(db, actor, wanted, now=context.now())
            db.rollback()
    except InvalidInput as error:
        return _page(actor, what, changes.at_fields(error.faults, at)), 422
    except VenueOutdated as error:
        flash(said(str(error)), "warning")
        return redirect(_back(event_key, what))
    if not look.does_anything:
        flash(gettext("There are no changes to save."), "message")
        return redirect(_back(event_key, what))
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "venue",
            "venue/look.html",
            look=look,
            what=what,
            back=_back(event_key, what),
            form=_sent(),
        )


def _sent() -> list[tuple[str, str]]:
    """Return the submitted fields, to be submitted again."""
    return [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]


def _back(event_key: str, what: str) -> str:
    hall, kind = request.form.get("at_hall", ""), request.form.get("at_kind", "")
    at: dict[str, Any] = {"hall": hall or None, "kind": kind if kind == PlaceKind.BOOTH else None}
    return url_for("venue.show_venue", event_key=event_key, _anchor=ANCHORS.get(what, what), **at)


def _page(actor: Actor, what: str = "", faults: Mapping[str, str] = _NONE) -> str:
    """Render the page. `faults` are errors by field of the form `what`, which is shown as submitted."""
    asked = request.form.get("at_hall") or request.args.get("hall", "")
    kind = request.form.get("at_kind") or request.args.get("kind", "")
    with context.database().read() as db:
        venue = venues.show_venue(db, actor)
        hall = next((each for each in venue.halls if each.key == asked), None) or next(
            (each for each in venue.halls if each.tables), next(iter(venue.halls), None)
        )
        of_kind = PlaceKind.BOOTH if kind == PlaceKind.BOOTH else PlaceKind.TABLE
        number = paging.asked_number()
        page = venues.list_hall_places(db, actor, hall.key, of_kind, number=number) if hall else None
        return rendering.render(
            db,
            actor,
            "venue",
            "venue/show.html",
            venue=venue,
            strips=day_strips(venue.days, venue.timezone),
            hall=hall,
            kind=of_kind.value,
            page=page and page.of((place, place_days(place, venue.days)) for place in page.items),
            languages=[(tag, name) for tag, name in languages().items()],
            wrong=what,
            faults=faults,
            typed=_typed(venue, request.form if what else {}),
            typed_days=request.form.getlist("on"),
            picked=request.form.getlist("pick"),
        )


def _typed(venue: Venue, form: Mapping[str, str]) -> dict[str, Any]:
    """Return field values: those of the venue, or the submitted ones of a form with errors."""
    fields: dict[str, Any] = {
        "slot_minutes": venue.days.slot_minutes,
        "changeover_minutes": venue.days.changeover_minutes,
        "prefix": "T-",
        "first": 1,
        "count": 10,
        "capacity": 1,
    }
    fields.update(form.items())
    return fields
