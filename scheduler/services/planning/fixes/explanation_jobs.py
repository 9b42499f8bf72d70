"""Job that explains unscheduled requests of a version for which no reason is stored.

A run that is stopped computes no reasons, and requests may be accepted after it. On request, a worker takes a
snapshot of the event as it is now, adds the version's meetings, and examines each request without a fix.
Reasons therefore refer to the current event, not to the run. Pages cannot do it, because the web process has
no solver. A stopped run does not do it, because the person who stops it wants the plan. Groups are
renumbered, so trials of older groups are no longer shown. At 620 firms a request takes 0.5 ms, and the gains
at most 30 s.
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
    """Queue the explanation of a version, or return the open job. The caller sends its task after the commit.

    Raises NotFound.
    """
    actor.require(Right.MANAGE_SCENARIOS)
    version = versions.get_version(session, actor.event_id, number)
    return job_card(version_jobs.request_explanations(session, version, by=actor.account_id, now=now))


def find_latest_explanation(session: Session, actor: Actor, number: int) -> JobCard | None:
    """Return the latest explanation job of a version, or None. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    job = version_jobs.find_latest_job(
        session, versions.get_version(session, actor.event_id, number), JobKind.EXPLAIN
    )
    return job_card(job) if job is not None else None
