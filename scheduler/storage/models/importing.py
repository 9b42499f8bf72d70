"""Files that organisers bring, from the preview until they are taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.storage.base import Base


class ImportFile(Base):
    """A spreadsheet and what was taken of it. Its octets go when it is taken, or after some days."""

    __tablename__ = "import_file"
    __table_args__ = (Index("ix_import_file_event_id_created_at", "event_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """None until an event is made of the file."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    """Who brought it."""
    name: Mapped[str] = mapped_column(String(200))
    """The name of the file. It is a stranger's text and is only shown."""
    kind: Mapped[str] = mapped_column(String(16))
    """The kind of its rows, as the uploader says, or empty to detect it for each sheet."""
    octets: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    counts: Mapped[dict[str, list[int]]] = mapped_column(JSON, default=dict)
    """Of each kind that was taken: rows added, changed, unchanged and left out."""
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """How it is to be taken, as `imports/choices.py` writes it."""
    step_id: Mapped[int | None] = mapped_column(ForeignKey("desk_step.id"))
    """The step of the desk that undoes it, once it was taken."""
