"""Suggested partners: matched by profile, value chain, languages, halls and requests.

Partners are matched by a product glossary in three languages, not by text similarity: models that handle all
three are large, an installation may be offline, and a suggestion must give its reason. Text is parsed
sentence by sentence. Negations, customers, materials, needs of others and former products are ignored, and so
is a sentence that is not understood. A firm without a link is never suggested, even if area, language and
hall match.

Exposure is capped: firms that match more viewers take turns. A product that is not in the glossary matches
only by its own words. Among 620 firms with 40 planted pairs, the right firm is among the first ten for 95 %
of the held-out pairs (90 % of the others); by text similarity for 0 % (benchmarks.partners). No firm is among
the first three of more than 2.8 % of the others. At 3,000 firms a page takes 40 ms of processor time on
SQLite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Tier
from scheduler.services.directory import firm_notes
from scheduler.services.directory.firm_rows import FirmText, FirmTexts, read_firm_texts
from scheduler.services.directory.glossary import needed_for
from scheduler.services.directory.references import FirmRef
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.suggestions.parsing.profile_texts import (
    OWN,
    keys_of_list,
    parse_profile,
    thing_name,
)
from scheduler.services.requests.suggestions.ranking import (
    Candidate,
    Fit,
    compute_market_stats,
    rank_candidates,
)
from scheduler.storage.cache.cache_keys import new_digest, query_text, split_text
from scheduler.storage.cache.memoization import memoize
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, MeetingRequest, Slot, WalkingTime

LOOKED_AT = 60
"""Number of best firms whose people's languages are loaded."""
NEAR_MINUTES = 5
FULL = 0.7
"""A firm is not suggested if accepted requests fill this share of its people's time."""


@dataclass(frozen=True, slots=True)
class SuggestedPartner:
    """A suggested firm with reasons. Products are named in the requested language."""

    firm: FirmRef
    logo: str | None
    tier: Tier
    area: str
    they_supply: tuple[str, ...]
    we_supply: tuple[str, ...]
    link: tuple[str, str, bool] | None
    languages: tuple[str, ...]
    is_near: bool


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Suggested partners, best first. `knows_needs` is True if the firm's own profile names needs."""

    partners: tuple[SuggestedPartner, ...]
    knows_needs: bool


def suggest_partners(session: Session, actor: Actor, *, language: str = "en", limit: int = 10) -> Suggestions:
    """Suggest partners for the actor's firm. Runs at most nine queries. Empty for actors without a firm.

    Products are named in `language`, that of the surrounding page. Leaves out firms with an earlier request,
    whatever its result, and firms without free time.
    """
    actor.require(Right.READ_DIRECTORY)
    if actor.firm_id is None:
        return Suggestions((), False)
    texts = read_firm_texts(session, actor.event_id)
    own = texts.rows.get(actor.firm_id)
    if own is None:
        return Suggestions((), False)
    known = (
        _known(session, actor.firm_id) | firm_notes.list_unsuggested(session, actor.firm_id) | {actor.firm_id}
    )
    loads = _loads(session, actor.event_id, texts)
    says = _candidates(texts)
    others = [each for firm_id, each in says.items() if firm_id not in known and not loads[firm_id].is_full]
    me = says[actor.firm_id]
    of = compute_market_stats(
        [me, *others], {says[firm_id].key: load.asked for firm_id, load in loads.items()}
    )
    near = _near(session, own.hall_id)
    best = rank_candidates(me, others, of, near, limit=LOOKED_AT)
    ids = {row.key: row.id for row in texts.rows.values()}
    spoken = _spoken(session, [actor.firm_id, *(ids[each.key] for each in best)])
    me = replace(me, languages=spoken.get(actor.firm_id, frozenset()))
    looked_at = [replace(says[n], languages=spoken.get(n, frozenset())) for n in (ids[b.key] for b in best)]
    fits = rank_candidates(me, looked_at, of, near, limit=limit)
    partners = tuple(_partner(each, texts.rows[ids[each.key]], language) for each in fits)
    return Suggestions(partners, bool(me.wants.needs))


@dataclass(frozen=True, slots=True)
class ReachCounts:
    """Of `all` other firms, how many offer something that the own firm needs, and need something that it
    offers.

    `both` counts the firms for which both are true.
    """

    all: int
    offering: int
    needing: int
    both: int


def count_reach(session: Session, actor: Actor) -> ReachCounts:
    """Count the firms that match the lists and the text of the actor's firm. Runs one query."""
    actor.require(Right.READ_DIRECTORY)
    says = _candidates(read_firm_texts(session, actor.event_id))
    me = says.get(actor.firm_id or 0)
    if me is None:
        return ReachCounts(0, 0, 0, 0)
    others = [each.wants for firm_id, each in says.items() if firm_id != actor.firm_id]
    offering = [not each.offers.isdisjoint(me.wants.needs) for each in others]
    needing = [not each.needs.isdisjoint(me.wants.offers) for each in others]
    both = sum(one and other for one, other in zip(offering, needing, strict=True))
    return ReachCounts(len(others), sum(offering), sum(needing), both)


def list_common_needs(session: Session, actor: Actor) -> tuple[str, ...]:
    """Return keys of products that similar firms need: inputs of the own products, then products named by
    similar firms.
    """
    actor.require(Right.READ_DIRECTORY)
    says = _candidates(read_firm_texts(session, actor.event_id))
    me = says.get(actor.firm_id or 0)
    if me is None:
        return ()
    alike = Counter(
        key
        for other in says.values()
        if other.tier is me.tier and other.areas & me.areas
        for key in sorted(other.wants.needs)
        if not key.startswith(OWN)
    )
    found = dict.fromkeys((*needed_for(me.wants.offers), *(key for key, _ in alike.most_common())))
    return tuple(key for key in found if key not in me.wants.needs | me.wants.offers)


def rank_fitting_firms(session: Session, actor: Actor, *, limit: int = 200) -> tuple[str, ...]:
    """Return keys of the firms that fit the actor's best, regardless of requests. Runs two queries."""
    actor.require(Right.READ_DIRECTORY)
    texts = read_firm_texts(session, actor.event_id)
    says = _candidates(texts)
    me = says.get(actor.firm_id or 0)
    if me is None:
        return ()
    every, near = list(says.values()), _near(session, texts.rows[actor.firm_id or 0].hall_id)
    return tuple(
        each.key for each in rank_candidates(me, every, compute_market_stats(every), near, limit=limit)
    )


def _candidates(texts: FirmTexts) -> Mapping[int, Candidate]:
    """Return the firms' parsed offers and needs, by id."""

    def work_out() -> dict[int, Candidate]:
        return {
            row.id: Candidate(
                row.key,
                Tier(row.tier),
                frozenset(row.areas),
                parse_profile(row.description, row.offers, row.needs, row.products),
                row.hall_id or None,
                unwanted=keys_of_list(row.unwanted),
            )
            for row in texts.rows.values()
        }

    return memoize("candidates", texts.fingerprint, work_out)


def _known(session: Session, firm_id: int) -> set[int]:
    """Return ids of the firms with a request that has not expired."""
    request = MeetingRequest
    rows = session.execute(
        select(request.from_firm_id, request.to_firm_id).where(
            or_(request.from_firm_id == firm_id, request.to_firm_id == firm_id),
            request.state != RequestState.EXPIRED,
        )
    )
    return {other for row in rows for other in row}


class _Load(NamedTuple):
    """Load of a firm: number of open requests received, and whether its people have hardly a free slot."""

    asked: int
    is_full: bool


def _loads(session: Session, event_id: int, texts: FirmTexts) -> Mapping[int, _Load]:
    """Return the load of each firm. Accepted requests fill the people's time. Runs four queries.

    Requests are counted by indexes on firm and state, in the range of the event's firm ids, without reading
    rows.
    """
    first, last = min(texts.rows), max(texts.rows)
    to, by, state = MeetingRequest.to_firm_id, MeetingRequest.from_firm_id, MeetingRequest.state
    accepted = func.count().filter(state == RequestState.ACCEPTED)
    counts = [
        query_text(
            session,
            (side, func.count(), accepted),
            select().where(side >= first, side <= last, state.in_(states)).group_by(side).order_by(side),
        )
        for side, states in ((to, OPEN_REQUESTS), (by, (RequestState.ACCEPTED,)))
    ]
    there = Attendee.event_id == event_id, Attendee.withdrawn_at.is_(None)
    of_firms = select().where(*there).group_by(Attendee.firm_id).order_by(Attendee.firm_id)
    people = query_text(session, (Attendee.firm_id, func.count()), of_firms)
    slots = session.scalars(select(func.count()).select_from(Slot).where(Slot.of(event_id))).one()
    fingerprint = new_digest(texts.fingerprint, *counts, people, str(slots))
    return memoize("loads", fingerprint, lambda: _of_firms(texts, counts, people, slots))


def _of_firms(texts: FirmTexts, counts: Sequence[str], people: str, slots: int) -> dict[int, _Load]:
    received, sent, persons = ({int(row[0]): row for row in split_text(text)} for text in (*counts, people))
    found = {}
    for firm_id in texts.rows:
        _, asked, accepted = received.get(firm_id, ("", "0", "0"))
        agreed = int(accepted) + int(sent.get(firm_id, ("", "0", "0"))[2])
        room = int(persons.get(firm_id, ("", "0"))[1]) * slots
        found[firm_id] = _Load(int(asked), bool(agreed) and agreed >= room * FULL)
    return found


def _near(session: Session, hall_id: int) -> set[int]:
    """Return the own hall and those within NEAR_MINUTES; empty without a hall."""
    if not hall_id:
        return set()
    walk = WalkingTime
    rows = session.execute(
        select(walk.from_hall_id, walk.to_hall_id).where(
            or_(walk.from_hall_id == hall_id, walk.to_hall_id == hall_id), walk.minutes <= NEAR_MINUTES
        )
    )
    return {hall_id, *(hall for row in rows for hall in row)}


def _spoken(session: Session, firm_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return the languages that people of each firm speak."""
    found: dict[int, set[str]] = {}
    rows = session.execute(
        select(Attendee.firm_id, Attendee.languages).where(
            in_chunks(Attendee.firm_id, firm_ids), Attendee.withdrawn_at.is_(None)
        )
    )
    for firm_id, languages in rows:
        found.setdefault(firm_id, set()).update(languages)
    return {firm_id: frozenset(languages) for firm_id, languages in found.items()}


def _partner(found: Fit, row: FirmText, language: str) -> SuggestedPartner:
    lists = row.offers, row.needs, row.products

    def said(keys: Sequence[str]) -> tuple[str, ...]:
        return tuple(thing_name(key, language, lists) for key in keys)

    link = found.links[0] if found.links else None
    return SuggestedPartner(
        firm=FirmRef(row.key, row.name, row.latin_name, row.country),
        logo=row.logo or None,
        tier=Tier(row.tier),
        area=row.areas[0] if row.areas else "",
        they_supply=said(found.they_supply),
        we_supply=said(found.we_supply),
        link=_both(said(link[:2]), is_ours=link[2]) if link else None,
        languages=found.languages,
        is_near=found.is_near,
    )


def _both(names: Sequence[str], *, is_ours: bool) -> tuple[str, str, bool]:
    theirs, ours = names
    return theirs, ours, is_ours
