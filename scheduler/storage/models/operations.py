"""Open alerts, last-run times of scheduled jobs, and the state of the installation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Enum, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.entities import AlertKind
from scheduler.storage.base import Base


class Alert(Base):
    """A failure reported to the event's organisers and the operators. Open until `resolved_at`."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """None if it concerns the whole installation."""
    kind: Mapped[AlertKind] = mapped_column(
        Enum(
            AlertKind,
            name="alert_kind",
            native_enum=False,
            create_constraint=False,  # new kinds need no migration
            length=32,
            values_callable=lambda kinds: [kind.value for kind in kinds],
        )
    )
    about: Mapped[str] = mapped_column(String(120))
    """The failed subject, such as a run or version. Empty if there is only one."""
    reason: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(String(400))
    """Path of the page with details, relative to the site's URL."""
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    open_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    """Kind, event and `about` while open, else null. Ensures at most one open alert for each."""


class JobHeartbeat(Base):
    """Last-run time of a recurring job, which runs once however many processes execute it."""

    __tablename__ = "job_heartbeat"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]


class Installation(Base):
    """State of the whole installation: one row, created when it is first needed."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Always 1."""
    paused_at: Mapped[datetime | None]
    """Since when the site is paused. None if it is not."""
    pause_reason: Mapped[str] = mapped_column(Text)
    resumed_at: Mapped[datetime | None]
    """When the last pause ended."""
    key: Mapped[str | None] = mapped_column(String(32))
    """Id of the installation, as in its journal. None without a journal."""
    epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    """Counts batches of emails, and time. The journal has it too, so an older database is recognised."""
    copy_kind: Mapped[str | None] = mapped_column(String(16))
    """Why this database is a copy (CopyKind), until an operator accepts it."""
    secrets_ended_at: Mapped[datetime | None]
    """When secrets that were ended after the backup were ended again. None if this is no copy."""
    mailbox_from: Mapped[datetime | None]
    """Emails of the mailbox since this time have to be read again. None if there are none."""
