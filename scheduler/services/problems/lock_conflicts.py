"""Lock conflicts: locks that cannot all be kept, with names and cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.plan import CommitmentClash
from scheduler.i18n import Separator, display_name, gettext_lazy, join_texts, pair_label, place_label
from scheduler.services.requests.unscheduled_requests import RequestFirms, Thing, find_things
from scheduler.storage.models import Place

CAUSES: Final[Mapping[str, str]] = {
    "alone": gettext_lazy("No schedule can include it at that time"),
    "people": gettext_lazy("Someone would be in two meetings at the same time"),
    "walk": gettext_lazy("Someone would have no time to walk to the next hall"),
    "person-cap": gettext_lazy("Someone would have more meetings that day than their limit"),
    "firm-cap": gettext_lazy("An exhibitor would have more meetings that day than its limit"),
    "pair-cap": gettext_lazy("The same two people would meet too often that day"),
    "days-cap": gettext_lazy("Someone would have meetings on too many days"),
    "row-cap": gettext_lazy("Someone would have too many meetings in a row"),
    "place": gettext_lazy("There are too few locations at that time"),
    "interpreter": gettext_lazy("There are too few interpreters at that time"),
    "precedence": gettext_lazy("They are not in their required order"),
    "rules": gettext_lazy("No schedule with all of them keeps the rules"),
}
"""Texts by cause of a conflict, without a full stop."""


def explain_refusal(session: Session, event_id: int, key: str, clash: CommitmentClash) -> str:
    """Return the message that explains why a request cannot be locked: conflicting requests and parties
    involved.
    """
    known = find_conflicting_things(session, event_id, {*clash.requests, *clash.who})
    others = [thing_name(known.get(each, each)) for each in clash.requests if each != key]
    who = join_texts(thing_name(known.get(each, each)) for each in clash.who)
    cause = gettext_lazy("%(cause)s (%(who)s).", cause=CAUSES[clash.cause], who=who) if who else None
    why = cause or gettext_lazy("%(cause)s.", cause=CAUSES[clash.cause])
    if not others:
        return gettext_lazy("This meeting can't be locked there. %(why)s", why=why)
    return gettext_lazy(
        "This meeting can't be locked there together with these: %(others)s. %(why)s "
        "Unlock one of them first.",
        others=join_texts(others, Separator.CLAUSES),
        why=why,
    )


def thing_name(thing: Thing) -> str:
    if isinstance(thing, str):
        return thing
    if isinstance(thing, RequestFirms):
        firms = (display_name(firm.name, firm.latin_name) for firm in (thing.sender, thing.receiver))
        return pair_label(*firms)
    return display_name(thing.name, thing.latin_name)


def find_conflicting_things(session: Session, event_id: int, keys: Collection[str]) -> dict[str, Thing]:
    """Return the event's requests, people, interpreters, firms and places with these keys."""
    mine = Place.event_id == event_id, Place.key.in_(sorted(keys))
    places = session.execute(select(Place.key, Place.name).where(*mine))
    return {**{key: place_label(name) for key, name in places}, **find_things(session, event_id, keys)}
