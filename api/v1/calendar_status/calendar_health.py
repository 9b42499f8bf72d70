"""Calendar health: what came of the invitations, and which mails failed. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import bearer
from api.v1.bearer import token
from api.v1.calendar_status.schemas import (
    CalendarHealthOut,
    CalendarPersonOut,
    DeadLetterOut,
    DeadLetterQuery,
    HealthQuery,
)
from api.v1.operation import blueprint, operation
from api.v1.schemas.base import Listing
from scheduler.services.delivery import failed_emails
from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.services.emails.calendar_status.board import BoardFilters
from scheduler.services.emails.calendar_status.people import BoardPerson
from scheduler.services.identity.actors import Actor

TAG = "Calendar health"
READ = "calendars:read"


@blueprint.get("/calendar-status")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(HealthQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(CalendarHealthOut)
def list_calendar_health(db: Session, actor: Actor, query: HealthQuery) -> dict[str, Any]:
    """The people of the published schedule, with what came of their invitations"""
    filters = BoardFilters(
        text=query.text,
        state=query.state or "",
        hall=query.hall or "",
        day=query.day.isoformat() if query.day else "",
        country=query.country or "",
        firm=query.firm or "",
        calls=query.calls,
        sort=query.sort,
    )
    now = context.now()
    board = calendar_health.show_board(db, actor, filters, now=now)
    page = board.page(db, filters, now=now, cursor=query.cursor, limit=query.limit)
    return {
        "items": [_shown(actor, person) for person in page.items],
        "next_cursor": page.next_cursor,
        "total": page.total,
        "version": board.version.number if board.version else None,
        "timezone": board.timezone,
        "totals": board.totals,
    }


@blueprint.get("/people/<key>/calendar-status")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(CalendarPersonOut)
def show_calendar_health(db: Session, actor: Actor, key: str) -> Any:
    """One person's meetings, with what came of each invitation"""
    return _shown(actor, calendar_health.show_person(db, actor, key, now=context.now()))


@blueprint.get("/dead-letters")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(DeadLetterQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[DeadLetterOut])
def list_dead_letters(db: Session, actor: Actor, query: DeadLetterQuery) -> Any:
    """Mails that failed, or that are tried again, the newest first"""
    page = failed_emails.list_failed_emails(db, actor, **dict(query))
    # mail servers repeat the address in their errors
    return page.of(bearer.hide_contacts(actor, each, address=None, error="") for each in page.items)


def _shown(actor: Actor, person: BoardPerson) -> BoardPerson:
    return bearer.hide_contacts(actor, person, email=None, phone=None)
