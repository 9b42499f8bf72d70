"""The kept changes of a comparison: the marks of all, and the rows of some, so that a page reads few."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.changes import ChangeKind, compare
from scheduler.files.change_rows import ChangeMarks, ChangeRow, marks_of, unpacked, unpacked_marks
from scheduler.services.keeping import keeping
from scheduler.services.publishing import comparisons
from scheduler.services.publishing.comparisons import MARKS, PART
from scheduler.services.schedule import versions
from scheduler.storage.among import among
from scheduler.storage.models import Comparison, ComparisonPart, ScheduleVersion


def marks(session: Session, found: Comparison) -> ChangeMarks:
    """The marks of all changes in their order, by one small row."""
    octets = session.scalar(
        select(ComparisonPart.rows).where(
            ComparisonPart.version_id == found.version_id, ComparisonPart.number == MARKS
        )
    )
    if octets is None:  # it was made before there were marks, or nothing differs
        return marks_of(comparisons.with_causes(session, found))
    return unpacked_marks(octets)


def rows_at(session: Session, found: Comparison, numbers: Collection[int]) -> list[ChangeRow]:
    """The changes of these numbers, in the same order. Only the parts that have them are read."""
    parts = session.execute(
        select(ComparisonPart.number, ComparisonPart.rows).where(
            ComparisonPart.version_id == found.version_id,
            among(ComparisonPart.number, {number // PART for number in numbers}),
        )
    )
    rows = {part: unpacked(octets) for part, octets in parts}
    return [rows[number // PART][number % PART] for number in numbers]


def against(session: Session, version: ScheduleVersion, base: ScheduleVersion) -> tuple[ChangeMarks, int]:
    """The marks of all changes from another version, and how many meetings are the same. Kept once made."""

    def work_out() -> dict[str, Any]:
        changes = compare(versions.meetings(session, base.id), versions.meetings(session, version.id))
        rows = [(each, None) for each in changes.changes if each.kind is not ChangeKind.UNCHANGED]
        made = marks_of(rows)
        same = changes.counts[ChangeKind.UNCHANGED]
        return {"requests": list(made.requests), "letters": made.letters, "same": same}

    follows = [keeping.meetings_mark(session, base)]
    found = keeping.kept(session, version, f"against {base.number}", follows, work_out)
    return ChangeMarks(found["requests"], found["letters"]), found["same"]


def people(
    session: Session, version: ScheduleVersion, base: ScheduleVersion | None, found: Comparison | None
) -> Sequence[Sequence[str]]:
    """Of each change in their order, the keys of those who sit or sat in it. Kept once made."""
    if found is not None:

        def read() -> list[Sequence[str]]:
            return [change.people() for change, _ in comparisons.with_causes(session, found)]

        follows = [found.key, found.made_at.isoformat()]
        return list(keeping.kept(session, version, "people", follows, read))
    if base is None:
        return ()

    def work_out() -> list[Sequence[str]]:
        changes = compare(versions.meetings(session, base.id), versions.meetings(session, version.id))
        return [each.people() for each in changes.changes if each.kind is not ChangeKind.UNCHANGED]

    follows = [keeping.meetings_mark(session, base)]
    return list(keeping.kept(session, version, f"people {base.number}", follows, work_out))
