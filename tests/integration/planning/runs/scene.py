"""An event with a run to execute, and fake solvers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from scheduler.config import Settings
from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus, VersionState
from scheduler.domain.plan import Meeting, Plan
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Progress, Result, SolveParams
from scheduler.files.problem_file import problem_fingerprint
from scheduler.services.planning.runs import execution, runs
from scheduler.services.planning.runs.execution import RunOutcome
from scheduler.services.publishing import job_execution
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, Run
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_request,
    meet,
)

SETTINGS = Settings(database_url="sqlite://", redis_url="redis://nowhere", secret_key=SECRET_KEY)

Solve = Callable[..., Result]


class Scene:
    """An event with a queued run, and its state afterwards."""

    def __init__(self, database: Database, **run: Any) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=4)
            self.requests = [make_request(session, self.expo, i, i + 1) for i in range(3)]
            self.run_id = runs.queue_run(
                session, self.expo.event.id, requested_by=None, **{"now": NOW, **run}
            ).id

    def execute(self, solve: Solve | None = None, **options: Any) -> RunOutcome:
        chosen = {} if solve is None else {"solve": solve}
        keys = {"worker": "w1", "settings": SETTINGS, **chosen, **options}
        return execution.execute_run(self.database, self.run_id, **keys)

    def carry_out(self, done: RunOutcome) -> job_execution.JobEnding:
        """Execute the job that the run requested."""
        assert done.job is not None
        return job_execution.execute_job(self.database, done.job, worker="w2", settings=SETTINGS)

    @property
    def run(self) -> Run:
        with self.database.read() as session:
            return session.get_one(Run, self.run_id)

    @property
    def versions(self) -> list[tuple[int, VersionState, int]]:
        """Return number, state and number of meetings, newest first."""
        with self.database.read() as session:
            return [
                (version.number, version.state, len(versions.list_meetings(session, version.id)))
                for version in versions.list_versions(session, self.expo.event.id)
            ]

    def meet(self, request: MeetingRequest, **where: Any) -> Meeting:
        return meet(request, self.expo, **where)


def plan_of(problem: Problem, meetings: Sequence[Meeting], /, **claims: Any) -> Plan:
    true = rules.score(problem, meetings)
    plan = Plan(
        problem_fingerprint(problem), PlanStatus.FEASIBLE, true.total, true.terms, None, None, tuple(meetings)
    )
    return replace(plan, **claims)


def answering(*meetings: Meeting, **claims: Any) -> Solve:
    """Return a solver that returns these meetings at once."""

    def solve(problem: Problem, _params: SolveParams, **_: Any) -> Result:
        return Result(plan_of(problem, meetings, **claims))

    return solve


class Waiting:
    """A solver that reports progress, waits until it is stopped, and returns an empty plan."""

    def __init__(self) -> None:
        self.began = threading.Event()

    def __call__(
        self,
        problem: Problem,
        _params: SolveParams,
        *,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
        **_: Any,
    ) -> Result:
        on_progress(Progress(0.5, "search", 7))
        self.began.set()
        pause = threading.Event()
        while not should_stop():
            pause.wait(0.01)
        return Result(plan_of(problem, ()))
