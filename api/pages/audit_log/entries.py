"""Audit log pages of an event, with CSV export, and of the installation for operators."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import render_template, request
from flask.wrappers import Response
from flask_login import login_required

from api import auth, context
from api.language import audit_log_words, speaking
from api.pages import paging, rendering
from api.pages.audit_log.entry_changes import told_changes
from scheduler.domain.errors import NotFound
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import load_words
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.operations import audit_entries
from scheduler.services.operations.audit_entries import AuditFilter

blueprint = APIBlueprint("audit_log", __name__, enable_openapi=False)

_FILTERS = ("act", "text", "since", "until")
_PAUSES = str.maketrans("：；，、（）", "      ")
"""Maps punctuation that separates words without spaces to spaces."""


blueprint.add_app_template_filter(told_changes)


@blueprint.app_template_filter()
def audit_log_role(role: str) -> str:
    """Return the label of a role in the page's language. Roles outside the team are returned unchanged."""
    return load_words(speaking.language()).desk.get(role, role)


@blueprint.get("/events/<event_key>/audit-log")
@login_required
def list_entries(event_key: str) -> str:
    """List the entries, newest first."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        timezone = events.get_event(db, actor).timezone
        wanted, typed = _filter(timezone)
        page = audit_entries.list_entries(db, actor, wanted, number=paging.asked_number())
        return rendering.render(db, actor, "audit_log", "audit_log/entries.html", **_shown(page, typed))


@blueprint.get("/events/<event_key>/audit-log.csv")
@login_required
def export_entries(event_key: str) -> Response:
    """Export the filtered entries as CSV. The export itself is logged."""
    actor: Actor = auth.organiser(event_key)
    with context.database().write() as db:
        wanted, _ = _filter(events.get_event(db, actor).timezone)
        text = audit_entries.export_csv(db, actor, wanted, now=context.now())
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-log-{actor.event_key}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/audit-log")
@login_required
def list_installation_entries() -> str:
    """List the entries of the installation, such as sign-ins and operators."""
    if not auth.user().is_operator:
        raise NotFound("page", "audit-log")
    wanted, typed = _filter("UTC")
    with context.database().read() as db:
        page = audit_entries.list_installation_entries(
            db, auth.user().session, wanted, number=paging.asked_number()
        )
    return render_template("audit_log/installation.html", **_shown(page, typed))


def _filter(timezone: str) -> tuple[AuditFilter, dict[str, str]]:
    """Return the filter of the query string, and its raw values. Days are in `timezone`."""
    typed = {name: request.args.get(name, "")[:200] for name in _FILTERS}
    wanted = AuditFilter.of_days(
        timezone,
        act=typed["act"] if typed["act"] in audit_entries.list_acts() else "",
        text=typed["text"].translate(_PAUSES),
        english=audit_log_words.english,
        since=_day(typed["since"]),
        until=_day(typed["until"]),
    )
    return wanted, typed


def _day(text: str) -> date | None:
    """Parse a date. Return None if invalid or outside the years 1970 to 9000."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 9000 else None


def _shown(page: object, typed: dict[str, str]) -> dict[str, Any]:
    given = {name: value for name, value in typed.items() if value}
    return {
        "page": page,
        "typed": typed,
        "acts": [("", gettext_lazy("All actions")), *audit_entries.list_acts().items()],
        "is_filtered": bool(given),
        "query": f"?{urlencode(given)}" if given else "",
    }
