"""Calendars that attendees upload or link to say when they are busy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.fields import CalendarName, Count, Timezone
from scheduler.storage.base import Base


class BusySource(Base):
    """A calendar of an attendee: first a preview, which nothing else reads, then saved.

    Slots that overlap its busy times are left out by runs for as long as it is saved. Nothing of it is
    written to the slots that were marked by hand.
    """

    __tablename__ = "busy_source"
    __table_args__ = (
        Index("ix_busy_source_attendee_id", "attendee_id"),
        Index("ix_busy_source_next_fetch_at", "next_fetch_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"))
    key: Mapped[str] = mapped_column(String(32), unique=True)
    """Random: it names the source on its owner's pages."""
    is_saved: Mapped[bool] = mapped_column(default=False)
    name: Mapped[CalendarName]
    """The file's name, or the host of the address."""
    address: Mapped[bytes | None]
    """Of a linked calendar, encrypted with the secret key: whoever has it reads the calendar."""
    account: Mapped[bytes | None]
    """Of a calendar that is read by CalDAV: user name and app password, encrypted, or null."""
    timezone: Mapped[Timezone]
    """What days and times without a zone are read in."""
    found: Mapped[dict[str, Any]]
    """`busy` as [start, end, kind, title], `counts`, `notes`. Titles are stored only in a preview."""
    octets: Mapped[bytes | None]
    """The calendar itself, compressed, in a preview alone: it may be read again in another zone."""
    etag: Mapped[str] = mapped_column(String(250), default="")
    modified: Mapped[str] = mapped_column(String(250), default="")
    found_changes: Mapped[Count] = mapped_column(default=0, server_default="0")
    """How many fetches found other busy times than were known: a plan in memory is read anew then alone."""
    read_at: Mapped[datetime]
    failure: Mapped[str] = mapped_column(String(300), default="")
    """Why the last fetch failed, as a sentence, or empty. The known busy times stay."""
    failing_since: Mapped[datetime | None]
    """When the first of the fetches failed that have failed since, or null once one is good."""
    failure_sent_at: Mapped[datetime | None]
    """When its owner last got an email about a failure."""
    next_fetch_at: Mapped[datetime | None]
