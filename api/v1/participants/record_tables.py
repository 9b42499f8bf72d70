"""The tables of participants: searched, sorted, in pages. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api.v1 import bearer
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.participants.schemas import (
    FirmRowOut,
    FirmTableQuery,
    InterpreterRowOut,
    InterpreterTableQuery,
    ParticipantQuery,
    PersonRowOut,
    PersonTableQuery,
    RequestTableQuery,
)
from api.v1.schemas.base import Listing, UpdateListing
from api.v1.updates import find_updates
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import record_tables, request_table
from scheduler.services.participants.record_tables import TableQuery
from scheduler.services.participants.request_table import RequestRow

TAG = "Participants"
WRITE = "people:write"
_STATES = {"active": record_tables.PRESENT, "removed": record_tables.WITHDRAWN, "any": ""}


@blueprint.get("/participants/firms")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(FirmTableQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(UpdateListing[FirmRowOut])
def list_participant_firms(db: Session, actor: Actor, query: FirmTableQuery) -> Any:
    """List firms with their booths and requests"""
    return record_tables.list_firms(db, actor, _asked(actor, query, query.sort))


@blueprint.get("/participants/people")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(PersonTableQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(UpdateListing[PersonRowOut])
def list_participant_people(db: Session, actor: Actor, query: PersonTableQuery) -> Any:
    """List people of all firms"""
    page = record_tables.list_people(db, actor, _asked(actor, query, query.sort))
    return page.of(bearer.hide_contacts(actor, row, email=None) for row in page.items)


@blueprint.get("/participants/interpreters")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(InterpreterTableQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(UpdateListing[InterpreterRowOut])
def list_participant_interpreters(db: Session, actor: Actor, query: InterpreterTableQuery) -> Any:
    """List interpreters"""
    page = record_tables.list_interpreters(db, actor, _asked(actor, query, query.sort))
    return page.of(bearer.hide_contacts(actor, row, email=None) for row in page.items)


@blueprint.get("/participants/requests")
@blueprint.auth_required(token, roles=["requests:write"])
@blueprint.input(RequestTableQuery, location="query", arg_name="query")
@operation(tag=TAG, also=(404,))
@blueprint.output(Listing[RequestRow])
def list_participant_requests(db: Session, actor: Actor, query: RequestTableQuery) -> Any:
    """List requests of the event, for actions on behalf of firms"""
    given = query.model_dump(exclude={"state"}, exclude_none=True)
    return request_table.list_requests(db, actor, state=query.state or "", **given)


def _asked(actor: Actor, query: ParticipantQuery, sort: str) -> TableQuery:
    if sort == "email":
        bearer.require_scope(actor, "contacts:read")
    return TableQuery(
        query.text,
        _STATES["any" if query.updated_since else query.state],
        "waiting" if sort == "awaiting_response" else sort,
        cursor=query.cursor,
        limit=query.limit,
        updates=find_updates(query.updated_since),
    )
