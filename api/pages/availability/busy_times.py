"""Busy times: an attendee's calendars, previewed before saving, and manually blocked slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apiflask import APIBlueprint
from flask import abort, flash, redirect, request, url_for
from flask_login import current_user, login_required
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from api import auth, context, errors, limits
from api.language.speaking import gettext, ngettext, translate_stored
from api.pages import rendering, zones
from api.pages.availability.labels import counted
from scheduler.domain.errors import ChainmeetError, InvalidInput
from scheduler.invites.busy import MAX_OCTETS, UnusableCalendar
from scheduler.invites.transport.remote import FetchFailure
from scheduler.services.availability import busy_times, caldav, grid
from scheduler.services.availability.calendar_services import SERVICES
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.untrusted.parsers import BUSY_MESSAGE, UNREADABLE_MESSAGE

blueprint = APIBlueprint(
    "busy_times", __name__, enable_openapi=False, url_prefix="/events/<event_key>/busy-times"
)

_OWN_FIELDS = ("server", "user", "password")
"""Fields that the service names in its errors."""

Answer = str | Response | tuple[str, int]


@blueprint.url_value_preprocessor
def _take_calendars(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the size limit for calendar uploads. Slightly larger uploads get a specific error."""
    request.max_content_length = MAX_OCTETS + (1 << 20)


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> Response | tuple[str, int]:
    """Show the form again with an error, without reading the request body."""
    auth.settle(ask=True)
    if not current_user.is_authenticated:
        return errors.http_error(error)
    sentence = gettext(
        "The file is too large. Files can be up to %(most)s MB. Export fewer months.", most=MAX_OCTETS >> 20
    )
    try:
        actor = auth.actor((request.view_args or {})["event_key"])
        with context.database().read() as db:
            return _page(db, actor, {"file": sentence}, typed={}), 413
    except ChainmeetError:  # no access to the page
        return errors.http_error(error)


@blueprint.get("")
@login_required
def show_busy_times(event_key: str) -> str:
    actor = auth.participant(event_key)
    with context.database().read() as db:
        return _page(db, actor, {})


@blueprint.post("/marked")
@login_required
def save_marked_slots(event_key: str) -> Response:
    """Save the manually blocked slots."""
    actor = auth.participant(event_key)
    with context.database().write() as db:
        count = busy_times.mark_slots(db, actor, request.form.getlist("slots"))
    saved = ngettext(
        "Saved. You marked %(num)s time as busy. The next schedule has no meeting for you then.",
        "Saved. You marked %(num)s times as busy. The next schedule has no meetings for you then.",
        count,
    )
    flash(saved, "good")
    return redirect(
        rendering.back(event_key, url_for("busy_times.show_busy_times", event_key=event_key)), 303
    )


@blueprint.post("/upload")
@login_required
@limits.costly
def upload_calendar(event_key: str) -> Answer:
    """Read an uploaded calendar and redirect to its preview."""
    actor = auth.actor(event_key)
    file, zone = request.files.get("file"), _zone(actor)
    if file is None or not file.filename:
        return _refused(actor, "file", gettext("Choose a calendar file."))
    name, octets, now = file.filename, file.read(), context.now()
    return _read(
        actor,
        "file",
        lambda: busy_times.preview_upload(context.own_transactions(), actor, name, octets, zone, now=now),
    )


@blueprint.post("/link")
@login_required
@limits.costly
def link_calendar(event_key: str) -> Answer:
    """Fetch a linked calendar and redirect to its preview."""
    actor = auth.actor(event_key)
    address, zone, now = request.form.get("address", ""), _zone(actor), context.now()
    return _read(
        actor,
        "address",
        lambda: busy_times.preview_link(
            context.own_transactions(),
            actor,
            address,
            zone,
            fetcher=context.fetcher(),
            secret_key=context.settings().secret_key,
            now=now,
        ),
    )


@blueprint.post("/caldav")
@login_required
@limits.costly
def connect_calendar_server(event_key: str) -> Answer:
    """Read a CalDAV server with an app password and redirect to its preview. Nothing is saved."""
    actor = auth.actor(event_key)
    settings, now = context.settings(), context.now()
    if settings.caldav == "off":
        abort(404)
    typed = {name: request.form.get(name, "") for name in ("service", "server", "user", "password")}
    zone = _zone(actor)

    def read() -> str:
        address, account = caldav.parse_account_form(**typed)
        return busy_times.preview_caldav(
            context.own_transactions(),
            actor,
            address,
            account,
            zone,
            fetcher=context.fetcher(),
            secret_key=settings.secret_key,
            now=now,
        )

    return _read(actor, "server", read)


@blueprint.get("/preview/<key>")
@login_required
def show_preview(event_key: str, key: str) -> str:
    """Show which slots a calendar would block. Nothing is saved yet."""
    return _preview_page(auth.actor(event_key), key)


@blueprint.post("/preview/<key>/zone")
@login_required
@limits.costly
def change_preview_zone(event_key: str, key: str) -> Answer:
    """Read the calendar again in another time zone."""
    actor = auth.actor(event_key)
    try:
        busy_times.reread_preview(context.own_transactions(), actor, key, _zone(actor))
    except InvalidInput as error:
        if any(fault.path == "timezone" for fault in error.faults):
            return _preview_page(actor, key, request.form.get("timezone", "").strip()), 422
        flash(_sentence(error), "error")
    except (UnusableCalendar, *UNREADABLE_MESSAGE) as error:
        flash(_sentence(error), "error")
    return redirect(url_for("busy_times.show_preview", event_key=event_key, key=key), 303)


@blueprint.post("/preview/<key>/save")
@login_required
def save_calendar(event_key: str, key: str) -> Response:
    actor = auth.actor(event_key)
    try:
        with context.database().write() as db:
            source = busy_times.save_calendar(db, actor, key, now=context.now())
    except InvalidInput as error:
        flash(_sentence(error), "error")
        return redirect(url_for("busy_times.show_preview", event_key=event_key, key=key), 303)
    saved = gettext(
        "Calendar saved: %(name)s. The next schedule has no meetings for you at its busy times.",
        name=source.name,
    )
    flash(saved, "good")
    return redirect(url_for("busy_times.show_busy_times", event_key=event_key), 303)


@blueprint.post("/preview/<key>/discard")
@login_required
def discard_preview(event_key: str, key: str) -> Response:
    actor = auth.actor(event_key)
    with context.database().write() as db:
        busy_times.discard_preview(db, actor, key)
    flash(gettext("Calendar discarded. Nothing was saved."), "good")
    return redirect(url_for("busy_times.show_busy_times", event_key=event_key), 303)


@blueprint.post("/calendars/<key>/remove")
@login_required
def remove_calendar(event_key: str, key: str) -> Response:
    actor = auth.actor(event_key)
    with context.database().write() as db:
        name = busy_times.remove_calendar(db, actor, key)
    flash(
        gettext("Calendar removed: %(name)s. Its times are available again in the next schedule.", name=name),
        "good",
    )
    return redirect(url_for("busy_times.show_busy_times", event_key=event_key), 303)


def _read(actor: Actor, field: str, make_preview: Callable[[], str]) -> Answer:
    try:
        key = make_preview()
    except (InvalidInput, UnusableCalendar, FetchFailure, *UNREADABLE_MESSAGE) as error:
        status = 503 if isinstance(error, BUSY_MESSAGE) else 422
        if isinstance(error, InvalidInput) and all(each.path in _OWN_FIELDS for each in error.faults):
            return _shown(actor, {each.path: translate_stored(each.message) for each in error.faults}, status)
        return _refused(actor, field, _sentence(error), status)
    return redirect(url_for("busy_times.show_preview", event_key=actor.event_key, key=key), 303)


def _refused(actor: Actor, field: str, sentence: str, status: int = 422) -> tuple[str, int]:
    return _shown(actor, {field: sentence}, status)


def _shown(actor: Actor, faults: Mapping[str, str], status: int) -> tuple[str, int]:
    with context.database().read() as db:
        return _page(db, actor, faults), status


def _sentence(error: ChainmeetError) -> str:
    return translate_stored(error.faults[0].message if isinstance(error, InvalidInput) else str(error))


def _page(
    db: Session, actor: Actor, faults: Mapping[str, str], typed: Mapping[str, str] | None = None
) -> str:
    if typed is None:
        typed = request.form
    sources = busy_times.list_calendars(db, actor) if actor.attendee_id else ()
    secret_key = context.settings().secret_key
    return rendering.render(
        db,
        actor,
        "busy_times",
        "availability/show.html",
        sources=[(source, source.opened(secret_key)) for source in sources],
        grid=grid.show_grid(db, actor, now=context.now()),
        is_full=len(sources) >= busy_times.MOST_SOURCES,
        typed={name: text for name, text in typed.items() if text and name != "password"},
        services=SERVICES if context.settings().caldav == "on" else (),
        most_mb=MAX_OCTETS >> 20,
        open=_way(faults, typed),
        faults=faults,
    )


def _way(faults: Mapping[str, str], typed: Mapping[str, str]) -> str:
    """Return the import method to expand: the one whose form has an error."""
    if not faults:
        return ""
    return next((way for way in ("file", "address") if way in faults), typed.get("service", "other"))


def _preview_page(actor: Actor, key: str, unknown: str = "") -> str:
    """Show which slots a calendar blocks. `unknown` is an unrecognised time zone that was entered."""
    with context.database().read() as db:
        source = busy_times.get_preview(db, actor, key)
        return rendering.render(
            db,
            actor,
            "busy_times",
            "availability/preview.html",
            source=source,
            grid=grid.show_grid(db, actor, now=context.now(), preview=source),
            counted=counted(source.found["counts"]),
            zone=unknown or zones.label(source.timezone),
            faults={"timezone": zones.UNKNOWN} if unknown else {},
        )


def _zone(actor: Actor) -> str:
    """Return the time zone that was entered by name or city, or that of the event."""
    typed = request.form.get("timezone", "").strip()
    if typed:
        return zones.meant(typed)
    with context.database().read() as db:
        return events.get_event(db, actor).timezone
