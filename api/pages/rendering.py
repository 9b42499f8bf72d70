"""Rendering of event pages: the layout, redirects after forms, htmx."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, flash, g, render_template, request, session, url_for
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api import auth, context
from api.language.speaking import said
from api.pages.formatting import capitalize_first
from scheduler.services.availability import calendar_failures
from scheduler.services.availability.calendar_failures import FailingCalendar
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.tokens import hash_token
from scheduler.services.operations import notices, site_pause
from scheduler.services.operations.notices import Notice
from scheduler.services.operations.site_pause import SitePause
from scheduler.services.requests.dashboard import dashboard
from scheduler.storage.schema import DatabaseUnavailable

_LONG = 120
"""Minimum length of texts, in characters, that get a multi-line field."""
_NONE: Mapping[str, str] = MappingProxyType({})


def init_app(app: Flask) -> None:
    app.add_template_global(open_alerts)
    app.add_template_global(show_pause, "site_pause")
    app.add_template_global(waiting_count)
    app.add_template_global(failing_calendars)
    app.add_template_global(labelled)
    app.add_template_global(label_of)
    app.add_template_filter(kept_for)


def labelled(name: str, label: str) -> str:
    """Return the label of a field, and register it for error summaries."""
    g.setdefault("labels", {})[name] = label
    return label


def label_of(name: str) -> str:
    """Return the registered label of a field, or its name in words."""
    labels: dict[str, str] = g.get("labels", {})
    return labels.get(name, name.replace("_", " ").capitalize())


def open_alerts(actor: Actor | None = None) -> Sequence[Notice]:
    """Return the open alerts of the installation, or those for the actor's event, for the page header."""
    with context.database().read() as db:
        if actor is None:
            return notices.list_installation_notices(db, auth.user().session)
        return notices.list_event_notices(db, actor)


def show_pause(actor: Actor | None = None) -> SitePause | None:
    """Return the site's pause to operators and the event's team, for the page header.

    Return None for others, and on error pages without a database.
    """
    try:
        of_team = actor is not None and (actor.is_organiser or bool(actor.team_role))
        if not of_team and not (current_user.is_authenticated and current_user.is_operator):
            return None
        with context.database().read() as db:
            return site_pause.find_pause(db)
    except (SQLAlchemyError, DatabaseUnavailable):
        return None


def waiting_count(actor: Actor) -> int:
    """Return the number of requests that wait for a response of the actor's firm, for the menu."""
    with context.database().read() as db:
        return dashboard.count_waiting(db, actor)


def failing_calendars(actor: Actor) -> Sequence[FailingCalendar]:
    """Return the actor's own failing linked calendars, for the page header."""
    with context.database().read() as db:
        return calendar_failures.list_own_failures(db, actor)


def kept_for(actor: Actor) -> str:
    """Return an opaque ID of the reader, under which a device caches pages."""
    return hash_token(f"{actor.event_key} {actor.account_id}")[:16]


def render(db: Session, actor: Actor, here: str, template: str, **values: Any) -> str:
    """Render a page of the actor's event. `here` names its menu entry."""
    event = events.get_event(db, actor)
    return render_template(template, event=event, actor=actor, here=here, **values)


def by_htmx() -> bool:
    """Return True if htmx requests a part of the page rather than the whole."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def back(event_key: str, default: str) -> str:
    """Return the page that the form was sent from, if it belongs to the event."""
    target = request.form.get("back", "")
    inside = target.startswith(f"/events/{event_key}/") and target.isprintable() and "\\" not in target
    return target if inside else default


def flash_once(text: str, category: str) -> None:
    """Flash a message unless it is already queued, because a page may be requested twice when a job ends."""
    if (category, text) not in map(tuple, session.get("_flashes", ())):
        flash(text, category)


def flash_step(actor: Actor, text: str, now: datetime) -> None:
    """Flash what was done at `now`, with an undo button for attendees."""
    flash(text, f"undo {now.isoformat()}" if actor.attendee_id is not None else "good")


def list_again(page: Callable[[], str], there: str, told: str) -> tuple[str, int]:
    """Render the list at `there` again after nothing was selected, with the values entered below it.

    The request's URL is replaced by `there`, so that filters, order and links are those of the list.
    """
    address = urlsplit(there)
    request.path, request.query_string = address.path, address.query.encode()
    for name in ("args", "full_path"):
        request.__dict__.pop(name, None)
    flash(capitalize_first(told), "error")
    return page(), 422


def refused(
    actor: Actor, here: str, faults: Mapping[str, str], labels: Mapping[str, str] = _NONE
) -> tuple[str, int]:
    """Show the rejected form, to be corrected and submitted again. `faults` and `labels` are by field name.

    Only invalid fields are shown; the others are resubmitted unchanged. `here` is the menu entry.
    """
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    wrong = {name: text for name, text in sent if name in faults}
    with context.database().read() as db:
        page = render(
            db,
            actor,
            here,
            "refused.html",
            kept=[pair for pair in sent if pair[0] not in wrong],
            wrong=[(name, text, len(text) > _LONG or "\n" in text) for name, text in wrong.items()],
            labels={name: said(labels[name]) for name in wrong if name in labels},
            others=[text for name, text in faults.items() if name not in wrong],
            faults=faults,
            back=back(
                actor.event_key, url_for("organiser_dashboard.show_dashboard", event_key=actor.event_key)
            ),
        )
    return page, 422
