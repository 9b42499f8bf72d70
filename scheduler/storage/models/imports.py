"""What is brought into an event: files of organisers, and registrations of firms, until they are taken."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.entities import JobState, Tier
from scheduler.domain.fields import (
    Booth,
    Comment,
    Country,
    DeclineReason,
    Email,
    FirmName,
    JobTitle,
    Language,
    PersonName,
    Website,
)
from scheduler.domain.team import RegistrationState
from scheduler.storage.base import Base, enum_column


class ImportJobKind(StrEnum):
    """What a worker does with a file that an organiser brought."""

    LOOK = "look"
    TAKE = "take"


class ImportFile(Base):
    """A spreadsheet and what was taken of it. Its octets go when it is taken, or after some days."""

    __tablename__ = "import_file"
    __table_args__ = (Index("ix_import_file_event_id_created_at", "event_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """None until an event is made of the file."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
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
    fixes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What a person changed of its rows, as `spreadsheets/file_fixes.py` writes it."""
    step_id: Mapped[int | None] = mapped_column(ForeignKey("desk_step.id"), index=True)
    """The step of the desk that undoes it, once it was taken."""


class ImportJob(Base):
    """What a worker does with a file that is too large for its page: one at a time, the last one is kept."""

    __tablename__ = "import_job"
    __table_args__ = (Index("ix_import_job_state", "state"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"), primary_key=True)
    work: Mapped[ImportJobKind] = mapped_column(enum_column(ImportJobKind, "file_work"))
    state: Mapped[JobState] = mapped_column(enum_column(JobState, "import_job_state"))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """Whose roles are looked up when the work begins."""
    asked_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    worker: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    """Sheets of the file, once it is read."""
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """The sheet that is taken, its number, the row there and its last row."""
    digest: Mapped[str] = mapped_column(String(32), default="")
    """Of the look that is to be taken."""
    found: Mapped[dict[str, Any] | None]
    """What the file would do, as `imports/bulk_import/stored_preview.py` writes it."""
    error: Mapped[str | None] = mapped_column(Text)
    """Why it failed, or why it is looked at once more, as a sentence."""


class FirmRegistration(Base):
    """What a firm wrote on the public page of an event. Nobody reads it before its address is confirmed."""

    __tablename__ = "firm_registration"
    __table_args__ = (
        Index("ix_firm_registration_event_id_state", "event_id", "state"),
        Index(
            "uq_firm_registration_waiting", "event_id", "email", unique=True,
            postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    state: Mapped[RegistrationState] = mapped_column(enum_column(RegistrationState, "registration_state"))
    name: Mapped[FirmName]
    latin_name: Mapped[FirmName]
    country: Mapped[Country]
    tier: Mapped[Tier] = mapped_column(enum_column(Tier, "registration_tier"))
    areas: Mapped[list[str]]
    hall: Mapped[str] = mapped_column(String(32), default="")
    """The key of a hall, which may be gone by now, or empty."""
    booth: Mapped[Booth] = mapped_column(default="")
    website: Mapped[Website] = mapped_column(default="")
    person: Mapped[PersonName]
    latin_person: Mapped[PersonName]
    email: Mapped[Email]
    title: Mapped[JobTitle] = mapped_column(default="")
    languages: Mapped[list[str]]
    mail_language: Mapped[Language]
    note: Mapped[Comment] = mapped_column(default="")
    """For the organisers."""
    made_at: Mapped[datetime]
    """When it was written, and the consent given."""
    seed: Mapped[str | None] = mapped_column(String(32))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    ends_at: Mapped[datetime]
    """The link in the mail can be used until then. Who has not used it is forgotten."""
    confirmed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    reason: Mapped[DeclineReason] = mapped_column(default="")
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The firm that it became, or that its person joined."""
