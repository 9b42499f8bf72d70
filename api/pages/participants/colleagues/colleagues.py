"""People of the reader's firm: its exhibitors add, invite, change and remove them."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from api import auth, context, limits
from api.language.speaking import gettext, ngettext
from api.pages import formatting, rendering
from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.participants.colleagues import colleagues
from scheduler.services.participants.colleagues.colleagues import AddressTaken, Colleague, ColleagueForm

blueprint = APIBlueprint(
    "colleagues", __name__, enable_openapi=False, url_prefix="/events/<event_key>/colleagues"
)

Answer = Response | tuple[str, int]


@blueprint.get("")
@login_required
def list_colleagues(event_key: str) -> str:
    """List the firm's attendees, with a form to add one."""
    return _list(auth.actor(event_key), None, {})


@blueprint.post("")
@login_required
@limits.costly
def add_colleague(event_key: str) -> Answer:
    """Add a colleague and send the invitation."""
    actor, form = auth.actor(event_key), _read(request.form)
    try:
        with context.database().write() as db:
            added = colleagues.add_colleague(db, actor, form, settings=context.settings(), now=context.now())
    except InvalidInput as error:
        if isinstance(error, AddressTaken):
            with context.database().write() as db:
                colleagues.log_address_taken(db, actor, form, now=context.now())
        return _list(actor, form, _faults(error)), 422
    flash(_added(form.name, is_invited=added.is_invited, is_rehearsing=actor.is_rehearsing), "good")
    return redirect(url_for("colleagues.list_colleagues", event_key=event_key), 303)


def _added(name: str, *, is_invited: bool, is_rehearsing: bool) -> str:
    if not is_invited:
        return gettext(
            "%(name)s was added. No new invitation was sent, because one was sent less than a day ago.",
            name=name,
        )
    if is_rehearsing:
        return gettext(
            "%(name)s was added. The event is in rehearsal, so the invitation reaches only the organisers.",
            name=name,
        )
    return gettext("%(name)s was added. The invitation is being sent by email.", name=name)


@blueprint.get("/<key>")
@login_required
def show_colleague(event_key: str, key: str) -> str:
    """Show the form to change a colleague."""
    return _one(auth.actor(event_key), key, None, {})


@blueprint.post("/<key>")
@login_required
def change_colleague(event_key: str, key: str) -> Answer:
    actor, form = auth.actor(event_key), _read(request.form)
    try:
        with context.database().write() as db:
            colleagues.change_colleague(db, actor, key, form, settings=context.settings(), now=context.now())
    except InvalidInput as error:
        return _one(actor, key, form, _faults(error)), 422
    flash(gettext("Saved. The next schedule takes this into account."), "good")
    return redirect(url_for("colleagues.list_colleagues", event_key=event_key), 303)


@blueprint.post("/<key>/remove")
@login_required
def remove_colleague(event_key: str, key: str) -> Answer:
    """Remove a colleague from the event."""
    actor = auth.actor(event_key)
    try:
        with context.database().write() as db:
            left = colleagues.remove_colleague(db, actor, key, now=context.now())
    except InvalidInput as error:
        return _one(actor, key, None, _faults(error)), 422
    message = gettext("Colleague removed. The organisers can undo this.")
    if left.meetings:
        message = ngettext(
            "Colleague removed. In the next schedule, %(num)s published meeting goes to a "
            "colleague or is cancelled.",
            "Colleague removed. In the next schedule, %(num)s published meetings go to "
            "colleagues or are cancelled.",
            left.meetings,
        )
    flash(message, "good")
    return redirect(url_for("colleagues.list_colleagues", event_key=event_key), 303)


def _list(actor: Actor, form: ColleagueForm | None, faults: Mapping[str, str]) -> str:
    with context.database().read() as db:
        staff = colleagues.get_staff(db, actor)
        if form is None:
            form = ColleagueForm(days=tuple(day.isoformat() for day in staff.days))
        return rendering.render(
            db,
            actor,
            "colleagues",
            "participants/colleagues/list.html",
            staff=staff,
            form=form,
            faults=faults,
        )


def _one(actor: Actor, key: str, form: ColleagueForm | None, faults: Mapping[str, str]) -> str:
    with context.database().read() as db:
        staff = colleagues.get_staff(db, actor)
        person = next((each for each in staff.people if each.key == key), None)
        if person is None:
            raise NotFound("person", key)
        return rendering.render(
            db,
            actor,
            "colleagues",
            "participants/colleagues/show.html",
            staff=staff,
            person=person,
            form=form or _now(person),
            faults=faults,
        )


def _now(person: Colleague) -> ColleagueForm:
    return ColleagueForm(
        name=person.name,
        latin_name=person.latin_name,
        email=person.email,
        title=person.title,
        languages="; ".join(map(formatting.language, person.languages)),
        is_exhibitor=person.is_exhibitor,
        areas=person.areas,
        days=tuple(day.isoformat() for day in person.days),
    )


def _read(typed: MultiDict[str, str]) -> ColleagueForm:
    return ColleagueForm(
        **{name: typed.get(name, "") for name in ("name", "latin_name", "email", "title", "languages")},
        is_exhibitor=typed.get("is_exhibitor") == "yes",
        areas=tuple(typed.getlist("areas")[:50]),
        days=tuple(typed.getlist("days")[:50]),
    )


def _faults(error: InvalidInput) -> dict[str, str]:
    return {fault.path: fault.message for fault in error.faults}
