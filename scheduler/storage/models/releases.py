"""Comparing and publishing versions: the jobs, and what a comparison found, kept with its version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.entities import JobKind, JobState
from scheduler.domain.fields import Key, Language
from scheduler.storage.base import Base, enum_column

_OPEN = "state IN ('asked', 'running')"
_ONE_COMPARING = f"kind = 'compare' AND {_OPEN}"
_ONE_PUBLISHING = f"kind = 'publish' AND {_OPEN}"
_ONE_BEGINNING = f"kind = 'begin' AND {_OPEN}"
_ONE_EXPLAINING = f"kind = 'explain' AND {_OPEN}"


class VersionJob(Base):
    """Work of a worker on a version.

    One comparing, one beginning and one explaining a version, and one publishing an event.
    """

    __tablename__ = "version_job"
    __table_args__ = (
        Index(
            "uq_version_job_comparing",
            "version_id",
            unique=True,
            sqlite_where=text(_ONE_COMPARING),
            postgresql_where=text(_ONE_COMPARING),
        ),
        Index(
            "uq_version_job_publishing",
            "event_id",
            unique=True,
            sqlite_where=text(_ONE_PUBLISHING),
            postgresql_where=text(_ONE_PUBLISHING),
        ),
        Index(
            "uq_version_job_beginning",
            "version_id",
            unique=True,
            sqlite_where=text(_ONE_BEGINNING),
            postgresql_where=text(_ONE_BEGINNING),
        ),
        Index(
            "uq_version_job_explaining",
            "version_id",
            unique=True,
            sqlite_where=text(_ONE_EXPLAINING),
            postgresql_where=text(_ONE_EXPLAINING),
        ),
        Index("ix_version_job_version_id", "version_id"),
        Index("ix_version_job_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"))
    kind: Mapped[JobKind] = mapped_column(enum_column(JobKind, "job_kind"))
    state: Mapped[JobState] = mapped_column(enum_column(JobState, "job_state"))
    compared_with: Mapped[int | None]
    """Number of the published version that was looked at when the publishing was asked for."""
    budget: Mapped[int | None]
    """Publish only if at most so many published meetings are touched, or None without such a limit."""
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """None for what follows a run."""
    asked_at: Mapped[datetime]
    begins_at: Mapped[datetime | None]
    """No worker claims the job before this time. Until then it can be cancelled. None means at once."""
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    """Of so many people, or requests, so many are looked at."""
    after: Mapped[int] = mapped_column(default=0)
    """The attendee up to whom everybody was told. A publishing that is continued goes on after them."""
    mails: Mapped[int] = mapped_column(default=0)
    """How many were queued."""
    error: Mapped[str | None] = mapped_column(Text)
    """Why the job failed, as a sentence. While it is open, why the last attempt failed."""


class Comparison(Base):
    """The effect of publishing a version, in counts. The changes themselves are in its parts.

    `mails`, `summaries` and `people` are None for a version that is not a draft.
    """

    __tablename__ = "comparison"

    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    """A digest of what it depends on: while that is the same, it holds."""
    compared_with: Mapped[int | None]
    """Number of the other version."""
    counts: Mapped[dict[str, Any]]
    """Changes of each kind."""
    touched: Mapped[int]
    people_told: Mapped[int]
    left_out: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Keys of requests that are no longer accepted."""
    mails: Mapped[int | None]
    summaries: Mapped[int | None]
    people: Mapped[int | None]
    told: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Of a draft: who is told what, as `outlook` reads it."""
    made_at: Mapped[datetime]


class ComparisonPart(Base):
    """Some changes of a comparison in their order, as compressed JSON."""

    __tablename__ = "comparison_part"

    version_id: Mapped[int] = mapped_column(ForeignKey("comparison.version_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[bytes] = mapped_column(LargeBinary)


class CachedStatistic(Base):
    """A figure of a version that was worked out, as compressed JSON: it holds while `mark` is the same."""

    __tablename__ = "kept_figure"

    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    mark: Mapped[str] = mapped_column(String(40))
    octets: Mapped[bytes] = mapped_column(LargeBinary)


class PrintCode(Base):
    """The QR code of a print: which sheet of which version it is, and when it was made.

    Who scans it reads whether the sheet is still current, without signing in. The sheets that are printed of
    one version share a code as long as nothing is withdrawn.
    """

    __tablename__ = "print_code"
    __table_args__ = (Index("ix_print_code_version_id", "version_id", "pack", "subject_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"))
    pack: Mapped[PrintPack] = mapped_column(enum_column(PrintPack, "print_pack"))
    subject_key: Mapped[Key]
    """Of the person, the firm, the place or the interpreter."""
    language: Mapped[Language]
    """That the sheet is written in."""
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]
