"""Attempts to enter addresses that are in use at the event, counted to prevent probing.

Who adds people has to be told that an address is taken. So a few may be tried a day, which organisers see.
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
"""Addresses of others that an exhibitor enters within a day."""
MOST_IN_FILES: Final = 300
"""The same of a delegation manager, whose file may have people who registered themselves."""
TOO_MANY: Final = gettext_lazy(
    "Too many email addresses of other participants were entered today. Ask the organisers."
)
_TRIED = pgettext_lazy("trail", "addresses of other participants entered")


def has_attempts_left(session: Session, actor: Actor, *, most: int, now: datetime) -> bool:
    """Whether the actor may enter an address that another may have."""
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
    """Note so many tries, in a transaction that is not the refused one. Zero notes nothing."""
    if number and not actor.is_organiser:
        after = {"tried": number, **({"address": address} if address else {})}
        recording.record_act(session, actor, Act.ADDRESS, _TRIED, after=after, now=now)
