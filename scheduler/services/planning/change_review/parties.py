"""Changes grouped by firm or person, with schedules before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.services.paging import Page, page_of_reader
from scheduler.services.planning.change_review import person_weeks
from scheduler.services.planning.change_review.reviewed_change import PartyKind, PersonWeek, ReviewedChange
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, ScheduleVersion

PAGE_SIZE = 15


@dataclass(frozen=True, slots=True)
class PartyChanges:
    """A firm or person with their changes, and the schedules of the people affected."""

    key: str
    name: str
    firm: str
    """The person's firm."""
    weeks: Sequence[PersonWeek]
    changes: Sequence[ReviewedChange]


@dataclass(frozen=True, slots=True)
class PartyList:
    """Changes grouped by firm or person."""

    session: Session
    version: ScheduleVersion
    of: PartyKind
    mine: Mapping[str, Sequence[int]]
    """Numbers of changes, by person key."""

    def page(
        self,
        base: ScheduleVersion | None,
        decide: Callable[[Sequence[int]], Sequence[ReviewedChange]],
        number: int,
    ) -> Page[PartyChanges]:
        """Return a page of firms or people. The number of queries is constant."""
        find = _people if self.of is PartyKind.PERSON else _firms
        query = find(self.version, self.mine)
        count = self.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0

        def read(first: int, most: int) -> Sequence[PartyChanges]:
            rows = self.session.execute(query.offset(first).limit(most)).all()
            return self._filled(base, rows, decide)

        return page_of_reader(
            f"{self.of} of decisions {self.version.number}", read, count, number=number, limit=PAGE_SIZE
        )

    def _filled(
        self,
        base: ScheduleVersion | None,
        rows: Sequence[Any],
        decide: Callable[[Sequence[int]], Sequence[ReviewedChange]],
    ) -> list[PartyChanges]:
        staff = self._staff([row[0] for row in rows])
        theirs = {person: self.mine[person] for people in staff.values() for person in people}
        numbers = sorted({number for each in theirs.values() for number in each})
        decided = dict(zip(numbers, decide(numbers), strict=True))
        requests = {who: {decided[number].request for number in each} for who, each in theirs.items()}
        found = person_weeks.list_weeks(self.session, self.version, base, requests)
        return [
            PartyChanges(
                key=key,
                name=names.join_scripts(name, latin),
                firm=names.join_scripts(firm, firm_latin) if self.of is PartyKind.PERSON else "",
                weeks=[found[person] for person in staff[key] if person in found],
                changes=[
                    decided[number]
                    for number in dict.fromkeys(number for person in staff[key] for number in theirs[person])
                ],
            )
            for key, name, latin, firm, firm_latin in rows
        ]

    def _staff(self, keys: Sequence[str]) -> dict[str, list[str]]:
        """Return the people with changes, by firm or person key."""
        if self.of is PartyKind.PERSON:
            return {key: [key] for key in keys}
        staff: dict[str, list[str]] = {key: [] for key in keys}
        for firm, person in self.session.execute(
            select(Firm.key, Attendee.key)
            .join(Attendee, Attendee.firm_id == Firm.id)
            .where(Firm.event_id == self.version.event_id, in_chunks(Firm.key, keys))
            .order_by(Attendee.latin_name, Attendee.id)
        ):
            if person in self.mine:
                staff[firm].append(person)
        return staff


def group_by_party(
    session: Session,
    version: ScheduleVersion,
    of: PartyKind,
    shown: Sequence[int],
    people: Sequence[Sequence[str]],
) -> PartyList:
    """Group changes by firm or person. `people` holds the person keys of each change."""
    mine: dict[str, list[int]] = defaultdict(list)
    for number in shown:
        for person in people[number]:
            mine[person].append(number)
    return PartyList(session, version, of, mine)


def _people(version: ScheduleVersion, people: Collection[str]) -> Select[*tuple[Any, ...]]:
    return (
        select(Attendee.key, Attendee.name, Attendee.latin_name, Firm.name, Firm.latin_name)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(Attendee.event_id == version.event_id, in_chunks(Attendee.key, people))
        .order_by(Attendee.latin_name, Attendee.id)
    )


def _firms(version: ScheduleVersion, people: Collection[str]) -> Select[*tuple[Any, ...]]:
    theirs = select(Attendee.firm_id).where(
        Attendee.event_id == version.event_id, in_chunks(Attendee.key, people)
    )
    return (
        select(Firm.key, Firm.name, Firm.latin_name, Firm.name, Firm.latin_name)
        .where(Firm.id.in_(theirs))
        .order_by(Firm.latin_name, Firm.id)
    )
