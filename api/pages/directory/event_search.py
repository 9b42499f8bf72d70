"""Search of a whole event: companies, people, requests and meetings on one page."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import request
from flask_login import login_required
from sqlalchemy.orm import Session

from api import auth, context
from api.pages import rendering
from scheduler.domain import fields
from scheduler.domain.errors import InvalidInput
from scheduler.services.directory import search
from scheduler.services.directory.facets import FirmFilters
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests import outcomes, request_lists
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.outcomes import RequestOutcome

blueprint = APIBlueprint(
    "event_search", __name__, enable_openapi=False, url_prefix="/events/<event_key>/search"
)

MOST = 6
"""Maximum number of results in a group. The list of the group has the rest."""


@blueprint.get("")
@login_required
def show_results(event_key: str) -> str:
    """Show what matches the words in the query string, in groups, or the empty search field."""
    actor, text = auth.actor(event_key), request.args.get("text", "").strip()
    with context.database().read() as db:
        values = {
            "text": text,
            "is_invalid": False,
            "firms": None,
            "people": (),
            "requests": (),
            "outcomes": {},
        }
        try:
            values |= _find(db, actor, text) if text else {}
        except InvalidInput:
            values["is_invalid"] = True
        return rendering.render(db, actor, "event_search", "directory/event_search.html", **values)


def _find(db: Session, actor: Actor, text: str) -> dict[str, object]:
    """Return the groups of results. Raises InvalidInput for a text that is too long."""
    fields.require_valid("text", text, fields.Search)
    found = search.search_directory(db, actor, FirmFilters(text=text), limit=MOST)
    people = search.search_people(db, actor, text=text, limit=MOST)
    cards: tuple[RequestCard, ...] = ()
    results: dict[str, RequestOutcome] = {}
    if actor.may(Right.READ_REQUESTS, firm_id=actor.firm_id):
        cards = tuple(request_lists.list_requests(db, actor, text=text, limit=MOST).items)
        results = outcomes.list_outcomes(db, actor, cards)
    return {"firms": found, "people": people.items, "requests": cards, "outcomes": results}
