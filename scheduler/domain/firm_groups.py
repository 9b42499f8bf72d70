"""Groups of firms whose shares of scheduled requests are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scheduler.domain.entities import Tier


class GroupBy(StrEnum):
    """What the groups follow from: a list of the problem file, or a property of the firms."""

    LIST = "list"
    HOME = "home"
    TIER = "tier"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class FirmGroup:
    """Firms (indices) that should get the same share of their requests as all firms together."""

    id: str
    firms: tuple[int, ...]


class Grouped(Protocol):
    """The properties of a firm that groups follow from."""

    @property
    def tier(self) -> Tier: ...
    @property
    def areas(self) -> Sequence[str]: ...
    @property
    def country(self) -> str: ...


def home_country(countries: Iterable[str]) -> str:
    """Return the country with the most firms, ties by country code. All others are overseas."""
    counts = Counter(countries)
    return min(counts, key=lambda code: (-counts[code], code), default="")


def group_firms(firms: Sequence[Grouped], by: GroupBy) -> tuple[FirmGroup, ...]:
    """Return the groups of the firms by a property, in the order of their ids.

    A firm is in the group of each of its areas.
    """
    home = home_country(firm.country for firm in firms)
    members: dict[str, list[int]] = {}
    for f, firm in enumerate(firms):
        for key in dict.fromkeys(_keys(firm, by, home)):
            members.setdefault(key, []).append(f)
    return tuple(FirmGroup(key, tuple(mine)) for key, mine in sorted(members.items()))


def _keys(firm: Grouped, by: GroupBy, home: str) -> Iterable[str]:
    if by is GroupBy.AREA:
        return firm.areas
    if by is GroupBy.TIER:
        return (str(firm.tier),)
    return ("home" if firm.country == home else "overseas",)
