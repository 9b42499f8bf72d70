"""Partners for the actor's firm: who fits, by texts, chain, languages, halls and requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Tier
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.directory import notes
from scheduler.services.directory.refs import FirmRef
from scheduler.services.suggestions.glossary import listed_wants, named
from scheduler.services.suggestions.ranking import Candidate, Fit, crowd, ranked
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, Firm, MeetingRequest, Slot, WalkingTime

LOOKED_AT = 60
"""Of the best by texts, so many are looked at for their people's languages."""
_LISTS: Final = (Firm.offers, Firm.needs, Firm.products)
NEAR_MINUTES = 5
FULL = 0.7
"""A firm whose accepted requests fill so much of its people's time is not suggested any more."""


@dataclass(frozen=True, slots=True)
class SuggestedPartner:
    """A firm, and why it fits. Things are in the words of the language that was asked for."""

    firm: FirmRef
    logo: str | None
    tier: Tier
    area: str
    they_supply: tuple[str, ...]
    we_supply: tuple[str, ...]
    link: tuple[str, str, bool] | None
    shares_area: bool
    languages: tuple[str, ...]
    is_near: bool


@dataclass(frozen=True, slots=True)
class Suggested:
    """Partners, the best first. `knows_needs` tells whether the firm's own text says what it looks for."""

    partners: tuple[SuggestedPartner, ...]
    knows_needs: bool


def suggested(session: Session, actor: Actor, *, language: str = "en", limit: int = 10) -> Suggested:
    """Partners for the actor's own firm, by eight queries at most. Empty for who has no firm.

    Things are named in `language`, that of the sentences around them, whatever the reader speaks.
    Firms with which there is a request already, whatever became of it, are left out, and firms that are full.
    """
    actor.require(Right.READ_DIRECTORY)
    if actor.firm_id is None:
        return Suggested((), False)
    firms = _firms(session, actor)
    own = firms.pop(actor.firm_id, None)
    if own is None:
        return Suggested((), False)
    known = _known(session, actor.firm_id) | notes.unsuggested(session, actor.firm_id)
    loads = _loads(session, actor.event_id)
    candidates = {
        firm_id: _candidate(row, loads[firm_id].asked)
        for firm_id, row in firms.items()
        if firm_id not in known and not loads[firm_id].is_full
    }
    me = _candidate(own)
    of = crowd([me, *candidates.values()])
    near = _near(session, own.hall_id)
    ids = {row.key: firm_id for firm_id, row in firms.items()}
    best = [ids[each.key] for each in ranked(me, list(candidates.values()), of, near, limit=LOOKED_AT)]
    spoken = _spoken(session, [actor.firm_id, *best])
    me = replace(me, languages=spoken.get(actor.firm_id, frozenset()))
    again = [replace(candidates[each], languages=spoken.get(each, frozenset())) for each in best]
    fits = ranked(me, again, of, near, limit=limit)
    partners = tuple(_partner(each, firms[ids[each.key]], language) for each in fits)
    return Suggested(partners, bool(me.wants.needs))


def fitting(session: Session, actor: Actor, *, limit: int = 200) -> tuple[str, ...]:
    """The keys of the firms that fit the actor's own best, whatever was asked between them. Three queries."""
    actor.require(Right.READ_DIRECTORY)
    firms = _firms(session, actor)
    if actor.firm_id not in firms:
        return ()
    own = firms.pop(actor.firm_id)
    me, others = _candidate(own), [_candidate(row) for row in firms.values()]
    near = _near(session, own.hall_id)
    return tuple(each.key for each in ranked(me, others, crowd([me, *others]), near, limit=limit))


def _firms(session: Session, actor: Actor) -> dict[int, Any]:
    """The columns that count of the event's firms, by id."""
    rows = session.execute(
        select(
            Firm.id, Firm.key, Firm.name, Firm.latin_name, Firm.country, Firm.tier,
            cast(Firm.areas, String).label("areas"), Firm.description, Firm.hall_id, Firm.logo,
            *(cast(each, String).label(each.key) for each in _LISTS),
        ).where(Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None))
    )  # fmt: skip
    return {row.id: row for row in rows}


def _candidate(row: Any, asked: int = 0) -> Candidate:
    says = listed_wants(row.description, row.offers, row.needs, row.products)
    return Candidate(row.key, row.tier, frozenset(_listed(row.areas)), says, row.hall_id, asked)


@lru_cache(4096)
def _listed(text: str) -> tuple[str, ...]:
    """A JSON list as the database has it: thousands are read a page, mostly the same ones."""
    return tuple(json.loads(text))


def _known(session: Session, firm_id: int) -> set[int]:
    """The firms with which there is or was a request."""
    request = MeetingRequest
    rows = session.execute(
        select(request.lower_firm_id, request.upper_firm_id).where(
            or_(request.lower_firm_id == firm_id, request.upper_firm_id == firm_id),
            request.state != RequestState.EXPIRED,
        )
    )
    return {other for row in rows for other in row}


class _Load(NamedTuple):
    """Of a firm: how many open requests it got, and whether hardly a slot is left to its people."""

    asked: int
    is_full: bool


def _loads(session: Session, event_id: int) -> dict[int, _Load]:
    """By firm. Its people's time is filled by what was accepted. Two queries."""
    request = MeetingRequest
    sides = (
        (request.from_firm_id, RequestState.ACCEPTED),
        *((request.to_firm_id, each) for each in OPEN_REQUESTS),
    )
    counts = (
        # by firm, in indexes that have no more than this: requests themselves are many, and not read
        select(func.count())
        .select_from(request)
        .where(side == Firm.id, request.state == state)
        .scalar_subquery()
        for side, state in sides
    )
    people = (
        select(func.count())
        .select_from(Attendee)
        .where(Attendee.firm_id == Firm.id, Attendee.withdrawn_at.is_(None))
        .scalar_subquery()
    )
    rows = session.execute(select(Firm.id, people, *counts).where(Firm.event_id == event_id))
    slots = session.scalars(select(func.count()).select_from(Slot).where(Slot.of(event_id))).one()
    states = [state for _, state in sides]
    found = {}
    for firm_id, persons, *numbers in rows:
        accepted = sum(n for n, state in zip(numbers, states, strict=True) if state is RequestState.ACCEPTED)
        found[firm_id] = _Load(sum(numbers[1:]), bool(accepted) and accepted >= persons * slots * FULL)
    return found


def _near(session: Session, hall_id: int | None) -> set[int]:
    """The own hall, and those that are few minutes away."""
    if hall_id is None:
        return set()
    walk = WalkingTime
    rows = session.execute(
        select(walk.from_hall_id, walk.to_hall_id).where(
            or_(walk.from_hall_id == hall_id, walk.to_hall_id == hall_id), walk.minutes <= NEAR_MINUTES
        )
    )
    return {hall_id, *(hall for row in rows for hall in row)}


def _spoken(session: Session, firm_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """The languages that somebody of each firm speaks."""
    found: dict[int, set[str]] = {}
    rows = session.execute(
        select(Attendee.firm_id, Attendee.languages).where(
            among(Attendee.firm_id, firm_ids), Attendee.withdrawn_at.is_(None)
        )
    )
    for firm_id, languages in rows:
        found.setdefault(firm_id, set()).update(languages)
    return {firm_id: frozenset(languages) for firm_id, languages in found.items()}


def _partner(found: Fit, row: Any, language: str) -> SuggestedPartner:
    lists = row.offers, row.needs, row.products
    areas = _listed(row.areas)

    def said(keys: Sequence[str]) -> tuple[str, ...]:
        return tuple(named(key, language, lists) for key in keys)

    link = found.links[0] if found.links else None
    return SuggestedPartner(
        firm=FirmRef(row.key, row.name, row.latin_name, row.country),
        logo=row.logo,
        tier=row.tier,
        area=areas[0] if areas else "",
        they_supply=said(found.they_supply),
        we_supply=said(found.we_supply),
        link=_both(said(link[:2]), is_ours=link[2]) if link else None,
        shares_area=found.shares_area,
        languages=found.languages,
        is_near=found.is_near,
    )


def _both(names: Sequence[str], *, is_ours: bool) -> tuple[str, str, bool]:
    theirs, ours = names
    return theirs, ours, is_ours
