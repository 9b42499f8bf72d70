"""Commitments that a plan could not keep: conflicting locked requests and frozen meetings, with names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from scheduler.domain.plan import CommitmentClash
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.runs import runs
from scheduler.services.problems import lock_conflicts
from scheduler.services.requests import locks
from scheduler.services.requests.unscheduled_requests import RequestFirms, Thing
from scheduler.services.schedule import history


@dataclass(frozen=True, slots=True)
class Commitment:
    """A request that had to be scheduled. `locked_to` is the time of its current lock, if any."""

    key: str
    meeting: RequestFirms | None
    is_kept: bool
    locked_to: datetime | None


@dataclass(frozen=True, slots=True)
class ClashCause:
    """Cause of a conflict: a clause without a full stop, and the parties involved.

    `says` is None if the search ended before it found a plan that keeps them.
    """

    says: str | None
    who: Sequence[Thing]


@dataclass(frozen=True, slots=True)
class ClashGroup:
    """A connected group of conflicting commitments: no plan keeps all of its requests."""

    causes: Sequence[ClashCause]
    requests: Sequence[Commitment]


def list_run_clashes(session: Session, actor: Actor, number: int) -> list[ClashGroup]:
    """Return the conflicts of a run by its number in the event. Raises NotFound."""
    actor.require(Right.READ_RUNS)
    return describe_clashes(session, actor, runs.get_run(session, actor.event_id, number).not_kept or {})


def list_version_clashes(session: Session, actor: Actor, number: int) -> list[ClashGroup]:
    """Return the conflicts of the run that made a version. A copied version has none."""
    version = history.show_version(session, actor, number)
    if version.run is None or version.copy_of is not None:
        return []
    return list_run_clashes(session, actor, version.run)


def describe_clashes(session: Session, actor: Actor, lack: Mapping[str, Any]) -> list[ClashGroup]:
    """Return the conflicts of a plan, from its keys `not_kept` and `clashes`.

    Empty if all commitments are kept.
    """
    out = frozenset[str](lack.get("not_kept", ()))
    proved = [
        CommitmentClash(tuple(row["requests"]), row["cause"], tuple(row["who"]))
        for row in lack.get("clashes", ())
    ]
    if not out:
        return []
    left = out.difference(id for clash in proved for id in clash.requests)
    found = [*proved, *([CommitmentClash(tuple(sorted(left)), "")] if left else [])]
    keys = {key for clash in found for key in (*clash.requests, *clash.who)}
    known = lock_conflicts.find_conflicting_things(session, actor.event_id, keys)
    locked = {key: slot.start for key, slot in locks.list_locked_slots(session, actor.event_id).items()}

    def commitment(key: str) -> Commitment:
        thing = known.get(key)
        meeting = thing if isinstance(thing, RequestFirms) else None
        return Commitment(key, meeting, key not in out, locked.get(key))

    def cause(of: str, who: Collection[str]) -> ClashCause:
        return ClashCause(lock_conflicts.CAUSES.get(of), [known.get(key, key) for key in who])

    return [
        ClashGroup(
            [cause(*each) for each in dict.fromkeys((clash.cause, clash.who) for clash in together)],
            [commitment(key) for key in dict.fromkeys(key for clash in together for key in clash.requests)],
        )
        for together in _connected(found)
    ]


def _connected(found: Sequence[CommitmentClash]) -> list[list[CommitmentClash]]:
    """Return the connected components of conflicts that share a request, directly or through others."""
    groups: list[list[CommitmentClash]] = []
    for clash in found:
        mine = [each for each in groups if any(not set(clash.requests).isdisjoint(x.requests) for x in each)]
        groups = [each for each in groups if each not in mine]
        groups.append([*(x for each in mine for x in each), clash])
    return groups
