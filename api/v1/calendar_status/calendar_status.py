"""Calendar status, and failed emails. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import contact_views, context
from api.v1 import bearer
from api.v1.bearer import token
from api.v1.calendar_status.schemas import (
    CalendarPersonOut,
    CalendarStatusListOut,
    CalendarStatusQuery,
    FailedEmailOut,
    FailedEmailQuery,
)
from api.v1.operation import blueprint, later, operation
from api.v1.schemas.base import Listing
from api.v1.updates import find_updates
from scheduler.services.delivery import failed_emails
from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.services.emails.calendar_status import status_updates
from scheduler.services.emails.calendar_status.board import BoardFilters
from scheduler.services.emails.calendar_status.people import BoardPerson
from scheduler.services.identity.actors import Actor
from scheduler.services.paging import Updates, require_unfiltered
from scheduler.services.spreadsheets.columns import ImportKind

TAG = "Calendar status"
READ = "calendar-status:read"
_OF_UPDATES = {"updated_since", "cursor", "limit", "sort"}
"""Parameters that are no filters of people or meetings."""


@blueprint.get("/calendar-status")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(CalendarStatusQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(CalendarStatusListOut)
def list_calendar_status(db: Session, actor: Actor, query: CalendarStatusQuery) -> dict[str, Any]:
    """List the people of the published schedule with their calendar status"""
    if updates := find_updates(query.updated_since):
        return _list_updates(db, actor, query, updates)
    filters = BoardFilters(
        text=query.text,
        state=query.state or "",
        hall=query.hall or "",
        day=query.day.isoformat() if query.day else "",
        country=query.country or "",
        firm=query.firm or "",
        calls=query.needs_call,
        sort="worst" if query.sort == "status" else query.sort,
    )
    now = context.now()
    board = calendar_health.show_board(db, actor, filters, now=now)
    page = board.page(db, filters, now=now, cursor=query.cursor, limit=query.limit)
    later(contact_views.log_view, actor, ImportKind.PEOPLE)
    return {
        "items": [_shown(actor, person) for person in page.items],
        "next_cursor": page.next_cursor,
        "total": page.total,
        "version": board.version.number if board.version else None,
        "timezone": board.timezone,
        "totals": board.totals,
        "next_updated_since": None,
    }


def _list_updates(db: Session, actor: Actor, query: CalendarStatusQuery, updates: Updates) -> dict[str, Any]:
    require_unfiltered(bool(query.model_fields_set - _OF_UPDATES))
    found = status_updates.list_status_updates(db, actor, updates, cursor=query.cursor, limit=query.limit)
    later(contact_views.log_view, actor, ImportKind.PEOPLE)
    return {
        "items": [_shown(actor, person) for person in found.page.items],
        "next_cursor": found.page.next_cursor,
        "total": found.page.total,
        "version": found.version,
        "timezone": found.timezone,
        "totals": None,
        "next_updated_since": found.page.next_updated_since,
    }


@blueprint.get("/people/<key>/calendar-status")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(CalendarPersonOut)
def show_calendar_status(db: Session, actor: Actor, key: str) -> Any:
    """Show the calendar status of a person's meetings"""
    found = calendar_health.show_person(db, actor, key, now=context.now())
    later(contact_views.log_view, actor, ImportKind.PEOPLE, key)
    return _shown(actor, found)


@blueprint.get("/failed-emails")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(FailedEmailQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[FailedEmailOut])
def list_failed_emails(db: Session, actor: Actor, query: FailedEmailQuery) -> Any:
    """List emails that failed, or that will be retried, newest first"""
    page = failed_emails.list_failed_emails(db, actor, **dict(query))
    # mail servers repeat the address in their errors
    return page.of(bearer.hide_contacts(actor, each, address=None, error="") for each in page.items)


def _shown(actor: Actor, person: BoardPerson) -> BoardPerson:
    return bearer.hide_contacts(actor, person, email=None, phone=None)
