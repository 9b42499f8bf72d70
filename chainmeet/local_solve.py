"""Local solve in the terminal: shows progress, keeps the best plan on Ctrl-C, and checks the rules."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType

from chainmeet.plan_check import examine
from chainmeet.terminal import LiveLine, points
from scheduler.domain.entities import PlanStatus
from scheduler.domain.errors import PlanRejected
from scheduler.domain.plan import Plan
from scheduler.domain.planning_inputs import diff_inputs, planning_inputs
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Phase, Progress, Result, SolveParams
from scheduler.files.problem_file import write_problem
from scheduler.threads import run_with_monitor


def solve_here(
    problem: Problem, params: SolveParams, start: Plan | None, before: Problem | None = None
) -> Result:
    """Solve in a thread while this one shows progress and handles signals. Raises PlanRejected.

    `before` is the problem of the published plan. Without it, any input may have changed.
    """
    from scheduler.solver.solve import solve

    # A change budget in the file (`max_moved`) requires a search too: None leaves the decision to solve().
    is_changed = True if before is None or _differ(before, problem) else None
    line = SolveLine(LiveLine(sys.stderr), params, Progress(0.0, Phase.STARTING))
    stop = threading.Event()

    def work() -> Result:
        return solve(
            problem,
            params,
            start=start,
            on_progress=line.report,
            should_stop=stop.is_set,
            is_changed=is_changed,
        )

    result = _attended(work, stop, line)
    findings = examine(problem, result.plan)
    if findings.faults:
        raise PlanRejected(findings.faults)
    return result


def _differ(before: Problem, now: Problem) -> bool:
    return bool(diff_inputs(planning_inputs(write_problem(before)), planning_inputs(write_problem(now))))


def summary(problem: Problem, result: Result) -> str:
    """Return a sentence about a plan, and one about its changes of the published plan."""
    plan = result.plan
    scheduled = f"{plan.status}, {len(plan.meetings)} of {len(problem.requests)} requests scheduled"
    bound = "" if plan.bound is None else f" (maximum {plan.bound:,})"
    sentence = f"{scheduled}, score {plan.score:,}{bound}, {plan.seconds:.1f} s"
    if plan.status is PlanStatus.INFEASIBLE and not plan.is_answer and plan.unscheduled:
        return f"{sentence}\n{plan.unscheduled[0].detail}"
    if problem.published and plan.is_answer:
        sentence = f"{sentence}; {_changed(result)}"
    return "\n".join([sentence, *_not_kept(plan)])


def _not_kept(plan: Plan) -> Iterator[str]:
    """Yield which frozen meetings are not scheduled, and the rules that conflict with them."""
    if plan.not_kept:
        yield f"These meetings must stay but conflict: {', '.join(plan.not_kept)}. All other rules are kept."
        yield from (clash.detail for clash in plan.clashes)


def _changed(result: Result) -> str:
    changes = result.changes
    forced, voluntary = len(changes.forced), len(changes.voluntary)
    counts = f"{len(changes.withdrawn)} withdrawn, {forced} unavoidable and {voluntary} optional changes"
    if result.bought is not None:
        counts += f" (a gain of {result.bought:,} points)"
    if result.given_up:
        counts += f"; {len(result.given_up)} published meetings dropped because of max_idle_spread"
    return counts


@dataclass(slots=True)
class SolveLine:
    """The progress of a solve on one terminal line."""

    line: LiveLine
    params: SolveParams
    last: Progress
    began: float = field(default_factory=time.monotonic)

    def report(self, progress: Progress) -> None:
        self.last = progress

    def show(self) -> None:
        """Redraw the line. Called a few times a second, so that the countdown continues between reports."""
        elapsed = time.monotonic() - self.began
        left = max(0.0, self.params.seconds - elapsed)
        self.line.show(
            self.last.phase,
            points("score", self.last.score),
            points("maximum", self.last.bound),
            f"{elapsed:.0f} s" if self.params.iterations else f"{left:.0f} s left",
        )


def _attended(work: Callable[[], Result], stop: threading.Event, line: SolveLine) -> Result:
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    def show() -> bool:
        line.show()
        return True

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        line.show()
        outcome = run_with_monitor(work, show, every=0.2, name="solve")
    finally:
        line.line.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return outcome.result()
