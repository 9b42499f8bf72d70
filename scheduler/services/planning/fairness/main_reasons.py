"""Main reason why requests of a firm are unscheduled in a version, and the fix of most of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, func, select, union_all
from sqlalchemy.orm import Session

from scheduler.domain.plan import NOT_EXAMINED
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.fixes import unscheduled_groups
from scheduler.services.planning.fixes.unscheduled_groups import UnscheduledGroup
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import IS_ACCEPTED
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Firm, MeetingRequest, ScheduleVersion, UnscheduledRequest

Reasons = Mapping[tuple[str, int | None], int]
"""Unscheduled requests of a firm by reason code and group number."""


@dataclass(frozen=True, slots=True)
class MainReason:
    """The most frequent reason code of a firm's unscheduled requests, and their number.

    `group` has the most of these requests among the groups with a fix, or is None if none has one.
    """

    reason: str
    requests: int
    group: UnscheduledGroup | None = None


def count_main_reasons(session: Session, actor: Actor, number: int) -> dict[str, MainReason]:
    """Return the main reason of every firm with an examined request, by firm key, without groups.

    Runs two queries. Raises NotFound.
    """
    found = _reasons(session, _version(session, actor, number), None)
    return {firm: MainReason(*_main(reasons)) for firm, reasons in found.items()}


def list_main_reasons(
    session: Session, actor: Actor, number: int, firms: Collection[str]
) -> dict[str, MainReason]:
    """Return the main reasons of some firms, with groups. The number of queries is constant.

    Raises NotFound.
    """
    version = _version(session, actor, number)
    found = _reasons(session, version, firms)
    main = {firm: _main(reasons) for firm, reasons in found.items()}
    fixed = {firm: _fixed_group(version, found[firm], reason) for firm, (reason, _) in main.items()}
    numbers = {group for group in fixed.values() if group is not None}
    groups = unscheduled_groups.find_groups(session, actor, number, numbers) if numbers else {}
    return {
        firm: MainReason(reason, count, groups.get(group) if (group := fixed[firm]) is not None else None)
        for firm, (reason, count) in main.items()
    }


def _version(session: Session, actor: Actor, number: int) -> ScheduleVersion:
    actor.require(Right.READ_VERSIONS)
    return versions.get_version(session, actor.event_id, number)


def _main(reasons: Reasons) -> tuple[str, int]:
    """Return the most frequent reason and its count; among equals the first by code."""
    counts: Counter[str] = Counter()
    for (reason, _), count in reasons.items():
        counts[reason] += count
    return min(counts.items(), key=lambda one: (-one[1], one[0]))


def _fixed_group(version: ScheduleVersion, reasons: Reasons, reason: str) -> int | None:
    known = version.groups or []
    counts = [
        (-count, group)
        for (of, group), count in reasons.items()
        if of == reason and group is not None and known[group]["lever"]
    ]
    return min(counts)[1] if counts else None


def _reasons(
    session: Session, version: ScheduleVersion, firms: Collection[str] | None
) -> dict[str, dict[tuple[str, int | None], int]]:
    """Count the examined unscheduled requests of firms, by firm key."""
    row = UnscheduledRequest
    explained = and_(row.request_key == MeetingRequest.key, row.version_id == version.id)
    ids = select(Firm.id).where(Firm.event_id == version.event_id, in_chunks(Firm.key, firms or ()))
    sides = union_all(
        *(
            select(side.label("firm_id"), row.reason, row.group_number)
            .join(row, explained)
            .where(
                MeetingRequest.event_id == version.event_id,
                IS_ACCEPTED,
                row.reason != NOT_EXAMINED,
                *(() if firms is None else (side.in_(ids),)),
            )
            for side in (MeetingRequest.from_firm_id, MeetingRequest.to_firm_id)
        )
    ).subquery()
    counted = (
        select(Firm.key, sides.c.reason, sides.c.group_number, func.count())
        .join(sides, sides.c.firm_id == Firm.id)
        .group_by(Firm.key, sides.c.reason, sides.c.group_number)
    )
    found: dict[str, dict[tuple[str, int | None], int]] = defaultdict(dict)
    for firm, reason, group, count in session.execute(counted):
        found[firm][reason, group] = count
    return found
