"""Look at a draft's change set, and publish it: the jobs of the pages, done here if nobody else does."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass

from chainmeet.following import event_of
from scheduler.config import Settings
from scheduler.domain.entities import JobState
from scheduler.domain.errors import ChainmeetError
from scheduler.services.publishing import comparisons, publishing, version_jobs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Comparison, VersionJob
from workers import dispatch
from workers.celery_app import make_celery

LOOK = 0.2
"""Seconds between two looks at a job that a worker does."""


class JobFailed(ChainmeetError):
    """A version could not be compared or published; the sentence says why."""

    code = "job-failed"


@dataclass(frozen=True, slots=True)
class DraftOutlook:
    """What publishing a version would do."""

    version: int
    found: Comparison

    @property
    def compared_with(self) -> int | None:
        """The version that is published now."""
        return self.found.compared_with

    def sentences(self) -> str:
        """For a person who decides."""
        against = "nothing yet" if self.compared_with is None else f"version {self.compared_with}"
        counts = ", ".join(f"{count:,} {kind}" for kind, count in self.found.counts.items() if count)
        told = f"{self.found.mails or 0:,} mails to {self.found.people or 0:,} people"
        return f"Version {self.version} against {against}: {counts or 'no meetings'}; {told}."


def look_ahead(database: Database, settings: Settings, event: str, number: int) -> DraftOutlook:
    """Compare a version with what is published; raises NotFound or JobFailed."""
    while True:
        with database.write() as session:
            version = versions.get(session, event_of(session, event).id, number)
            found = comparisons.kept(session, version)
            if found is not None:
                return DraftOutlook(number, found)
            job = version_jobs.ask_to_compare(session, version, by=None, now=database.now())
        _carry_out(database, settings, job)


def publish(
    database: Database,
    settings: Settings,
    event: str,
    number: int,
    *,
    compared_with: int | None,
    by: int | None = None,
) -> VersionJob:
    """Publish and have the mails sent; raises VersionConflict, WrongState, PublishingOpen or JobFailed."""
    with database.write() as session:
        job = version_jobs.ask_to_publish(
            session,
            event_id=event_of(session, event).id,
            number=number,
            compared_with=compared_with,
            by=by,
            now=database.now(),
        )
    done = _carry_out(database, settings, job)
    dispatch.deliver(app=make_celery(settings))
    return done


def _carry_out(database: Database, settings: Settings, job: VersionJob) -> VersionJob:
    """Do a job, or wait for the worker that has it."""
    me = f"{socket.gethostname()[:100]}:{os.getpid()}"
    while True:
        publishing.execute(database, job.id, worker=me, settings=settings)
        with database.read() as session:
            now = session.get_one(VersionJob, job.id)
        if now.state is JobState.FAILED:
            raise JobFailed(now.error or "It failed.")
        if now.state is JobState.DONE:
            return now
        time.sleep(LOOK)
