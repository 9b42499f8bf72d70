"""The changes of a version by who has them: each firm or person, with the weeks before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.services.decisions import weeks
from scheduler.services.decisions.values import Decision, PersonWeek, SidesOf
from scheduler.services.paging import Page, part_of
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, Firm, ScheduleVersion

PAGE = 15


@dataclass(frozen=True, slots=True)
class SideChanges:
    """A firm or a person, the weeks of those whom something changes for, and the changes."""

    key: str
    name: str
    firm: str
    """Of a person."""
    weeks: Sequence[PersonWeek]
    changes: Sequence[Decision]


def by_side(
    session: Session,
    version: ScheduleVersion,
    base: ScheduleVersion | None,
    shown: Sequence[Decision],
    of: SidesOf,
    *,
    page: int,
) -> Page[SideChanges]:
    """Firms or people by name, a page of them. The number of queries is the same for any number."""
    mine: dict[str, list[Decision]] = defaultdict(list)
    for each in shown:
        for person in each.people:
            mine[person].append(each)
    query = _people(version, mine) if of is SidesOf.PERSON else _firms(version, mine)
    count = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0

    def read(first: int, most: int) -> Sequence[SideChanges]:
        rows = session.execute(query.offset(first).limit(most)).all()
        return _filled(session, version, base, rows, mine, of)

    return part_of(f"{of} of decisions {version.number}", read, count, number=page, limit=PAGE)


def _people(version: ScheduleVersion, people: Collection[str]) -> Select[*tuple[Any, ...]]:
    return (
        select(Attendee.key, Attendee.name, Attendee.latin_name, Firm.name, Firm.latin_name)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(Attendee.event_id == version.event_id, among(Attendee.key, people))
        .order_by(Attendee.latin_name, Attendee.id)
    )


def _firms(version: ScheduleVersion, people: Collection[str]) -> Select[*tuple[Any, ...]]:
    theirs = select(Attendee.firm_id).where(
        Attendee.event_id == version.event_id, among(Attendee.key, people)
    )
    return (
        select(Firm.key, Firm.name, Firm.latin_name, Firm.name, Firm.latin_name)
        .where(Firm.id.in_(theirs))
        .order_by(Firm.latin_name, Firm.id)
    )


def _filled(
    session: Session,
    version: ScheduleVersion,
    base: ScheduleVersion | None,
    rows: Sequence[Any],
    mine: Mapping[str, Sequence[Decision]],
    of: SidesOf,
) -> list[SideChanges]:
    keys = [row[0] for row in rows]
    staff: dict[str, list[str]] = {key: [key] for key in keys}
    if of is SidesOf.FIRM:
        staff = {key: [] for key in keys}
        for firm, person in session.execute(
            select(Firm.key, Attendee.key)
            .join(Attendee, Attendee.firm_id == Firm.id)
            .where(Firm.event_id == version.event_id, among(Firm.key, keys))
            .order_by(Attendee.latin_name, Attendee.id)
        ):
            if person in mine:
                staff[firm].append(person)
    changed = {
        person: {each.request for each in mine[person]} for people in staff.values() for person in people
    }
    found = weeks.whole(session, version, base, changed)
    return [
        SideChanges(
            key=key,
            name=names.joined(name, latin),
            firm=names.joined(firm, firm_latin) if of is SidesOf.PERSON else "",
            weeks=[found[person] for person in staff[key] if person in found],
            changes=list({each.request: each for person in staff[key] for each in mine[person]}.values()),
        )
        for key, name, latin, firm, firm_latin in rows
    ]
