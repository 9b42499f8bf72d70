"""The filters of the directory, and how many firms each value of a filter would leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from scheduler.domain.entities import Tier
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.services.actors import Actor
from scheduler.services.texts import matches, one_line
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
    """The values of each filter, counted under all the other filters; the most frequent first."""

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
    """Conditions on Firm; an empty value sets no filter. Raises InvalidInput for a tier that there is not."""
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
    """What `directory.search_firms` could be narrowed by, and to how many firms. Five queries."""
    filters = firm_filters(session, text=text, country=country, area=area, tier=tier, hall=hall)
    names = session.get_one(Event, actor.event_id).areas
    by_hall = _count(actor, filters, "hall", Hall.key, Hall.name).join(Hall, Hall.id == Firm.hall_id)
    areas = json_list.items(session, Firm.areas)
    by_area = _count(actor, filters, "area", areas.c.value).join(areas, true())
    return Facets(
        country=_values(session, _count(actor, filters, "country", Firm.country)),
        tier=_along_the_chain(_values(session, _count(actor, filters, "tier", Firm.tier))),
        area=_values(session, by_area, names),
        hall=_values(session, by_hall),
    )


def _count(actor: Actor, filters: Filters, name: str, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Rows of `columns` and the number of firms, under all filters but the one called `name`."""
    number = func.count(Firm.id)
    others = [condition for key, condition in filters.items() if key != name]
    return (
        select(*columns, number)
        .select_from(Firm)
        .where(Firm.event_id == actor.event_id, *others)
        .group_by(*columns)
        .order_by(number.desc(), columns[0])
    )


def _along_the_chain(values: tuple[FacetValue, ...]) -> tuple[FacetValue, ...]:
    order = list(Tier)
    return tuple(sorted(values, key=lambda value: order.index(Tier(value.value))))


def _values(
    session: Session, query: Select[*tuple[Any, ...]], names: Mapping[str, str] | None = None
) -> tuple[FacetValue, ...]:
    rows: Iterable[Any] = session.execute(query)
    labels = names or {}
    return tuple(
        FacetValue(str(value), labels.get(value, str(label[0] if label else value)), count)
        for value, *label, count in rows
    )
