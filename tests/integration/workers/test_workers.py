"""Tasks with a real worker and broker: done once, cancelled promptly, returned on shutdown."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import insert, select

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.domain.entities import JobState, OutboxState, RunState
from scheduler.secret_keys import SecretKeys
from scheduler.services.availability import busy_times
from scheduler.services.identity import encryption, sign_in
from scheduler.services.planning.runs import runs
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import BusySource, OutboxEmail, Run, VersionJob
from tests.support.calendars import linked
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, make_version
from tests.support.workers import PATIENT_APP, eventually, settings_for, worker
from tests.unit.invites.test_transport import Catcher, serving
from workers import dispatch, process_identity, tasks, worker_registry
from workers.celery_app import (
    HARD_LIMIT,
    ROUTES,
    SOFT_LIMIT,
    VISIBILITY_TIMEOUT,
    configuration,
    make_celery,
)
from workers.layout import JOBS, QUEUES, WORKERS

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Stack:
    """A database, an empty broker, and a queued run of an event in which three firms ask each other."""

    def __init__(self, database: Database, broker_url: str, logs: Path) -> None:
        self.database, self.logs = database, logs
        self.settings: Settings = settings_for(database, broker_url)
        self.celery = make_celery(self.settings)
        self.broker = redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://"))
        self.broker.flushall()

    def queued_run(self, **columns: Any) -> Run:
        with self.database.write() as session:
            expo = make_event(session, firms=3, **columns)
            make_request(session, expo, 0, 1)
            make_request(session, expo, 1, 2)
            return runs.queue_run(session, expo.event.id, requested_by=None, now=NOW)

    def run(self, run: Run) -> Run:
        with self.database.read() as session:
            return session.get_one(Run, run.id)

    def job(self, job_id: int) -> VersionJob:
        with self.database.read() as session:
            return session.get_one(VersionJob, job_id)

    def is_in(self, run: Run, state: RunState) -> bool:
        return self.run(run).state is state

    def drafts(self, run: Run) -> list[int]:
        with self.database.read() as session:
            return [version.number for version in versions.list_versions(session, run.event_id)]

    def worker(self, queue: str, **options: Any) -> Any:
        return worker(self.settings, queue, self.logs, **options)


@pytest.fixture
def stack(database: Database, broker_url: str, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(database, broker_url, tmp_path)
    yield stack
    stack.celery.close()
    stack.broker.close()


def test_a_solve_task_turns_a_run_into_a_draft(stack: Stack) -> None:
    run = stack.queued_run()
    assert dispatch.solve(run.id, app=stack.celery)
    with stack.worker("solve"):
        eventually(lambda: stack.run(run).state not in runs.OPEN_STATES)
    assert (stack.run(run).state, stack.run(run).error) == (RunState.FINISHED, None)
    assert stack.drafts(run) == [1]


@sqlite_only
def test_a_task_that_is_delivered_twice_does_its_work_once(stack: Stack) -> None:
    run, next_run = stack.queued_run(), stack.queued_run()
    for run_id in (run.id, run.id, next_run.id):
        assert dispatch.solve(run_id, app=stack.celery)
    with stack.worker("solve"):
        eventually(lambda: stack.run(next_run).state not in runs.OPEN_STATES)  # one by one, in this order
    assert stack.drafts(run) == [1]
    assert stack.run(run).attempts == 1


@sqlite_only
def test_a_running_solve_is_cancelled(stack: Stack) -> None:
    run = stack.queued_run(solve_seconds=3600)
    dispatch.solve(run.id, app=stack.celery)
    with stack.worker("solve", app=PATIENT_APP):
        eventually(lambda: stack.is_in(run, RunState.RUNNING))
        with stack.database.write() as session:
            runs.cancel_run(session, run.event_id, run.number, now=NOW)
        eventually(lambda: not stack.is_in(run, RunState.RUNNING))
    assert stack.is_in(run, RunState.CANCELLED)
    assert stack.drafts(run) == []


@sqlite_only
def test_a_warm_shutdown_gives_a_solve_back_and_the_next_worker_takes_it_up(stack: Stack) -> None:
    run = stack.queued_run(solve_seconds=3600)
    dispatch.solve(run.id, app=stack.celery)
    with stack.worker("solve", app=PATIENT_APP) as first:
        eventually(lambda: stack.is_in(run, RunState.RUNNING))
        assert first.stop() == 0
    assert (stack.run(run).state, stack.run(run).attempts) == (RunState.QUEUED, 0)
    with stack.database.write() as session:
        session.get_one(Run, run.id).seconds = 5
    with stack.worker("solve"):  # no resending: the broker has the task
        eventually(lambda: stack.run(run).state not in runs.OPEN_STATES)
    assert stack.is_in(run, RunState.FINISHED)


@sqlite_only
def test_a_linked_calendar_that_is_due_is_fetched_and_one_on_this_machine_is_refused(stack: Stack) -> None:
    with stack.database.write() as session:
        expo = make_event(session)
        for slot in expo.slots:
            slot.start, slot.end = slot.start + timedelta(days=36500), slot.end + timedelta(days=36500)
        encrypted = encryption.encrypt(SECRET_KEY, busy_times.ADDRESS, "https://127.0.0.1/hunter2.ics")
        session.add(linked(expo.people[0][0].id, encrypted))
    assert dispatch.refetch(app=stack.celery)

    def failure() -> str:
        with stack.database.read() as session:
            return session.scalars(select(BusySource.failure)).one()

    with stack.worker("untrusted"):
        eventually(lambda: failure() != "")
    assert failure() == "The calendar address is not on the public internet."
    assert "hunter2" not in "".join(path.read_text() for path in stack.logs.glob("*.log"))


def test_a_task_is_not_lost_sight_of_while_it_may_still_run() -> None:
    assert fields.limits(fields.RunSeconds).most < SOFT_LIMIT < HARD_LIMIT < VISIBILITY_TIMEOUT


def test_only_json_is_read(stack: Stack) -> None:
    settings = configuration(stack.settings)
    assert (settings["task_serializer"], settings["accept_content"]) == ("json", ["json"])


def test_a_broker_that_is_away_loses_nothing(tmp_path: Path) -> None:
    settings = Settings(
        database_url="sqlite://",
        redis_url=f"redis+socket://{tmp_path}/nowhere",
        secret_key=SecretKeys("x" * 32),
    )
    assert dispatch.solve(1, app=make_celery(settings)) is False
    assert dispatch.run(Database("sqlite://"), 1, app=make_celery(settings)) is False
    assert dispatch.deliver(app=make_celery(settings)) is False


@sqlite_only
@pytest.mark.parametrize("what", ["a pool process", "the whole worker"])
def test_a_run_whose_worker_is_killed_is_taken_up_by_the_next_one_at_once(stack: Stack, what: str) -> None:
    """Without a clock, and without a minute of silence."""
    run = stack.queued_run(solve_seconds=3600)
    assert dispatch.run(stack.database, run.id, app=stack.celery)
    with stack.worker("solve", app=PATIENT_APP) as first:
        eventually(lambda: stack.is_in(run, RunState.RUNNING))
        lost = stack.run(run).worker
        if what == "a pool process":
            os.kill(int(lost.split(":")[1]), signal.SIGKILL)
        else:
            first.kill()
        with stack.worker("solve", name="second", app=PATIENT_APP):
            eventually(lambda: stack.run(run).attempts == 2)
            assert stack.run(run).worker != lost


@sqlite_only
def test_a_job_whose_process_was_killed_is_taken_up_at_once(stack: Stack) -> None:
    """As with runs, a new process looks for its predecessor's jobs. No clock is running."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = process_identity.me().partition(":")[0]
    with stack.database.write() as session:
        expo = make_event(session, firms=3)
        version = make_version(session, expo, [])
        job = version_jobs.request_comparison(session, version, by=None, now=NOW)
        job.state, job.worker, job.attempts, job.heartbeat_at = (
            JobState.RUNNING,
            f"{host}:{ended.pid}:1",
            1,
            NOW,
        )
    with stack.worker("jobs"):
        eventually(lambda: stack.job(job.id).state is JobState.DONE)
    assert stack.job(job.id).attempts == 2


@sqlite_only
def test_two_workers_of_one_name_are_two_and_one_is_left_where_one_ends(stack: Stack) -> None:
    broker = worker_registry.connect(stack.settings.redis_url)
    with stack.worker("untrusted") as first, stack.worker("untrusted"):
        eventually(lambda: worker_registry.count(broker)["untrusted"] == 2)
        first.stop()
        assert worker_registry.count(broker)["untrusted"] == 1
    broker.close()


@sqlite_only
def test_nobody_stops_a_worker_through_the_broker(stack: Stack) -> None:
    broker = worker_registry.connect(stack.settings.redis_url)
    with stack.worker("jobs"):
        eventually(lambda: worker_registry.count(broker)["jobs"] == 1)
        stack.celery.control.broadcast("shutdown")
        with stack.celery.connection_for_write() as connection:  # for the last reply
            assert stack.celery.control.ping(timeout=1, connection=connection) == []
        with stack.database.write() as session:
            expo = make_event(session, firms=3)
            job = version_jobs.request_comparison(session, make_version(session, expo, []), by=None, now=NOW)
        assert dispatch.version_job(job.id, app=stack.celery)
        eventually(lambda: stack.job(job.id).state is JobState.DONE)
        assert worker_registry.count(broker)["jobs"] == 1
    broker.close()


def test_a_process_is_gone_if_it_ended_or_its_number_was_given_away() -> None:
    host, _, born = process_identity.me().split(":")
    ended = subprocess.Popen(["true"])
    ended.wait()
    parent = f"{host}:{os.getppid()}:{process_identity.birth(os.getppid())}"
    assert not process_identity.is_gone(process_identity.me()) and not process_identity.is_gone(parent)
    assert process_identity.is_gone(f"{host}:{ended.pid}:{born}")
    assert process_identity.is_gone(f"{host}:{os.getppid()}:{born}1")
    assert not process_identity.is_gone(f"elsewhere:{ended.pid}:{born}")
    assert not process_identity.is_gone("w1")


def test_a_second_delivery_is_not_sent_while_one_waits(stack: Stack) -> None:
    for _ in range(3):
        assert dispatch.deliver(app=stack.celery)
        assert dispatch.refetch(app=stack.celery)
        assert dispatch.judge(app=stack.celery)
    assert (stack.broker.llen("mail"), stack.broker.llen("untrusted")) == (1, 2)


def test_every_task_has_a_queue_and_every_queue_a_worker(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.settings.to_env().items():
        monkeypatch.setenv(name, value)
    ours = {name for name in tasks.app.tasks if name.startswith("chainmeet.")}
    assert ours == ROUTES.keys()
    assert set(ROUTES.values()) | {JOBS} == set(QUEUES)
    assert sorted(queue for layout in WORKERS.values() for queue in layout.queues) == sorted(QUEUES)


@sqlite_only
def test_a_worker_says_which_queues_it_takes_from_and_leaves(stack: Stack) -> None:
    broker = worker_registry.connect(stack.settings.redis_url)
    assert worker_registry.count(broker) == dict.fromkeys(QUEUES, 0)
    with stack.worker("untrusted") as running:
        eventually(lambda: worker_registry.count(broker)["untrusted"] == 1)
        assert worker_registry.count(broker)["mail"] == 0
        assert running.stop() == 0
    assert worker_registry.count(broker)["untrusted"] == 0


def queued(expo: Expo, number: int) -> dict[str, Any]:
    """Return an outbox row with minimal content."""
    return {
        "event_id": expo.event.id,
        "kind": "invitation",
        "to_address": expo.people[0][0].email,
        "message_id": f"<{number}@m.example>",
        "state": OutboxState.QUEUED,
        "next_attempt_at": NOW,
        "created_at": NOW,
    }


@sqlite_only
@pytest.mark.smtp
def test_a_sign_in_mail_waits_for_no_other_mail_and_for_no_other_work(stack: Stack) -> None:
    """A thousand emails and a calendar are queued before it, with no worker for them."""
    with serving(Catcher()) as catcher:
        stack.settings = replace(stack.settings, smtp_port=catcher.port)
        with stack.database.write() as session:
            expo = make_event(session, mail_per_minute=60_000)
            session.execute(insert(OutboxEmail), [queued(expo, number) for number in range(1000)])
            sign_in.request_sign_in(session, expo.organiser.email, now=NOW)
        assert dispatch.deliver(app=stack.celery) and dispatch.refetch(app=stack.celery)
        assert dispatch.deliver_urgent(app=stack.celery)
        with stack.worker("urgent"):
            eventually(lambda: len(catcher.taken) > 0)
        assert [to for _, (to,), _ in catcher.taken] == [expo.organiser.email]
