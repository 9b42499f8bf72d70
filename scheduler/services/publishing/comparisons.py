"""Comparisons of a version with the published one: computed once, stored, and read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.changes import Change, ChangeKind, ChangeSet, compare_plans
from scheduler.domain.entities import JobKind, JobState, VersionState
from scheduler.domain.rules.causes import Cause, find_causes
from scheduler.files.change_rows import (
    ChangeRow,
    change_codes,
    pack_codes,
    pack_people,
    pack_rows,
    unpack_rows,
)
from scheduler.services.outbox import outbox
from scheduler.services.problems import snapshot, stored_problems
from scheduler.services.publishing import publish_preview, version_jobs
from scheduler.services.publishing.publish_preview import Report
from scheduler.services.schedule import calendar_entries, notified_changes, scheduled, versions
from scheduler.storage.cache.cache_keys import rows_text
from scheduler.storage.models import (
    Attendee,
    Comparison,
    ComparisonPart,
    EmailText,
    Event,
    Firm,
    Hall,
    Interpreter,
    Invitation,
    ManualDraft,
    OutboxEmail,
    Place,
    ScheduleVersion,
    Slot,
)

PART = 200
"""Changes per stored part, so that a page reads few more than it shows."""

MARKS = -1
"""Number of the part with the codes of all changes."""

PEOPLE = -2
"""Number of the part with the person keys of all changes."""

FINAL = "final"
"""Key of the comparison of a version that is no draft any more. It never becomes stale."""


@dataclass(frozen=True, slots=True)
class ComputedComparison:
    """A comparison before it is stored. `changes` are ordered by kind, then by time.

    `causes` explains changes of published meetings, by request key.
    """

    comparison: Comparison
    changes: Sequence[Change]
    causes: Mapping[str, Cause] = field(default_factory=dict)

    @property
    def published(self) -> int:
        """Number of meetings in the published version."""
        counts: dict[str, int] = self.comparison.counts
        return sum(counts.values()) - counts[ChangeKind.ADDED]


def current_comparison(session: Session, version: ScheduleVersion) -> Comparison | None:
    """Return the comparison of a version if it is still valid."""
    found = session.get(Comparison, version.id)
    return found if found is not None and found.key == comparison_key(session, version) else None


def last_comparison(session: Session, version: ScheduleVersion) -> Comparison | None:
    """Return the latest comparison of a version if it was made with the version that is published now.

    It may be out of date.
    """
    found = session.get(Comparison, version.id)
    if found is None or version.state is not VersionState.DRAFT:
        return found if found is not None and found.key == FINAL else None
    current = versions.find_published_version(session, version.event_id)
    return found if found.compared_with == (current.number if current else None) else None


def needs_comparison(session: Session, version: ScheduleVersion) -> bool:
    """Return True if the version must be compared and no job is requested.

    A failed job waits for an organiser.
    """
    job = version_jobs.find_latest_job(session, version, JobKind.COMPARE)
    if job is not None and job.state is not JobState.DONE:
        return False
    return current_comparison(session, version) is None


def comparison_key(session: Session, version: ScheduleVersion) -> str:
    """Return a digest of everything that a draft's comparison depends on.

    If it changes, the comparison is computed again. It also changes with each email of an earlier publication
    that is sent.
    """
    if version.state is not VersionState.DRAFT:
        return FINAL
    event_id = version.event_id
    current = versions.find_published_version(session, event_id)
    digest = blake2b(digest_size=20)
    revision = session.scalar(select(ManualDraft.revision).where(ManualDraft.version_id == version.id))
    digest.update(
        repr((calendar_entries.FORM, version.id, current.id if current else None, revision)).encode()
    )
    off = (
        scheduled.list_withdrawn_requests(session, version.id),
        calendar_entries.list_excluded_people(session, version.id),
    )
    digest.update(repr((off, _invitation_digest(session, event_id))).encode())
    for query in _content_queries(event_id):
        digest.update(repr(session.execute(query).all()).encode("utf-8", "surrogatepass"))
    for text in _names(session, event_id):
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def list_changes(
    session: Session, found: Comparison, kind: ChangeKind | None, *, first: int, most: int
) -> list[Change]:
    """Return `most` changes of a kind (None: all kinds), starting at number `first`. Reads only these."""
    if kind is not None:
        before = sum(found.counts[str(other)] for other in _before(kind))
        size = found.counts[str(kind)]
    else:
        before, size = 0, count_differences(found)
    start, end = before + first, before + min(first + most, size)
    return [change for change, _ in _kept_rows(session, found, start, end)]


def list_changes_with_causes(session: Session, found: Comparison) -> list[ChangeRow]:
    """Return all changes, each with the cause if it is a change of a published meeting and a cause was
    stored.
    """
    return _kept_rows(session, found, 0, count_differences(found))


def _kept_rows(session: Session, found: Comparison, start: int, end: int) -> list[ChangeRow]:
    if start >= end:
        return []
    parts = session.scalars(
        select(ComparisonPart.rows)
        .where(
            ComparisonPart.version_id == found.version_id,
            ComparisonPart.number.between(start // PART, (end - 1) // PART),
        )
        .order_by(ComparisonPart.number)
    )
    offset = start // PART * PART
    return [row for part in parts for row in unpack_rows(part)][start - offset : end - offset]


def count_differences(found: Comparison) -> int:
    """Count the changes, without unchanged meetings."""
    return sum(count for kind, count in found.counts.items() if kind != ChangeKind.UNCHANGED)


def compute_comparison(
    session: Session,
    version: ScheduleVersion,
    settings: Settings,
    *,
    now: datetime,
    with_mails: bool = True,
    report: Report = lambda done, total: None,
) -> ComputedComparison:
    """Compare a version. For a draft, also derive the emails that publishing it sends. Writes nothing."""
    is_draft = version.state is VersionState.DRAFT
    left_out = scheduled.list_withdrawn_requests(session, version.id) if is_draft else ()
    base = (
        versions.find_published_version(session, version.event_id)
        if is_draft
        else _base_version(session, version)
    )
    found = compute_change_set(session, base, version, left_out)
    made = Comparison(
        version_id=version.id,
        key=comparison_key(session, version) if with_mails else "",
        compared_with=base.number if base else None,
        counts={str(kind): count for kind, count in found.counts.items()},
        touched=found.touched,
        people_notified=len(found.people_notified()),
        left_out=list(left_out),
        created_at=now,
    )
    at = session.execute(select(Slot.key, Slot.position).where(Slot.event_id == version.event_id))
    slots = {slot: position for slot, position in at}  # noqa: C416 -- dict(at) loses the types
    ordered = sorted(found.changes, key=lambda change: _order(change, slots))
    if is_draft and with_mails:
        told = publish_preview.compute_preview(session, version, settings, now=now, report=report)
        made.mails, made.summaries, made.people = (
            told.mails,
            told.kinds[publish_preview.SUMMARY],
            len(told.people),
        )
        made.told = told.to_json(
            publish_preview.firms_by_attendee(session, version.event_id),
            notified_changes.count_notified_changes(session, version.event_id),
        )
        if base is not None and found:
            problem = stored_problems.load_problem(session, version) or snapshot.build_problem(
                session, base.event_id, now=now
            )
            new = [change.after for change in ordered if change.after is not None]
            return ComputedComparison(
                made, ordered, find_causes(problem, versions.list_meetings(session, base.id), new)
            )
    return ComputedComparison(made, ordered)


def store_comparison(session: Session, worked: ComputedComparison) -> Comparison:
    """Store a comparison, replacing the version's previous one."""
    version_id = worked.comparison.version_id
    session.execute(delete(ComparisonPart).where(ComparisonPart.version_id == version_id))
    session.execute(delete(Comparison).where(Comparison.version_id == version_id))
    session.add(worked.comparison)
    session.flush()
    rows = [(change, worked.causes.get(change.request)) for change in worked.changes]
    parts = [
        {"version_id": version_id, "number": number, "rows": pack_rows(rows[first : first + PART])}
        for number, first in enumerate(range(0, len(rows), PART))
    ]
    if parts:
        differ = rows[: count_differences(worked.comparison)]
        for number, octets in (MARKS, pack_codes(change_codes(differ))), (PEOPLE, pack_people(differ)):
            parts.append({"version_id": version_id, "number": number, "rows": octets})
        session.execute(insert(ComparisonPart), parts)
    return worked.comparison


def finalize_comparison(session: Session, version: ScheduleVersion, *, was_current: bool) -> None:
    """Turn a draft's comparison into that of the published version. A stale one is computed again."""
    found = session.get(Comparison, version.id)
    if found is not None and was_current:
        found.key, found.mails, found.summaries, found.people, found.told = FINAL, None, None, None, None
        session.flush()


def compute_change_set(
    session: Session,
    current: ScheduleVersion | None,
    version: ScheduleVersion,
    left_out: Sequence[str] = (),
) -> ChangeSet:
    """Compare the published version with another one, without that one's withdrawn requests `left_out`."""
    gone = set(left_out)
    new = [m for m in versions.list_meetings(session, version.id) if m.request not in gone]
    return compare_plans(versions.list_meetings(session, current.id if current else None), new)


def _base_version(session: Session, version: ScheduleVersion) -> ScheduleVersion | None:
    return session.get(ScheduleVersion, version.compared_with_id) if version.compared_with_id else None


def _invitation_digest(session: Session, event_id: int) -> object:
    """Return a value that changes with the invitations sent, or "waiting" while emails about meetings are
    queued.
    """
    waits = session.scalar(
        select(OutboxEmail.id)
        .where(
            OutboxEmail.event_id == event_id,
            outbox.untouched_condition(),
            OutboxEmail.kind.in_(outbox.OF_PUBLISHINGS),
        )
        .limit(1)
    )
    if waits is not None:
        return "waiting"
    return session.execute(select(func.max(Invitation.id)).where(Invitation.event_id == event_id)).scalar()


def _content_queries(event_id: int) -> Iterable[Any]:
    """Yield queries for the content of emails besides the schedule."""
    own = (Event.name, Event.timezone, Event.language, Event.summary_mails, Event.contact)
    yield select(*own).where(Event.id == event_id)
    yield select(Slot.position, Slot.start, Slot.end).where(Slot.event_id == event_id).order_by(Slot.position)
    yield (
        select(EmailText.language, EmailText.key, EmailText.text)
        .where(EmailText.event_id == event_id)
        .order_by(EmailText.language, EmailText.key)
    )


def _names(session: Session, event_id: int) -> Iterable[str]:
    """Yield names of people, firms and places that emails contain.

    They are many, so each table is read as one text.
    """
    names = Attendee.name, Attendee.latin_name, Attendee.mail_language, Attendee.languages
    yield rows_text(session, (Attendee.id, Attendee.firm_id, *names), Attendee.event_id == event_id)
    in_hall = Place.event_id == event_id, Hall.id == Place.hall_id
    yield rows_text(session, (Place.id, Place.name, Hall.name, Hall.names), *in_hall)
    for table in (Firm, Interpreter):
        yield rows_text(session, (table.id, table.name, table.latin_name), table.event_id == event_id)


def _before(kind: ChangeKind) -> list[ChangeKind]:
    kinds = list(ChangeKind)
    return kinds[: kinds.index(kind)]


def _order(change: Change, slots: dict[str, int]) -> tuple[int, int, str]:
    """Sort key: kind, then the meeting's new (or else old) time."""
    meeting = change.after or change.before
    return list(ChangeKind).index(change.kind), slots.get(meeting.slot, 0) if meeting else 0, change.request
