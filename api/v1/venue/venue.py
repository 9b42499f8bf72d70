"""The venue, and its changes: previewed, then saved."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.venue.changes import VenueChangeIn
from api.v1.venue.schemas import VenueChangePreviewOut, VenueOut
from scheduler.services.identity.actors import Actor
from scheduler.services.venue import venue as venues
from scheduler.services.venue import venue_changes


@blueprint.get("/venue")
@blueprint.auth_required(token, roles=["venue:write"])
@operation(tag="Venue")
@blueprint.output(VenueOut)
def show_venue(db: Session, actor: Actor) -> dict[str, Any]:
    """Show days with hours and breaks, halls, walks, chain areas and guests of honour"""
    found = venues.show_venue(db, actor)
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


@blueprint.post("/venue/changes")
@blueprint.auth_required(token, roles=["venue:write"])
@blueprint.input(VenueChangeIn, arg_name="body")
@operation(tag="Venue", writes=True, also=(409,))
@blueprint.output(VenueChangePreviewOut)
def change_venue(db: Session, actor: Actor, body: VenueChangeIn) -> dict[str, Any]:
    """Preview a change of the venue; with the preview's digest, save it"""
    wanted = body.change.wanted()
    if body.digest is None:
        look = venue_changes.preview_change(db, actor, wanted, now=context.now())
        db.rollback()
    else:
        look = venue_changes.save_change(db, actor, wanted, digest=body.digest, now=context.now())
    return {"saved": body.digest is not None, **asdict(look)}
