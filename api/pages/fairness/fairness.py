"""How evenly a version shares out its meetings: all firms, groups, and who has the smallest shares."""

from __future__ import annotations

from types import MappingProxyType

from apiflask import APIBlueprint
from flask import request
from flask_login import login_required

from api import auth, context
from api.pages import rendering
from scheduler.services.fairness import shares
from scheduler.services.fairness.shares import Grouping

blueprint = APIBlueprint(
    "fairness",
    __name__,
    enable_openapi=False,
    url_prefix="/events/<event_key>/versions/<int:number>/fairness",
)

GROUPINGS = MappingProxyType(
    {
        Grouping.HOME: "Home and overseas",
        Grouping.TIER: "Place in the chain",
        Grouping.AREA: "Chain area",
        Grouping.COUNTRY: "Country",
        Grouping.SIZE: "Number of requests",
        Grouping.STAND: "Stand",
    }
)
"""The name of each grouping."""
WORDS = MappingProxyType(
    {
        "home": "Home",
        "overseas": "Overseas",
        "own": "A stand of its own",
        "host": "Host of a joint stand",
        "partner": "Partner at a joint stand",
    }
)
"""Names of groups that are neither a country nor an area."""


@blueprint.get("")
@login_required
def show(event_key: str, number: int) -> str:
    actor = auth.team(event_key)
    asked = request.args.get("by", "")
    by = Grouping(asked) if asked in list(Grouping) else Grouping.HOME
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "fairness",
            "fairness/show.html",
            view=shares.look(db, actor, number, by),
            by=by,
            groupings=GROUPINGS,
            words=WORDS,
        )
