"""Carry a preview out: snapshot with other dials, solve for some seconds, compare. No plan is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from scheduler.config import Settings
from scheduler.domain import rules
from scheduler.domain.changes import compare
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.fairness import fairness, firm_shares
from scheduler.domain.solving import Progress, SolveParams
from scheduler.services.problems import snapshot
from scheduler.services.runs import previews
from scheduler.services.runs.checking import NO_PLAN
from scheduler.services.runs.previews import PreviewLost
from scheduler.services.runs.watchdog import Solve, Stop, Watched, watch
from scheduler.solver.solve import solve as solve_problem
from scheduler.storage.database import Database
from scheduler.storage.models import Preview

log = structlog.get_logger()

Figures = Mapping[str, int | float]

STUCK = "The search did not stop at the end of its time."


def execute(
    database: Database,
    event_id: int,
    *,
    settings: Settings,
    should_stop: Callable[[], bool] = lambda: False,
    solve: Solve = solve_problem,
) -> bool:
    """Do an event's preview from its claim to its end. Returns whether it was done.

    It stops as soon as any run waits for a worker, and is asked for again. What fails ends it as failed, with
    a sentence: nothing is raised.
    """
    with database.write() as session:
        preview = previews.claim(session, event_id, now=database.now_in(session))
    if preview is None:
        return False
    work = _Work(database, preview)
    try:
        return work.do(solve, settings, should_stop)
    except PreviewLost as lost:
        log.info("preview put away", preview=event_id, reason=str(lost))
        return False
    except ChainmeetError as error:
        return work.fail(str(error))
    except Exception as error:
        log.exception("preview failed", preview=event_id)
        return work.fail(f"It ended with an error ({type(error).__name__}). The log has the details.")


@dataclass(frozen=True, slots=True)
class _Work:
    """A preview that this worker has claimed."""

    database: Database
    preview: Preview

    def do(self, solve: Solve, settings: Settings, should_stop: Callable[[], bool]) -> bool:
        row = self.preview
        with self.database.read() as session:
            now = self.database.now_in(session)
            problem = snapshot.take(session, row.event_id, now=now)
        problem = replace(problem, policy=snapshot.policy_of(row.policy))
        params = SolveParams(seconds=row.seconds, workers=settings.solve_workers)
        # named as new, a request has the search run although nothing but the dials has changed
        solving = partial(solve, problem, params, new=[each.id for each in problem.requests[:1]])
        watched = watch(
            lambda report, stop: solving(on_progress=report, should_stop=stop),
            self,
            seconds=row.seconds,
            should_stop=should_stop,
        )
        return self.end(problem, watched)

    def end(self, problem: Problem, watched: Watched) -> bool:
        if watched.why in (Stop.CANCEL, Stop.SHUTDOWN):
            with self.database.write() as session:
                previews.put_back(session, self.preview.event_id, self.preview.number)
            return False
        if watched.is_stuck:
            return self.fail(STUCK)
        plan = watched.result.plan
        if plan.status in NO_PLAN:
            return self.fail(NO_PLAN[plan.status])
        result = {"now": _present(problem), "then": figures(problem, plan.meetings)}
        with self.database.write() as session:
            now = self.database.now_in(session)
            previews.finish(session, self.preview.event_id, self.preview.number, result, now=now)
        return True

    def fail(self, error: str) -> bool:
        try:
            with self.database.write() as session:
                now = self.database.now_in(session)
                previews.fail(session, self.preview.event_id, self.preview.number, error, now=now)
        except PreviewLost:
            log.info("preview put away", preview=self.preview.event_id)
        return False

    # What `watch` asks and tells

    def is_cancel_asked(self) -> bool:
        with self.database.read() as session:
            return previews.must_stop(session, self.preview.event_id, self.preview.number)

    def report(self, progress: Progress | None) -> None:
        with self.database.write() as session:
            now = self.database.now_in(session)
            previews.report(session, self.preview.event_id, self.preview.number, progress, now=now)

    def beat(self) -> None:
        self.report(None)


def _present(problem: Problem) -> Figures | None:
    """The figures of what is published, of what of it can still be held, under the same dials."""
    kept = [
        m for m in problem.published if m.request in problem.index.requests and m.slot in problem.index.slots
    ]
    return figures(problem, kept) if problem.published else None


def figures(problem: Problem, meetings: Sequence[Meeting]) -> Figures:
    """What a preview tells of a plan. `changed` counts published meetings that are held otherwise or not."""
    found = rules.score(problem, meetings)
    asked = problem.index.requests
    published = [meeting for meeting in problem.published if meeting.request in asked]
    shares = fairness(firm_shares(problem, meetings))
    return {
        "held": len(meetings),
        "twentieth": round(100 * shares.twentieth, 1) if shares is not None else 0,
        "changed": compare(published, meetings).touched,
        "idle": found.terms["idle"],
        "hall_change": found.terms["hall_change"],
        "score": found.total,
    }
