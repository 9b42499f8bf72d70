"""Directory of an event's firms: search, filters, firm pages, and notes of the reader's firm."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, contact_views, context
from api.language import speaking
from api.language.speaking import gettext
from api.pages import forms, paging, rendering
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.directory import firm_notes, logos, search
from scheduler.services.directory.facets import FACETS, FirmFilters
from scheduler.services.directory.search import FirmOrder
from scheduler.services.events.timetable import get_timetable
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.preferences.common_times import common_slots
from scheduler.services.requests.preferences.free_partners import list_free_partners
from scheduler.services.requests.suggestions import partners

blueprint = APIBlueprint("firms", __name__, enable_openapi=False, url_prefix="/events/<event_key>/firms")

LEGENDS = {
    "relation": gettext_lazy("Relationship"),
    "tier": gettext_lazy("Position in the chain"),
    "area": gettext_lazy("Chain area"),
    "country": gettext_lazy("Country or region"),
    "hall": gettext_lazy("Hall"),
    "language": gettext_lazy("Languages"),
    "guest": gettext_lazy("Guest of honour"),
    "delegation": gettext_lazy("Delegation"),
}
RELATIONS = {
    "saved": gettext_lazy("Saved"),
    "asked-us": gettext_lazy("Waiting for your response"),
    "asked": gettext_lazy("Waiting for their response"),
    "agreed": gettext_lazy("Request accepted"),
    "not-asked": gettext_lazy("No open request"),
    "never": gettext_lazy("Requests blocked"),
}
ORDERS = {
    "best": gettext_lazy("Best match"),
    "fit": gettext_lazy("Best fit for you"),
    "near": gettext_lazy("Nearest hall"),
    "name": gettext_lazy("Name"),
}


@blueprint.get("")
@login_required
def list_firms(event_key: str) -> str:
    """Show the firms that match a search and filters, with counts for each filter."""
    actor = auth.actor(event_key)
    asked = {name: tuple(filter(None, request.args.getlist(name))) for name in FACETS}
    filters = FirmFilters(text=request.args.get("text", ""), **asked)
    order = _order(request.args.get("order", ""))
    with context.database().read() as db:
        reasons = _reasons(db, actor) if order is FirmOrder.FIT else {}
        ranks = {key: place for place, key in enumerate(reasons)}
        is_free = bool(request.args.get("free")) and actor.firm_id is not None
        only = list_free_partners(db, actor) if is_free else None
        number = paging.asked_number()
        found = search.search_directory(
            db, actor, filters, order=order, ranks=ranks, only=only, number=number
        )
        return rendering.render(
            db,
            actor,
            "firms",
            "directory/directory.html",
            found=found,
            page=found.page,
            filters=filters,
            order=order,
            reasons=reasons,
            legends=LEGENDS,
            relations=RELATIONS,
            orders=ORDERS,
            is_free=is_free,
            without=_without,
        )


@blueprint.get("/<firm_key>")
@login_required
def show_firm(event_key: str, firm_key: str) -> str:
    """Show a firm, its people, and its relations with the reader's firm."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        firm = search.show_firm(db, actor, firm_key)
        page = rendering.render(
            db,
            actor,
            "firms",
            "directory/show.html",
            firm=firm.card,
            people=firm.people,
            times=get_timetable(db, actor),
            common={} if firm.card.is_own else common_slots(db, actor, [firm_key]).get(firm_key),
        )
    contact_views.log_firm_view(actor, firm_key)
    return page


@blueprint.get("/<firm_key>/logo/<digest>.png")
@login_required
def serve_logo(event_key: str, firm_key: str, digest: str) -> Response:
    """Return a firm's logo as a PNG that we encoded. Its URL contains a digest, so browsers cache it."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        octets = logos.read_logo(db, actor, firm_key, digest)
    answer = Response(octets, mimetype="image/png")
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@blueprint.post("/<firm_key>/save")
@login_required
def save_firm(event_key: str, firm_key: str) -> Response | str:
    """Save a firm to the reader's list, or remove it."""
    actor = auth.actor(event_key)
    is_saved = request.form.get("saved") == "1"
    with context.database().write() as db:
        firm_notes.save_firm(db, actor, firm_key, is_saved=is_saved, now=context.now())
    if rendering.by_htmx():
        with context.database().read() as db:
            card = search.show_firm(db, actor, firm_key).card
            return rendering.render(db, actor, "", "directory/saved.html", firm=card)
    flash(gettext("Company saved.") if is_saved else gettext("Removed from saved companies."), "good")
    return _back(event_key, firm_key)


@blueprint.post("/<firm_key>/dismiss")
@login_required
def dismiss_firm(event_key: str, firm_key: str) -> Response:
    """Dismiss a firm, so that it is no longer suggested, or undo that."""
    actor = auth.actor(event_key)
    is_dismissed = request.form.get("dismissed") == "1"
    with context.database().write() as db:
        firm_notes.dismiss_firm(db, actor, firm_key, is_dismissed=is_dismissed, now=context.now())
    if is_dismissed:
        flash(gettext("Company hidden from suggestions. You can undo this below the suggestions."), "good")
    else:
        flash(gettext("This company can be suggested again."), "good")
    return _back(event_key, firm_key)


@blueprint.post("/<firm_key>/note")
@login_required
def save_note(event_key: str, firm_key: str) -> Response | tuple[str, int]:
    """Save a private note of the reader's firm about a firm."""
    actor = auth.actor(event_key)
    try:
        with context.database().write() as db:
            firm_notes.write_note(db, actor, firm_key, request.form.get("note", ""), now=context.now())
    except InvalidInput as error:
        return rendering.refused(actor, "firms", forms.sentences(error), forms.LABELS)
    flash(gettext("Note saved. Only your company can see it."), "good")
    return _back(event_key, firm_key)


@blueprint.post("/<firm_key>/exclude")
@login_required
def exclude_firm(event_key: str, firm_key: str) -> Response:
    """Exclude meetings between the two firms, or undo that."""
    actor = auth.actor(event_key)
    try:
        with context.database().write() as db:
            if request.form.get("never") == "1":
                firm_notes.exclude_firm(db, actor, firm_key, now=context.now())
                done = gettext("Requests blocked. You and this company can't send each other requests.")
            else:
                firm_notes.readmit_firm(db, actor, firm_key, now=context.now())
                done = gettext("You and this company can send each other requests again.")
        flash(done, "good")
    except InvalidInput as error:
        flash(" ".join(forms.sentences(error).values()), "error")
    return _back(event_key, firm_key)


@blueprint.post("/<firm_key>/wanted-meeting")
@login_required
def report_wanted_meeting(event_key: str, firm_key: str) -> Response:
    """Report to the organisers that the reader's firm would have requested a meeting."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        if firm_notes.report_interest(db, actor, firm_key, now=context.now()):
            flash(gettext("The organisers can now see that you wanted to request this meeting."), "good")
    return _back(event_key, firm_key)


def _without(name: str, value: str) -> str:
    """Return the current URL without one value of a filter, on the first page."""
    asked = request.args.items(multi=True)
    left = [each for each in asked if each[0] != "page" and each[1] and each != (name, value)]
    return f"{request.path}?{urlencode(left)}" if left else request.path


def _order(asked: str) -> FirmOrder:
    return FirmOrder(asked) if asked in set(FirmOrder) else FirmOrder.BEST


def _reasons(db: Session, actor: Actor) -> dict[str, Any]:
    """Return the best suggested partners by key, best first, with reasons."""
    found = partners.suggest_partners(db, actor, language=speaking.language(), limit=partners.LOOKED_AT)
    return {partner.firm.key: partner for partner in found.partners}


def _back(event_key: str, firm_key: str) -> Response:
    here = url_for("firms.show_firm", event_key=event_key, firm_key=firm_key)
    return redirect(rendering.back(event_key, here), 303)
