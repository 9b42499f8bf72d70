"""Publishing a draft from the command line, executed locally if no worker does it."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass

from chainmeet.progress import event_of
from scheduler.config import Settings
from scheduler.domain.entities import JobState
from scheduler.domain.errors import ChainmeetError
from scheduler.services.identity import actors
from scheduler.services.publishing import job_execution, version_actions, version_overview
from scheduler.services.publishing.version_overview import ComparisonCard
from scheduler.storage.database import Database
from scheduler.storage.models import VersionJob
from workers import dispatch
from workers.celery_app import make_celery

LOOK = 0.2
"""Seconds between two polls of a job that a worker executes."""


class JobFailed(ChainmeetError):
    """A version could not be compared or published. The message says why."""

    code = "job-failed"


@dataclass(frozen=True, slots=True)
class DraftPreview:
    """The effect of publishing a version."""

    version: int
    found: ComparisonCard

    @property
    def compared_with(self) -> int | None:
        """The number of the version that is published now, or None."""
        return self.found.compared_with

    def sentences(self) -> str:
        """Return a summary for the person who decides."""
        is_first = self.compared_with is None
        against = "first publication" if is_first else f"compared with version {self.compared_with}"
        counts = ", ".join(f"{count:,} {kind}" for kind, count in self.found.counts.items() if count)
        sent = f"{self.found.mails or 0:,} emails to {self.found.people or 0:,} people"
        return f"Version {self.version}, {against}: {counts or 'no meetings'}; {sent}."


def preview_publishing(database: Database, settings: Settings, event: str, number: int) -> DraftPreview:
    """Compare a version with the published one. Raises NotFound or JobFailed."""
    while True:
        with database.write() as session:
            asker = actors.operator_actor(event_of(session, event))
            found = version_overview.find_comparison(session, asker, number)
            if found is not None:
                return DraftPreview(number, found)
            job = version_actions.request_comparison(session, asker, number, now=database.now())
        _carry_out(database, settings, job.id)


def publish(
    database: Database,
    settings: Settings,
    event: str,
    number: int,
    *,
    compared_with: int | None,
    by: int | None = None,
) -> VersionJob:
    """Publish at once and trigger delivery. Raises as `version_actions.request_publishing`, and JobFailed."""
    with database.write() as session:
        asker = actors.operator_actor(event_of(session, event), account_id=by)
        job = version_actions.request_publishing(
            session, asker, number, compared_with=compared_with, at_once=True, now=database.now()
        )
    done = _carry_out(database, settings, job.id)
    dispatch.deliver(app=make_celery(settings))
    return done


def _carry_out(database: Database, settings: Settings, job_id: int) -> VersionJob:
    """Execute a job, or wait for the worker that executes it."""
    me = f"{socket.gethostname()[:100]}:{os.getpid()}"
    while True:
        job_execution.execute_job(database, job_id, worker=me, settings=settings)
        with database.read() as session:
            now = session.get_one(VersionJob, job_id)
        if now.state is JobState.FAILED:
            raise JobFailed(now.error or "The job failed.")
        if now.state is JobState.DONE:
            return now
        time.sleep(LOOK)
