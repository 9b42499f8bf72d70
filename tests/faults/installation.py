"""An installation with a published schedule, whose next publication a fault disturbs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, event, select

from scheduler.config import Settings
from scheduler.domain.entities import OutboxState, VersionState
from scheduler.invites.transport.smtp import TIMEOUT
from scheduler.services.delivery import claims, delivery
from scheduler.services.operations import restored_copy
from scheduler.services.planning.runs import recovery
from scheduler.services.publishing import job_execution, version_jobs
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, OutboxEmail, VersionJob
from tests.faults.auditor import Auditor, Breach
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.mail_server import Catcher
from tests.support.publishing import SETTINGS

REQUESTS = 5
UNSENT = OutboxState.QUEUED, OutboxState.SENDING
MOST_WAITING = 30.0
"""Seconds that a sender waits for a rate or a pause, by a clock that advances only while it waits."""
AFTERWARDS = (3, 8, 20, 45, 80, 140, 220)
"""Minutes after a fault at which a sender works again. Pauses of the mail server last an hour at most."""


class Killed(BaseException):
    """Ends a process in a test as SIGKILL does: nothing that it does afterwards reaches the database."""


@dataclass
class Installation:
    """An event of five meetings in several publications, and what its mail server accepted."""

    database: Database
    catcher: Catcher
    journal: Path
    minutes: float = 0
    version: int = 0

    def __post_init__(self) -> None:
        with self.database.write() as session:
            self.expo = make_event(session, firms=2 * REQUESTS, slots="12", mail_per_minute=60_000)
            self.requests = [make_request(session, self.expo, 2 * i, 2 * i + 1) for i in range(REQUESTS)]
        self.keep_journal()

    @property
    def settings(self) -> Settings:
        return replace(
            SETTINGS,
            database_url=self.database.url.render_as_string(hide_password=False),
            smtp_port=self.catcher.port,
            smtp_security="none",
            journal=str(self.journal),
        )

    def keep_journal(self) -> None:
        restored_copy.pause_if_copied(self.database, self.settings, now=self.database.now())

    def make_draft(self, *slots: int | None) -> int:
        """Create a draft with the meetings in these slots. Return its number."""
        with self.database.write() as session:
            asked = [session.get_one(MeetingRequest, row.id) for row in self.requests]
            planned = [
                meet(request, self.expo, slot=slot)
                for request, slot in zip(asked, slots, strict=True)
                if slot is not None
            ]
            return make_version(session, self.expo, planned, state=VersionState.DRAFT).number

    def request_publication(self, *slots: int | None) -> int:
        """Request to publish a draft with the meetings in these slots. Return the job."""
        number = self.make_draft(*slots)
        with self.database.write() as session:
            job = version_jobs.request_publishing(
                session,
                event_id=self.expo.event.id,
                number=number,
                compared_with=self.version or None,
                by=self.expo.organiser.id,
                now=self.database.now_in(session),
            )
            self.version = number
            return job.id

    def execute(self, job_id: int, worker: str = "w") -> job_execution.JobEnding:
        return job_execution.execute_job(self.database, job_id, worker=worker, settings=self.settings)

    def publish(self, *slots: int | None) -> None:
        assert self.execute(self.request_publication(*slots)) is job_execution.JobEnding.DONE

    def deliver(self, minutes: float = 1, worker: str = "sender", *, timeout: float = TIMEOUT) -> int:
        """Send what is due `minutes` later. Return the number of emails that the server accepted.

        `timeout` is in seconds per network wait.
        """
        self.minutes += minutes
        waited = 0.0

        def sleep(seconds: float) -> None:
            nonlocal waited
            waited += seconds

        return delivery.deliver_emails(
            self.database,
            self.settings,
            worker=worker,
            now=lambda: NOW + timedelta(minutes=self.minutes, seconds=waited),
            should_stop=lambda: waited > MOST_WAITING,
            sleep=sleep,
            timeout=timeout,
        )

    def recover(self) -> None:
        """Do what the clock does about lost senders, and send until nothing waits any more."""
        began = self.minutes
        for minutes in AFTERWARDS:
            self.deliver(began + minutes - self.minutes)
            with self.database.write() as session:
                claims.requeue_stale(session, now=NOW + timedelta(minutes=self.minutes))
                if (
                    session.scalar(select(OutboxEmail.id).where(OutboxEmail.state.in_(UNSENT)).limit(1))
                    is None
                ):
                    return

    def recover_jobs(self) -> None:
        """Take up jobs whose worker is lost, as the clock and another worker do."""
        with self.database.write() as session:
            later = self.database.now_in(session) + timedelta(minutes=10)
            recovery.recover_runs(session, now=later)
            version_jobs.recover_lost_jobs(session, now=later)
            waiting = session.scalars(select(VersionJob.id).order_by(VersionJob.id)).all()
        for job_id in waiting:
            self.execute(job_id, "another")

    def breaches(self, *, in_flight: int = 0) -> list[Breach]:
        return Auditor(self.database, self.catcher.taken, self.settings).breaches(in_flight=in_flight)


@contextmanager
def killed_before_commit(database: Database, nth: int) -> Iterator[None]:
    """Kill the process in this block before its nth commit, and let no later one through."""
    commits = 0

    def count(connection: Connection) -> None:
        nonlocal commits
        commits += 1
        if commits >= nth:
            connection.invalidate()  # the server rolls back, as for a process that is gone
            raise Killed

    event.listen(database.engine, "commit", count)
    try:
        yield
    finally:
        event.remove(database.engine, "commit", count)
        database.engine.dispose()
