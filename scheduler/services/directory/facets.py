"""Facets of the directory: filters, and the number of firms per value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from scheduler.domain.entities import Tier
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.services.directory.firm_rows import FirmRow
from scheduler.services.text import clean_line

MOST_VALUES = 40
"""Maximum number of values in one filter."""


class Relation(StrEnum):
    """Relation of another firm to the reader's own."""

    SAVED = "saved"
    ASKED_US = "asked-us"
    ASKED = "asked"
    AGREED = "agreed"
    NEW = "not-asked"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmFilters:
    """Filters on firms. A firm matches a filter with any of its values. An empty filter matches all.

    `country` has ISO 3166-1 alpha-2 codes; `area`, `hall` and `delegation` have keys; `language` has codes of
    languages that people speak; `guest` has names of guests of honour; `relation` has values of `Relation`.
    """

    text: str = ""
    country: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    hall: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    relation: tuple[str, ...] = ()
    delegation: tuple[str, ...] = ()
    guest: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """True if a filter other than the text is set."""
        return any(getattr(self, name) for name in FACETS)

    def checked(self) -> dict[str, frozenset[str]]:
        """Return the validated values by filter. Raises InvalidInput for an unknown tier or relation."""
        found = {}
        for name in FACETS:
            values = [clean_line(value) for value in getattr(self, name)[:MOST_VALUES]]
            found[name] = frozenset(
                value.upper() if name == "country" else value for value in values if value
            )
        for name, known in (("tier", Tier), ("relation", Relation)):
            if not found[name] <= set(known):
                raise InvalidInput([Fault(name, "must be one of " + ", ".join(known))])
        return found


FACETS = ("relation", "tier", "area", "country", "hall", "language", "guest", "delegation")
EVERY_FIRM = FirmFilters()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A filter value, its label, and the number of firms that would match."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each filter, most frequent first, counted with all other filters applied.

    A selected value is listed even if no firm matches it.
    """

    relation: tuple[FacetValue, ...]
    tier: tuple[FacetValue, ...]
    area: tuple[FacetValue, ...]
    country: tuple[FacetValue, ...]
    hall: tuple[FacetValue, ...]
    language: tuple[FacetValue, ...]
    guest: tuple[FacetValue, ...]
    delegation: tuple[FacetValue, ...]


def filter_rows(rows: Iterable[FirmRow], asked: Mapping[str, Collection[str]]) -> list[FirmRow]:
    """Return the rows that match each filter with at least one of its values."""
    wanted = {name: values for name, values in asked.items() if values}
    return [row for row in rows if all(_has(row, name, values) for name, values in wanted.items())]


def count_values(
    rows: Sequence[FirmRow],
    asked: Mapping[str, Collection[str]],
    names: Mapping[str, Mapping[str, str]],
) -> Facets:
    """Count the rows that would match each value. `names` has the labels of values by filter."""
    counts: dict[str, Counter[str]] = {}
    wanted = {name: values for name, values in asked.items() if values}
    amiss = [[name for name, values in wanted.items() if not _has(row, name, values)] for row in rows]
    for name in FACETS:
        of = [row for row, each in zip(rows, amiss, strict=True) if each in ([], [name])] if wanted else rows
        counts[name] = Counter(value for row in of for value in row.values(name))
    return Facets(**{each.name: _values(each.name, counts, asked, names) for each in fields(Facets)})


_IN_ORDER: Mapping[str, list[str]] = {"tier": list(Tier), "relation": list(Relation)}


def _has(row: FirmRow, name: str, values: Collection[str]) -> bool:
    return any(value in values for value in row.values(name))


def _values(
    name: str,
    counts: Mapping[str, Counter[str]],
    asked: Mapping[str, Collection[str]],
    names: Mapping[str, Mapping[str, str]],
) -> tuple[FacetValue, ...]:
    found = dict(counts[name])
    for value in asked[name]:
        found.setdefault(value, 0)
    labels = names.get(name, {})
    values = [FacetValue(value, labels.get(value, value), count) for value, count in found.items()]
    fixed = _IN_ORDER.get(name)
    if fixed is not None:  # tiers in value chain order; relations in declaration order
        return tuple(sorted(values, key=lambda each: fixed.index(each.value)))
    return tuple(sorted(values, key=lambda each: (-each.count, each.value)))
