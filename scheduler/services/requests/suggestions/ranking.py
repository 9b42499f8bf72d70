"""Ranking of candidate firms by fit, as pure functions."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from scheduler.domain.entities import Tier
from scheduler.services.directory.glossary import goes_into, needed_for
from scheduler.services.requests.suggestions.parsing.profile_texts import OffersAndNeeds

SUPPLY, CHAIN, NEIGHBOUR, LANGUAGE, NEAR = 3.5, 0.8, 0.3, 0.3, 0.2
COMMON = 0.6
"""Share of the weight that a product named by every firm keeps: still more than a chain link."""
WAITS = 0.6
"""Penalty of a capped firm when it is not its turn, less than the weight of a supply."""
SOUGHT, LOT = 0.1, 0.05
"""Smaller than any reason: penalty of a firm with many requests, and weight of the tie-breaker."""
CAP = 0.03
"""Exposure cap: share of an event's firms to whom the same firm is shown; 5% including random variation."""
FEW = 12
"""Number of viewers that a firm may have in any event."""
_PLACE = {tier: place for place, tier in enumerate(Tier)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """The properties of a firm that the ranking uses.

    `unwanted` are keys of products that it does not want to be offered.
    """

    key: str
    tier: Tier
    areas: frozenset[str]
    wants: OffersAndNeeds
    hall_id: int | None = None
    languages: frozenset[str] = field(default_factory=frozenset)
    unwanted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fit:
    """Score of a firm, and the reasons: keys of products that they supply to us, and that we supply to them.

    `links` are pairs of their product and ours, where one is an input of the other, and True if theirs goes
    into ours. `languages` are those in common.
    """

    key: str
    score: float
    they_supply: tuple[str, ...] = ()
    we_supply: tuple[str, ...] = ()
    links: tuple[tuple[str, str, bool], ...] = ()
    languages: tuple[str, ...] = ()
    is_near: bool = False


@dataclass(frozen=True, slots=True)
class MarketStats:
    """Statistics over all firms of an event, computed once.

    `rare` is a weight by product: 1 if hardly any firm names it. `turn` is, by firm, the share of its
    matching viewers to whom it is shown first; 1 if there is no cap. `asked` is the number of open requests
    received by firm, `most_received` its maximum.
    """

    rare: Mapping[str, float]
    turn: Mapping[str, float]
    asked: Mapping[str, int]
    most_received: int


def compute_market_stats(
    firms: Sequence[Candidate], asked: Mapping[str, int] = MappingProxyType({})
) -> MarketStats:
    """Compute the statistics over all firms.

    A firm that matches more viewers than the exposure cap takes turns.
    """
    offered, needed = _holders(firm.wants.offers for firm in firms), _holders(f.wants.needs for f in firms)
    counts = Counter({key: mask.bit_count() for key, mask in offered.items()})
    counts.update({key: mask.bit_count() for key, mask in needed.items()})
    most = math.log(1 + len(firms)) or 1.0
    rare = {key: math.log(1 + len(firms) / number) / most for key, number in counts.items()}
    cap = max(FEW, CAP * len(firms))
    turn = {}
    for firm in firms:
        readers = 0
        for key in firm.wants.offers:
            readers |= needed.get(key, 0)
        for key in (*firm.wants.needs, *list_linked_things(firm.wants.offers)):
            readers |= offered.get(key, 0)
        turn[firm.key] = min(1.0, cap / max(1, readers.bit_count()))
    return MarketStats(rare, turn, asked, max(asked.values(), default=0))


def _holders(lists: Iterable[Collection[str]]) -> dict[str, int]:
    """Return the firms that list each product, as a bit mask."""
    found: dict[str, int] = {}
    for place, keys in enumerate(lists):
        for key in keys:
            found[key] = found.get(key, 0) | (1 << place)
    return found


@lru_cache(4096)
def list_linked_things(offers: frozenset[str]) -> frozenset[str]:
    """Return the products that go into one of these, or into which one of these goes."""
    into = {other for key in offers for other in goes_into(key)}
    return frozenset(into.union(needed_for(offers))) - offers


def rank_candidates(
    own: Candidate,
    firms: Sequence[Candidate],
    of: MarketStats,
    near: Collection[int] = (),
    *,
    limit: int = 10,
) -> list[Fit]:
    """Return the best firms that have a link with the own one, best first.

    A link is a product that one offers and the other needs, or a step of the value chain. `near` are halls
    within minutes of the own booth. Firms with only a chain link that exceed the exposure cap rank behind the
    others when it is not their turn.
    """
    links = list_linked_things(own.wants.offers)
    found = []
    for other in firms:
        if other.key == own.key or not _has_tie(own, other, links):
            continue
        lot = _lot(own.key, other.key)
        is_excluded = lot >= of.turn.get(other.key, 1.0) and not _supplies(own.wants, other.wants)
        found.append((is_excluded, -score_candidate(own, other, of, near, links, lot), other.key, other))
    found.sort(key=lambda each: each[:3])
    return [_fit(own, other, near, -value) for _, value, _, other in found[:limit]]


def _has_tie(own: Candidate, other: Candidate, links: frozenset[str]) -> bool:
    mine, theirs = own.wants, other.wants
    if not theirs.offers.isdisjoint(mine.needs):
        return True
    if not own.unwanted.isdisjoint(theirs.offers) or not other.unwanted.isdisjoint(mine.offers):
        return False
    return not (mine.offers.isdisjoint(theirs.needs) and theirs.offers.isdisjoint(links))


def _supplies(mine: OffersAndNeeds, theirs: OffersAndNeeds) -> bool:
    return not (theirs.offers.isdisjoint(mine.needs) and mine.offers.isdisjoint(theirs.needs))


def score_candidate(
    own: Candidate,
    other: Candidate,
    of: MarketStats,
    near: Collection[int],
    links: frozenset[str],
    lot: float,
) -> float:
    """Return the score of a firm. Needs weigh most, then the value chain, then convenience."""
    mine, theirs, value = own.wants, other.wants, 0.0
    for key in (*(theirs.offers & mine.needs), *(mine.offers & theirs.needs)):
        value += SUPPLY * (COMMON + (1 - COMMON) * of.rare.get(key, 1.0))
    value += CHAIN * min(len(theirs.offers & links), 2)
    if _PLACE[own.tier] != _PLACE[other.tier] and own.areas & other.areas:
        value += NEIGHBOUR
    if _supplies(mine, theirs) and lot >= of.turn.get(other.key, 1.0):
        value -= WAITS
    value += LANGUAGE * bool(own.languages & other.languages) + NEAR * (other.hall_id in near)
    if of.most_received:
        value -= SOUGHT * of.asked.get(other.key, 0) / of.most_received
    return value + LOT * (1 - lot)


def _fit(own: Candidate, other: Candidate, near: Collection[int], value: float) -> Fit:
    mine, theirs = own.wants, other.wants
    return Fit(
        key=other.key,
        score=value,
        they_supply=tuple(sorted(theirs.offers & mine.needs)),
        we_supply=tuple(sorted(mine.offers & theirs.needs)),
        links=tuple(_links(mine.offers, theirs.offers)[:1]),
        languages=tuple(sorted(own.languages & other.languages)),
        is_near=other.hall_id in near,
    )


def _links(mine: Collection[str], theirs: Collection[str]) -> list[tuple[str, str, bool]]:
    found = []
    for one in sorted(theirs):
        for own in sorted(mine):
            if own in goes_into(one):
                found.append((one, own, True))
            elif one in goes_into(own):
                found.append((one, own, False))
    return found


def _lot(own: str, other: str) -> float:
    """Return a number in [0, 1) that is constant for a pair of firms."""
    return int.from_bytes(hashlib.blake2b(f"{own}\n{other}".encode(), digest_size=4).digest()) / 2**32
