"""Requests and meetings by country, area and tier."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import Tier
from scheduler.services.identity.actors import Actor
from scheduler.services.schedule.scheduled import IS_ACCEPTED, its_meeting
from scheduler.storage.cache.cache_keys import accepted_requests_digest, firms_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import Firm, MeetingRequest, PlannedMeeting, ScheduleVersion


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Accepted requests, and how many of them the version schedules."""

    accepted: int
    scheduled: int


@dataclass(frozen=True, slots=True)
class CountryShare:
    """Requests of a country's firms, or of its firms with this main area.

    A request between two firms of one cell counts once in it, so cells may sum to more than the whole.
    """

    country: str
    area: str | None
    """None for the whole country, and empty for firms without an area."""
    firms: int
    all: RequestCounts
    tiers: Mapping[Tier, RequestCounts]
    """By the tier of the country's firm."""
    cross_tier: int
    """Meetings with a firm of another tier."""


Side = tuple[str, Tier, str]
"""Country, tier and first area of a firm."""
Row = tuple[str, str | None]
"""Country, and area or None for the whole."""


def list_country_shares(
    session: Session, actor: Actor, version: ScheduleVersion, areas: Sequence[str]
) -> list[CountryShare]:
    """Return rows of each country, most meetings first: the whole country, then its areas in order."""
    firms = _firms(session, actor)
    wished: dict[Row, Counter[Tier | None]] = defaultdict(Counter)
    held: dict[Row, Counter[Tier | None]] = defaultdict(Counter)
    across: Counter[Row] = Counter()
    for asks, asked, asked_for, met in _pairs(session, actor, version):
        for row, tier in {cell for side in (asks, asked) for cell in _cells(side)}:
            wished[row][tier] += asked_for
            held[row][tier] += met
            across[row] += met if tier is None and asks[1] is not asked[1] else 0
    order = {area: at for at, area in enumerate(areas)}

    def rank(row: Row) -> tuple[int, str, int]:
        of_country = held[row[0], None][None]
        return -of_country, row[0], -1 if row[1] is None else order.get(row[1], len(order))

    return [
        CountryShare(
            *row,
            firms[row],
            RequestCounts(wished[row][None], held[row][None]),
            {tier: RequestCounts(wished[row][tier], held[row][tier]) for tier in Tier if wished[row][tier]},
            across[row],
        )
        for row in sorted({*firms, *wished}, key=rank)
    ]


def _cells(side: Side) -> Iterable[tuple[Row, Tier | None]]:
    """Return the cells in which a firm's request counts: whole country and area, each by tier and in
    total.
    """
    country, tier, area = side
    return (((country, of), each) for of in (None, area) for each in (None, tier))


def _firms(session: Session, actor: Actor) -> Counter[Row]:
    area = Firm.areas[0].as_string()
    found: Counter[Row] = Counter()
    for country, of, count in session.execute(
        select(Firm.country, area, func.count())
        .where(Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None))
        .group_by(Firm.country, area)
    ):
        found[country, None] += count
        found[country, of or ""] += count
    return found


def _pairs(session: Session, actor: Actor, version: ScheduleVersion) -> list[tuple[Side, Side, int, int]]:
    """Return accepted and scheduled requests by pair of sides."""
    follows = accepted_requests_digest(session, actor.event_id), firms_digest(session, actor.event_id)
    rows = cached_statistic(session, version, "by country", follows, lambda: _rows(session, version))
    return [
        ((row[0], Tier(row[1]), row[2] or ""), (row[3], Tier(row[4]), row[5] or ""), row[6], row[7])
        for row in rows
    ]


def _rows(session: Session, version: ScheduleVersion) -> list[list[Any]]:
    asks, asked = aliased(Firm), aliased(Firm)
    columns = [
        column for firm in (asks, asked) for column in (firm.country, firm.tier, firm.areas[0].as_string())
    ]
    rows = session.execute(
        select(*columns, func.count(), func.count(PlannedMeeting.id))
        .select_from(MeetingRequest)
        .join(asks, asks.id == MeetingRequest.from_firm_id)
        .join(asked, asked.id == MeetingRequest.to_firm_id)
        .outerjoin(PlannedMeeting, its_meeting(version.id))
        .where(MeetingRequest.event_id == version.event_id, IS_ACCEPTED)
        .group_by(*columns)
    )
    return [list(row) for row in rows]
