"""The filters of the directory, and how many firms each value of a filter would leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from scheduler.domain.entities import Tier
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.text import matches, one_line
from scheduler.storage import json_list
from scheduler.storage.models import Event, Firm, Hall


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmFilters:
    """Which firms are looked for. `country` is ISO 3166-1 alpha-2; `area` and `hall` are keys.

    Every word of `text` is part of a name or of the description. An empty value sets no filter.
    """

    text: str = ""
    country: str = ""
    area: str = ""
    tier: str = ""
    hall: str = ""

    def conditions(self, session: Session) -> Conditions:
        """Conditions on Firm. Raises InvalidInput for an unknown tier."""
        found: dict[str, ColumnElement[bool]] = {}
        if self.text:
            found["text"] = matches(self.text, (Firm.name, Firm.latin_name, Firm.description))
        if self.country:
            found["country"] = Firm.country == one_line(self.country).upper()
        if self.area:
            found["area"] = json_list.contains(session, Firm.areas, one_line(self.area))
        if self.tier:
            if self.tier not in set(Tier):
                raise InvalidInput([Fault("tier", "must be one of " + ", ".join(Tier))])
            found["tier"] = Firm.tier == Tier(self.tier)
        if self.hall:
            found["hall"] = Firm.hall_id.in_(select(Hall.id).where(Hall.key == one_line(self.hall)))
        return found


EVERY_FIRM = FirmFilters()

Conditions = Mapping[str, ColumnElement[bool]]
"""The condition of each filter that is set, by its name."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value to filter by, what to call it, and how many firms it would leave."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each filter, counted under all the other filters, the most frequent first."""

    country: tuple[FacetValue, ...]
    tier: tuple[FacetValue, ...]
    area: tuple[FacetValue, ...]
    hall: tuple[FacetValue, ...]


def facets(session: Session, actor: Actor, filters: FirmFilters = EVERY_FIRM) -> Facets:
    """What `search.search_firms` could be narrowed by, and to how many firms. One query."""
    actor.require(Right.READ_DIRECTORY)
    names = session.get_one(Event, actor.event_id).areas
    found: dict[str, list[FacetValue]] = {name: [] for name in _FACETS}
    for facet, value, name, count in session.execute(_query(session, actor, filters.conditions(session))):
        found[facet].append(FacetValue(value, name or names.get(value, value), count))
    for values in found.values():
        values.sort(key=lambda value: (-value.count, value.value))
    tiers = list(Tier)
    found["tier"].sort(key=lambda value: tiers.index(Tier(value.value)))  # along the chain
    return Facets(**{name: tuple(values) for name, values in found.items()})


_FACETS = ("country", "tier", "area", "hall")


def _query(session: Session, actor: Actor, asked: Conditions) -> CompoundSelect[str, str, str | None, int]:
    """Rows of facet, value, name and number of firms, each facet under all the other filters.

    The text is sought once, for all of them: that is what takes time.
    """
    conditions = {name: condition for name, condition in asked.items() if name in _FACETS}
    firms = (
        select(
            Firm.country,
            cast(Firm.tier, String).label("tier"),
            Firm.areas,
            Firm.hall_id,
            *(condition.label(f"fits_{name}") for name, condition in conditions.items()),
        )
        .where(
            Firm.event_id == actor.event_id,
            Firm.withdrawn_at.is_(None),
            *(asked[name] for name in asked if name not in conditions),
        )
        .cte("found")
    )

    def counted(facet: str, value: Any, name: Any = _NO_NAME) -> Select[str, str, str | None, int]:
        others = [firms.c[f"fits_{other}"] for other in conditions if other != facet]
        columns = (literal(facet), value, name, func.count())
        grouped = [value] if name is _NO_NAME else [value, name]
        return select(*columns).select_from(firms).where(*others).group_by(*grouped)

    areas = json_list.items(session, firms.c.areas)
    return union_all(
        counted("country", firms.c.country),
        counted("tier", firms.c.tier),
        counted("area", areas.c.value).join(areas, true()),
        counted("hall", Hall.key, Hall.name).join(Hall, Hall.id == firms.c.hall_id),
    )


_NO_NAME: ColumnElement[str | None] = cast(null(), String)
