"""An event whose invitations were sent, with replies."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

from scheduler.domain.entities import CalendarState
from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.services.emails.calendar_status import call_list
from scheduler.services.emails.calendar_status.board import Board, BoardFilters
from scheduler.services.emails.calendar_status.people import BoardPerson
from scheduler.services.emails.calendar_status.states import CalendarEntry
from scheduler.services.identity.actors import Actor
from scheduler.storage.models import Firm
from tests.support.factories import (
    NOW,
    Expo,
    make_event,
    make_request,
    meet,
)
from tests.support.outgoing_emails import MINUTE, Letters
from tests.support.publishing import draft, publish, send_all

PROPOSED, SILENT, QUEUED = CalendarState.PROPOSED, CalendarState.SILENT, CalendarState.QUEUED


class Health(Letters):
    def board(self, minutes: float = 100, **filters: Any) -> Board:
        with self.database.read() as session:
            now = NOW + minutes * MINUTE
            actor = self.expo.organiser_actor()
            return calendar_health.show_board(session, actor, BoardFilters(**filters), now=now)

    def calls(self, minutes: float = 100) -> list[dict[str, str]]:
        """Return the parsed call list."""
        board = self.board(minutes)
        with self.database.write() as session:
            return rows(session, self.expo.organiser_actor(), board)

    def shown(self, firm: int) -> BoardPerson:
        with self.database.read() as session:
            actor, key = self.expo.organiser_actor(), self.person(firm).key
            return calendar_health.show_person(session, actor, key, now=NOW + 100 * MINUTE)

    def entry(self, firm: int = 0) -> CalendarEntry:
        (found,) = self.shown(firm).meetings
        return found


def busy_expo(session: Any, meetings: int = 4) -> Expo:
    """Create an event where firm 0 meets each other firm in its own slot, odd ones in the second hall."""
    expo = make_event(session, firms=meetings + 1, slots="2 2", halls=2, mail_per_minute=60_000)
    session.get_one(Firm, expo.firms[1].id).country = "DE"
    session.get_one(Firm, expo.firms[2].id).latin_name = "Firm 2 Voltwerk"
    planned = [
        meet(make_request(session, expo, 0, i + 1), expo, slot=i, place=expo.tables[i % 2])
        for i in range(meetings)
    ]
    publish(session, expo, draft(session, expo, planned), None)
    send_all(session, expo)
    return expo


def board_of(session: Any, expo: Expo, now: datetime = NOW, **filters: Any) -> Board:
    return calendar_health.show_board(session, expo.organiser_actor(), BoardFilters(**filters), now=now)


OVERDUE = NOW + timedelta(days=4)
"""When a reply to an invitation of NOW is overdue."""


def rows(session: Any, actor: Actor, board: Board) -> list[dict[str, str]]:
    text = call_list.export_calls_csv(session, actor, board, now=NOW)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
