"""Redirects of former URLs in sent emails and bookmarks."""

from __future__ import annotations

from urllib.parse import quote

from apiflask import APIBlueprint
from flask import redirect, request
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth

blueprint = APIBlueprint("moved", __name__, enable_openapi=False)

MOVED = {
    "calendar-health": "calendar-status",
    "calendars": "calendar-status",
    "desk": "participants",
    "dials": "priorities",
    "figures": "statistics",
    "interpreting": "interpreter-day",
    "mail-texts": "email-texts",
    "mails-and-calendar": "preferences",
    "nights": "overnight",
    "remind": "reminders",
    "start": "dashboard",
    "trail": "audit-log",
    "trail.csv": "audit-log.csv",
    "welcome": "event-invitations",
    "what-if": "scenarios",
    "whole": "archive",
    "wishes": "ranked-requests",
}
"""First path segments of pages below an event: the present one by the former one."""
BEFORE = f"<any({', '.join(repr(each) for each in MOVED)}):before>"
EVENT = "/events/<event_key>"


@blueprint.get(f"{EVENT}/{BEFORE}", strict_slashes=False)
@blueprint.get(f"{EVENT}/{BEFORE}/<path:rest>")
@login_required
def redirect_below_event(event_key: str, before: str, rest: str = "") -> Response:
    """Redirect to the renamed page, which checks the permission."""
    actor = auth.actor(event_key)
    return _redirect(f"/events/{actor.event_key}/{MOVED[before]}", rest)


@blueprint.get(f"{EVENT}/versions/<int:number>/remedies", strict_slashes=False)
@blueprint.get(f"{EVENT}/versions/<int:number>/remedies/<path:rest>")
@login_required
def redirect_to_fixes(event_key: str, number: int, rest: str = "") -> Response:
    """Redirect to the suggested fixes of a version."""
    actor = auth.actor(event_key)
    return _redirect(f"/events/{actor.event_key}/versions/{number}/fixes", rest)


@blueprint.get(f"{EVENT}/calendar-status/dead-letters")
@login_required
def redirect_to_failed_emails(event_key: str) -> Response:
    """Redirect to the failed emails of an event."""
    actor = auth.actor(event_key)
    return _redirect(f"/events/{actor.event_key}/calendar-status/failed-emails", "")


@blueprint.get("/operators/mails", strict_slashes=False)
@blueprint.get("/operators/mails/<path:rest>")
@login_required
def redirect_to_unassigned_emails(rest: str = "") -> Response:
    """Redirect to the emails without an event."""
    return _redirect("/operators/unassigned-emails", rest)


@blueprint.get("/trail")
@login_required
def redirect_to_audit_log() -> Response:
    """Redirect to the audit log of the installation."""
    return _redirect("/audit-log", "")


@blueprint.get("/asked/<token>/<step>")
def redirect_to_response(token: str, step: str) -> Response:
    """Redirect to the page of a link in an email about a request."""
    return _redirect(f"/respond/{quote(token)}", step)


def _redirect(path: str, rest: str) -> Response:
    path = f"{path}/{quote(rest)}" if rest else path
    asked = request.query_string.decode("latin-1")
    return redirect(f"{path}?{asked}" if asked else path, 301)
