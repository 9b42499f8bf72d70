"""Who asks whom: requests along the chain, towards the firms that are sought after."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from scheduler.domain.entities import Tier
from scheduler.samples.dice import Dice
from scheduler.samples.firms import AREA_WEIGHTS, Exhibition

SHARED_AREA = 0.8
AREAS_FOR_ALL = {"supply-chain-services": 3.0, "digital-technology": 1.5}
WANTED_TIERS = {
    Tier.UPSTREAM: ((Tier.MIDSTREAM, 60.0), (Tier.DOWNSTREAM, 37.0), (Tier.UPSTREAM, 3.0)),
    Tier.MIDSTREAM: ((Tier.UPSTREAM, 51.0), (Tier.DOWNSTREAM, 46.0), (Tier.MIDSTREAM, 3.0)),
    Tier.DOWNSTREAM: ((Tier.MIDSTREAM, 60.0), (Tier.UPSTREAM, 37.0), (Tier.DOWNSTREAM, 3.0)),
}
MISSES_IN_A_ROW = 2000


@dataclass(slots=True)
class Urn:
    """Firms by position, drawn in proportion to their weights."""

    members: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    cumulative: list[float] = field(default_factory=list)

    def add(self, member: int, weight: float) -> None:
        self.members.append(member)
        self.weights.append(weight)

    def seal(self) -> None:
        self.cumulative = list(accumulate(self.weights))

    def draw(self, dice: Dice) -> int:
        place = bisect_right(self.cumulative, dice.unit() * self.cumulative[-1])
        return self.members[min(place, len(self.members) - 1)]


def make_pairs(seed: int, exhibition: Exhibition, count: int) -> list[tuple[int, int]]:
    """`count` pairs (asking firm, asked firm) by position; no two firms ask each other twice, either way.

    Raises ValueError if there are not so many pairs of firms.
    """
    firms = len(exhibition.firms)
    if count > firms * (firms - 1) // 2:
        raise ValueError(f"{firms} firms have no more than {firms * (firms - 1) // 2} pairs, not {count}")
    dice = Dice(seed, "pairs")
    senders, receivers = make_senders(dice, firms), make_receivers(exhibition)
    pairs: list[tuple[int, int]] = []
    known: set[tuple[int, int]] = set()
    misses = 0
    while len(pairs) < count:
        sender = senders.draw(dice)
        # Small events run out of chain partners: then anybody asks anybody.
        urn = receivers.get(draw_preference(dice, exhibition, sender)) if misses < MISSES_IN_A_ROW else None
        receiver = urn.draw(dice) if urn else dice.below(firms)
        pair = (min(sender, receiver), max(sender, receiver))
        if sender == receiver or pair in known:
            misses += 1
            continue
        misses = 0 if misses < MISSES_IN_A_ROW else misses
        known.add(pair)
        pairs.append((sender, receiver))
    return pairs


def make_senders(dice: Dice, firms: int) -> Urn:
    urn = Urn()
    for i in range(firms):
        urn.add(i, 0.5 + dice.unit())
    urn.seal()
    return urn


def make_receivers(exhibition: Exhibition) -> dict[tuple[str, Tier], Urn]:
    """The firms of each area and tier, by fame."""
    urns: dict[tuple[str, Tier], Urn] = {}
    for i, firm in enumerate(exhibition.firms):
        for area in firm.areas:
            urns.setdefault((area, firm.tier), Urn()).add(i, exhibition.fame[i])
    for urn in urns.values():
        urn.seal()
    return urns


def draw_preference(dice: Dice, exhibition: Exhibition, sender: int) -> tuple[str, Tier]:
    """The area and the tier that this firm looks for a partner in."""
    firm = exhibition.firms[sender]
    tier = dice.weighted(WANTED_TIERS[firm.tier])
    if dice.chance(SHARED_AREA):
        return dice.pick(firm.areas), tier
    return dice.weighted(other_areas(firm.areas)), tier


def other_areas(own: Sequence[str]) -> list[tuple[str, float]]:
    return [(area, AREAS_FOR_ALL.get(area, 1.0)) for area in AREA_WEIGHTS if area not in own]
