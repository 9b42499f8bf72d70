"""Files with people's addresses that were taken along stand in the trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.trail import trail
from scheduler.services.trail.acts import Act


def note(session: Session, actor: Actor, name: str, *, now: datetime) -> None:
    """Note in the trail that the actor took a file along, a chamber one of its own delegation."""
    actor.delegations_for(Right.READ_CONTACTS)
    trail.note(session, actor, Act.EXPORT, name, now=now)
