"""The parameters, the progress and the result of a solve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from scheduler.domain.plan import Number, Plan
from scheduler.domain.rules.stability import PublishedChanges

METHODS = ("auto", "exact", "search")


class Phase(StrEnum):
    """The phase of a run or a solve."""

    STARTING = "starting"
    READING = "reading"
    COMPILING = "compiling"
    """Before the first solve of an installation. It does not count as the solve's time."""
    PROVING = "proving"
    CONSTRUCTED = "constructed"
    """There is a first plan."""
    SEARCHING = "searching"
    EXACT = "exact"
    EXPLAINING = "explaining"
    DONE = "done"


class ScenarioState(StrEnum):
    """new -> asked -> running -> done | failed. One that is changed or stopped is new again."""

    NEW = "new"
    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ScenarioKind(StrEnum):
    """What a problem is changed and solved for, beside the live plan."""

    DIALS = "dials"
    """To see what dials would do before they are saved."""
    CURVE = "curve"
    """A point of the curve of fairness."""
    KEPT = "kept"
    """An organiser's own, kept by its name."""
    REMEDY = "remedy"
    """What a change would let in that helps a group of requests that a version does not hold."""


@dataclass(frozen=True, slots=True)
class SolveParams:
    """`seconds` is wall time for the whole solve. `iterations` replaces it for a reproducible plan."""

    seconds: float = 60.0
    workers: int = 2
    seed: int = 1
    method: str = "auto"
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class ProvedBounds:
    """Bounds of a problem that were proved before: of its score, of the weight that can be served, and, where
    one was proved, of the number of meetings.
    """

    score: Number
    served: Number
    meetings: int | None = None


class Helpers(Protocol):
    """Other workers that take subproblems of a search.

    No call raises or waits. A subproblem that is lost is never answered.
    """

    def size(self, *, nearby: bool) -> int:
        """The number of subproblems that may be sent now.

        If not `nearby`, helpers on this machine do not count.
        """

    def send(self, subproblems: Sequence[bytes]) -> None:
        """Send each subproblem to one helper."""

    def answers(self) -> Mapping[int, bytes]:
        """The answers so far, by the subproblem's position in the last `send`."""

    def withdraw(self) -> None:
        """Give up the subproblems of the last `send` that are not answered yet."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One report: `score` and `terms` of the best plan and the proved `bound`, after `seconds`."""

    seconds: float
    phase: Phase
    score: Number | None = None
    bound: Number | None = None
    served_bound: Number | None = None
    terms: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """A plan, its convergence curve in order of time, and what it changes of the published plan.

    `bought` is the plan's score less that of the plan which keeps every published meeting that can stay
    and inserts the others where they fit: what the voluntary changes are worth. None where nothing is
    published, or where no such plan was made. `given_up` are
    the published meetings, by request, that are not held any more as `max_idle_spread` was broken by those
    that can stay.
    """

    plan: Plan
    curve: tuple[Progress, ...] = ()
    changes: PublishedChanges = field(default_factory=PublishedChanges)
    bought: Number | None = None
    given_up: tuple[str, ...] = ()
