"""How a solve is asked for and what it reports on the way; for the solver and those who only follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.domain.plan import Number, Plan

METHODS = ("auto", "exact", "search")


@dataclass(frozen=True, slots=True)
class SolveParams:
    """`seconds` is wall time for the whole solve; `iterations` replaces it for a reproducible plan."""

    seconds: float = 60.0
    workers: int = 2
    seed: int = 1
    method: str = "auto"
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """One report: `score` and `terms` of the best plan and the proved `bound`, after `seconds`."""

    seconds: float
    phase: str
    score: Number | None = None
    bound: Number | None = None
    served_bound: Number | None = None
    terms: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """A plan and its convergence curve, in order of time."""

    plan: Plan
    curve: tuple[Progress, ...] = ()
