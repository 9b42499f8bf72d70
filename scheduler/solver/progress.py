"""The progress of a solve: reports of the best plan so far and the bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from scheduler.domain import rules
from scheduler.domain.plan import Number
from scheduler.domain.problem import Problem
from scheduler.domain.rules.score import weighted_total
from scheduler.domain.solving import Phase, Progress
from scheduler.solver.clock import SolveClock
from scheduler.solver.instance.arrays import Data
from scheduler.solver.proof import Proof
from scheduler.solver.state.state import State
from scheduler.solver.state.terms import count_terms

REPORT_SECONDS = 0.25


@dataclass
class Reporter:
    """Reports the progress to the caller, and keeps all reports in `curve`, in order of time."""

    problem: Problem
    clock: SolveClock
    proof: Proof
    on_progress: Callable[[Progress], None] | None
    curve: list[Progress] = field(default_factory=list)
    best: rules.Score | None = None
    reported: float = -math.inf

    def report(self, phase: Phase) -> None:
        """Report the progress, with the best plan so far."""
        self.reported = self.clock.spent
        bounds = self.proof.found
        score, terms = (None, {}) if self.best is None else (self.best.total, self.best.terms)
        self._tell(Progress(self.clock.spent, phase, score, bounds.score, bounds.served, terms))

    def report_at_times(self, phase: Phase) -> None:
        """The same, at most four times a second."""
        if self.clock.spent - self.reported >= REPORT_SECONDS:
            self.report(phase)

    def measure(self, data: Data, state: State) -> None:
        """Take a state as the best plan so far."""
        terms = count_terms(self.problem, data, state)
        self.best = rules.Score(weighted_total(self.problem, terms), terms)

    def report_exact(self, progress: Progress) -> None:
        """Pass on a report of the exact model, with this solve's clock, and its bound if that is lower."""
        bounds = self.proof.found
        bound = bounds.score if progress.bound is None else min(progress.bound, bounds.score)
        self._tell(replace(progress, seconds=self.clock.spent, bound=bound, served_bound=bounds.served))

    def report_answer(self, found: rules.Score, bound: Number | None) -> None:
        """Report the answer's score, before the reasons are worked out."""
        served = self.proof.found.served
        self._tell(Progress(self.clock.spent, Phase.EXPLAINING, found.total, bound, served, found.terms))

    def _tell(self, progress: Progress) -> None:
        self.curve.append(progress)
        if self.on_progress is not None:
            self.on_progress(progress)
