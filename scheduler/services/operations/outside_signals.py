"""Signals to other services: a heartbeat that stops if Chainmeet stops, and alerts by webhook.

Both are independent of the mail server, which may be what fails. The heartbeat is sent by a worker for the
clock, so it shows that clock, database, broker and worker all work.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.invites.transport import posting
from scheduler.services.operations import job_intervals
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, Event

SETTLED: Final = timedelta(seconds=10)
"""An alert is posted once it is this old, so that none is committed behind a newer one that was posted."""
AT_ONCE: Final = 100
POSTED: Final = "alerts_posted"
"""The job run whose time is that of the newest posted alert."""

log = structlog.get_logger()


def send_signals(database: Database, settings: Settings) -> None:
    """Send the heartbeat, and the alerts since the last call. What fails is logged, and sent next time."""
    try:
        if settings.heartbeat_webhook:
            posting.post(settings.heartbeat_webhook, b"", {})
        if settings.alert_webhook:
            _post_alerts(database, settings)
    except posting.PostFailure as failure:
        log.warning("signal not sent", reason=str(failure))


def _post_alerts(database: Database, settings: Settings) -> None:
    with database.write() as session:
        waiting = _waiting_alerts(session, now=database.now_in(session))
    for at, text in waiting:
        body = json.dumps({"text": text}).encode()
        posting.post(settings.alert_webhook, body, {"Content-Type": "application/json"})
        with database.write() as session:
            job_intervals.record_run(session, POSTED, now=at)


def _waiting_alerts(session: Session, *, now: datetime) -> list[tuple[datetime, str]]:
    """Return the texts of alerts that were not posted, by time. Alerts of one time are one text."""
    last = job_intervals.last_run_at(session, POSTED)
    if last is None:  # the webhook is new: older alerts were sent by email
        job_intervals.record_run(session, POSTED, now=now - SETTLED)
        return []
    rows = session.execute(
        select(Alert.opened_at, Alert.reason, Event.name)
        .outerjoin(Event, Event.id == Alert.event_id)
        .where(Alert.opened_at > last, Alert.opened_at <= now - SETTLED)
        .order_by(Alert.opened_at, Alert.id)
        .limit(AT_ONCE)
    ).all()
    texts: dict[datetime, list[str]] = {}
    for at, reason, event in rows:
        texts.setdefault(at, []).append(f"{event}: {reason}" if event else reason)
    return [(at, "\n".join(lines)) for at, lines in texts.items()]
