"""Execution of a run: claim, snapshot, solve, validate, store a draft, queue the next job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from scheduler import logs
from scheduler.config import Settings
from scheduler.domain.entities import AfterRun
from scheduler.domain.errors import ChainmeetError, PublishingInProgress, VenueChanged
from scheduler.domain.plan import Json, Plan
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Phase, Progress, SolveParams
from scheduler.files.plan_file import read_plan, write_plan
from scheduler.files.problem_file import problem_fingerprint, with_fingerprint
from scheduler.services.operations.database_retries import retry_while_unavailable
from scheduler.services.planning.runs import runs
from scheduler.services.planning.runs.distribution import Call, WorkerHelpers
from scheduler.services.planning.runs.plan_checks import (
    NO_PLAN,
    SOLVE_HUNG,
    clashes_are_known,
    describe_failure,
    describe_left_out,
    explain_incomplete_plan,
    explain_no_plan,
    is_unavoidable,
    require_valid_plan,
)
from scheduler.services.planning.runs.published_run import (
    find_proved_bounds,
    find_published_run,
    list_changes_since,
    make_basis,
)
from scheduler.services.planning.runs.watchdog import Solve, Stop, WatchedSolve, watch_solve
from scheduler.services.problems import manual_edits, snapshot
from scheduler.services.publishing import version_jobs
from scheduler.services.publishing.overnight.overnight_budget import OvernightBudget
from scheduler.services.schedule import versions
from scheduler.solver.explain.groups import explain_and_group
from scheduler.solver.solve import solve as solve_problem
from scheduler.solver.unavoidable_changes import find_unavoidable_changes, forbid_avoidable_changes
from scheduler.storage.database import Database
from scheduler.storage.models import Run, ScheduleVersion

log = structlog.get_logger()

T = TypeVar("T")


MAX_SEARCHES = 3  # at most, per run: see `instead`


class RunEnding(StrEnum):
    """How a run's task ended."""

    NOT_CLAIMED = "not_claimed"  # another worker has it or has finished it
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PUT_BACK = "put_back"  # queued again, as the worker shuts down
    LOST = "lost"  # another worker took it over


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """Outcome of a run's task: ending, the draft's number, the follow-up job, and whether the solve hangs."""

    ending: RunEnding
    version: int | None = None
    job: int | None = None
    is_stuck: bool = False
    """The solve did not stop when told to: its thread runs until the process ends."""


def execute_run(
    database: Database,
    run_id: int,
    *,
    worker: str,
    settings: Settings,
    should_stop: Callable[[], bool] = lambda: False,
    call: Call | None = None,
    solve: Solve = solve_problem,
) -> RunOutcome:
    """Execute a queued run from claim to end. No transaction is open during the solve.

    `worker` names the calling process. `should_stop` is called five times a second; if it returns True, the
    process is shutting down and the run is queued again. With `call`, other workers help with the search. A
    failing run raises nothing: it ends as failed, with a message.
    """
    with database.write() as session:
        run = runs.claim_run(session, run_id, worker, now=database.now_in(session))
    if run is None:
        return RunOutcome(RunEnding.NOT_CLAIMED)
    logs.bind_request(run.web_request)
    work = _RunWork(database, run, worker, settings, call)
    try:
        return work.do(solve, should_stop)
    except runs.RunLost as lost:
        log.warning("run lost", run=run_id, worker=worker, reason=str(lost))
        return RunOutcome(RunEnding.LOST)
    except ChainmeetError as error:
        return work.fail(error.user_message)
    except Exception as error:
        log.exception("run failed", run=run_id)
        return work.fail(describe_failure(error))
    except BaseException:  # for example SystemExit or KeyboardInterrupt
        work.put_back()
        raise


@dataclass(frozen=True, slots=True)
class _RunWork:
    """A run that this worker has claimed."""

    database: Database
    run: Run
    worker: str
    settings: Settings
    call: Call | None

    def now(self, session: Session) -> datetime:
        """Return the database's time, because other processes compare these timestamps with it."""
        return self.database.now_in(session)

    def do(self, solve: Solve, should_stop: Callable[[], bool]) -> RunOutcome:
        with self.database.read() as session:
            found = runs.get_plan_file(session, self.run.id)
            if found is not None:  # stored by an earlier attempt
                return self.store(read_plan(found))
            now = self.now(session)
            kept = self.run.manual_draft
            if kept is not None:
                manual_edits.check_draft_usable(session, self.run.event_id, kept)
            basis = make_basis(session, self.run.event_id, now=now, manual_draft=kept)
            problem = snapshot.build_problem(
                session, self.run.event_id, now=now, max_moved=self.run.max_moved, manual_draft=kept
            )
        wanted: Problem | None = self.within_the_limits(problem, now)
        for left in reversed(range(MAX_SEARCHES)):
            if wanted is None:
                break
            as_solved, watched = self.search(
                wanted, basis, solve, should_stop, is_better_wanted=self.is_better_wanted(problem)
            )
            if watched.is_stuck or watched.why in (Stop.CANCEL, Stop.SHUTDOWN):
                return self.stopped(watched)
            plan = watched.result.plan
            wanted = None if watched.why else self.instead(problem, wanted, plan, is_last=left == 1)
        return self.keep(as_solved, watched)

    def is_better_wanted(self, problem: Problem) -> bool:
        """Return True if the published plan should be improved even if the input is unchanged."""
        return self.run.max_moved != 0 and bool(problem.policy.max_moved)

    def within_the_limits(self, problem: Problem, now: datetime) -> Problem:
        """Return the problem with its change limits.

        An overnight run that publishes gets its budget; a run with `max_moved` 0 allows only unavoidable
        changes.
        """
        if self.run.max_moved == 0:
            return forbid_avoidable_changes(problem)
        if self.run.then is not AfterRun.PUBLISH or not self.run.change_budget or not problem.published:
            return problem
        allowed = OvernightBudget(**self.run.change_budget)
        return allowed.within(
            problem,
            giving_way=find_unavoidable_changes(problem),
            seconds=MAX_SEARCHES * self.run.seconds,
            now=now,
        )

    def instead(self, problem: Problem, solved: Problem, plan: Plan, *, is_last: bool) -> Problem | None:
        """Return the problem to solve next, or None if the plan is acceptable.

        A limited run is repeated if it found no plan, or one that changes too much for a person. The last
        search of an overnight run allows only unavoidable changes, so that they are published in any case.
        """
        if solved is problem:
            return None
        if plan.status in NO_PLAN and not clashes_are_known(plan):
            return problem if self.run.change_budget or not plan.is_answer else None
        if not self.run.change_budget:
            return None
        spared = OvernightBudget(**self.run.change_budget).sparing(solved, plan.meetings)
        return forbid_avoidable_changes(solved) if spared is not None and is_last else spared

    def search(
        self,
        problem: Problem,
        basis: Json,
        solve: Solve,
        should_stop: Callable[[], bool],
        *,
        is_better_wanted: bool,
    ) -> tuple[Problem, WatchedSolve]:
        """Solve the problem and store it with the run. Return the stored problem and the result.

        `basis` is the event's problem before the overnight budget. With `is_better_wanted` the published plan
        is improved even if the input is unchanged.
        """
        with self.database.write() as session:
            problem, document = with_fingerprint(problem)
            known = problem_fingerprint(problem)
            last = find_published_run(session, self.run.event_id)
            changed = list_changes_since(last, basis, document)
            runs.store_problem(
                session,
                self.run.id,
                worker=self.worker,
                fingerprint=known,
                problem=document,
                basis=basis,
                changed=changed,
            )
        proved = find_proved_bounds(last, document)
        params = SolveParams(
            seconds=self.run.seconds, workers=self.settings.solve_workers, seed=self.run.seed
        )
        with self.helpers() as helpers:
            solving = partial(
                solve,
                problem,
                params,
                helpers=helpers,
                is_changed=bool(changed) or is_better_wanted,
                proved=proved,
            )
            watched = watch_solve(
                lambda report, stop: explain_and_group(
                    problem, solving(on_progress=report, should_stop=stop), stop
                ),
                self,
                seconds=self.run.seconds,
                should_stop=should_stop,
            )
        return problem, watched

    def stopped(self, watched: WatchedSolve) -> RunOutcome:
        """End a run whose solve was stopped early, or hangs."""
        if watched.why is Stop.CANCEL:
            return replace(self.end_cancelled(), is_stuck=watched.is_stuck)
        if watched.why is Stop.SHUTDOWN:
            return replace(self.put_back(), is_stuck=watched.is_stuck)
        return replace(self.fail(SOLVE_HUNG), is_stuck=True)

    @contextmanager
    def helpers(self) -> Iterator[WorkerHelpers | None]:
        """Context manager: the other workers, or None if they may not help."""
        if self.call is None:
            yield None
            return
        helpers = WorkerHelpers(self.settings.redis_url, self.run.id, self.worker, self.call)
        helpers.begin()
        try:
            yield helpers
        finally:
            helpers.clear()
            log.info("search shared", run=self.run.id, subproblems=helpers.sent, lost=helpers.lost)

    # Called by `watch_solve` five times a second

    def stop_requested(self) -> Stop | None:
        with self.database.read() as session:
            return runs.find_stop_request(session, self.run.id)

    def report(self, progress: Progress) -> None:
        def report(session: Session) -> None:
            runs.store_progress(session, self.run.id, progress, worker=self.worker, now=self.now(session))

        self.as_mine(report)

    def beat(self) -> None:
        def beat(session: Session) -> None:
            runs.store_heartbeat(session, self.run.id, worker=self.worker, now=self.now(session))

        self.as_mine(beat)

    def as_mine(self, change: Callable[[Session], T]) -> T:
        """Update the run. Reclaim it first if it was considered lost while the database was unreachable."""

        def work(session: Session) -> T:
            try:
                return change(session)
            except runs.RunLost:
                attempt, now = self.run.attempts, self.now(session)
                if not runs.reclaim_run(session, self.run.id, worker=self.worker, attempt=attempt, now=now):
                    raise
                log.warning("run taken again", run=self.run.id, worker=self.worker)
                return change(session)

        return self.database.transact(work)

    # Endings

    def keep(self, problem: Problem, watched: WatchedSolve) -> RunOutcome:
        """Validate the plan and store it first, retrying while the database is unavailable."""
        plan = watched.result.plan
        require_valid_plan(problem, plan)
        done = Progress(plan.seconds, Phase.DONE, plan.score, plan.bound, plan.served_bound, plan.terms)

        def keep(session: Session) -> None:
            runs.store_progress(session, self.run.id, done, worker=self.worker, now=self.now(session))
            runs.store_plan(session, self.run.id, worker=self.worker, plan=write_plan(plan))

        retry_while_unavailable(lambda: self.as_mine(keep))
        return self.store(plan)

    def store(self, plan: Plan) -> RunOutcome:
        """Create a draft from the plan, in the transaction that finishes the run."""

        def store(session: Session) -> RunOutcome:
            draft, job = None, None
            if plan.is_answer:
                draft = versions.store_draft(
                    session, event_id=self.run.event_id, run_id=self.run.id, plan=plan, now=self.now(session)
                )
                job = self.ask(
                    session, draft, None if is_unavoidable(plan) else explain_incomplete_plan(plan)
                )
            runs.finish_run(
                session,
                self.run.id,
                worker=self.worker,
                plan=write_plan(plan),
                note=explain_no_plan(plan),
                remark=describe_left_out(plan),
                now=self.now(session),
            )
            return RunOutcome(RunEnding.FINISHED, draft.number if draft else None, job=job)

        return retry_while_unavailable(lambda: self.as_mine(store))

    def ask(self, session: Session, draft: ScheduleVersion, lack: str | None) -> int | None:
        """Queue the draft's follow-up job in the same transaction, so that it cannot be lost.

        A draft that lacks required meetings is not published: an organiser decides what to unlock.
        """
        if self.run.then is AfterRun.PUBLISH and lack is not None:
            version_jobs.report_not_published(session, draft, reason=lack, now=self.now(session))
        if self.run.then is not AfterRun.PUBLISH or lack is not None:
            return version_jobs.request_comparison(session, draft, by=None, now=self.now(session)).id
        current = versions.find_published_version(session, draft.event_id)
        try:
            return version_jobs.request_publishing(
                session,
                event_id=draft.event_id,
                number=draft.number,
                compared_with=current.number if current else None,
                by=None,
                budget=self.run.budget,
                now=self.now(session),
            ).id
        except (PublishingInProgress, VenueChanged) as error:
            version_jobs.report_not_published(session, draft, reason=str(error), now=self.now(session))
            return None

    def fail(self, error: str) -> RunOutcome:
        def fail(session: Session) -> None:
            runs.fail_run(session, self.run.id, worker=self.worker, error=error, now=self.now(session))

        retry_while_unavailable(lambda: self.as_mine(fail))
        return RunOutcome(RunEnding.FAILED)

    def end_cancelled(self) -> RunOutcome:
        with self.database.write() as session:
            runs.finish_cancelled_run(session, self.run.id, worker=self.worker, now=self.now(session))
        return RunOutcome(RunEnding.CANCELLED)

    def put_back(self) -> RunOutcome:
        with self.database.write() as session:
            runs.requeue_run(session, self.run.id, worker=self.worker, now=self.now(session))
        return RunOutcome(RunEnding.PUT_BACK)
