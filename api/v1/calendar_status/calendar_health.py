"""Calendar health: what came of the invitations, and which mails failed. For organisers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.calendar_status.schemas import (
    CalendarHealthOut,
    CalendarPersonOut,
    DeadLetterList,
    DeadLetterOut,
    DeadLetterQuery,
    HealthQuery,
)
from api.v1.operation import blueprint, operation
from scheduler.services.delivery import failed_emails
from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.services.emails.calendar_status.board import BoardFilters
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page

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
        "items": [_for(actor, person) for person in page.items],
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
    return _for(actor, calendar_health.show_person(db, actor, key, now=context.now()))


@blueprint.get("/dead-letters")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(DeadLetterQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(DeadLetterList)
def list_dead_letters(db: Session, actor: Actor, query: DeadLetterQuery) -> Any:
    """Mails that failed, or that are tried again, the newest first"""
    page: Page[Any] = failed_emails.list_failed_emails(db, actor, **dict(query))
    if actor.may(Right.READ_CONTACTS):
        return page
    return replace(page, items=tuple(map(_without_address, page.items)))


def _for(actor: Actor, person: Any) -> CalendarPersonOut:
    """A person as the actor may see them: without the scope `contacts:read` with no address and no number."""
    shown = CalendarPersonOut.model_validate(person, from_attributes=True)
    if actor.may(Right.READ_CONTACTS):
        return shown
    return shown.model_copy(update={"email": None, "phone": None})


def _without_address(letter: Any) -> DeadLetterOut:
    """A dead letter without its address, which mail servers say again in their errors."""
    shown = DeadLetterOut.model_validate(letter, from_attributes=True)
    return shown.model_copy(update={"address": None, "error": ""})
