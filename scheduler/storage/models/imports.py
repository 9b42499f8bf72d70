"""Imports into an event: organisers' files and firms' registrations, until they are accepted."""

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
    """What a worker does with an organiser's file: preview or import."""

    LOOK = "look"
    TAKE = "take"


class ImportFile(Base):
    """A spreadsheet and its import result. Its octets are deleted on import, or after some days."""

    __tablename__ = "import_file"
    __table_args__ = (Index("ix_import_file_event_id_created_at", "event_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """None until an event is created from the file."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The uploader. None for a service."""
    name: Mapped[str] = mapped_column(String(200))
    """File name. Untrusted; for display only."""
    kind: Mapped[str] = mapped_column(String(16))
    """Kind of rows as chosen by the uploader, or empty to detect it per sheet."""
    octets: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    imported_at: Mapped[datetime | None]
    counts: Mapped[dict[str, list[int]]] = mapped_column(JSON, default=dict)
    """Rows added, changed, unchanged and skipped, by imported kind."""
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Import options, as written by `imports/choices.py`."""
    fixes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Manual corrections to its rows, as written by `spreadsheets/file_fixes.py`."""
    registry_change_id: Mapped[int | None] = mapped_column(ForeignKey("registry_change.id"), index=True)
    """The registry change that undoes the import."""


class ImportJob(Base):
    """Background job for a file too large to handle in a request. One at a time; the last one is kept."""

    __tablename__ = "import_job"
    __table_args__ = (Index("ix_import_job_state", "state"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"), primary_key=True)
    work: Mapped[ImportJobKind] = mapped_column(enum_column(ImportJobKind, "import_job_kind"))
    state: Mapped[JobState] = mapped_column(enum_column(JobState, "import_job_state"))
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The account whose roles are checked when the job starts."""
    requested_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    worker: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    """Number of sheets, once the file is parsed."""
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Current sheet, its number, the row there and its last row."""
    digest: Mapped[str] = mapped_column(String(32), default="")
    """Digest of the preview to import."""
    found: Mapped[dict[str, Any] | None]
    """Effect of importing the file, as written by `imports/bulk_import/stored_preview.py`."""
    error: Mapped[str | None] = mapped_column(Text)
    """Why it failed, or why it is previewed again, as a sentence."""


class FirmRegistration(Base):
    """A firm's registration from the public page of an event. Hidden until its email address is confirmed."""

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
    """Key of a hall, which may no longer exist, or empty."""
    booth: Mapped[Booth] = mapped_column(default="")
    website: Mapped[Website] = mapped_column(default="")
    person: Mapped[PersonName]
    latin_person: Mapped[PersonName]
    email: Mapped[Email]
    title: Mapped[JobTitle] = mapped_column(default="")
    languages: Mapped[list[str]]
    mail_language: Mapped[Language]
    note: Mapped[Comment] = mapped_column(default="")
    """Message to the organisers."""
    consents: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Decisions about the privacy notice: its `version` and `language`, and the purposes `given`.

    Empty if the event had no notice.
    """
    created_at: Mapped[datetime]
    """When it was submitted and consent was given."""
    seed: Mapped[str | None] = mapped_column(String(32))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    """Expiry of the confirmation link. Unconfirmed registrations are deleted after it."""
    confirmed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    reason: Mapped[DeclineReason] = mapped_column(default="")
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The firm created from it, or the firm that its person joined."""
