"""Mails that are on their way."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.v1.schemas.base import Output


class MailQueueOut(Output):
    """The event's mails by what became of them, and whether they are paused."""

    queued: int
    sending: int
    sent: int
    failed: int
    stopped: int = Field(
        description="Put aside before they went out; the next publishing tells the net effect."
    )
    paused_at: datetime | None
