"""Rows of the calendar status board, built from counts without loading meetings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import CalendarState
from scheduler.services.directory.references import FirmRef
from scheduler.services.emails.calendar_status.board import Board
from scheduler.services.emails.calendar_status.people import call_reason
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page, page_of_list
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee


@dataclass(frozen=True, slots=True)
class CalendarStatusRow:
    """A person with the number of selected meetings in each state, and the start of the first one.

    `reason` is the reason to call as text, or empty.
    """

    key: str
    name: str
    latin_name: str
    firm: FirmRef
    worst: CalendarState
    counts: Mapping[CalendarState, int]
    first: datetime | None
    reason: str

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def list_status_rows(session: Session, actor: Actor, board: Board, *, number: int) -> Page[CalendarStatusRow]:
    """Return a page of a board's people in its order, with one query. Raises NotAllowed."""
    actor.require(Right.READ_CALENDAR_STATUS)
    found = page_of_list("calendar-health", board.people, number=number)
    columns = Attendee.id, Attendee.name, Attendee.bounce
    shown = in_chunks(Attendee.id, [listed.id for listed in found.items])
    contacts = {who: rest for who, *rest in session.execute(select(*columns).where(shown))}
    made = []
    for listed in found.items:
        tally, (name, bounce) = listed.tally, contacts[listed.id]
        made.append(
            CalendarStatusRow(
                key=listed.key,
                name=name,
                latin_name=listed.latin_name,
                firm=listed.firm,
                worst=tally.worst,
                counts={state: tally.counts.get(state, 0) for state in CalendarState},
                first=tally.first[0] if tally.first else None,
                reason=call_reason(tally.calls, bounce),
            )
        )
    return found.of(made)
