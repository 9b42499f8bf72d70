"""Trials of suggested fixes: scenarios that measure what fixes gain, on request.

Gains of single fixes do not add up: two fixes can schedule the same request, and one can take the table that
another needs. So a worker continues the search from the version's plan twice for the same time, without the
fixes and with them. The difference is an estimate by two searches, not a proof. Trials wait behind other
runs, and are hidden once a fix has changed. The cost of unlocking a conflicting lock is not shown, because it
would need a search for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from scheduler.domain.plan import EventFix
from scheduler.domain.solving import ScenarioKind, ScenarioState
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.scenarios import scenario_rows
from scheduler.services.schedule import versions

SECONDS = 10
"""Seconds of each of the two searches, or less if runs are shorter."""
MAX_TRIALS = 100
"""Trials per event: the oldest are deleted."""
ALL_GROUPS: Final = -1
"""Group number that stands for the fixes of all groups together."""


@dataclass(frozen=True, slots=True)
class FixTrialRequest:
    """A requested trial of one fix, or of those of all groups."""

    version_id: int
    group: int
    fixes: tuple[EventFix, ...]


@dataclass(frozen=True, slots=True)
class FixTrial:
    """A trial.

    When done, `more` is the number of additional requests scheduled, compared with an equal search of
    `seconds` without the fix.
    """

    state: ScenarioState
    seconds: int
    more: int | None
    scheduled: int | None
    points: float | None
    error: str | None

    @property
    def is_open(self) -> bool:
        return self.state in (ScenarioState.QUEUED, ScenarioState.RUNNING)


def parse_trial_request(changes: Sequence[Mapping[str, Any]]) -> FixTrialRequest:
    """Parse the request stored in a row."""
    (row,) = changes
    made = (EventFix(each["kind"], tuple(each["ids"]), tuple(each["slots"])) for each in _fixes_of(row))
    return FixTrialRequest(row["version_id"], row["group"], tuple(made))


def request_trial(
    session: Session, actor: Actor, number: int, group: int, fix: Mapping[str, Any], *, now: datetime
) -> None:
    """Request a trial of a group's fix in a version. An earlier trial is replaced."""
    _ask(session, actor, number, group, {"lever": dict(fix)}, now=now)


def request_trial_of_all(
    session: Session, actor: Actor, number: int, fixes: Sequence[Mapping[str, Any]], *, now: datetime
) -> None:
    """Request a trial of all fixes of a version together. An earlier trial is replaced."""
    _ask(session, actor, number, ALL_GROUPS, {"levers": [dict(fix) for fix in fixes]}, now=now)


def _ask(
    session: Session, actor: Actor, number: int, group: int, what: Mapping[str, Any], *, now: datetime
) -> None:
    actor.require(Right.MANAGE_SCENARIOS)
    version = versions.get_version(session, actor.event_id, number)
    known = scenario_rows.list_rows(session, actor.event_id, ScenarioKind.REMEDY)
    mine = [row for row in known if _key(row.changes) == (version.id, group)]
    if mine and mine[0].state in (ScenarioState.QUEUED, ScenarioState.RUNNING):
        return
    for old in known[: max(0, len(known) - MAX_TRIALS + 1)] if not mine else ():
        session.delete(old)
    name = f"Version {number}, all groups" if group == ALL_GROUPS else f"Version {number}, group {group + 1}"
    row = mine[0] if mine else scenario_rows.add_row(
        session, actor.event_id, ScenarioKind.REMEDY, name=name, changes=(), now=now
    )  # fmt: skip
    row.seconds = min(row.seconds, SECONDS)
    row.changes = [{"version_id": version.id, "group": group, **what}]
    scenario_rows.request_solve(row, now=now)
    session.flush()
    if group == ALL_GROUPS:
        about = pgettext_lazy("audit log", "all fixes tested together: version %(version)s", version=number)
    else:
        about = pgettext_lazy(
            "audit log", "fix tested: version %(version)s, group %(group)s", version=number, group=group + 1
        )
    after = what["lever"] if group != ALL_GROUPS else {"remedies": len(what["levers"])}
    recording.record_act(session, actor, Act.SCENARIO, about, after=after, now=now)


def list_trials(session: Session, actor: Actor, number: int) -> dict[int, FixTrial]:
    """Return trials of a version by group number, without those of outdated groups."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    fixes = [group["lever"] for group in version.groups or ()]
    found = {}
    for row in scenario_rows.list_rows(session, actor.event_id, ScenarioKind.REMEDY):
        version_id, group = _key(row.changes)
        if (
            group != ALL_GROUPS
            and version_id == version.id
            and _fixes_of(row.changes[0]) == fixes[group : group + 1]
        ):
            found[group] = _trial(row.state, row.seconds, row.result, row.error)
    return found


def get_trial_of_all(
    session: Session, actor: Actor, number: int, fixes: Sequence[Mapping[str, Any]]
) -> FixTrial | None:
    """Return the trial of all fixes of a version together, if the fixes are unchanged."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    for row in scenario_rows.list_rows(session, actor.event_id, ScenarioKind.REMEDY):
        if _key(row.changes) == (version.id, ALL_GROUPS) and _fixes_of(row.changes[0]) == list(fixes):
            return _trial(row.state, row.seconds, row.result, row.error)
    return None


def _fixes_of(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(row["levers"]) if row["group"] == ALL_GROUPS else [row["lever"]]


def _key(changes: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    return changes[0]["version_id"], changes[0]["group"]


def _trial(
    state: ScenarioState, seconds: int, result: Mapping[str, Any] | None, error: str | None
) -> FixTrial:
    if result is None:
        return FixTrial(state, seconds, None, None, None, error)
    held = result["with"]["held"]
    points = result["with"]["score"] - result["without"]["score"]
    return FixTrial(state, seconds, held - result["without"]["held"], held, points, error)
