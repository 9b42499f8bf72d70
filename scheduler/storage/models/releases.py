"""Comparison and publication of versions: the jobs, and the stored results of a comparison."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.entities import JobKind, JobState
from scheduler.domain.fields import Key, Language
from scheduler.logs import REQUEST_ID_LENGTH, current_request
from scheduler.storage.base import Base, enum_column

_OPEN = "state IN ('asked', 'running')"
_ONE_COMPARING = f"kind = 'compare' AND {_OPEN}"
_ONE_PUBLISHING = f"kind = 'publish' AND {_OPEN}"
_ONE_BEGINNING = f"kind = 'begin' AND {_OPEN}"
_ONE_EXPLAINING = f"kind = 'explain' AND {_OPEN}"


class VersionJob(Base):
    """A background job on a version.

    At most one open job per version to compare, start and explain it, and one per event to publish.
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
    """Number of the published version that the change set was computed against."""
    budget: Mapped[int | None]
    """Publish only if at most this many published meetings change. None means no limit."""
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """None for a job that follows a run."""
    requested_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    """Workers do not claim the job before this time. Until then it can be cancelled. None means at once."""
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    """Progress: `done` of `total` people or requests."""
    after: Mapped[int] = mapped_column(default=0)
    """The last attendee whose notifications are queued. A resumed publication continues after them."""
    mails: Mapped[int] = mapped_column(default=0)
    """Number of emails queued."""
    error: Mapped[str | None] = mapped_column(Text)
    """Why the job failed, as a sentence. While it is open, why the last attempt failed."""
    web_request: Mapped[str | None] = mapped_column(String(REQUEST_ID_LENGTH), default=current_request)
    """ID of the web request that started it, as in the logs."""


class Comparison(Base):
    """Effect of publishing a version, in counts. The changes themselves are in its parts.

    `mails`, `summaries` and `people` are None for a version that is not a draft.
    """

    __tablename__ = "comparison"

    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    """Cache key: digest of everything that the comparison depends on."""
    compared_with: Mapped[int | None]
    """Number of the other version."""
    counts: Mapped[dict[str, Any]]
    """Number of changes by kind."""
    touched: Mapped[int]
    people_notified: Mapped[int]
    left_out: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Keys of requests that are no longer accepted."""
    mails: Mapped[int | None]
    summaries: Mapped[int | None]
    people: Mapped[int | None]
    told: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """For a draft, who is notified of what, as in `publish_preview`."""
    created_at: Mapped[datetime]


class ComparisonPart(Base):
    """A chunk of a comparison's changes in order, as compressed JSON."""

    __tablename__ = "comparison_part"

    version_id: Mapped[int] = mapped_column(ForeignKey("comparison.version_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[bytes] = mapped_column(LargeBinary)


class CachedStatistic(Base):
    """A cached statistic of a version, as compressed JSON. Valid while the cache key `mark` matches."""

    __tablename__ = "cached_statistic"

    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    mark: Mapped[str] = mapped_column(String(40))
    octets: Mapped[bytes] = mapped_column(LargeBinary)


class PrintCode(Base):
    """QR code of a printed sheet: which sheet of which version, and when it was made.

    Scanning it shows whether the sheet is still current, without signing in. Repeated prints of a version
    share a code until a request is withdrawn.
    """

    __tablename__ = "print_code"
    __table_args__ = (Index("ix_print_code_version_id", "version_id", "pack", "subject_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"))
    pack: Mapped[PrintPack] = mapped_column(enum_column(PrintPack, "print_pack"))
    subject_key: Mapped[Key]
    """Key of the person, firm, place or interpreter."""
    language: Mapped[Language]
    """Language of the sheet."""
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
