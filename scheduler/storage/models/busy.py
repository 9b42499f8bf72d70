"""Calendars that attendees upload or link to share their busy times."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.fields import CalendarName, Count, Timezone
from scheduler.storage.base import Base


class BusySource(Base):
    """A calendar of an attendee: first a preview, which nothing else reads, then saved.

    While it is saved, runs avoid slots that overlap its busy times. Manually marked slots are stored
    separately.
    """

    __tablename__ = "busy_source"
    __table_args__ = (
        Index("ix_busy_source_attendee_id", "attendee_id"),
        Index("ix_busy_source_next_fetch_at", "next_fetch_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"))
    key: Mapped[str] = mapped_column(String(32), unique=True)
    """Random identifier of the source on its owner's pages."""
    is_saved: Mapped[bool] = mapped_column(default=False)
    name: Mapped[CalendarName]
    """File name, or host of the URL."""
    address: Mapped[bytes | None]
    """URL of a linked calendar, encrypted with the secret key, since it grants access to the calendar."""
    account: Mapped[bytes | None]
    """User name and app password of a CalDAV calendar, encrypted, or null."""
    timezone: Mapped[Timezone]
    """Time zone of floating times and dates."""
    found: Mapped[dict[str, Any]]
    """`busy` as [start, end, kind, title], `counts`, `notes`. Titles are stored only in a preview."""
    octets: Mapped[bytes | None]
    """The compressed calendar, only in a preview, so that it can be parsed again in another time zone."""
    etag: Mapped[str] = mapped_column(String(250), default="")
    modified: Mapped[str] = mapped_column(String(250), default="")
    found_changes: Mapped[Count] = mapped_column(default=0, server_default="0")
    """Number of fetches with changed busy times. A cached problem is reloaded only when this changes."""
    read_at: Mapped[datetime]
    failure: Mapped[str] = mapped_column(String(300), default="")
    """Why the last fetch failed, as a sentence, or empty. The known busy times are kept."""
    failing_since: Mapped[datetime | None]
    """Start of the current run of failed fetches. Null after a success."""
    failure_sent_at: Mapped[datetime | None]
    """When the owner was last emailed about a failure."""
    next_fetch_at: Mapped[datetime | None]
