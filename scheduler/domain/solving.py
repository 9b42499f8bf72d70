"""Parameters, progress and result of a solve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from scheduler.domain.plan import Number, Plan
from scheduler.domain.rules.stability import PublishedChanges

METHODS = ("auto", "exact", "search")


class Phase(StrEnum):
    """Phase of a run or a solve."""

    STARTING = "starting"
    READING = "reading"
    COMPILING = "compiling"
    """Before the first solve of an installation. Does not count as solve time."""
    PROVING = "proving"
    CONSTRUCTED = "constructed"
    """A first incumbent exists."""
    SEARCHING = "searching"
    EXACT = "exact"
    EXPLAINING = "explaining"
    DONE = "done"


class ScenarioState(StrEnum):
    """new -> queued -> running -> done | failed. A changed or stopped scenario returns to new."""

    NEW = "new"
    QUEUED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ScenarioKind(StrEnum):
    """Purpose of a scenario: a modified problem solved beside the live plan."""

    DIALS = "dials"
    """Preview of scheduling priorities before they are saved."""
    CURVE = "curve"
    """A point of the fairness curve."""
    KEPT = "kept"
    """An organiser's own named scenario."""
    REMEDY = "remedy"
    """Effect of a fix for a group of unscheduled requests of a version."""


@dataclass(frozen=True, slots=True)
class SolveParams:
    """Parameters of a solve. `seconds` is wall time; `iterations` replaces it for a reproducible plan."""

    seconds: float = 60.0
    workers: int = 2
    seed: int = 1
    method: str = "auto"
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class ProvedBounds:
    """Proven bounds of a problem: score, served weight and, optionally, number of meetings."""

    score: Number
    served: Number
    meetings: int | None = None


class Helpers(Protocol):
    """Other workers that solve subproblems of a search.

    Calls never raise or block. A lost subproblem is never answered.
    """

    def size(self, *, nearby: bool) -> int:
        """Return the number of subproblems that may be sent now.

        If not `nearby`, helpers on this machine do not count.
        """

    def send(self, subproblems: Sequence[bytes]) -> None:
        """Send each subproblem to one helper."""

    def answers(self) -> Mapping[int, bytes]:
        """Return the answers so far, by the subproblem's position in the last `send`."""

    def withdraw(self) -> None:
        """Cancel the unanswered subproblems of the last `send`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A progress report after `seconds`: `score` and `terms` of the incumbent, and the proven `bound`."""

    seconds: float
    phase: Phase
    score: Number | None = None
    bound: Number | None = None
    served_bound: Number | None = None
    terms: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """A plan, its convergence curve in time order, and its changes to the published schedule.

    `bought` is the plan's score minus that of a baseline plan. The baseline keeps every published meeting
    that can stay, and inserts the others where they fit. The difference is what the voluntary changes are
    worth. It is None if nothing is published, or no baseline was made. `given_up` are the requests whose
    published meetings were dropped because keeping all that can stay violated `max_idle_spread`.
    """

    plan: Plan
    curve: tuple[Progress, ...] = ()
    changes: PublishedChanges = field(default_factory=PublishedChanges)
    bought: Number | None = None
    given_up: tuple[str, ...] = ()
