"""Attempts to enter addresses that are in use at the event, limited to prevent probing.

Someone who adds people must be told that an address is taken. So only a few attempts per day are allowed, and
organisers see them.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.storage.models import AuditLogEntry

DAY: Final = timedelta(days=1)
MOST: Final = 20
"""Maximum number of other participants' addresses that an exhibitor may enter within a day."""
MOST_IN_FILES: Final = 300
"""The same for a delegation manager, whose file may list people who registered themselves."""
TOO_MANY: Final = gettext_lazy(
    "Too many email addresses of other participants were entered today. Contact the organisers."
)
_TRIED = pgettext_lazy("audit log", "email addresses of other participants entered")


def has_attempts_left(session: Session, actor: Actor, *, most: int, now: datetime) -> bool:
    """Return True if the actor may enter an address that might be in use."""
    if actor.is_organiser:
        return True
    kept = select(AuditLogEntry.after).where(
        AuditLogEntry.chain == actor.event_id,
        AuditLogEntry.account_id == actor.account_id,
        AuditLogEntry.act == Act.ADDRESS.value,
        AuditLogEntry.about == _TRIED,
        AuditLogEntry.at > now - DAY,
    )
    return sum(int(json.loads(each)["tried"]) for each in session.scalars(kept)) < most


def record_attempts(session: Session, actor: Actor, number: int, *, now: datetime, address: str = "") -> None:
    """Record attempts, in a transaction separate from the one that is refused. Zero records nothing."""
    if number and not actor.is_organiser:
        after = {"tried": number, **({"address": address} if address else {})}
        recording.record_act(session, actor, Act.ADDRESS, _TRIED, after=after, now=now)
