"""What-ifs that try what helps a group of requests that a version does not hold: asked for, and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from scheduler.domain.plan import Lever
from scheduler.domain.solving import WhatIfKind, WhatIfState
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.trail import trail
from scheduler.services.trail.acts import Act
from scheduler.services.trail.noted import noted
from scheduler.services.what_if import rows

SECONDS = 10
"""Of each of the two searches, or less if runs are shorter."""
MOST_KEPT = 100
"""Of one event: the oldest go."""


@dataclass(frozen=True, slots=True)
class AskedRemedy:
    """What is to be tried, and whose group it helps."""

    version_id: int
    group: int
    lever: Lever


@dataclass(frozen=True, slots=True)
class RemedyTrial:
    """A trial as it is followed. Once it is done, with the lever so many `more` requests are held than by a
    search of the same `seconds` without it, and the score has so many `points` more.
    """

    state: WhatIfState
    seconds: int
    more: int | None
    points: float | None
    error: str | None

    @property
    def is_open(self) -> bool:
        return self.state in (WhatIfState.ASKED, WhatIfState.RUNNING)


def remedy_of(changes: Sequence[Mapping[str, Any]]) -> AskedRemedy:
    """What a row asks for."""
    (row,) = changes
    lever = row["lever"]
    made = Lever(lever["kind"], tuple(lever["ids"]), tuple(lever["slots"]))
    return AskedRemedy(row["version_id"], row["group"], made)


def ask(
    session: Session, actor: Actor, number: int, group: int, lever: Mapping[str, Any], *, now: datetime
) -> None:
    """Have a lever of a version's group tried, or tried again."""
    actor.require(Right.TRY)
    version = versions.get(session, actor.event_id, number)
    known = rows.of(session, actor.event_id, WhatIfKind.REMEDY)
    mine = [row for row in known if _key(row.changes) == (version.id, group)]
    if mine and mine[0].state in (WhatIfState.ASKED, WhatIfState.RUNNING):
        return
    for old in known[: max(0, len(known) - MOST_KEPT + 1)] if not mine else ():
        session.delete(old)
    name = f"Version {number}, group {group + 1}"
    row = mine[0] if mine else rows.add(
        session, actor.event_id, WhatIfKind.REMEDY, name=name, changes=(), now=now
    )  # fmt: skip
    row.seconds = min(row.seconds, SECONDS)
    row.changes = [{"version_id": version.id, "group": group, "lever": dict(lever)}]
    rows.ask(row, now=now)
    session.flush()
    about = noted(
        "trail", "remedy tried: Version %(version)s, group %(group)s", version=number, group=group + 1
    )
    trail.note(session, actor, Act.WHAT_IF, about, after=dict(lever), now=now)


def of_version(session: Session, actor: Actor, number: int) -> dict[int, RemedyTrial]:
    """The trials of a version's groups, by the number of the group. One of a group of before is of none."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get(session, actor.event_id, number)
    levers = [group["lever"] for group in version.groups or ()]
    found = {}
    for row in rows.of(session, actor.event_id, WhatIfKind.REMEDY):
        version_id, group = _key(row.changes)
        if version_id == version.id and row.changes[0]["lever"] in levers[group : group + 1]:
            found[group] = _trial(row.state, row.seconds, row.result, row.error)
    return found


def _key(changes: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    return changes[0]["version_id"], changes[0]["group"]


def _trial(
    state: WhatIfState, seconds: int, result: Mapping[str, Any] | None, error: str | None
) -> RemedyTrial:
    if result is None:
        return RemedyTrial(state, seconds, None, None, error)
    more = result["with"]["held"] - result["without"]["held"]
    return RemedyTrial(state, seconds, more, result["with"]["score"] - result["without"]["score"], error)
