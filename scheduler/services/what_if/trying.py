"""Carry a what-if out: snapshot, its changes, solve for its seconds, compare. No plan is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.plan import Plan
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Progress, Result, SolveParams, WhatIfKind
from scheduler.files.problem_file import fingerprint_of, read_problem, write_problem
from scheduler.services.problems import snapshot
from scheduler.services.runs.checking import NO_PLAN
from scheduler.services.runs.watchdog import Report, ShouldStop, Solve, Stop, Watched, watch
from scheduler.services.schedule import versions
from scheduler.services.what_if import changes, figures, waiting
from scheduler.services.what_if.applying import applied
from scheduler.services.what_if.remedies import remedy_of
from scheduler.services.what_if.waiting import WhatIfGone
from scheduler.solver.explain.levers import with_lever
from scheduler.solver.solve import solve as solve_problem
from scheduler.storage.database import Database
from scheduler.storage.models import WhatIf

log = structlog.get_logger()

STUCK = "The search did not stop at the end of its time."


@dataclass(frozen=True, slots=True)
class Live:
    """The event as it is: its problem, and the number of the version that is published."""

    problem: Problem
    version: int | None


def execute(
    database: Database,
    *,
    settings: Settings,
    should_stop: Callable[[], bool] = lambda: False,
    solve: Solve = solve_problem,
) -> bool:
    """Do the next what-if from its claim to its end. Returns whether one was done.

    It stops as soon as any run waits for a worker, and is asked for again. What fails ends it as failed, with
    a sentence: nothing is raised.
    """
    with database.write() as session:
        row = waiting.claim(session, now=database.now_in(session))
    if row is None:
        return False
    work = _Work(database, row)
    try:
        return work.do(solve, settings, should_stop)
    except WhatIfGone as gone:
        log.info("what-if put away", what_if=row.id, reason=str(gone))
        return False
    except ChainmeetError as error:
        return work.fail(str(error))
    except Exception as error:
        log.exception("what-if failed", what_if=row.id)
        return work.fail(f"It ended with an error ({type(error).__name__}). The log has the details.")


@dataclass(frozen=True, slots=True)
class _Work:
    """A what-if that this worker has claimed."""

    database: Database
    row: WhatIf

    def do(self, solve: Solve, settings: Settings, should_stop: Callable[[], bool]) -> bool:
        row = self.row
        if row.kind is WhatIfKind.REMEDY:
            return self.do_remedy(solve, settings, should_stop)
        with self.database.read() as session:
            now = self.database.now_in(session)
            published = versions.published(session, row.event_id)
            live = Live(
                snapshot.take(session, row.event_id, now=now), published.number if published else None
            )
        changed = applied(live.problem, changes.read_all(row.changes))
        if changed is not live.problem:
            changed = read_problem(write_problem(changed))  # what a file may not say, no what-if does
        params = SolveParams(seconds=row.seconds, workers=settings.solve_workers)
        # named as new, a request has the search run although nothing has changed
        solving = partial(solve, changed, params, new=[each.id for each in changed.requests[:1]])
        watched = watch(
            lambda report, stop: solving(on_progress=report, should_stop=stop),
            self,
            seconds=row.seconds,
            should_stop=should_stop,
        )
        return self.end(live, changed, watched)

    def do_remedy(self, solve: Solve, settings: Settings, should_stop: Callable[[], bool]) -> bool:
        """Search on from a version's plan, then with a lever pulled as long again: what the lever buys."""
        asked = remedy_of(self.row.changes)
        with self.database.read() as session:
            now = self.database.now_in(session)
            problem = snapshot.take(session, self.row.event_id, now=now)
            meetings = versions.meetings(session, asked.version_id)
        index = problem.index
        start = [m for m in meetings if m.request in index.requests and m.slot in index.slots]
        params = SolveParams(seconds=self.row.seconds, workers=settings.solve_workers)
        plans = list[Plan]()

        def both(report: Report, stop: ShouldStop) -> Result:
            for each in (problem, with_lever(problem, asked.lever)):
                result = solve(each, params, start=start, on_progress=report, should_stop=stop)
                plans.append(result.plan)
            return result

        watched = watch(both, self, seconds=2 * self.row.seconds, should_stop=should_stop)
        if watched.why in (Stop.CANCEL, Stop.SHUTDOWN):
            with self.database.write() as session:
                waiting.put_back(session, self.row.id, self.row.turn)
            return False
        if watched.is_stuck:
            return self.fail(STUCK)
        for plan in plans:
            if plan.status in NO_PLAN:
                return self.fail(NO_PLAN[plan.status])
        figures_of = [{"held": len(plan.meetings), "score": plan.score} for plan in plans]
        result = dict(zip(("without", "with"), figures_of, strict=True))
        with self.database.write() as session:
            now = self.database.now_in(session)
            waiting.finish(session, self.row.id, self.row.turn, result, now=now)
        return True

    def end(self, live: Live, changed: Problem, watched: Watched) -> bool:
        if watched.why in (Stop.CANCEL, Stop.SHUTDOWN):
            with self.database.write() as session:
                waiting.put_back(session, self.row.id, self.row.turn)
            return False
        if watched.is_stuck:
            return self.fail(STUCK)
        plan = watched.result.plan
        if plan.status in NO_PLAN:
            return self.fail(NO_PLAN[plan.status])
        result = {
            "now": figures.of_published(live.problem, changed),
            "then": figures.of_plan(live.problem, changed, plan),
            "version": live.version,
            "fingerprint": fingerprint_of(live.problem),
        }
        with self.database.write() as session:
            now = self.database.now_in(session)
            waiting.finish(session, self.row.id, self.row.turn, result, now=now)
        return True

    def fail(self, error: str) -> bool:
        try:
            with self.database.write() as session:
                now = self.database.now_in(session)
                waiting.fail(session, self.row.id, self.row.turn, error, now=now)
        except WhatIfGone:
            log.info("what-if put away", what_if=self.row.id)
        return False

    # What `watch` asks and tells

    def is_cancel_asked(self) -> bool:
        with self.database.read() as session:
            return waiting.must_stop(session, self.row.id, self.row.turn)

    def report(self, progress: Progress | None) -> None:
        with self.database.write() as session:
            now = self.database.now_in(session)
            waiting.report(session, self.row.id, self.row.turn, progress, now=now)

    def beat(self) -> None:
        self.report(None)
