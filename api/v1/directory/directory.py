"""The event, its firms and its people."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import contact_views
from api.v1.bearer import token
from api.v1.directory.schemas import (
    EventOut,
    FirmCounts,
    FirmFilterQuery,
    FirmOut,
    FirmQuery,
    FirmWithPeople,
    PersonOut,
    PersonQuery,
)
from api.v1.operation import blueprint, later, operation
from api.v1.schemas.base import UpdateListing
from api.v1.updates import find_updates, with_updates
from scheduler.services.directory import search
from scheduler.services.directory.facets import FACETS, FirmFilters
from scheduler.services.events import event_facts
from scheduler.services.identity.actors import Actor
from scheduler.services.spreadsheets.columns import ImportKind


@blueprint.get("/event")
@blueprint.auth_required(token)
@operation(tag="Event")
@blueprint.output(EventOut)
def show_event(db: Session, actor: Actor) -> dict[str, Any]:
    """Show the token's event with its slots and halls"""
    found = event_facts.get_event_facts(db, actor)
    event = found.event
    return {
        "key": event.key,
        "name": event.name,
        "timezone": event.timezone,
        "areas": event.areas,
        "contact": event.contact,
        "slots": found.slots,
        "halls": found.halls,
        "is_organiser": actor.is_organiser,
        "firm": found.firm,
        "scopes": sorted(actor.scopes or ()),
    }


@blueprint.get("/firms")
@blueprint.auth_required(token, roles=["people:read"])
@blueprint.input(FirmQuery, location="query", arg_name="query")
@operation(tag="Firms and people")
@blueprint.output(UpdateListing[FirmOut])
def list_firms(db: Session, actor: Actor, query: FirmQuery) -> Any:
    """List firms by Latin name, searched and filtered"""
    page = {"cursor": query.cursor, "limit": query.limit, "updates": find_updates(query.updated_since)}
    return search.search_firms(db, actor, _filters(query), **page)  # type: ignore[arg-type]


@blueprint.get("/firm-counts")
@blueprint.auth_required(token, roles=["people:read"])
@blueprint.input(FirmFilterQuery, location="query", arg_name="query")
@operation(tag="Firms and people")
@blueprint.output(FirmCounts)
def count_firms(db: Session, actor: Actor, query: FirmFilterQuery) -> Any:
    """Count the firms that match each filter value, given the text and the other filters"""
    return search.count_firms(db, actor, _filters(query))


def _filters(query: FirmFilterQuery) -> FirmFilters:
    asked = query.model_dump(include=set(FACETS), exclude_none=True)
    return FirmFilters(text=query.text or "", **{name: tuple(values) for name, values in asked.items()})


@blueprint.get("/firms/<key>")
@blueprint.auth_required(token, roles=["people:read"])
@operation(tag="Firms and people")
@blueprint.output(FirmWithPeople)
def show_firm(db: Session, actor: Actor, key: str) -> dict[str, Any]:
    """Show a firm with its people"""
    found = search.show_firm(db, actor, key)
    later(contact_views.log_firm_view, actor, key)
    return {"firm": found.card, "people": found.people}


@blueprint.get("/people")
@blueprint.auth_required(token, roles=["people:read"])
@blueprint.input(PersonQuery, location="query", arg_name="query")
@operation(tag="Firms and people", also=(404,))
@blueprint.output(UpdateListing[PersonOut])
def list_people(db: Session, actor: Actor, query: PersonQuery) -> Any:
    """List people by Latin name, of the event or of one firm"""
    later(contact_views.log_view, actor, ImportKind.PEOPLE)
    return search.search_people(db, actor, **with_updates(query))


@blueprint.get("/people/<key>")
@blueprint.auth_required(token, roles=["people:read"])
@operation(tag="Firms and people")
@blueprint.output(PersonOut)
def show_person(db: Session, actor: Actor, key: str) -> Any:
    """Show a person"""
    found = search.show_person(db, actor, key)
    later(contact_views.log_view, actor, ImportKind.PEOPLE, key)
    return found
