"""Runs: one open run per event, claimed once, monitored, cancellable, and never left unfinished."""

import threading
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from scheduler.domain import fields
from scheduler.domain.entities import AfterRun, RunState
from scheduler.domain.errors import InvalidInput, NotFound, RunAlreadyOpen, WrongState
from scheduler.domain.solving import Progress
from scheduler.services.identity import actors
from scheduler.services.planning.runs import recovery, run_control, runs
from scheduler.services.planning.runs.runs import RunLost
from scheduler.services.planning.runs.watchdog import Stop
from scheduler.services.problems import stored_problems
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Run
from tests.support.factories import NOW, make_event

LATER = NOW + timedelta(minutes=2)


def queued(database: Database, now: datetime = NOW) -> Run:
    with database.write() as session:
        return runs.queue_run(session, make_event(session).event.id, requested_by=None, now=now)


def claimed(database: Database, worker: str = "w1") -> Run:
    run = queued(database)
    with database.write() as session:
        taken = runs.claim_run(session, run.id, worker, now=NOW)
    assert taken is not None
    return taken


def again(database: Database, run: Run) -> Run:
    with database.read() as session:
        return session.get_one(Run, run.id)


def test_a_queued_run_has_the_settings_of_its_event(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, solve_seconds=45)
        run = runs.queue_run(session, expo.event.id, requested_by=expo.organiser.id, now=NOW)
        assert (run.number, run.state, run.seconds, run.then) == (1, RunState.QUEUED, 45, AfterRun.DRAFT)
        assert runs.find_open_run(session, expo.event.id) is run


def test_the_asker_may_give_it_other_seconds_and_what_follows(database: Database) -> None:
    with database.write() as session:
        event_id = make_event(session).event.id
        run = runs.queue_run(
            session, event_id, requested_by=None, seconds=5, then=AfterRun.PUBLISH, budget=3, now=NOW
        )
        assert (run.seconds, run.then, run.budget) == (5, AfterRun.PUBLISH, 3)


@pytest.mark.parametrize("seconds", [0, -1, fields.limits(fields.RunSeconds).most + 1])
def test_a_solve_has_a_second_at_least_and_an_hour_at_most(database: Database, seconds: int) -> None:
    with database.write() as session, pytest.raises(InvalidInput) as refused:
        runs.queue_run(session, make_event(session).event.id, requested_by=None, seconds=seconds, now=NOW)
    assert [fault.path for fault in refused.value.faults] == ["seconds"]


@pytest.mark.parametrize("max_moved", [-1, fields.limits(fields.MaxMoved).most + 1])
def test_a_budget_of_changes_is_a_count(database: Database, max_moved: int) -> None:
    with database.write() as session, pytest.raises(InvalidInput) as refused:
        runs.queue_run(session, make_event(session).event.id, requested_by=None, max_moved=max_moved, now=NOW)
    assert [fault.path for fault in refused.value.faults] == ["max_moved"]


def test_an_event_has_one_open_run(database: Database) -> None:
    run = queued(database)
    with database.write() as session:
        with pytest.raises(RunAlreadyOpen) as refused:
            runs.queue_run(session, run.event_id, requested_by=None, now=NOW)
        assert refused.value.run == run.number
        assert session.scalars(select(Run.id).where(Run.event_id == run.event_id)).all() == [run.id]


def test_two_events_have_runs_side_by_side(database: Database) -> None:
    assert queued(database).id != queued(database).id


def test_of_two_who_queue_at_once_one_is_told_of_the_other(database: Database) -> None:
    with database.write() as session:
        event_id = make_event(session).event.id
    together, outcomes = threading.Barrier(2), []

    def ask() -> None:
        together.wait()
        try:
            with database.write() as session:
                outcomes.append(
                    ("queued", runs.queue_run(session, event_id, requested_by=None, now=NOW).number)
                )
        except RunAlreadyOpen as refused:
            outcomes.append(("refused", refused.run))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [("queued", 1), ("refused", 1)]


def test_a_run_is_claimed_once(database: Database) -> None:
    run = claimed(database)
    assert (run.state, run.worker, run.attempts, run.heartbeat_at) == (RunState.RUNNING, "w1", 1, NOW)
    with database.write() as session:
        assert runs.claim_run(session, run.id, "w2", now=NOW) is None
    assert again(database, run).worker == "w1"


def test_of_many_who_claim_at_once_one_gets_it(database: Database) -> None:
    run = queued(database)
    together, got = threading.Barrier(4), []

    def take(worker: str) -> None:
        together.wait()
        with database.write() as session:
            if runs.claim_run(session, run.id, worker, now=NOW):
                got.append(worker)

    threads = [threading.Thread(target=take, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [again(database, run).worker]


def test_reports_show_how_far_it_is(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        for second in (1, 2):
            progress = Progress(second, "search", 100 * second, 500, 5, {"served": second})
            runs.store_progress(session, run.id, progress, worker="w1", now=NOW + timedelta(seconds=second))
    run = again(database, run)
    assert run.progress == {
        "seconds": 2,
        "phase": "search",
        "score": 200,
        "bound": 500,
        "served_bound": 5,
        "terms": {"served": 2},
    }
    assert [point["score"] for point in run.curve] == [100, 200]
    assert run.heartbeat_at == NOW + timedelta(seconds=2)


def test_the_curve_stays_short_and_keeps_its_ends(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CURVE_POINTS", 10)
    run = claimed(database)
    last = 25
    with database.write() as session:
        for second in range(last + 1):
            runs.store_progress(session, run.id, Progress(second, "search"), worker="w1", now=NOW)
    seconds = [point["seconds"] for point in again(database, run).curve]
    assert len(seconds) <= runs.CURVE_POINTS
    assert seconds == sorted(seconds)
    assert (seconds[0], seconds[-1]) == (0, last)


def test_a_queued_run_is_cancelled_at_once(database: Database) -> None:
    run = queued(database)
    with database.write() as session:
        cancelled = runs.cancel_run(session, run.event_id, run.number, now=LATER)
        assert (cancelled.state, cancelled.finished_at) == (RunState.CANCELLED, LATER)
        assert runs.claim_run(session, run.id, "w1", now=LATER) is None


def test_a_running_run_is_asked_to_cancel_and_its_worker_ends_it(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        assert runs.find_stop_request(session, run.id) is None
        assert runs.cancel_run(session, run.event_id, run.number, now=NOW).state is RunState.RUNNING
        assert runs.find_stop_request(session, run.id) is Stop.CANCEL
        runs.finish_cancelled_run(session, run.id, worker="w1", now=LATER)
    assert again(database, run).state is RunState.CANCELLED


def test_a_running_run_is_asked_to_stop_and_a_queued_one_cannot(database: Database) -> None:
    run = queued(database)
    with database.write() as session:
        with pytest.raises(WrongState):
            runs.stop_run(session, run.event_id, run.number)
        runs.claim_run(session, run.id, "w1", now=NOW)
        assert runs.stop_run(session, run.event_id, run.number).state is RunState.RUNNING
        assert runs.find_stop_request(session, run.id) is Stop.KEEP
        runs.cancel_run(session, run.event_id, run.number, now=NOW)
        assert runs.find_stop_request(session, run.id) is Stop.CANCEL


def test_a_run_that_has_ended_cannot_be_cancelled(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        runs.fail_run(session, run.id, worker="w1", error="No.", now=NOW)
        with pytest.raises(WrongState):
            runs.cancel_run(session, run.event_id, run.number, now=NOW)
        with pytest.raises(NotFound):
            runs.cancel_run(session, run.event_id, run.number + 1, now=NOW)
    assert (again(database, run).state, again(database, run).error) == (RunState.FAILED, "No.")


def test_a_finished_run_keeps_its_files(database: Database) -> None:
    run = claimed(database)
    problem, plan = {"format": "p", "event": "博览会"}, {"problem": "f" * 64, "score": 3}
    with database.write() as session:
        runs.store_problem(session, run.id, worker="w1", fingerprint="f" * 64, problem=problem, basis={})
        runs.finish_run(session, run.id, worker="w1", plan=plan, now=LATER)
    with database.read() as session:
        shown = runs.get_run(session, run.event_id, run.number)
        assert (shown.state, shown.fingerprint, shown.finished_at) == (RunState.FINISHED, "f" * 64, LATER)
        assert stored_problems.load_problem_file(session, run.id) == problem
        assert runs.get_plan_file(session, run.id) == plan


def test_an_open_run_has_no_files_yet(database: Database) -> None:
    run = queued(database)
    with database.read() as session:
        assert stored_problems.load_problem_file(session, run.id) is None
        assert runs.get_plan_file(session, run.id) is None


def test_after_an_end_the_next_run_can_start(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        runs.fail_run(session, run.id, worker="w1", error="No.", now=NOW)
        following = runs.queue_run(session, run.event_id, requested_by=None, now=NOW)
        assert following.number == run.number + 1
        organiser = actors.operator_actor(session.get_one(Event, run.event_id))
        assert [row.number for row in run_control.list_newest_runs(session, organiser, limit=9)] == [2, 1]


def test_only_the_worker_that_has_a_run_may_end_it(database: Database) -> None:
    run = claimed(database)
    progress = Progress(1, "search")
    with database.write() as session:
        for step in (
            lambda: runs.store_progress(session, run.id, progress, worker="w2", now=NOW),
            lambda: runs.store_heartbeat(session, run.id, worker="w2", now=NOW),
            lambda: runs.fail_run(session, run.id, worker="w2", error="No.", now=NOW),
            lambda: runs.finish_cancelled_run(session, run.id, worker="w2", now=NOW),
            lambda: runs.requeue_run(session, run.id, worker="w2", now=NOW),
            lambda: runs.store_problem(session, run.id, worker="w2", fingerprint="", problem={}, basis={}),
            lambda: runs.finish_run(session, run.id, worker="w2", plan={}, now=NOW),
        ):
            with pytest.raises(RunLost):
                step()
    assert again(database, run).state is RunState.RUNNING


def test_a_run_that_is_put_back_waits_again_and_its_attempt_does_not_count(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        runs.requeue_run(session, run.id, worker="w1", now=NOW)
    run = again(database, run)
    assert (run.state, run.attempts, run.worker) == (RunState.QUEUED, 0, None)


def test_a_run_with_a_heartbeat_is_left_alone(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        runs.store_heartbeat(session, run.id, worker="w1", now=LATER)
        assert recovery.recover_runs(session, now=LATER + timedelta(seconds=59)) == []
    assert again(database, run).state is RunState.RUNNING


def test_a_run_whose_worker_fell_silent_is_taken_up_again_once(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        assert recovery.recover_runs(session, now=NOW + recovery.HEARTBEAT_TIMEOUT) == [run.id]
        assert again_in(session, run).state is RunState.QUEUED
        assert runs.claim_run(session, run.id, "w2", now=LATER) is not None
        assert recovery.recover_runs(session, now=LATER + recovery.HEARTBEAT_TIMEOUT) == []
        failed = again_in(session, run)
        assert (failed.state, failed.error) == (RunState.FAILED, recovery.LOST_TOO_OFTEN)
        assert runs.queue_run(session, run.event_id, requested_by=None, now=LATER).number == run.number + 1


def test_a_lost_run_that_was_to_be_cancelled_is_cancelled(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        runs.cancel_run(session, run.event_id, run.number, now=NOW)
        assert recovery.recover_runs(session, now=NOW + recovery.HEARTBEAT_TIMEOUT) == []
        assert again_in(session, run).state is RunState.CANCELLED


def to_send(database: Database, seconds: float) -> list[int]:
    """Return the runs that a tick sends this many seconds after NOW; each is sent, but no worker takes it."""
    now = NOW + timedelta(seconds=seconds)
    with database.write() as session:
        found = recovery.recover_runs(session, now=now)
        for run_id in found:
            recovery.mark_sent(session, run_id, now=now)
    return found


def test_a_run_that_was_not_sent_is_sent_by_the_next_tick(database: Database) -> None:
    run = queued(database)
    assert to_send(database, 1) == [run.id]
    assert to_send(database, 16) == []


def test_a_run_that_nobody_takes_is_sent_again_ever_more_slowly(database: Database) -> None:
    run = queued(database)
    sent = [seconds for seconds in range(0, 4 * 3600, 15) if to_send(database, seconds) == [run.id]]
    waits = [b - a for a, b in pairwise(sent)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_run_that_is_taken_up_again_is_sent_at_once_and_then_slowly_again(database: Database) -> None:
    run = queued(database)
    assert [bool(to_send(database, seconds)) for seconds in (0, 60, 180)] == [True, True, True]
    with database.write() as session:
        runs.claim_run(session, run.id, "w1", now=NOW + timedelta(seconds=200))
        runs.requeue_run(session, run.id, worker="w1", now=NOW + timedelta(seconds=210))
    assert [bool(to_send(database, seconds)) for seconds in (211, 270, 271)] == [True, False, True]


def test_a_run_that_was_claimed_before_it_was_marked_as_sent_stays_as_it_is(database: Database) -> None:
    run = claimed(database)
    with database.write() as session:
        recovery.mark_sent(session, run.id, now=NOW)
        assert again_in(session, run).sends == 0


def test_recovering_looks_at_every_event(database: Database) -> None:
    lost = {claimed(database).id, queued(database).id}
    with database.write() as session:
        recovery.recover_runs(session, now=NOW + recovery.HEARTBEAT_TIMEOUT)
        assert set(recovery.recover_runs(session, now=NOW + recovery.HEARTBEAT_TIMEOUT)) == lost


def test_runs_of_a_worker_that_is_known_to_be_gone_are_taken_up_at_once(database: Database) -> None:
    lost, other = claimed(database, "gone"), claimed(database, "there")
    with database.write() as session:
        assert recovery.reclaim_orphaned_runs(session, lambda worker: worker == "gone", now=NOW) == [lost.id]
        assert again_in(session, lost).state is RunState.QUEUED
        assert again_in(session, other).state is RunState.RUNNING
        assert recovery.reclaim_orphaned_runs(session, lambda _: False, now=NOW) == []


def again_in(session, run: Run) -> Run:
    return session.get_one(Run, run.id, populate_existing=True)
