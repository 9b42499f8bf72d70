"""solve(): the one door to the solver; chooses the way, keeps the time, and checks what it returns."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from scheduler.domain import rules
from scheduler.domain.collecting import no_collection
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Number, Plan, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.domain.rules.score import total_of
from scheduler.domain.rules.stability import published_changes
from scheduler.domain.solving import METHODS, Crew, Progress, Proved, Result, SolveParams
from scheduler.files.problem_file import fingerprint_of
from scheduler.solver.annealing.search import Search
from scheduler.solver.annealing.temperature import Budget, fitted_heat
from scheduler.solver.annealing.warmup import is_slow, warm_up
from scheduler.solver.bounds.closed import Bounds
from scheduler.solver.compiled.kernels import Ints
from scheduler.solver.exact.assignments import MOST_FREE_REQUESTS, wants_exact
from scheduler.solver.explain.contradictions import Contradiction, as_reasons, contradictions
from scheduler.solver.explain.reasons import explain
from scheduler.solver.instance.arrays import Flat, compulsion, flatten
from scheduler.solver.plans.checking import Meetings, first_clean
from scheduler.solver.plans.incumbent import Incumbent
from scheduler.solver.plans.start import published_again, starting_state, within_spread
from scheduler.solver.proof import Proof
from scheduler.solver.standby import Standby
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State
from scheduler.solver.state.terms import count_terms

if TYPE_CHECKING:
    from scheduler.solver.exact.solve import ExactResult

REPORT_SECONDS = 0.25
REASON_SECONDS = 0.0012  # to look into why a request is not held; measured at 620 firms: 0.9 ms
REASON_SHARE = 0.2  # of the time, at most, goes into that
STOP_SECONDS = 0.7  # for all that follows a stop

PATIENCE_SECONDS = 0.2  # for what is at work when a stop comes
POLL_SECONDS = 0.02

LOOKING_SHARE = 0.1  # of the time, for contradictions

PROOF_SHARE = 0.2
MOST_PROOF_SECONDS = 10.0
"""A published plan that stands waits for its bound at most that share of the time, and so many seconds."""

T = TypeVar("T")
Report = Callable[[Progress], None]
Stop = Callable[[], bool]


def solve(
    problem: Problem,
    params: SolveParams,
    start: Sequence[Meeting] | Plan | None = None,
    on_progress: Report | None = None,
    should_stop: Stop | None = None,
    crew: Crew | None = None,
    new: Collection[str] = (),
    proved: Proved | None = None,
) -> Result:
    """The best plan found in the time given, checked by the rules, with a proved bound.

    A published plan to which nothing happened is the answer at once, but for small problems, where it is
    proved, or improved, and where `max_moved` is a budget of changes to improve it with.

    Parameters
    ----------
    problem
        What is to be planned; it was read and checked before.
    params
        Seconds of wall time for the whole solve, or a number of moves for each thread instead; threads, seed
        and method. Loading the kernels and CP-SAT, or compiling them, for the first time is not counted.
    start
        A plan to improve; without one a published plan is.
    on_progress
        Is called at most four times a second in a search, from the calling thread.
    should_stop
        Is asked often, and ends the solve within a second with the best plan so far; where checks take long,
        with the last that was checked.
    crew
        Others who take parts of a search that is limited by time.
    new
        Ids of requests that no earlier plan could hold; for those it is searched in any case.
    proved
        Bounds that were proved of this problem before, in points of score and in weight. Without them, a
        first bound is proved for an answer at once, too.

    Returns
    -------
    Result
        The plan, its progress in order of time, and what it changes of the published plan. A plan keeps every
        hard rule; where there is none, its status is `infeasible` (proved) or `unknown`.

    Raises
    ------
    ValueError
        `params.method` is not one of `METHODS`.
    """
    if params.method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {params.method!r}")
    return _Solve(problem, params, on_progress, should_stop, crew, new, proved).run(_as_meetings(start))


def _as_meetings(start: Sequence[Meeting] | Plan | None) -> tuple[Meeting, ...] | None:
    if start is None:
        return None
    return start.meetings if isinstance(start, Plan) else tuple(start)


@dataclass
class _Solve:
    """One solve: the clock, the bounds beside it, and the reports on the way."""

    problem: Problem
    params: SolveParams
    on_progress: Report | None
    should_stop: Stop | None
    crew: Crew | None
    new: Collection[str]
    proved: Proved | None
    began: float = field(default_factory=time.monotonic)
    patience: float = 0.0
    """Until when what is at work is waited for, once the solve was stopped."""
    reserve: float = 0.0
    reported: float = 0.0
    curve: list[Progress] = field(default_factory=list)
    best: rules.Score | None = None
    contradictions: tuple[Contradiction, ...] = ()
    kept: Number | None = None  # the score of the published plan with what could be inserted
    together: Collection[str] = ()
    """What would be held of the published plan, had it not broken `max_idle_spread`."""

    def run(self, start: tuple[Meeting, ...] | None) -> Result:
        self.proof = Proof(self.problem, self.proved)
        self.report("reading")
        if is_slow():
            self.report("compiling")
        flat = self.patiently(self.flattened)
        if flat is None:
            return self.finish(None, None)
        self.flat, self.keeper = flat, Incumbent(flat)
        self.contradictions = contradictions(self.problem, self.has_looked)
        if self.contradictions:
            return self.result((), rules.score(self.problem, ()), PlanStatus.INFEASIBLE, None)
        unchanged = None
        if start is None and not self.problem.policy.max_moved:
            unchanged = self.patiently(self.unchanged)
        if unchanged is not None:
            self.kept = self.score_of(unchanged).total
            if not (self.is_exact and len(self.problem.requests) <= MOST_FREE_REQUESTS):
                self.prove_unchanged()
                return self.finish(unchanged, None)
        if self.is_exact and self.params.iterations is None:
            meetings, exact = self.find_exactly(start, unchanged)
        else:
            self.proof.begin(self.left() - 0.3, self.is_over)
            meetings, exact = self.find(start, unchanged)
        self.proof.end(wait=self.params.iterations is not None)
        return self.finish(meetings, exact)

    def has_looked(self) -> bool:
        """Whether contradictions were looked for long enough."""
        return self.is_over() or (
            self.params.iterations is None and self.seconds > LOOKING_SHARE * self.params.seconds
        )

    def flattened(self) -> Flat:
        """The problem as arrays; the clock stands still while kernels and CP-SAT are made ready for it."""
        paused = time.monotonic()
        warm_up()
        if self.is_exact:
            load_exact()
        self.began += time.monotonic() - paused
        with no_collection():
            return flatten(self.problem)

    def unchanged(self) -> Meetings:
        """The published plan, if nothing happened to it."""
        found = published_again(self.flat, self.new)
        if found is not None:
            self.keeper.ready = found, rules.score(self.problem, found)
        return found

    def prove_unchanged(self) -> None:
        """A first bound for a plan that needs no search, if none was proved before."""
        if self.proof.is_made:
            return
        until = self.seconds + min(PROOF_SHARE * self.left(), MOST_PROOF_SECONDS)
        self.proof.begin(until - self.seconds, self.is_stopped)
        while self.proof.is_running and not self.proof.is_made and not self.is_stopped():
            if self.seconds >= until and self.params.iterations is None:
                break
            time.sleep(POLL_SECONDS)
            if time.monotonic() - self.reported >= REPORT_SECONDS:
                self.report("proving")
        self.proof.end(wait=self.params.iterations is not None)

    def patiently(self, work: Callable[[], T]) -> T | None:
        """What some work gives that cannot be stopped; None if the solve is, and it is not done soon."""
        if self.should_stop is None:
            return work()
        outcome: Future[T] = Future()
        threading.Thread(target=_fulfil, args=(outcome, work), name="work", daemon=True).start()
        while not outcome.done() and not self.is_stopped():
            wait([outcome], POLL_SECONDS)
        self.patience = self.patience or (time.monotonic() + PATIENCE_SECONDS if self.is_stopped() else 0.0)
        wait([outcome], self.patience - time.monotonic() if self.patience else None)
        return outcome.result() if outcome.done() else None

    @cached_property
    def is_exact(self) -> bool:
        """Whether the exact model is asked for, or the better way for such a problem."""
        if self.params.method == "auto" and self.params.iterations is None:
            return wants_exact(self.problem)
        return self.params.method == "exact"

    # The clock and the reports

    @property
    def bounds(self) -> Bounds:
        return self.proof.found

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def left(self) -> float:
        """Seconds until the search must end, so that checking and explaining fit in the time."""
        return self.params.seconds - self.reserve - self.seconds

    def report(self, phase: str) -> None:
        """Tell the progress, with the best plan so far."""
        self.reported = time.monotonic()
        score, terms = (None, {}) if self.best is None else (self.best.total, self.best.terms)
        self.tell(Progress(self.seconds, phase, score, self.bounds.score, self.bounds.served, terms))

    def report_search(self, state: State, is_best: bool) -> None:
        """The same, at most four times a second; a hot search is below its best most of the time."""
        if is_best and (self.best is None or state.score > self.best.total):
            self.measure(state)
            if self.left() > 2 * self.keeper.spent:
                self.keeper.check_beside(state.held)
        beside = compulsion(self.problem) * len(self.problem.compulsory)  # what the search adds
        if state.score - beside >= self.bounds.score and not self.is_done():
            self.check(state.held)
        if time.monotonic() - self.reported >= REPORT_SECONDS:
            self.report("searching")

    def measure(self, state: State) -> None:
        terms = count_terms(self.problem, self.flat.data, state)
        self.best = rules.Score(total_of(self.problem, terms), terms)

    def tell(self, progress: Progress) -> None:
        self.curve.append(progress)
        if self.on_progress is not None:
            self.on_progress(progress)

    # The parts

    def find(self, start: Meetings, unchanged: Meetings) -> tuple[Meetings, ExactResult | None]:
        """The best plan found, checked by the rules; with a number of moves an exact model has to wait."""
        best = self.search(start) if unchanged is None else unchanged
        if not self.is_exact or self.is_over():
            return best, None
        exact = self.exact(best, lambda: None)
        return best if exact.meetings is None else exact.meetings, exact

    def find_exactly(self, start: Meetings, unchanged: Meetings) -> tuple[Meetings, ExactResult | None]:
        """The same by the exact model, which begins at once; a search and a proof stand by."""
        first = unchanged
        if first is None:
            state = self.patiently(lambda: starting_state(self.flat, start, self.params.seed))
            first = None if state is None else self.first(state, start)
        if self.is_over():
            return first, None
        standby = Standby(self.flat, start, self.params.seed, self.proof, self.left, self.is_over)
        standby.begin()
        exact = self.exact(first, lambda: standby.found)
        standby.end()
        if exact.status is PlanStatus.INFEASIBLE:
            return None, exact
        plans = [found for found in (exact.meetings, standby.found, first) if found is not None]
        return max(plans, key=lambda plan: self.score_of(plan).total, default=None), exact

    def exact(self, start: Meetings, others: Callable[[], Meetings]) -> ExactResult:
        from scheduler.solver.exact.solve import solve_exact

        return solve_exact(
            self.problem,
            self.left(),
            self.params.workers,
            self.params.seed,
            start,
            self.tell_exact,
            self.should_stop,
            others,
        )

    def first(self, state: State, start: Meetings) -> Meetings:
        """What a search starts from, told and checked; what breaks `max_idle_spread` is not in it."""
        kept = within_spread(self.flat, state)
        if kept is not state and start is None:
            self.together = {
                self.problem.requests[r].id for r in np.flatnonzero(state.held[:, held.SLOT] >= 0)
            }
        self.measure(kept)
        self.report("constructed")
        first = self.checked_first(kept)
        if self.problem.published and start is None and first is not None:
            self.kept = self.score_of(first).total
        return first

    def search(self, start: Meetings) -> Meetings:
        """The searched plan, else what it started from."""
        state = self.patiently(lambda: starting_state(self.flat, start, self.params.seed))
        if state is None:
            return None
        if self.first(state, start) is None and self.is_stopped():
            return None
        cold = start is not None or len(self.problem.published) > 0
        search = Search(
            self.flat,
            fitted_heat(self.problem, cold=cold),
            Budget(self.left(), self.params.iterations, self.is_done),
            self.params.workers,
            self.params.seed,
            self.report_search,
            self.crew,
            spare_cores=self.spare_cores,
            cooling=max(0.0, STOP_SECONDS - 1.5 * self.keeper.spent) if self.keeper.is_quick else 0.0,
        )
        search.run(state)
        _, first = self.keeper.ready
        if first is None or search.score > first.total:
            self.check_last(search.best)
        return self.keeper.ready[0] or first_clean(self.problem, [start, ()])

    def check_last(self, table: Ints) -> None:
        """Check what a search found; a stop waits for a check that is quick."""
        if self.keeper.is_quick:
            self.keeper.check(table)
        elif not self.is_stopped():
            self.check(table)

    def spare_cores(self) -> int | None:
        """How many cores the proof leaves; None when it has ended."""
        return len(os.sched_getaffinity(0)) - 1 if self.proof.is_running else None

    def check(self, table: Ints) -> Meetings:
        """A plan of a search, if it keeps the rules, or does so without some meetings."""
        copy = table.copy()
        return self.patiently(lambda: self.keeper.check(copy))

    def checked_first(self, state: State) -> Meetings:
        """The first plan, checked; how long that took tells how much time the last check needs."""
        first = self.check(state.held)
        seconds, spent = self.params.seconds, self.keeper.spent
        checks = max(spent, min(0.2 * seconds, 0.2 + 2.0 * spent))
        reasons = REASON_SECONDS * state.unheld_count
        self.reserve = checks + min(REASON_SHARE * seconds, reasons)
        return first

    # The answer

    def finish(self, meetings: Meetings, exact: ExactResult | None) -> Result:
        """A plan that keeps the rules, or none, with its score, its status and the reasons."""
        if meetings is None:
            proved = exact is not None and exact.status is PlanStatus.INFEASIBLE
            status = PlanStatus.INFEASIBLE if proved else PlanStatus.UNKNOWN
            return self.result((), rules.score(self.problem, ()), status, None)
        found = self.score_of(meetings)
        bound: Number = self.bounds.score
        if exact is not None and exact.bound is not None:
            bound = min(bound, exact.bound)
        status = PlanStatus.OPTIMAL if found.total >= bound else PlanStatus.FEASIBLE
        return self.result(meetings, found, status, max(bound, found.total))

    def score_of(self, meetings: tuple[Meeting, ...]) -> rules.Score:
        ready, score = self.keeper.ready
        return score if score is not None and ready is meetings else rules.score(self.problem, meetings)

    def result(
        self, meetings: tuple[Meeting, ...], found: rules.Score, status: PlanStatus, bound: Number | None
    ) -> Result:
        self.tell(Progress(self.seconds, "explaining", found.total, bound, self.bounds.served, found.terms))
        plan = Plan(
            problem=fingerprint_of(self.problem),
            status=status,
            score=found.total,
            terms=found.terms,
            bound=bound,
            served_bound=None if bound is None else self.bounds.served,
            meetings=meetings,
            unscheduled=(
                as_reasons(self.problem, self.contradictions)
                if status is PlanStatus.INFEASIBLE
                else self.explained(meetings)
            ),
            seconds=0.0 if self.params.iterations is not None else round(self.seconds, 3),
            seed=self.params.seed,
            workers=self.params.workers,
        )
        changes = published_changes(self.problem, meetings)
        bought = None if self.kept is None else found.total - self.kept
        held = {meeting.request for meeting in meetings}
        published = (meeting.request for meeting in self.problem.published)
        given_up = tuple(id for id in published if id in self.together and id not in held)
        return Result(plan, tuple(self.curve), changes, bought, given_up)

    def explained(self, meetings: tuple[Meeting, ...]) -> tuple[Unscheduled, ...]:
        """The reasons; with a number of moves instead of a time, all of them, for the same plan each time."""
        left = math.inf if self.params.iterations is not None else self.params.seconds - self.seconds
        found = None
        if not self.is_stopped():
            found = self.patiently(lambda: explain(self.problem, meetings, self.should_stop, left))
        return explain(self.problem, meetings, lambda: True) if found is None else found

    def is_stopped(self) -> bool:
        return self.should_stop is not None and self.should_stop()

    def is_done(self) -> bool:
        """Whether the search was stopped, or has found a plan that cannot be bettered."""
        _, checked = self.keeper.ready
        is_proved = checked is not None and checked.total >= self.bounds.score
        return self.is_stopped() or (is_proved and self.params.iterations is None)

    def is_over(self) -> bool:
        """Whether the search was stopped, or its time is over."""
        if self.is_stopped():
            return True
        return self.params.iterations is None and self.left() <= 0

    def tell_exact(self, progress: Progress) -> None:
        bound = self.bounds.score if progress.bound is None else min(progress.bound, self.bounds.score)
        self.tell(replace(progress, seconds=self.seconds, bound=bound, served_bound=self.bounds.served))


def load_exact() -> None:
    """Load CP-SAT: only where it is wanted, as it takes 50 MB that a search can do without."""
    import scheduler.solver.exact.solve  # noqa: F401


def _fulfil(outcome: Future[T], work: Callable[[], T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)
