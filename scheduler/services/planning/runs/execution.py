"""Carry a run out: claim, snapshot, solve, check by the rules, keep as a draft, ask what follows."""

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

from scheduler.config import Settings
from scheduler.domain.entities import AfterRun
from scheduler.domain.errors import ChainmeetError, PublishingOpen, VenueChanged
from scheduler.domain.plan import Json, Plan
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Phase, Progress, SolveParams
from scheduler.files.plan_file import read_plan, write_plan
from scheduler.files.problem_file import as_written, fingerprint_of
from scheduler.services.operations.patience import patiently
from scheduler.services.planning.runs import runs
from scheduler.services.planning.runs.checking import (
    NO_PLAN,
    STUCK,
    check,
    clashes_are_known,
    ended_with,
    is_certain,
    left_out,
    why_no_plan,
    why_not_whole,
)
from scheduler.services.planning.runs.distribution import Call, WorkerHelpers
from scheduler.services.planning.runs.known import basis_at, changed_since, last_run, proved_before
from scheduler.services.planning.runs.watchdog import Solve, Stop, Watched, watch
from scheduler.services.problems import by_hand, snapshot
from scheduler.services.publishing import version_jobs
from scheduler.services.publishing.overnight.night_budget import NightBudget
from scheduler.services.schedule import versions
from scheduler.solver.explain.groups import answered
from scheduler.solver.solve import solve as solve_problem
from scheduler.solver.unavoidable import unavoidable, with_unavoidable_changes
from scheduler.storage.database import Database
from scheduler.storage.models import Run, ScheduleVersion

log = structlog.get_logger()

T = TypeVar("T")


SEARCHES = 3  # at most, of one run: see `instead`


class RunEnding(StrEnum):
    """The ending of a task's run."""

    NOT_CLAIMED = "not_claimed"  # somebody else does it, or did
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PUT_BACK = "put_back"  # queued again, as the worker shuts down
    LOST = "lost"  # it was taken up elsewhere meanwhile


@dataclass(frozen=True, slots=True)
class Done:
    """The ending, the draft's number, the job that compares or publishes it, and whether a solve hangs."""

    ending: RunEnding
    version: int | None = None
    job: int | None = None
    is_stuck: bool = False
    """The solve did not stop when told to: its thread goes on until the process ends."""


def execute(
    database: Database,
    run_id: int,
    *,
    worker: str,
    settings: Settings,
    should_stop: Callable[[], bool] = lambda: False,
    call: Call | None = None,
    solve: Solve = solve_problem,
) -> Done:
    """Execute a queued run from its claim to its end. No transaction is open while it solves.

    `worker` names the process that calls. `should_stop` is called five times a second and says that the
    process shuts down. Then the run is queued again. With `call`, other workers are called to help with the
    search. A faulty run raises nothing: it ends as failed, with a sentence.
    """
    with database.write() as session:
        run = runs.claim(session, run_id, worker, now=database.now_in(session))
    if run is None:
        return Done(RunEnding.NOT_CLAIMED)
    work = _Work(database, run, worker, settings, call)
    try:
        return work.do(solve, should_stop)
    except runs.RunLost as lost:
        log.warning("run lost", run=run_id, worker=worker, reason=str(lost))
        return Done(RunEnding.LOST)
    except ChainmeetError as error:
        return work.fail(error.told)
    except Exception as error:
        log.exception("run failed", run=run_id)
        return work.fail(ended_with(error))
    except BaseException:  # the process is told to exit
        work.put_back()
        raise


@dataclass(frozen=True, slots=True)
class _Work:
    """A run that this worker has claimed."""

    database: Database
    run: Run
    worker: str
    settings: Settings
    call: Call | None

    def now(self, session: Session) -> datetime:
        """By the database's clock: others compare what is stamped here with it."""
        return self.database.now_in(session)

    def do(self, solve: Solve, should_stop: Callable[[], bool]) -> Done:
        with self.database.read() as session:
            found = runs.plan_file(session, self.run.id)
            if found is not None:  # an attempt before this one got so far
                return self.store(read_plan(found))
            now = self.now(session)
            kept = self.run.hand_draft
            if kept is not None:
                by_hand.check_kept(session, self.run.event_id, kept)
            basis = basis_at(session, self.run.event_id, now=now, hand_draft=kept)
            problem = snapshot.take(
                session, self.run.event_id, now=now, max_moved=self.run.max_moved, hand_draft=kept
            )
        wanted: Problem | None = self.within_the_limits(problem, now)
        for left in reversed(range(SEARCHES)):
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
        """Whether what people have is to be improved, though nothing changed."""
        return self.run.max_moved != 0 and bool(problem.policy.max_moved)

    def within_the_limits(self, problem: Problem, now: datetime) -> Problem:
        """What to solve: a night that publishes keeps its budget, and a run may change only what has to."""
        if self.run.max_moved == 0:
            return with_unavoidable_changes(problem)
        if self.run.then is not AfterRun.PUBLISH or not self.run.night_budget or not problem.published:
            return problem
        allowed = NightBudget(**self.run.night_budget)
        return allowed.within(
            problem, giving_way=unavoidable(problem), seconds=SEARCHES * self.run.seconds, now=now
        )

    def instead(self, problem: Problem, solved: Problem, plan: Plan, *, is_last: bool) -> Problem | None:
        """What to solve instead, if a limited run found no plan, or one that changes too much of a person.

        The last search of a night that may not do what it chose changes only what cannot stay: that is
        published, whatever else has to wait.
        """
        if solved is problem:
            return None
        if plan.status in NO_PLAN and not clashes_are_known(plan):
            return problem if self.run.night_budget or not plan.is_answer else None
        if not self.run.night_budget:
            return None
        spared = NightBudget(**self.run.night_budget).sparing(solved, plan.meetings)
        return with_unavoidable_changes(solved) if spared is not None and is_last else spared

    def search(
        self,
        problem: Problem,
        basis: Json,
        solve: Solve,
        should_stop: Callable[[], bool],
        *,
        is_better_wanted: bool,
    ) -> tuple[Problem, Watched]:
        """Solve the problem, which is kept with the run. Returns it as it was written, and how it went.

        `basis` is that of the event, which a night solves within its budget. `is_better_wanted`: the plan
        that people have is improved though nothing changed. A night's budget does not ask for that.
        """
        with self.database.write() as session:
            problem, document = as_written(problem)
            known = fingerprint_of(problem)
            last = last_run(session, self.run.event_id)
            changed = changed_since(last, basis, document)
            runs.keep_problem(
                session,
                self.run.id,
                worker=self.worker,
                fingerprint=known,
                problem=document,
                basis=basis,
                changed=changed,
            )
        proved = proved_before(last, document)
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
            watched = watch(
                lambda report, stop: answered(problem, solving(on_progress=report, should_stop=stop), stop),
                self,
                seconds=self.run.seconds,
                should_stop=should_stop,
            )
        return problem, watched

    def stopped(self, watched: Watched) -> Done:
        """The ending of a run whose solve was stopped before its end, or hangs."""
        if watched.why is Stop.CANCEL:
            return replace(self.end_cancelled(), is_stuck=watched.is_stuck)
        if watched.why is Stop.SHUTDOWN:
            return replace(self.put_back(), is_stuck=watched.is_stuck)
        return replace(self.fail(STUCK), is_stuck=True)

    @contextmanager
    def helpers(self) -> Iterator[WorkerHelpers | None]:
        """The other workers, if they may help."""
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

    # What `watch` asks and tells five times a second

    def stop_asked(self) -> Stop | None:
        with self.database.read() as session:
            return runs.stop_asked(session, self.run.id)

    def report(self, progress: Progress) -> None:
        def report(session: Session) -> None:
            runs.report(session, self.run.id, progress, worker=self.worker, now=self.now(session))

        self.as_mine(report)

    def beat(self) -> None:
        def beat(session: Session) -> None:
            runs.beat(session, self.run.id, worker=self.worker, now=self.now(session))

        self.as_mine(beat)

    def as_mine(self, change: Callable[[Session], T]) -> T:
        """Change the run, also if it counted as lost while this worker could not reach the database."""

        def work(session: Session) -> T:
            try:
                return change(session)
            except runs.RunLost:
                attempt, now = self.run.attempts, self.now(session)
                if not runs.retake(session, self.run.id, worker=self.worker, attempt=attempt, now=now):
                    raise
                log.warning("run taken again", run=self.run.id, worker=self.worker)
                return change(session)

        return self.database.transact(work)

    # Endings

    def keep(self, problem: Problem, watched: Watched) -> Done:
        """Check the plan, and keep it before anything is made of it, however long the database is away."""
        plan = watched.result.plan
        check(problem, plan)
        done = Progress(plan.seconds, Phase.DONE, plan.score, plan.bound, plan.served_bound, plan.terms)

        def keep(session: Session) -> None:
            runs.report(session, self.run.id, done, worker=self.worker, now=self.now(session))
            runs.keep_plan(session, self.run.id, worker=self.worker, plan=write_plan(plan))

        patiently(lambda: self.as_mine(keep))
        return self.store(plan)

    def store(self, plan: Plan) -> Done:
        """Make a draft of the plan, in the transaction that finishes the run."""

        def store(session: Session) -> Done:
            draft, job = None, None
            if plan.is_answer:
                draft = versions.store_draft(
                    session, event_id=self.run.event_id, run_id=self.run.id, plan=plan, now=self.now(session)
                )
                job = self.ask(session, draft, None if is_certain(plan) else why_not_whole(plan))
            runs.finish(
                session,
                self.run.id,
                worker=self.worker,
                plan=write_plan(plan),
                note=why_no_plan(plan),
                remark=left_out(plan),
                now=self.now(session),
            )
            return Done(RunEnding.FINISHED, draft.number if draft else None, job=job)

        return patiently(lambda: self.as_mine(store))

    def ask(self, session: Session, draft: ScheduleVersion, lack: str | None) -> int | None:
        """Queue the draft's next job in the transaction that makes the draft, so that it is not lost.

        One that lacks what it has to hold is for an organiser to publish, who may unlock something else.
        """
        if self.run.then is AfterRun.PUBLISH and lack is not None:
            version_jobs.tell_not_published(session, draft, reason=lack, now=self.now(session))
        if self.run.then is not AfterRun.PUBLISH or lack is not None:
            return version_jobs.ask_to_compare(session, draft, by=None, now=self.now(session)).id
        current = versions.published(session, draft.event_id)
        try:
            return version_jobs.ask_to_publish(
                session,
                event_id=draft.event_id,
                number=draft.number,
                compared_with=current.number if current else None,
                by=None,
                budget=self.run.budget,
                now=self.now(session),
            ).id
        except (PublishingOpen, VenueChanged) as error:
            version_jobs.tell_not_published(session, draft, reason=str(error), now=self.now(session))
            return None

    def fail(self, error: str) -> Done:
        def fail(session: Session) -> None:
            runs.fail(session, self.run.id, worker=self.worker, error=error, now=self.now(session))

        patiently(lambda: self.as_mine(fail))
        return Done(RunEnding.FAILED)

    def end_cancelled(self) -> Done:
        with self.database.write() as session:
            runs.end_cancelled(session, self.run.id, worker=self.worker, now=self.now(session))
        return Done(RunEnding.CANCELLED)

    def put_back(self) -> Done:
        with self.database.write() as session:
            runs.put_back(session, self.run.id, worker=self.worker, now=self.now(session))
        return Done(RunEnding.PUT_BACK)
