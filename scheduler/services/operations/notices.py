"""Open alerts as pages show them: of an event to its organisers, of the installation to its operators."""

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
    """An open alert: `path` is the page that shows more."""

    kind: AlertKind
    reason: str
    path: str
    opened_at: datetime


def list_event_notices(session: Session, actor: Actor) -> tuple[Notice, ...]:
    """The failures in the actor's event and in the installation, the newest first."""
    actor.require(Right.READ_ALERTS)
    return _shown(alerts.list_open_alerts(session, actor.event_id))


def list_installation_notices(session: Session, asker: SignedIn) -> tuple[Notice, ...]:
    """The failures in the installation, for an operator. Raises NotAllowed."""
    if not asker.is_operator:
        raise NotAllowed("Only an operator of this installation may do this.")
    return _shown(alerts.list_open_alerts(session, None))


def _shown(rows: Iterable[Alert]) -> tuple[Notice, ...]:
    return tuple(Notice(row.kind, row.reason, row.path, row.opened_at) for row in rows)
