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

Filters = Mapping[str, ColumnElement[bool]]
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


def firm_filters(
    session: Session,
    *,
    text: str = "",
    country: str | None = None,
    area: str | None = None,
    tier: str | None = None,
    hall: str | None = None,
) -> Filters:
    """Conditions on Firm. An empty value sets no filter. Raises InvalidInput for an unknown tier."""
    filters = {"text": matches(text, (Firm.name, Firm.latin_name, Firm.description))} if text else {}
    if country:
        filters["country"] = Firm.country == one_line(country).upper()
    if area:
        filters["area"] = json_list.contains(session, Firm.areas, one_line(area))
    if tier:
        if tier not in set(Tier):
            raise InvalidInput([Fault("tier", "must be one of " + ", ".join(Tier))])
        filters["tier"] = Firm.tier == Tier(tier)
    if hall:
        filters["hall"] = Firm.hall_id.in_(select(Hall.id).where(Hall.key == one_line(hall)))
    return filters


def facets(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    country: str | None = None,
    area: str | None = None,
    tier: str | None = None,
    hall: str | None = None,
) -> Facets:
    """What `directory.search_firms` could be narrowed by, and to how many firms. One query."""
    actor.require(Right.READ_DIRECTORY)
    filters = firm_filters(session, text=text, country=country, area=area, tier=tier, hall=hall)
    names = session.get_one(Event, actor.event_id).areas
    found: dict[str, list[FacetValue]] = {name: [] for name in _FACETS}
    for facet, value, name, count in session.execute(_query(session, actor, filters)):
        found[facet].append(FacetValue(value, name or names.get(value, value), count))
    for values in found.values():
        values.sort(key=lambda value: (-value.count, value.value))
    tiers = list(Tier)
    found["tier"].sort(key=lambda value: tiers.index(Tier(value.value)))  # along the chain
    return Facets(**{name: tuple(values) for name, values in found.items()})


_FACETS = ("country", "tier", "area", "hall")


def _query(session: Session, actor: Actor, filters: Filters) -> CompoundSelect[str, str, str | None, int]:
    """Rows of facet, value, name and number of firms, each facet under all the other filters.

    The text is sought once, for all of them: that is what takes time.
    """
    conditions = {name: condition for name, condition in filters.items() if name in _FACETS}
    firms = (
        select(
            Firm.country,
            cast(Firm.tier, String).label("tier"),
            Firm.areas,
            Firm.hall_id,
            *(condition.label(f"fits_{name}") for name, condition in conditions.items()),
        )
        .where(
            Firm.event_id == actor.event_id, *(filters[name] for name in filters if name not in conditions)
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
