"""Resolve the schedule version that a chart shows."""

from __future__ import annotations

from sqlalchemy.orm import Session

from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions


def resolve_version(session: Session, actor: Actor, number: int | None) -> int | None:
    """Return the requested version's number, else the published one's, if any. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    if number is not None:
        return versions.get_version(session, actor.event_id, number).number
    version = versions.find_published_version(session, actor.event_id)
    return version.number if version is not None else None
