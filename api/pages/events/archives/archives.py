"""Pages to copy, archive, restore and delete an event, and the list of all events for operators."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, said
from api.pages import marks, rendering
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.events.archives import archiving, event_copy
from scheduler.services.events.archives.event_copy import EventCopy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right

blueprint = APIBlueprint("archives", __name__, enable_openapi=False)

PARTS = {
    "venue": (
        gettext_lazy("Venue"),
        gettext_lazy("Times, breaks, halls with walking times, and tables, all shifted to the new first day"),
    ),
    "firms": (
        gettext_lazy("Exhibitors"),
        gettext_lazy("Exhibitors that were not removed, with their booths if you also copy the venue"),
    ),
    "people": (
        gettext_lazy("People"),
        gettext_lazy("Attendees, interpreters and delegations, without absences and linked calendars"),
    ),
    "team": (gettext_lazy("Team"), gettext_lazy("Everyone whose role has no end date")),
    "settings": (gettext_lazy("Settings"), gettext_lazy("Settings, scheduling priorities and email texts")),
}
"""Parts of the event that can be copied: label and help text."""


@blueprint.get("/events/<event_key>/archive")
@login_required
def show_archive(event_key: str) -> str:
    """Show the page to copy, archive and delete."""
    actor = _owner(event_key)
    return _page(actor, {}, {})


@blueprint.post("/events/<event_key>/copy")
@login_required
def copy_event(event_key: str) -> Response | tuple[str, int]:
    """Copy the event, for example for next year."""
    actor = _owner(event_key)
    parts = [part for part in PARTS if part in request.form.getlist("parts")]
    form = EventCopy(
        key=request.form.get("key", ""),
        name=request.form.get("name", ""),
        first_day=inputs.day(request.form.get("first_day")) if "venue" in parts else None,
        parts=parts,
    )
    try:
        key = event_copy.copy_event(
            context.own_transactions(), actor, form, settings=context.settings(), now=context.now()
        )
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _page(actor, request.form, faults, parts), 422
    flash(gettext("Event created. Check its days and import what's new."), "good")
    return redirect(url_for("organiser_dashboard.show_dashboard", event_key=key))


@blueprint.post("/events/<event_key>/archive")
@login_required
def archive_event(event_key: str) -> Response:
    """Archive the event."""
    actor = _owner(event_key)
    try:
        with context.database().write() as db:
            archiving.archive_event(db, actor, now=context.now())
        flash(gettext("Event archived. It is now read-only."), "good")
    except WrongState as error:
        flash(said(error.user_message), "error")
    return redirect(url_for("archives.show_archive", event_key=event_key))


@blueprint.post("/events/<event_key>/restore")
@login_required
def restore_event(event_key: str) -> Response:
    """Restore an archived event."""
    with context.database().write() as db:
        archiving.restore_event(db, _owner(event_key), now=context.now())
    flash(gettext("Event restored."), "good")
    return redirect(url_for("archives.show_archive", event_key=event_key))


@blueprint.post("/events/<event_key>/delete")
@login_required
def delete_event(event_key: str) -> Response | tuple[str, int]:
    """Delete the event with all its rows if the entered name matches."""
    actor = _owner(event_key)
    try:
        with context.database().write() as db:
            name = archiving.delete_event(db, actor, typed=request.form.get("typed", ""), now=context.now())
    except InvalidInput as error:
        return _page(actor, request.form, {fault.path: fault.message for fault in error.faults}), 422
    except WrongState as error:
        flash(said(error.user_message), "error")
        return redirect(url_for("archives.show_archive", event_key=event_key))
    flash(gettext("%(event)s deleted.", event=name), "good")
    return redirect(url_for("organiser_dashboard.list_own_events"))


@blueprint.get("/operators/events")
@login_required
def list_all_events() -> str:
    """List all events of the installation for operators."""
    return _listing({}, {})


@blueprint.post("/operators/delete/<event_key>")
@login_required
def delete_event_as_operator(event_key: str) -> Response | tuple[str, int]:
    """Delete any event as an operator."""
    if not auth.user().is_operator:
        raise NotFound("page", "events")
    try:
        with context.database().write() as db:
            typed = request.form.get("typed", "")
            name = archiving.delete_event_as_operator(
                db, auth.user().session, event_key, typed=typed, now=context.now()
            )
    except InvalidInput as error:
        return _listing(
            request.form, {event_key: marks.semicolon().join(said(fault.message) for fault in error.faults)}
        ), 422
    except WrongState as error:
        return _listing(request.form, {event_key: error.user_message}), 409
    flash(gettext("%(event)s deleted.", event=name), "good")
    return redirect(url_for("archives.list_all_events"))


def _owner(event_key: str) -> Actor:
    """Return the actor if an owner. Raises NotFound for others."""
    actor = auth.organiser(event_key)
    if not actor.may(Right.MANAGE_EVENT):
        raise NotFound("event", event_key)
    return actor


def _page(
    actor: Actor, typed: Mapping[str, str], faults: Mapping[str, str], parts: list[str] | None = None
) -> str:
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "settings",
            "events/archives/show.html",
            whole=archiving.get_totals(db, actor),
            first_day=event_copy.get_first_day(db, actor),
            parts=PARTS,
            chosen=list(PARTS) if parts is None else parts,
            typed=typed,
            faults=faults,
        )


def _listing(typed: Mapping[str, str], faults: Mapping[str, str]) -> str:
    if not auth.user().is_operator:
        raise NotFound("page", "events")
    with context.database().read() as db:
        found = archiving.list_all_events(db, auth.user().session)
    return render_template("events/archives/listing.html", events=found, typed=typed, faults=faults)
