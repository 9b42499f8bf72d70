"""Stored changes of a comparison: change codes of all, rows of some, so that a page reads little."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.files.change_rows import (
    ChangeCodes,
    ChangeRow,
    change_codes,
    unpack_codes,
    unpack_people,
    unpack_rows,
)
from scheduler.services.planning.change_review import version_diff
from scheduler.services.publishing import comparisons
from scheduler.services.publishing.comparisons import MARKS, PART, PEOPLE
from scheduler.storage.cache import cached_statistics
from scheduler.storage.cache.memoization import memoize
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Comparison, ComparisonPart, ScheduleVersion


def get_marks(session: Session, found: Comparison) -> ChangeCodes:
    """Return the codes of all changes in order, read from one small row."""
    octets = _part(session, found, MARKS)
    if octets is None:  # stored by an older release, or nothing differs
        return change_codes(comparisons.list_changes_with_causes(session, found))
    return unpack_codes(octets)


def get_rows(session: Session, found: Comparison, numbers: Collection[int]) -> list[ChangeRow]:
    """Return the changes with these numbers, in order. Only the parts that contain them are read."""
    parts = session.execute(
        select(ComparisonPart.number, ComparisonPart.rows).where(
            ComparisonPart.version_id == found.version_id,
            in_chunks(ComparisonPart.number, {number // PART for number in numbers}),
        )
    )
    rows = {part: unpack_rows(octets) for part, octets in parts}
    return [rows[number // PART][number % PART] for number in numbers]


def get_marks_against(
    session: Session, version: ScheduleVersion, base: ScheduleVersion
) -> tuple[ChangeCodes, int]:
    """Return the codes of all changes from another version, and the number of unchanged meetings. Cached."""

    def work_out() -> dict[str, Any]:
        changes, same = version_diff.diff_versions(session, version.event_id, base.id, version.id)
        made = change_codes((change, None) for change in changes)
        return {"requests": list(made.requests), "letters": made.letters, "same": same}

    follows = [cached_statistics.meetings_digest(session, base)]
    found = cached_statistics.cached_statistic(session, version, f"against {base.number}", follows, work_out)
    return ChangeCodes(found["requests"], found["letters"]), found["same"]


def list_people(session: Session, found: Comparison) -> Sequence[Sequence[str]]:
    """Return the person keys of each change in order, read from one row.

    Memoised: parsing 30,000 of them dominates a filtered list, and the next filter needs the same ones.
    """
    octets = _part(session, found, PEOPLE)
    if octets is None:  # stored by an older release, or nothing differs
        return [change.people() for change, _ in comparisons.list_changes_with_causes(session, found)]
    mark = blake2b(octets, digest_size=20).hexdigest()
    return memoize("people of changes", mark, lambda: unpack_people(octets))


def list_people_against(
    session: Session, version: ScheduleVersion, base: ScheduleVersion
) -> Sequence[Sequence[str]]:
    """Like `list_people`, for the changes from another version. Cached."""

    def work_out() -> list[Sequence[str]]:
        return [
            change.people()
            for change in version_diff.diff_versions(session, version.event_id, base.id, version.id)[0]
        ]

    follows = [cached_statistics.meetings_digest(session, base)]
    return list(
        cached_statistics.cached_statistic(session, version, f"people {base.number}", follows, work_out)
    )


def _part(session: Session, found: Comparison, number: int) -> bytes | None:
    return session.scalar(
        select(ComparisonPart.rows).where(
            ComparisonPart.version_id == found.version_id, ComparisonPart.number == number
        )
    )
