"""The email queue."""

from __future__ import annotations

from datetime import datetime

from api.v1.schemas.base import Output
from api.v1.schemas.derived import derived_from
from scheduler.services.outbox.outbox import OutboxCounts


@derived_from(OutboxCounts)
class EmailQueueOut(Output):
    """The event's emails by state, and whether sending is paused."""

    paused_at: datetime | None
