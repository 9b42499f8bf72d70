"""How well two firms fit, from values alone, and why."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nlargest
from types import MappingProxyType

from scheduler.domain.entities import Tier
from scheduler.services.suggestions.glossary import Wants, goes_into, things

SUPPLY, CHAIN, NEIGHBOUR, ACROSS, LANGUAGE, NEAR = 3.5, 0.8, 0.7, 0.2, 0.3, 0.2
CROWD = 0.4
"""What each doubling of a firm's requests, or of its reach, takes away: exposure is spread."""
TIE = 2.0
"""Firms that fit alike stand in another order for each reader, so that not all are shown the same ones."""
_PLACE = {tier: place for place, tier in enumerate(Tier)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A firm as far as it counts."""

    key: str
    tier: Tier
    areas: frozenset[str]
    wants: Wants
    hall_id: int | None = None
    languages: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a firm fits, and why: keys of things that go from them to us, and from us to them.

    `links` are pairs of what they make and what we make, where one goes into the other: with whether theirs
    goes into ours. `languages` are those in common.
    """

    key: str
    score: float
    they_supply: tuple[str, ...] = ()
    we_supply: tuple[str, ...] = ()
    links: tuple[tuple[str, str, bool], ...] = ()
    shares_area: bool = False
    languages: tuple[str, ...] = ()
    is_near: bool = False


@dataclass(frozen=True, slots=True)
class Crowd:
    """What all firms of an event say, counted once.

    `rare` is by thing how telling it is that two firms name it: 1 if hardly anybody does. `reach` is by firm,
    for how many others it is something, as a share of the mean: who has much is not shown to everybody.
    `asked` is by firm how many open requests others have sent to it.
    """

    rare: Mapping[str, float]
    reach: Mapping[str, float]
    asked: Mapping[str, int]


def crowd(firms: Sequence[Candidate], asked: Mapping[str, int] = MappingProxyType({})) -> Crowd:
    offered = Counter(key for firm in firms for key in firm.wants.offers)
    needed = Counter(key for firm in firms for key in firm.wants.needs)
    most = math.log(1 + len(firms)) or 1.0
    rare = {key: math.log(1 + len(firms) / number) / most for key, number in (offered + needed).items()}
    around = {key: sum(offered[other] for other in linked(frozenset({key}))) for key in offered}
    reach = {
        firm.key: sum(needed[key] * SUPPLY + around[key] * CHAIN for key in firm.wants.offers)
        + sum(offered[key] * SUPPLY for key in firm.wants.needs)
        for firm in firms
    }
    mean = sum(reach.values()) / len(reach) if reach else 0.0
    return Crowd(rare, {key: value / mean for key, value in reach.items()} if mean else {}, asked)


@lru_cache(4096)
def linked(offers: frozenset[str]) -> frozenset[str]:
    """The things that go into some of these, or that some of these go into."""
    known = things()
    into = {other for key in offers for other in goes_into(key)}
    return frozenset(into | {key for key, thing in known.items() if thing.goes_into & offers}) - offers


def ranked(
    own: Candidate, firms: Sequence[Candidate], of: Crowd, near: Collection[int] = (), *, limit: int = 10
) -> list[Fit]:
    """The first of the firms that fit, the best first. `near` are halls within minutes of the own booth."""
    links = linked(own.wants.offers)
    scores = [(score(own, other, of, near, links), other) for other in firms if other.key != own.key]
    best = nlargest(limit, scores, key=lambda each: (each[0], each[1].key))
    return [_fit(own, other, near, value) for value, other in best if value > 0]


def score(own: Candidate, other: Candidate, of: Crowd, near: Collection[int], links: frozenset[str]) -> float:
    """How well a firm fits. What is asked for weighs most, then the chain, then what makes it easy."""
    mine, theirs, value = own.wants, other.wants, 0.0
    for key in (*(theirs.offers & mine.needs), *(mine.offers & theirs.needs)):
        value += SUPPLY * of.rare.get(key, 1.0)
    value += CHAIN * min(len(theirs.offers & links), 2)
    apart = abs(_PLACE[own.tier] - _PLACE[other.tier])
    if apart:
        value += NEIGHBOUR if own.areas & other.areas else ACROSS
    value += LANGUAGE * bool(own.languages & other.languages) + NEAR * (other.hall_id in near)
    crowding = (1 + of.asked.get(other.key, 0)) * (1 + of.reach.get(other.key, 0.0))
    value -= CROWD * math.log2(crowding)
    return value + TIE * _lot(own.key, other.key)


def _fit(own: Candidate, other: Candidate, near: Collection[int], value: float) -> Fit:
    mine, theirs = own.wants, other.wants
    return Fit(
        key=other.key,
        score=value,
        they_supply=tuple(sorted(theirs.offers & mine.needs)),
        we_supply=tuple(sorted(mine.offers & theirs.needs)),
        links=tuple(_links(mine.offers, theirs.offers)[:1]),
        shares_area=bool(own.areas & other.areas),
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
    """A number from 0 to 1, always the same for two firms."""
    return int.from_bytes(hashlib.blake2b(f"{own}\n{other}".encode(), digest_size=4).digest()) / 2**32
