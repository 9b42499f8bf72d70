"""A run from its claim to its end: what is kept, what is refused, and what ends it early."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from scheduler.config import Settings
from scheduler.domain import rules
from scheduler.domain.entities import AfterRun, PlanStatus, RunState, VersionState
from scheduler.domain.plan import Meeting, Plan
from scheduler.domain.problem import Policy, Problem
from scheduler.domain.solving import Phase, Progress, Proved, Result, SolveParams
from scheduler.files.plan_file import read_plan
from scheduler.files.problem_file import fingerprint_of, read_problem
from scheduler.services.operations import patience
from scheduler.services.publishing import publishing
from scheduler.services.runs import execution, recovering, runs, watchdog
from scheduler.services.runs.execution import Done, RunEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, OutboxMail, Run
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_request,
    make_version,
    meet,
)

SETTINGS = Settings(database_url="sqlite://", redis_url="redis://nowhere", secret_key=SECRET_KEY)

Solve = Callable[..., Result]


class Scene:
    """An event with a queued run, and what a test wants to know of them afterwards."""

    def __init__(self, database: Database, **run: Any) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=4)
            self.requests = [make_request(session, self.expo, i, i + 1) for i in range(3)]
            self.run_id = runs.queue(session, self.expo.event.id, asked_by=None, **{"now": NOW, **run}).id

    def execute(self, solve: Solve | None = None, **options: Any) -> Done:
        chosen = {} if solve is None else {"solve": solve}
        keys = {"worker": "w1", "settings": SETTINGS, **chosen, **options}
        return execution.execute(self.database, self.run_id, **keys)

    def carry_out(self, done: Done) -> publishing.JobEnding:
        """Do the job that the run asked for."""
        assert done.job is not None
        return publishing.execute(self.database, done.job, worker="w2", settings=SETTINGS)

    @property
    def run(self) -> Run:
        with self.database.read() as session:
            return session.get_one(Run, self.run_id)

    @property
    def versions(self) -> list[tuple[int, VersionState, int]]:
        """Number, state and count of meetings, the newest first."""
        with self.database.read() as session:
            return [
                (version.number, version.state, len(versions.meetings(session, version.id)))
                for version in versions.listing(session, self.expo.event.id)
            ]

    def meet(self, request: MeetingRequest, **where: Any) -> Meeting:
        return meet(request, self.expo, **where)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "now_in", lambda _self, _session: NOW)


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def plan_of(problem: Problem, meetings: Sequence[Meeting], /, **claims: Any) -> Plan:
    true = rules.score(problem, meetings)
    plan = Plan(
        fingerprint_of(problem), PlanStatus.FEASIBLE, true.total, true.terms, None, None, tuple(meetings)
    )
    return replace(plan, **claims)


def answering(*meetings: Meeting, **claims: Any) -> Solve:
    """A solve that gives these meetings at once."""

    def solve(problem: Problem, _params: SolveParams, **_: Any) -> Result:
        return Result(plan_of(problem, meetings, **claims))

    return solve


class Waiting:
    """A solve that reports, then waits until it is told to stop, and gives an empty plan."""

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


def test_a_run_ends_with_a_draft_of_its_plan(scene: Scene) -> None:
    meetings = [scene.meet(scene.requests[0]), scene.meet(scene.requests[2])]
    done = scene.execute(answering(meetings[0], replace(meetings[1], place="t1")))
    assert done == Done(RunEnding.FINISHED, version=1, job=1)
    assert scene.versions == [(1, VersionState.DRAFT, 2)]
    run = scene.run
    assert (run.state, run.progress["phase"], run.finished_at, run.error) == (
        RunState.FINISHED,
        "done",
        NOW,
        None,
    )
    with scene.database.read() as session:
        problem = runs.problem_file(session, run.id)
        plan = read_plan(runs.plan_file(session, run.id))
        assert fingerprint_of(read_problem(problem)) == plan.problem == run.fingerprint
        assert versions.get(session, run.event_id, 1).run_id == run.id
        assert {m.request for m in plan.meetings} == {scene.requests[0].key, scene.requests[2].key}


def test_the_solver_serves_what_a_small_event_asks(scene: Scene) -> None:
    assert scene.execute() == Done(RunEnding.FINISHED, version=1, job=1)
    assert scene.versions == [(1, VersionState.DRAFT, 3)]
    assert scene.run.progress["terms"]["served"] == sum(request.priority for request in scene.requests)


def test_no_transaction_is_open_while_it_solves(scene: Scene) -> None:
    def solve(problem: Problem, *_: Any, **__: Any) -> Result:
        with scene.database.write() as session:  # waits for ever if another one holds the lock
            session.get_one(MeetingRequest, scene.requests[0].id).topic = "written meanwhile"
        return Result(plan_of(problem, ()))

    assert scene.execute(solve).ending is RunEnding.FINISHED


def test_a_run_that_is_not_queued_is_left_alone(scene: Scene) -> None:
    with scene.database.write() as session:
        runs.claim(session, scene.run_id, "w0", now=NOW)
    assert scene.execute(answering()) == Done(RunEnding.NOT_CLAIMED)
    assert scene.run.worker == "w0"


def test_a_task_that_comes_twice_does_its_work_once(scene: Scene) -> None:
    endings = [scene.execute(answering(scene.meet(scene.requests[0]))).ending for _ in range(2)]
    assert endings == [RunEnding.FINISHED, RunEnding.NOT_CLAIMED]
    assert scene.versions == [(1, VersionState.DRAFT, 1)]


def test_a_plan_that_breaks_a_rule_fails_the_run_and_is_not_kept(scene: Scene) -> None:
    at_once = [scene.meet(scene.requests[0]), scene.meet(scene.requests[1], place=scene.expo.tables[1])]
    assert scene.execute(answering(*at_once)).ending is RunEnding.FAILED
    assert scene.versions == []
    assert scene.run.state is RunState.FAILED
    assert "H3" in scene.run.error


@pytest.mark.parametrize("claims", [{"score": 1}, {"terms": {"served": 99}}, {"problem": "0" * 64}])
def test_a_plan_that_claims_what_is_not_so_fails_the_run(scene: Scene, claims: dict[str, Any]) -> None:
    assert scene.execute(answering(scene.meet(scene.requests[0]), **claims)).ending is RunEnding.FAILED
    assert scene.versions == []
    assert "The plan was rejected" in scene.run.error


def test_a_solve_that_crashes_fails_the_run_with_a_sentence(scene: Scene) -> None:
    def crash(*_: Any, **__: Any) -> Result:
        raise ZeroDivisionError

    assert scene.execute(crash) == Done(RunEnding.FAILED)
    assert "ZeroDivisionError" in scene.run.error
    with scene.database.write() as session:
        assert runs.queue(session, scene.expo.event.id, asked_by=None, now=NOW).number == 2


@pytest.mark.parametrize("status", [PlanStatus.INFEASIBLE, PlanStatus.UNKNOWN])
def test_no_plan_is_an_answer_and_gives_no_draft(scene: Scene, status: PlanStatus) -> None:
    assert scene.execute(answering(status=status)) == Done(RunEnding.FINISHED)
    assert scene.versions == []
    assert (scene.run.state, scene.run.error) == (RunState.FINISHED, execution.NO_PLAN[status])


def test_a_cancelled_run_stops_and_keeps_nothing(scene: Scene) -> None:
    waiting = Waiting()

    def cancel() -> None:
        waiting.began.wait()
        with scene.database.write() as session:
            runs.cancel(session, scene.expo.event.id, 1, now=NOW)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    assert scene.execute(waiting) == Done(RunEnding.CANCELLED)
    canceller.join()
    assert scene.run.state is RunState.CANCELLED
    assert scene.versions == []


def test_a_worker_that_shuts_down_puts_its_run_back(scene: Scene) -> None:
    waiting = Waiting()
    assert scene.execute(waiting, should_stop=waiting.began.is_set) == Done(RunEnding.PUT_BACK)
    assert (scene.run.state, scene.run.attempts) == (RunState.QUEUED, 0)
    assert scene.execute(answering()).ending is RunEnding.FINISHED


def test_a_process_that_is_told_to_exit_puts_its_run_back(scene: Scene) -> None:
    def exit_now() -> bool:
        raise SystemExit

    with pytest.raises(SystemExit):
        scene.execute(Waiting(), should_stop=exit_now)
    assert scene.run.state is RunState.QUEUED


def test_reports_are_kept_while_it_solves(scene: Scene) -> None:
    def reported() -> bool:
        return scene.run.progress.get("score") == 7

    assert scene.execute(Waiting(), should_stop=reported).ending is RunEnding.PUT_BACK


def test_a_run_that_was_taken_up_elsewhere_is_let_go(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "BEAT_EVERY", 0.0)
    waiting = Waiting()

    def take_away() -> bool:
        if waiting.began.is_set() and scene.run.worker == "w1":
            with scene.database.write() as session:
                recovering.recover(session, now=NOW + timedelta(hours=1))
                runs.claim(session, scene.run_id, "w2", now=NOW)
        return False

    assert scene.execute(waiting, should_stop=take_away) == Done(RunEnding.LOST)
    assert (scene.run.state, scene.run.worker) == (RunState.RUNNING, "w2")
    assert scene.versions == []


def test_a_solve_that_overruns_its_time_is_stopped_and_its_plan_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "OVERTIME", -1000.0)
    assert scene.execute(Waiting()) == Done(RunEnding.FINISHED, version=1, job=1)


def test_compiling_does_not_count_as_overtime(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "OVERTIME", 0.0)
    with scene.database.write() as session:
        session.get_one(Run, scene.run_id).seconds = 1
    compiled = threading.Event()

    def solve(
        problem: Problem, _params: SolveParams, *, on_progress: Any, should_stop: Any, **_: Any
    ) -> Result:
        on_progress(Progress(0.0, Phase.COMPILING))
        compiled.wait()
        status = PlanStatus.UNKNOWN if should_stop() else PlanStatus.FEASIBLE
        return Result(plan_of(problem, (), status=status))

    threading.Timer(2.0, compiled.set).start()
    assert scene.execute(solve) == Done(RunEnding.FINISHED, version=1, job=1)


def test_a_solve_that_hangs_fails_its_run(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "OVERTIME", -1000.0)
    monkeypatch.setattr(watchdog, "PATIENCE", 0.0)
    release = threading.Event()

    def hang(problem: Problem, *_: Any, **__: Any) -> Result:
        release.wait()
        return Result(plan_of(problem, ()))

    done = scene.execute(hang)
    release.set()
    assert done == Done(RunEnding.FAILED, is_stuck=True)
    assert (scene.run.state, scene.versions) == (RunState.FAILED, [])


class TestPublishingAfterTheRun:
    """The draft is published at once if the run says so and little enough changes."""

    @pytest.mark.parametrize(
        ("then", "budget", "published"),
        [
            (AfterRun.PUBLISH, 1, True),
            (AfterRun.PUBLISH, None, True),
            (AfterRun.PUBLISH, 0, False),
            (AfterRun.DRAFT, 9, False),
        ],
    )
    def test_within_the_budget_only(
        self, database: Database, then: AfterRun, budget: int | None, published: bool
    ) -> None:
        scene = Scene(database, then=then, budget=budget)
        first, second = scene.requests[0], scene.requests[2]
        with database.write() as session:
            make_version(session, scene.expo, [scene.meet(first)])
        moved = [scene.meet(first, slot=1), scene.meet(second, slot=2)]
        done = scene.execute(answering(*moved))
        assert (done.ending, done.version) == (RunEnding.FINISHED, 2)
        scene.carry_out(done)
        new, old = VersionState.PUBLISHED, VersionState.SUPERSEDED
        kept = [(2, new, 2), (1, old, 1)] if published else [(2, VersionState.DRAFT, 2), (1, new, 1)]
        assert scene.versions == kept
        with database.read() as session:
            mails = session.query(OutboxMail).where(OutboxMail.kind == "invitation")
            assert mails.count() == (4 if published else 0)

    def test_a_first_plan_touches_nobody_and_is_published(self, database: Database) -> None:
        scene = Scene(database, then=AfterRun.PUBLISH, budget=0)
        scene.carry_out(scene.execute(answering(scene.meet(scene.requests[0]))))
        assert scene.versions == [(1, VersionState.PUBLISHED, 1)]


class Listening:
    """A solve that keeps what it is told is new, and gives an empty plan."""

    def __call__(self, problem: Problem, _params: SolveParams, *, new: list[str], **_: Any) -> Result:
        self.new = new
        return Result(plan_of(problem, ()))


class TestWhatTheSolverIsToldIsNew:
    """Requests that the published plan's problem did not have, or not so."""

    def run_again(self, scene: Scene) -> list[str]:
        with scene.database.write() as session:
            scene.run_id = runs.queue(session, scene.expo.event.id, asked_by=None, now=NOW).id
        listening = Listening()
        assert scene.execute(listening).ending is RunEnding.FINISHED
        return listening.new

    @pytest.fixture
    def published(self, database: Database) -> Scene:
        scene = Scene(database, then=AfterRun.PUBLISH)
        scene.carry_out(scene.execute(answering(scene.meet(scene.requests[0]))))
        return scene

    def test_nothing_is_before_the_first_publishing(self, scene: Scene) -> None:
        scene.execute(answering(scene.meet(scene.requests[0])))
        assert self.run_again(scene) == []

    def test_nothing_is_where_nothing_happened(self, published: Scene) -> None:
        assert self.run_again(published) == []

    def test_a_request_that_came_later_is(self, published: Scene) -> None:
        with published.database.write() as session:
            key = make_request(session, published.expo, 0, 2).key
        assert self.run_again(published) == [key]

    def test_a_request_that_was_changed_is(self, published: Scene) -> None:
        with published.database.write() as session:
            request = session.get_one(MeetingRequest, published.requests[1].id)
            request.priority -= 1
            key = request.key
        assert self.run_again(published) == [key]


def test_a_rerun_is_told_what_was_proved_of_an_unchanged_event(scene: Scene) -> None:
    first = scene.meet(scene.requests[0])
    told: list[Proved | None] = []

    def solve(problem: Problem, _params: SolveParams, proved: Proved | None, **_: Any) -> Result:
        told.append(proved)
        return Result(plan_of(problem, [first], bound=900, served_bound=9))

    def run_again() -> None:
        with scene.database.write() as session:
            scene.run_id = runs.queue(session, scene.expo.event.id, asked_by=None, now=NOW).id
        scene.execute(solve)

    scene.execute(solve)
    with scene.database.write() as session:
        draft = versions.listing(session, scene.expo.event.id)[0]
        draft.state = VersionState.PUBLISHED
    run_again()
    with scene.database.write() as session:
        make_request(session, scene.expo, 0, 3)
    run_again()
    assert told == [None, Proved(900, 9), None]


@pytest.mark.parametrize(("max_moved", "limit", "price"), [(0, None, 60), (7, 7, 1)])
def test_a_run_with_a_budget_of_changes_may_make_so_many_at_a_price_that_pays(
    database: Database, max_moved: int, limit: int | None, price: int
) -> None:
    told: list[Policy] = []
    scene = Scene(database, max_moved=max_moved)

    def solve(problem: Problem, _params: SolveParams, **_: Any) -> Result:
        told.append(problem.policy)
        return Result(plan_of(problem, [scene.meet(scene.requests[0])]))

    assert scene.execute(solve).ending is RunEnding.FINISHED
    (policy,) = told
    assert (policy.max_moved, policy.factors["moved"], policy.factors["dropped"]) == (limit, price, 400)


# The database is away


class Away:
    """The database refuses so many transactions; then it answers, and `back` is done first."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine, self.refused, self.left = database.engine, 0, 0
        self.back: Callable[[], object] = lambda: None
        monkeypatch.setattr(patience, "time", self)
        event.listen(self.engine, "begin", self._refuse)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, _seconds: float) -> None:
        if self.left == 0:
            self.back()

    def _refuse(self, _connection: object) -> None:
        if self.left:
            self.left, self.refused = self.left - 1, self.refused + 1
            raise OperationalError("BEGIN", {}, Exception("the server is starting"))


@pytest.fixture
def away(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Away]:
    away = Away(database, monkeypatch)
    yield away
    event.remove(database.engine, "begin", away._refuse)


def leaving(away: Away, solve: Solve, times: int) -> Solve:
    """A solve at whose end the database is away for so many transactions."""

    def work(*args: Any, **keys: Any) -> Result:
        found = solve(*args, **keys)
        away.left = times
        return found

    return work


def test_a_plan_is_kept_however_often_the_database_does_not_answer(scene: Scene, away: Away) -> None:
    solve = leaving(away, answering(scene.meet(scene.requests[0])), times=20)
    assert scene.execute(solve).ending is RunEnding.FINISHED
    assert away.refused == 20
    assert (scene.run.state, scene.run.attempts) == (RunState.FINISHED, 1)
    assert scene.versions == [(1, VersionState.DRAFT, 1)]


def test_a_run_that_was_taken_for_lost_meanwhile_is_its_workers_again(scene: Scene, away: Away) -> None:
    def taken_for_lost() -> None:
        with scene.database.write() as session:
            assert recovering.recover(session, now=NOW + timedelta(minutes=5)) == [scene.run_id]

    away.back = taken_for_lost
    solve = leaving(away, answering(scene.meet(scene.requests[0])), times=3)
    assert scene.execute(solve).ending is RunEnding.FINISHED
    assert (scene.run.state, scene.run.attempts) == (RunState.FINISHED, 1)


def test_a_run_that_another_worker_has_taken_up_meanwhile_is_not(scene: Scene, away: Away) -> None:
    def taken_up() -> None:
        with scene.database.write() as session:
            recovering.recover(session, now=NOW + timedelta(minutes=5))
            assert runs.claim(session, scene.run_id, "w2", now=NOW) is not None

    away.back = taken_up
    solve = leaving(away, answering(scene.meet(scene.requests[0])), times=3)
    assert scene.execute(solve) == Done(RunEnding.LOST)
    assert (scene.run.state, scene.run.worker) == (RunState.RUNNING, "w2")


def test_the_next_attempt_begins_at_the_plan_that_was_found(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(versions, "store_draft", killed)
        scene.execute(answering(scene.meet(scene.requests[0])))
    assert scene.run.state is RunState.QUEUED

    def solved_again(*_: object, **__: object) -> Result:
        raise AssertionError("it was solved already")

    assert scene.execute(solved_again).ending is RunEnding.FINISHED
    assert scene.versions == [(1, VersionState.DRAFT, 1)]
