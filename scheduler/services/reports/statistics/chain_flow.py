"""Chain flow: requested and scheduled meetings by tier and main area of both firms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import Tier
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import IS_ACCEPTED, its_meeting
from scheduler.storage.cache.cache_keys import accepted_requests_digest, firms_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import Event, Firm, MeetingRequest, PlannedMeeting, ScheduleVersion

ORDER = tuple(Tier)


@dataclass(frozen=True, slots=True)
class ChainLink:
    """Requests between firms of two tiers and areas."""

    upper: Tier
    """The tier nearer to the source of the chain."""
    upper_area: str
    """Name of the firm's first area, or empty."""
    lower: Tier
    lower_area: str
    """Name of the firm's first area, or empty."""
    accepted: int
    """Accepted or scheduled requests."""
    scheduled: int


@dataclass(frozen=True, slots=True)
class ChainFlow:
    """All links of a version. `areas` are keys and names of the areas with a link, in order."""

    areas: Sequence[tuple[str, str]]
    links: Sequence[ChainLink]

    def between(self, upper: Tier, lower: Tier) -> list[ChainLink]:
        return [link for link in self.links if (link.upper, link.lower) == (upper, lower)]


def get_chain_flow(session: Session, actor: Actor, number: int) -> ChainFlow:
    """Return the chain flow of a version. Runs six queries. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    names = session.get_one(Event, actor.event_id).named_areas
    follows = accepted_requests_digest(session, actor.event_id), firms_digest(session, actor.event_id)
    rows = cached_statistic(session, version, "chain", follows, lambda: _rows(session, version))
    links = _links(
        (Tier(tier), area, Tier(other), theirs, *counts) for tier, area, other, theirs, *counts in rows
    )
    used = {link.upper_area for link in links} | {link.lower_area for link in links}
    known = [(key, name) for key, name in names.items() if key in used]
    return ChainFlow([*known, *((key, key) for key in sorted(used - set(names)))], links)


def _links(rows: Iterable[tuple[Tier, str, Tier, str, int, int]]) -> list[ChainLink]:
    """Return the links, with both directions summed."""
    wished: Counter[tuple[Tier, str, Tier, str]] = Counter()
    held: Counter[tuple[Tier, str, Tier, str]] = Counter()
    for tier, area, other, theirs, asked, met in rows:
        ends = sorted([(ORDER.index(tier), area), (ORDER.index(other), theirs)])
        key = (ORDER[ends[0][0]], ends[0][1], ORDER[ends[1][0]], ends[1][1])
        wished[key] += asked
        held[key] += met
    return [ChainLink(*key, wished[key], held[key]) for key in sorted(wished)]


def _rows(session: Session, version: ScheduleVersion) -> list[list[Any]]:
    """Return tier and area of both sides, with the number of requested and scheduled meetings."""
    asks, asked = aliased(Firm), aliased(Firm)
    areas = asks.areas[0].as_string(), asked.areas[0].as_string()
    rows = session.execute(
        select(asks.tier, areas[0], asked.tier, areas[1], func.count(), func.count(PlannedMeeting.id))
        .select_from(MeetingRequest)
        .join(asks, asks.id == MeetingRequest.from_firm_id)
        .join(asked, asked.id == MeetingRequest.to_firm_id)
        .outerjoin(PlannedMeeting, its_meeting(version.id))
        .where(MeetingRequest.event_id == version.event_id, IS_ACCEPTED)
        .group_by(asks.tier, areas[0], asked.tier, areas[1])
    )
    return [
        [tier.value, area or "", other.value, theirs or "", *counts]
        for tier, area, other, theirs, *counts in rows
    ]
