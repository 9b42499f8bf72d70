"""What failed without anybody looking, until it is over, and when things were last done that time brings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Enum, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.entities import AlertKind
from scheduler.storage.base import Base


class Alert(Base):
    """A failure of which the event's organisers and the operators were told. It is open until `ended_at`."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """None for what concerns the whole installation."""
    kind: Mapped[AlertKind] = mapped_column(
        Enum(
            AlertKind,
            name="alert_kind",
            native_enum=False,
            create_constraint=False,  # another kind needs no migration
            length=32,
            values_callable=lambda kinds: [kind.value for kind in kinds],
        )
    )
    about: Mapped[str] = mapped_column(String(120))
    """The thing of that kind that failed: a run, a version, or empty if there is only one such thing."""
    reason: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(String(400))
    """The page, below the site's address, on which one sees more."""
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    open_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    """Kind, event and `about` while it is open, else null: the guard that there is one at a time."""


class JobHeartbeat(Base):
    """Something that is done again and again, once however many do it, and when it was done last."""

    __tablename__ = "pulse"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
