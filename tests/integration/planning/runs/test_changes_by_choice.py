"""Runs without voluntary changes: published meetings change only where they must."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scheduler.domain.entities import AfterRun
from scheduler.domain.plan import Meeting
from scheduler.services.planning.change_review import rejection
from scheduler.services.planning.runs import execution, run_control, runs
from scheduler.services.planning.runs.run_control import RunCard
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, MeetingRequest, Run
from tests.integration.planning.runs.scene import SETTINGS
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.publishing import carry_out
from tests.support.web import Browser, web_app

pytestmark = pytest.mark.usefixtures("clock")


class Event:
    """Four pairs of firms meet in the first two slots of a day, two at a time.

    A further request can be scheduled only if one of them moves.
    """

    def __init__(self, database: Database, *, tables: int = 2) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=9, slots="4|4", solve_seconds=1)
            self.asked = [make_request(session, self.expo, 2 * i, 2 * i + 1) for i in range(4)]
            self.meetings = [self.at(i, i // 2, i % tables) for i in range(4)]
            make_version(session, self.expo, self.meetings)
            for i in (0, 4):
                keys = [self.expo.slots[i // 4].key]
                make_request(session, self.expo, i, 8, slots=keys, priority=5)

    def at(self, request: int, slot: int, table: int) -> Meeting:
        return meet(self.asked[request], self.expo, slot=slot, place=self.expo.tables[table])

    def run(self, **asked: Any) -> list[str]:
        """Run, and return the requests whose published meetings the draft changes."""
        with self.database.write() as session:
            number = run_control.start_run(session, self.expo.organiser_actor(), now=NOW, **asked).number
        return self.changed_by(number)

    def changed_by(self, number: int) -> list[str]:
        with self.database.read() as session:
            run_id = runs.get_run(session, self.expo.event.id, number).id
        done = execution.execute_run(self.database, run_id, worker="w", settings=SETTINGS)
        carry_out(self.database)
        with self.database.read() as session:
            assert done.version is not None, session.get_one(Run, run_id).error
            version = versions.get_version(session, self.expo.event.id, done.version)
            self.number = version.number
            new = {m.request: m for m in versions.list_meetings(session, version.id)}
        self.new = len(new)
        return sorted(m.request for m in self.meetings if new.get(m.request) != m)

    def key(self, i: int) -> str:
        return self.asked[i].key


@pytest.fixture
def event(database: Database) -> Event:
    return Event(database)


def test_by_default_none_changes_to_let_another_in(event: Event) -> None:
    assert event.run() == []


def test_with_a_number_at_most_so_many_do(event: Event) -> None:
    assert len(event.run(max_moved=1)) == 1


def test_without_a_limit_all_do_that_let_another_in(event: Event) -> None:
    assert event.run(max_moved=None) == sorted([event.key(0), event.key(2)])
    assert event.new == 6


def test_who_is_away_is_scheduled_at_another_time(event: Event) -> None:
    with event.database.write() as session:
        person = event.expo.people[3][0]
        session.add(AttendeeBusy(attendee_id=person.id, slot_id=event.expo.slots[0].id))
    assert event.run() == [event.key(1)]


def test_one_of_two_that_cannot_both_stay_changes(database: Database) -> None:
    """Both are published for one table at one time."""
    changed = Event(database, tables=1).run()
    assert len(changed) == 2, "one of each time"


def test_what_stands_where_another_is_locked_gives_way(event: Event) -> None:
    with event.database.write() as session:
        locked = make_request(session, event.expo, 0, 6)
        locked.fixed_slot_id = event.expo.slots[0].id
        locked.is_locked = True
        session.flush()
        key = locked.key
    assert event.run() == [event.key(0)]
    with event.database.read() as session:
        version = versions.get_version(session, event.expo.event.id, event.number)
        assert key in {m.request for m in versions.list_meetings(session, version.id)}


def test_what_is_solved_again_may_change_as_much_as_the_draft_did(event: Event) -> None:
    assert event.run(max_moved=None) == sorted([event.key(0), event.key(2)])
    with event.database.write() as session:
        actor = event.expo.organiser_actor()
        rejection.reject_change(session, actor, event.number, event.key(0), now=NOW)
        again: RunCard = rejection.rerun_draft(session, actor, event.number, now=NOW)
    assert event.changed_by(again.number) == [event.key(2)]


def test_the_form_begins_with_the_number_of_the_priorities(event: Event, broker_url: str) -> None:
    browser = Browser(web_app(event.database, broker_url), event.expo.organiser)
    path = f"/events/{event.expo.event.key}/schedule"

    def shown() -> str:
        tag = re.search(r'<input[^>]*name="max_moved"[^>]*>', browser.get(path))
        assert tag is not None
        return re.findall(r'value="(\d+)"', tag[0])[0]

    assert shown() == "0"
    with event.database.write() as session:
        row = session.get_one(type(event.expo.event), event.expo.event.id)
        row.policy = {**row.policy, "max_moved": 7}
    assert shown() == "7"


def test_a_night_is_not_bound_by_it(event: Event) -> None:
    with event.database.write() as session:
        event.asked = [session.get_one(MeetingRequest, row.id) for row in event.asked]
        run = runs.queue_run(session, event.expo.event.id, requested_by=None, then=AfterRun.DRAFT, now=NOW)
    assert event.changed_by(run.number) == [event.key(0), event.key(2)]
