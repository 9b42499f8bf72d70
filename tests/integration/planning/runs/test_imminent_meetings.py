"""During an event, meetings that are infeasible but start too soon for a run are reported."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.domain.entities import VersionState
from scheduler.services.planning.runs import execution, runs
from scheduler.services.planning.runs.execution import RunEnding
from scheduler.services.planning.runs.frozen_conflicts import list_frozen_conflicts
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, InterpreterBusy, PlaceClosure
from tests.integration.planning.runs.scene import SETTINGS
from tests.support import clocks
from tests.support.factories import Expo, make_event, make_interpreter, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.web import Browser, web_app

SLOTS = "4 4"


def event_day(database: Database) -> tuple[Expo, list[str]]:
    """Return two meetings today (with an interpreter; at a table), one tomorrow, and a feasible fourth."""
    with database.write() as session:
        expo = make_event(session, firms=8, slots=SLOTS, tables=4, freeze_hours=6)
        interpreter = make_interpreter(session, expo)
        expo.people[0][0].languages, expo.people[1][0].languages = ["zh"], ["hu"]
        interpreter.languages = ["zh", "hu"]
        rows = [make_request(session, expo, 2 * i, 2 * i + 1) for i in range(4)]
        slots, speaks = [1, 1, 6, 2], [interpreter, None, None, None]
        planned = [
            meet(row, expo, slot=slots[i], place=expo.tables[i], interpreter=speaks[i])
            for i, row in enumerate(rows)
        ]
        publish(session, expo, draft(session, expo, planned), None)
        session.add_all(
            [
                InterpreterBusy(interpreter_id=interpreter.id, slot_id=expo.slots[1].id),
                PlaceClosure(place_id=expo.tables[1].id, slot_id=expo.slots[1].id),
                AttendeeBusy(attendee_id=expo.people[4][0].id, slot_id=expo.slots[6].id),
            ]
        )
        return expo, [row.key for row in rows]


@pytest.fixture
def morning(monkeypatch: pytest.MonkeyPatch, database: Database) -> tuple[Expo, list[str]]:
    expo, keys = event_day(database)
    clocks.hold(monkeypatch, expo.slots[0].start - timedelta(minutes=30))
    return expo, keys


def run(database: Database, expo: Expo) -> int:
    """Return the draft of a run at the current time."""
    with database.write() as session:
        run_id = runs.queue_run(session, expo.event.id, requested_by=None, now=database.now()).id
    done = execution.execute_run(database, run_id, worker="w", settings=SETTINGS)
    assert done.ending is RunEnding.FINISHED and done.version is not None
    return done.version


def test_a_draft_names_what_it_leaves_as_it_was_though_it_cannot_take_place(
    database: Database, morning: tuple[Expo, list[str]], broker_url: str
) -> None:
    expo, keys = morning
    draft_number = run(database, expo)
    with database.read() as session:
        actor, now = expo.organiser_actor(), database.now()
        version = versions.get_version(session, expo.event.id, draft_number)
        assert version.state is VersionState.DRAFT
        assert [one.key for one in list_frozen_conflicts(session, actor, draft_number, now=now)] == keys[:2]
        held = {meeting.request: meeting.slot for meeting in versions.list_meetings(session, version.id)}
        assert [held[key] for key in keys[:2]] == [expo.slots[1].key] * 2, "a run leaves them"
        assert held.get(keys[2]) != expo.slots[6].key, "what begins later is changed by the run"
        assert list_frozen_conflicts(session, actor, draft_number, now=expo.slots[1].start) == [], (
            "it has begun"
        )
    browser = Browser(web_app(database, broker_url), expo.organiser)
    page = browser.get(f"/events/{expo.event.key}/versions/{draft_number}")
    assert "2 meetings start too soon for a run to change." in page
    assert "Move or cancel them on the board." in page and f"/events/{expo.event.key}/board" in page
    card = page[page.index('id="too-soon-title"') :].partition("</section>")[0]
    assert all(expo.firms[i].name in card for i in range(4)) and expo.firms[4].name not in card


def test_without_absences_and_closures_nothing_is_named(
    database: Database, morning: tuple[Expo, list[str]]
) -> None:
    expo, _ = morning
    with database.write() as session:
        for marks in (InterpreterBusy, PlaceClosure, AttendeeBusy):
            session.query(marks).delete()
        version = versions.find_published_version(session, expo.event.id)
        assert version is not None
        assert (
            list_frozen_conflicts(session, expo.organiser_actor(), version.number, now=database.now()) == []
        )
