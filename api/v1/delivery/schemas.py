"""Mails that are on their way."""

from __future__ import annotations

from datetime import datetime

from api.v1.schemas.base import Output
from api.v1.schemas.derived import derived_from
from scheduler.services.outbox.outbox import OutboxCounts


@derived_from(OutboxCounts)
class MailQueueOut(Output):
    """The event's mails by what became of them, and whether they are paused."""

    paused_at: datetime | None
