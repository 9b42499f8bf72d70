"""The job that finds why a version leaves requests unscheduled where nothing says it.

A run that is stopped looks into no reason, and does not know requests that are accepted later. A job does, on
request: a worker freezes the event as it is now, puts the version's meetings into it, and looks into each
request without a fix. So reasons are of now, not of the run. Pages do not look, as the web has no solver; a
stopped run does not go on, as who stops it wants its plan. Groups get new numbers, so tests of older groups
are no longer shown. At 620 firms a request takes 0.5 ms, the gains 30 s at most.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.domain.entities import JobKind
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.publishing import version_jobs
from scheduler.services.publishing.version_actions import JobCard, job_card
from scheduler.services.schedule import versions


def request_explanation(session: Session, actor: Actor, number: int, *, now: datetime) -> JobCard:
    """Queue the explanation of a version. While one is open, it is returned. Send its task after the commit.

    Raises NotFound.
    """
    actor.require(Right.TRY)
    version = versions.get_version(session, actor.event_id, number)
    return job_card(version_jobs.request_explanations(session, version, by=actor.account_id, now=now))


def find_latest_explanation(session: Session, actor: Actor, number: int) -> JobCard | None:
    """The latest job of a version. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    job = version_jobs.find_latest_job(
        session, versions.get_version(session, actor.event_id, number), JobKind.EXPLAIN
    )
    return job_card(job) if job is not None else None
