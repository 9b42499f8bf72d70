"""Open alerts on pages: an event's for its organisers, the installation's for its operators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind
from scheduler.domain.errors import NotAllowed
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.operations import alerts
from scheduler.storage.models import Alert


@dataclass(frozen=True, slots=True)
class Notice:
    """An open alert. `path` is the page with details."""

    kind: AlertKind
    reason: str
    path: str
    opened_at: datetime


def list_event_notices(session: Session, actor: Actor) -> tuple[Notice, ...]:
    """Return the open alerts of the actor's event and of the installation, newest first."""
    actor.require(Right.READ_ALERTS)
    return _shown(alerts.list_open_alerts(session, actor.event_id))


def list_installation_notices(session: Session, asker: SignedIn) -> tuple[Notice, ...]:
    """Return the open alerts of the installation, for operators. Raises NotAllowed."""
    if not asker.is_operator:
        raise NotAllowed("Only an operator of this installation may do this.")
    return _shown(alerts.list_open_alerts(session, None))


def _shown(rows: Iterable[Alert]) -> tuple[Notice, ...]:
    return tuple(Notice(row.kind, row.reason, row.path, row.opened_at) for row in rows)
