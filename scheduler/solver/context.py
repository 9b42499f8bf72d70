"""What all steps of one solve share: what is asked for, the time, the proof, and the plans found so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from scheduler.domain import rules
from scheduler.domain.commitments import UnkeptCommitments
from scheduler.domain.plan import Meeting, Number
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Helpers, Phase, SolveParams
from scheduler.solver.clock import SolveClock
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.plans.checking import Meetings
from scheduler.solver.plans.incumbent import Incumbent
from scheduler.solver.progress import Reporter
from scheduler.solver.proof import Proof


@dataclass
class SolveContext:
    """One solve.

    Attributes
    ----------
    flat, incumbent
        The problem as arrays, and the best plan that was checked. Both are set once the problem is read.
    kept
        The score of the published plan with what could be inserted. None without one.
    settled
        What of the compulsory and frozen meetings cannot be kept. In `problem` it is released.
    together
        Ids of what would be held of the published plan, had it not broken `max_idle_spread`.
    """

    problem: Problem
    params: SolveParams
    clock: SolveClock
    proof: Proof
    reporter: Reporter
    helpers: Helpers | None = None
    flat: Flat = field(init=False)
    incumbent: Incumbent = field(init=False)
    settled: UnkeptCommitments = field(default_factory=UnkeptCommitments)
    kept: Number | None = None
    together: Collection[str] = ()

    @property
    def counts_moves(self) -> bool:
        """Whether moves are counted, and not the time: the same plan each time."""
        return self.params.iterations is not None

    def read(self, flat: Flat) -> None:
        self.flat, self.incumbent = flat, Incumbent(flat, self.clock)

    def check(self, table: Int32s) -> Meetings:
        """A plan of a search, if it keeps the rules, or does so without some meetings."""
        copy = table.copy()
        return self.clock.run_interruptibly(lambda: self.incumbent.check(copy))

    def score_of(self, meetings: tuple[Meeting, ...]) -> rules.Score:
        ready, score = self.incumbent.ready
        return score if score is not None and ready is meetings else rules.score(self.problem, meetings)

    def is_done(self) -> bool:
        """Whether the search was stopped, or has found a plan that cannot be bettered."""
        _, checked = self.incumbent.ready
        is_proved = checked is not None and checked.total >= self.proof.found.score
        return self.clock.is_stopped() or (is_proved and not self.counts_moves)

    def end_proof(self) -> None:
        """End the proof. Where moves are counted, the whole proof is waited for."""
        self.proof.end(wait=self.counts_moves)

    def report(self, phase: Phase) -> None:
        self.reporter.report(phase)
