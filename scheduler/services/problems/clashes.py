"""Locks that cannot all be kept, by name: what a plan says of them, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.plan import CommitmentClash
from scheduler.saying import Between, called, pair, place, row, say
from scheduler.services.requests.not_held import NamedMeeting, Thing, things
from scheduler.storage.models import Place

CAUSES: Final[Mapping[str, str]] = {
    "alone": say("It cannot be scheduled at that time, whatever else is scheduled"),
    "people": say("Someone would be in two meetings at the same time"),
    "walk": say("Someone would have no time to walk to the next hall"),
    "person-cap": say("Someone would have more meetings that day than their limit"),
    "firm-cap": say("A firm would have more meetings that day than its limit"),
    "place": say("There are too few locations at that time"),
    "interpreter": say("There are too few interpreters at that time"),
    "precedence": say("They are not in the order that they have to be scheduled in"),
    "rules": say("No schedule keeps all rules with them"),
}
"""By the cause of a clash, without a full stop."""


def refusal(session: Session, event_id: int, key: str, clash: CommitmentClash) -> str:
    """Why a request cannot be locked: what it clashes with, and who is concerned."""
    known = named(session, event_id, {*clash.requests, *clash.who})
    others = [name_of(known.get(each, each)) for each in clash.requests if each != key]
    who = row(name_of(known.get(each, each)) for each in clash.who)
    cause = say("%(cause)s (%(who)s).", cause=CAUSES[clash.cause], who=who) if who else None
    why = cause or say("%(cause)s.", cause=CAUSES[clash.cause])
    if not others:
        return say("This meeting cannot be locked there. %(why)s", why=why)
    return say(
        "This meeting cannot be locked there beside these: %(others)s. %(why)s Unlock one of them first.",
        others=row(others, Between.CLAUSES),
        why=why,
    )


def name_of(thing: Thing) -> str:
    if isinstance(thing, str):
        return thing
    if isinstance(thing, NamedMeeting):
        firms = (called(firm.name, firm.latin_name) for firm in (thing.sender, thing.receiver))
        return pair(*firms)
    return called(thing.name, thing.latin_name)


def named(session: Session, event_id: int, keys: Collection[str]) -> dict[str, Thing]:
    """The requests, people, interpreters, firms and places of the event that have these keys."""
    mine = Place.event_id == event_id, Place.key.in_(sorted(keys))
    places = session.execute(select(Place.key, Place.name).where(*mine))
    return {**{key: place(name) for key, name in places}, **things(session, event_id, keys)}
