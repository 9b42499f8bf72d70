"""The event, its venue, its firms and its people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.schemas.directory import (
    EventOut,
    FirmList,
    FirmQuery,
    FirmWithPeople,
    PersonList,
    PersonOut,
    PersonQuery,
)
from api.v1.schemas.imports import ImportIn, ImportOut, kinds_of
from api.v1.schemas.venue import VenueChangeIn
from api.v1.schemas.venue_out import VenueLookOut, VenueOut
from scheduler.services.access.actors import Actor
from scheduler.services.bringing import bulk
from scheduler.services.cells.table import ImportOptions
from scheduler.services.directory import search
from scheduler.services.directory.facets import FirmFilters
from scheduler.services.events import facts
from scheduler.services.venue import changing
from scheduler.services.venue import venue as venues


@blueprint.get("/event")
@blueprint.auth_required(token)
@operation(tag="Event")
@blueprint.output(EventOut)
def show_event(db: Session, actor: Actor) -> dict[str, Any]:
    """The token's event, with its slots and halls"""
    found = facts.facts(db, actor)
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
@blueprint.output(FirmList)
def list_firms(db: Session, actor: Actor, query: FirmQuery) -> Any:
    """Firms by Latin name, searched and filtered"""
    asked = query.model_dump(exclude={"cursor", "limit", "text"}, exclude_none=True)
    filters = FirmFilters(text=query.text or "", **{name: (value,) for name, value in asked.items()})
    return search.search_firms(db, actor, filters, cursor=query.cursor, limit=query.limit)


@blueprint.get("/firms/<key>")
@blueprint.auth_required(token, roles=["people:read"])
@operation(tag="Firms and people")
@blueprint.output(FirmWithPeople)
def show_firm(db: Session, actor: Actor, key: str) -> dict[str, Any]:
    """One firm with its people"""
    found = search.firm(db, actor, key)
    return {"firm": found.card, "people": found.people}


@blueprint.get("/people")
@blueprint.auth_required(token, roles=["people:read"])
@blueprint.input(PersonQuery, location="query", arg_name="query")
@operation(tag="Firms and people", also=(404,))
@blueprint.output(PersonList)
def list_people(db: Session, actor: Actor, query: PersonQuery) -> Any:
    """People by Latin name, of the whole event or of one firm"""
    return search.search_people(db, actor, **dict(query))


@blueprint.get("/people/<key>")
@blueprint.auth_required(token, roles=["people:read"])
@operation(tag="Firms and people")
@blueprint.output(PersonOut)
def show_person(db: Session, actor: Actor, key: str) -> Any:
    """One person"""
    return search.person(db, actor, key)


@blueprint.get("/venue")
@blueprint.auth_required(token, roles=["venue:write"])
@operation(tag="Venue")
@blueprint.output(VenueOut)
def show_venue(db: Session, actor: Actor) -> dict[str, Any]:
    """Days with hours and breaks, halls, walks, chain areas and guests of honour"""
    found = venues.venue(db, actor)
    days = found.days
    return {
        "timezone": found.timezone,
        "slot_minutes": days.slot_minutes,
        "changeover_minutes": days.changeover_minutes,
        "days": [day.plan for day in days.days],
        "halls": found.halls,
        "walks": found.walks,
        "areas": found.areas,
        "guests": found.guests,
    }


@blueprint.post("/imports")
@blueprint.auth_required(token, roles=["people:write"])
@blueprint.input(ImportIn, arg_name="body")
@operation(tag="Firms and people", writes=True, also=(409,))
@blueprint.output(ImportOut)
def import_rows(db: Session, actor: Actor, body: ImportIn) -> dict[str, Any]:
    """Say what rows of firms, people, requests and others would do; or take them, all or none"""
    look = bulk.bring(
        db,
        actor,
        body.rows,
        dry_run=body.dry_run,
        leave_out=body.leave_out,
        options=ImportOptions(keep_empty=body.keep_empty, withdraw=frozenset(body.withdraw)),
        settings=context.settings(),
        now=context.now(),
    )
    return {"dry_run": body.dry_run, "kinds": list(kinds_of(look))}


@blueprint.post("/venue/changes")
@blueprint.auth_required(token, roles=["venue:write"])
@blueprint.input(VenueChangeIn, arg_name="body")
@operation(tag="Venue", writes=True, also=(409,))
@blueprint.output(VenueLookOut)
def change_venue(db: Session, actor: Actor, body: VenueChangeIn) -> dict[str, Any]:
    """Say what a change touches; with the digest of that, save it"""
    wanted = body.change.wanted()
    if body.digest is None:
        look = changing.apply(db, actor, wanted, now=context.now())
        db.rollback()
    else:
        look = changing.save(db, actor, wanted, digest=body.digest, now=context.now())
    return {"saved": body.digest is not None, **asdict(look)}
