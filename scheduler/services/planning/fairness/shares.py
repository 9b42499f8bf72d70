"""Scheduled share of accepted requests, by firm and by group of firms."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, func, select, union_all
from sqlalchemy.orm import Session

from scheduler.domain.firm_groups import FirmGroup, GroupBy, group_firms, home_country
from scheduler.domain.rules.fairness import Fairness, FirmShare, summarize_fairness
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.problems.policy import event_policy
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import IS_ACCEPTED, its_meeting
from scheduler.storage.cache.cache_keys import accepted_requests_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import (
    Delegation,
    DelegationFirm,
    Event,
    Firm,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
)

LOW_SHARE = 0.2
"""Firms with a smaller share are named."""
SIZE_LIMITS = (10, 20, 40)
"""Boundaries of the size groups, in requests."""


class Grouping(StrEnum):
    """Criterion by which firms are grouped."""

    HOME = "home"
    TIER = "tier"
    AREA = "area"
    COUNTRY = "country"
    SIZE = "size"
    STAND = "stand"


@dataclass(frozen=True, slots=True)
class FirmLine:
    """A firm with its number of accepted requests, and of those that are scheduled."""

    id: int
    key: str
    name: str
    latin_name: str
    country: str
    scheduled: int
    requests: int

    @property
    def share(self) -> float:
        return self.scheduled / self.requests


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of firms. `key` is a country code, an area name, or an enum value of the grouping."""

    key: str
    requests: int
    scheduled: int
    figures: Fairness


@dataclass(frozen=True, slots=True)
class FairnessView:
    """Scheduled shares in a version: of all firms, by group, and of each firm.

    `home` is the most frequent country. `shares` are those of all firms with accepted requests by firm id,
    lowest first, and `below` the firms with less than `LOW_SHARE`. `without` counts firms without an accepted
    request. `gap` holds the shares of overseas and home firms, if both exist. `keys` are functions from firm
    id to group keys.
    """

    number: int
    home: str
    every: Fairness | None
    groups: Mapping[Grouping, Sequence[GroupLine]]
    shares: Sequence[FirmShare]
    without: int
    gap: tuple[float, float] | None
    keys: Mapping[Grouping, Callable[[int], Sequence[str]]] = field(compare=False, repr=False)
    _firms: Mapping[int, Row[*tuple[Any, ...]]] = field(repr=False)

    def list_firms(self, which: slice = slice(None)) -> Sequence[FirmLine]:
        """Return firms with their names, lowest share first. A page shows few of thousands."""
        return [_line(self._firms[row.firm], row) for row in self.shares[which]]

    @property
    def accepted(self) -> int:
        """Number of accepted requests, each of which counts for two firms."""
        return sum(row.requests for row in self.shares) // 2

    @property
    def below(self) -> Sequence[FirmLine]:
        return self.list_firms(slice(bisect_left(self.shares, LOW_SHARE, key=attrgetter("share"))))

    @property
    def gap_requests(self) -> int:
        """Number of further requests that would give the side with the lower share the other's share."""
        if self.gap is None:
            return 0
        less, more = sorted(self.groups[Grouping.HOME], key=lambda line: line.figures.pooled)
        return -(-more.scheduled * less.requests // more.requests) - less.scheduled  # rounded up


@dataclass(frozen=True, slots=True)
class GroupShare:
    """The share of a group in a version, and in the published one (`before`)."""

    key: str
    share: float
    before: float | None


@dataclass(frozen=True, slots=True)
class GroupShares:
    """The shares of the groups that an event compares, smallest first, and the priority points scheduled.

    `compared_with` is the published version, or None.
    """

    by: GroupBy
    home: str
    lines: Sequence[GroupShare]
    compared_with: int | None
    served: float | None
    served_before: float | None


def get_fairness(
    session: Session, actor: Actor, number: int, by: Collection[Grouping] = tuple(Grouping)
) -> FairnessView:
    """Return the shares in a version, of requests that are accepted now or scheduled in it. Raises NotFound.

    `groups` has the groupings `by`, and home and overseas. The number of queries is constant.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    columns = (
        Firm.id,
        Firm.key,
        Firm.name,
        Firm.latin_name,
        Firm.country,
        Firm.tier,
        Firm.areas,
        Firm.host_id,
    )
    every = select(*columns, Firm.withdrawn_at).where(Firm.event_id == actor.event_id).order_by(Firm.id)
    firms = session.execute(every).all()
    counts = _cached_counts(session, version)
    of = {firm.id: firm for firm in firms}
    shares = sorted(
        (FirmShare(id, scheduled, asked) for id, (asked, scheduled) in counts.items() if id in of),
        key=lambda row: (row.share, -row.requests, row.firm),
    )
    home = home_country(firm.country for firm in firms)
    keys = _keys(session, actor.event_id, of, counts, home)
    groups = {each: _groups(shares, keys[each]) for each in Grouping if each in (Grouping.HOME, *by)}
    sides = {line.key: line.figures.pooled for line in groups[Grouping.HOME]}
    return FairnessView(
        number=number,
        home=home,
        every=summarize_fairness(shares),
        groups=groups,
        shares=shares,
        without=sum(firm.withdrawn_at is None and firm.id not in counts for firm in firms),
        gap=(sides["overseas"], sides["home"]) if len(sides) == 2 else None,
        keys=keys,
        _firms=of,
    )


def get_group_shares(session: Session, actor: Actor, number: int) -> GroupShares | None:
    """Return the shares of the groups that the event compares, in a version and in the published one.

    None if fairness between groups has no price, or the version has no requests. Raises NotFound.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    event = session.get_one(Event, actor.event_id)
    policy = event_policy(event.policy)
    if policy.factors.get("group_gap", 0) <= 0:
        return None
    published = versions.find_published_version(session, actor.event_id)
    before = published if published is not None and published.id != version.id else None
    firms = session.scalars(select(Firm).where(Firm.event_id == actor.event_id).order_by(Firm.id)).all()
    now, then = _cached_counts(session, version), _cached_counts(session, before) if before else {}
    lines = []
    for group in _compared_groups(session, event, firms, policy.group_by):
        members = [firms[f].id for f in group.firms]
        share = _pooled(now, members)
        if share is not None:
            lines.append(GroupShare(group.id, share, _pooled(then, members)))
    return (
        GroupShares(
            by=policy.group_by,
            home=home_country(firm.country for firm in firms),
            lines=sorted(lines, key=lambda line: (line.share, line.key)),
            compared_with=before.number if before else None,
            served=version.terms.get("served"),
            served_before=before.terms.get("served") if before else None,
        )
        if lines
        else None
    )


def _compared_groups(
    session: Session, event: Event, firms: Sequence[Firm], by: GroupBy
) -> Sequence[FirmGroup]:
    """Return the groups. Delegations and areas have their names as ids."""
    if by is GroupBy.LIST:
        index = {firm.id: f for f, firm in enumerate(firms)}
        rows = session.execute(
            select(Delegation.name, DelegationFirm.firm_id)
            .join(DelegationFirm, DelegationFirm.delegation_id == Delegation.id)
            .where(Delegation.event_id == event.id)
            .order_by(Delegation.id, DelegationFirm.firm_id)
        )
        members: dict[str, list[int]] = {}
        for name, firm_id in rows:
            members.setdefault(name, []).append(index[firm_id])
        return [FirmGroup(name, tuple(mine)) for name, mine in members.items()]
    names = event.named_areas
    return [replace(group, id=names.get(group.id, group.id)) for group in group_firms(firms, by)]


def _pooled(counts: Mapping[int, tuple[int, int]], firms: Iterable[int]) -> float | None:
    """Return the scheduled share of all requests of some firms, or None if they have none."""
    rows = [counts[firm] for firm in firms if firm in counts]
    asked = sum(row[0] for row in rows)
    return sum(row[1] for row in rows) / asked if asked else None


def _cached_counts(session: Session, version: ScheduleVersion) -> dict[int, tuple[int, int]]:
    """Return accepted requests and scheduled ones, by firm id."""
    event_id = version.event_id
    follows = [accepted_requests_digest(session, event_id)]
    rows = cached_statistic(
        session, version, "shares", follows, lambda: _counts(session, event_id, version.id)
    )
    return {firm_id: (asked, scheduled) for firm_id, asked, scheduled in rows}


def _counts(session: Session, event_id: int, version_id: int) -> list[tuple[int, int, int]]:
    """Return firm id, accepted requests and scheduled ones, for each firm."""
    sides = union_all(
        *(
            select(
                column.label("firm_id"),
                func.count().label("asked"),
                func.count(PlannedMeeting.id).label("scheduled"),
            )
            .select_from(MeetingRequest)
            .outerjoin(PlannedMeeting, its_meeting(version_id))
            .where(MeetingRequest.event_id == event_id, IS_ACCEPTED)
            .group_by(column)
            for column in (MeetingRequest.from_firm_id, MeetingRequest.to_firm_id)
        )
    ).subquery()
    rows = session.execute(
        select(sides.c.firm_id, func.sum(sides.c.asked), func.sum(sides.c.scheduled)).group_by(
            sides.c.firm_id
        )
    )
    return [(firm_id, int(asked), int(scheduled)) for firm_id, asked, scheduled in rows]


def _keys(
    session: Session,
    event_id: int,
    of: Mapping[int, Row[*tuple[Any, ...]]],
    counts: Mapping[int, tuple[int, int]],
    home: str,
) -> Mapping[Grouping, Callable[[int], Sequence[str]]]:
    """Return functions from firm id to group keys, by grouping. Only areas can yield several keys."""
    hosts = {firm.host_id for firm in of.values()}
    names = session.get_one(Event, event_id).named_areas
    return MappingProxyType(
        {
            Grouping.HOME: lambda id: ["home" if of[id].country == home else "overseas"],
            Grouping.TIER: lambda id: [of[id].tier],
            Grouping.AREA: lambda id: [names.get(key, key) for key in of[id].areas],
            Grouping.COUNTRY: lambda id: [of[id].country],
            Grouping.SIZE: lambda id: [_size(counts[id][0])],
            Grouping.STAND: lambda id: [
                "partner" if of[id].host_id is not None else "host" if id in hosts else "own"
            ],
        }
    )


def _size(requests: int) -> str:
    """Return the size group of a firm: "1-9", "10-19", "20-39" or "40+"."""
    lower = 1
    for upper in SIZE_LIMITS:
        if requests < upper:
            return f"{lower}-{upper - 1}"
        lower = upper
    return f"{lower}+"


def _groups(shares: Iterable[FirmShare], keys: Callable[[int], Sequence[str]]) -> list[GroupLine]:
    """Return the groups, lowest mean share first."""
    members: dict[str, list[FirmShare]] = {}
    for row in shares:
        for key in keys(row.firm):
            members.setdefault(key, []).append(row)
    lines = [
        GroupLine(key, sum(row.requests for row in rows), sum(row.scheduled for row in rows), figures)
        for key, rows in members.items()
        if (figures := summarize_fairness(rows)) is not None
    ]
    return sorted(lines, key=lambda line: (line.figures.mean, line.key))


def _line(firm: Row[*tuple[Any, ...]], row: FirmShare) -> FirmLine:
    return FirmLine(firm.id, firm.key, firm.name, firm.latin_name, firm.country, row.scheduled, row.requests)
