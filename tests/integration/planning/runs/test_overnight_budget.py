"""Overnight publishing keeps its change budget: real solves of an event whose venue has changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scheduler.config import Settings
from scheduler.domain.entities import AfterRun, VersionState
from scheduler.domain.plan import Meeting
from scheduler.services.operations import alerts
from scheduler.services.planning.runs import execution, runs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, Run
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, make_version, meet
from tests.support.publishing import carry_out

pytestmark = pytest.mark.usefixtures("clock")

SETTINGS = Settings(database_url="sqlite://", redis_url="redis://nowhere", secret_key=SECRET_KEY)
PAIRS = 8


class Night:
    """Eight pairs of firms meet, two at a time at two tables, in the first day's four slots of three days.

    In each slot, one firm wants another meeting, and so does a firm that can only meet then. Each of these
    meetings is possible only if the firm's published meeting moves.
    """

    def __init__(self, database: Database, *, tables: int = 2, **budget: int) -> None:
        self.database, self.budget, self.tables = database, budget, tables
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=2 * PAIRS + 1, slots="4|4|4", solve_seconds=1)
            requests = [make_request(session, self.expo, 2 * i, 2 * i + 1) for i in range(PAIRS)]
            meetings = [self.at(request, i) for i, request in enumerate(requests)]
            self.published = make_version(session, self.expo, meetings).number
            for i in range(0, PAIRS, 2):
                keys = [self.expo.slots[i // 2].key]
                make_request(session, self.expo, 2 * i, 2 * PAIRS, slots=keys, priority=5)

    def at(self, request: Any, i: int) -> Meeting:
        return meet(request, self.expo, slot=i // 2, place=self.expo.tables[i % self.tables])

    def go(self, then: AfterRun = AfterRun.PUBLISH) -> Run:
        """Execute the overnight run with a real search, and what follows it."""
        with self.database.write() as session:
            asked = runs.queue_run(
                session, self.expo.event.id, requested_by=None, then=then, now=NOW,
                change_budget={"percent": 100, "a_person": 9, "hours": 0, **self.budget},
            ).id  # fmt: skip
        done = execution.execute_run(self.database, asked, worker="w", settings=SETTINGS)
        assert done.version == self.published + 1
        carry_out(self.database)
        with self.database.read() as session:
            return session.get_one(Run, asked)

    def away(self, firm: int, *, slot: int) -> None:
        with self.database.write() as session:
            person = self.expo.people[firm][0]
            session.add(AttendeeBusy(attendee_id=person.id, slot_id=self.expo.slots[slot].id))

    @property
    def newest(self) -> tuple[VersionState, int, int]:
        """Return the newest version's state, its number of moved published meetings, and of added ones."""
        with self.database.read() as session:
            event_id = self.expo.event.id
            version = versions.get_version(session, event_id, self.published + 1)
            before = versions.get_version(session, event_id, self.published)
            old = {m.request: m for m in versions.list_meetings(session, before.id)}
            new = {m.request: m for m in versions.list_meetings(session, version.id)}
            assert set(old) <= set(new)
            moved = sum(old[key] != new[key] for key in old)
            return version.state, moved, len(new.keys() - old.keys())


def test_it_gives_the_best_plan_within_the_percent_and_publishes_it(database: Database) -> None:
    night = Night(database, percent=25)
    run = night.go()
    assert night.newest == (VersionState.PUBLISHED, 2, 2)
    assert run.error is None


def test_what_has_to_change_does_not_count(database: Database) -> None:
    """A person is absent in a slot: their meeting moves, besides the two that the budget allows."""
    night = Night(database, percent=25)
    night.away(1, slot=0)
    night.go()
    state, moved, _ = night.newest
    assert (state, moved) == (VersionState.PUBLISHED, 3)


def test_nothing_that_starts_within_the_hours_changes_or_is_added(database: Database) -> None:
    """The first slot starts within the protected hours plus the duration of a run."""
    night = Night(database)
    night.budget["hours"] = (night.expo.slots[0].start - NOW) // timedelta(hours=1)
    night.go()
    assert night.newest == (VersionState.PUBLISHED, 3, 3)


def test_a_draft_for_a_person_is_as_free_as_ever(database: Database) -> None:
    night = Night(database, percent=0)
    night.go(AfterRun.DRAFT)
    assert night.newest == (VersionState.DRAFT, 4, 4)


def test_what_has_to_change_is_published_however_small_the_budget(database: Database) -> None:
    night = Night(database, percent=0, a_person=0)
    night.away(1, slot=0)
    night.away(3, slot=0)
    run = night.go()
    assert night.newest[:2] == (VersionState.PUBLISHED, 2)
    assert run.error is None
    with database.read() as session:
        assert not alerts.list_open_alerts(session, night.expo.event.id)


def test_what_has_to_change_soon_is_published_and_nothing_else_of_these_hours(database: Database) -> None:
    """The absent person's meeting is in the protected hours; its firms want other changes there too."""
    night = Night(database)
    night.away(3, slot=0)
    night.budget["hours"] = (night.expo.slots[0].start - NOW) // timedelta(hours=1)
    night.go()
    state, moved, added = night.newest
    assert (state, moved, added) == (VersionState.PUBLISHED, 4, 3)
    with database.read() as session:
        version = versions.get_version(session, night.expo.event.id, night.published + 1)
        first = [
            m.request
            for m in versions.list_meetings(session, version.id)
            if m.slot == night.expo.slots[0].key
        ]
    assert len(first) == 1, "the meeting of the other pair, as it was"


def test_one_of_two_that_cannot_both_stay_does_not_count(database: Database) -> None:
    """Two meetings are published at the same table and time."""
    night = Night(database, tables=1, percent=0, a_person=0)
    run = night.go()
    state, moved, _ = night.newest
    assert (state, moved, run.error) == (VersionState.PUBLISHED, PAIRS // 2, None)


def test_what_gives_way_to_a_lock_does_not_count(database: Database) -> None:
    night = Night(database, percent=0, a_person=0)
    with database.write() as session:
        locked = make_request(session, night.expo, 0, 2)
        locked.fixed_slot_id, locked.is_locked = night.expo.slots[0].id, True
        session.flush()
        key = locked.key
    run = night.go()
    state, moved, added = night.newest
    assert (state, moved, run.error) == (VersionState.PUBLISHED, 2, None), (
        "one meeting of each of the two firms"
    )
    assert added >= 1
    with database.read() as session:
        version = versions.get_version(session, night.expo.event.id, night.published + 1)
        at = {m.request: m.slot for m in versions.list_meetings(session, version.id)}
    assert at[key] == night.expo.slots[0].key


def test_a_lock_that_nobody_can_keep_is_left_out_and_the_night_is_published(database: Database) -> None:
    """The person is absent at the time to which their meeting is locked."""
    night = Night(database, percent=25)
    with database.write() as session:
        locked = make_request(session, night.expo, 1, 3)
        locked.fixed_slot_id, locked.is_locked = night.expo.slots[5].id, True
    night.away(1, slot=5)
    run = night.go()
    assert night.newest[0] is VersionState.PUBLISHED, (run.error, run.not_kept)
    assert run.error is not None and run.error.startswith("1 locked meeting is left out")
    assert run.not_kept is not None and len(run.not_kept["not_kept"]) == 1


def of_one_person(database: Database, *, asked: int, **budget: int) -> Night:
    """One person meets in the first four slots; `asked` better requests need the last of these."""
    night = Night(database, **budget)
    with database.write() as session:
        expo = make_event(session, firms=9, slots="4|4|4", solve_seconds=1)
        requests = [make_request(session, expo, 0, 1 + i) for i in range(4)]
        meetings = [meet(one, expo, slot=i, place=expo.tables[0]) for i, one in enumerate(requests)]
        night.expo, night.published = expo, make_version(session, expo, meetings).number
        for i in range(4 - asked, 4):
            make_request(session, expo, 0, 5 + i, slots=[expo.slots[i].key], priority=5)
    return night


def test_who_would_be_changed_too_often_keeps_what_can_stay(database: Database) -> None:
    night = of_one_person(database, asked=4, a_person=2)
    run = night.go()
    assert night.newest == (VersionState.PUBLISHED, 2, 2)
    assert run.error is None


def test_what_has_to_change_of_a_person_does_not_count(database: Database) -> None:
    night = of_one_person(database, asked=3, a_person=2)
    night.away(1, slot=0)
    run = night.go()
    state, moved, _ = night.newest
    assert (state, moved, run.error) == (VersionState.PUBLISHED, 3, None)


def test_who_may_have_no_change_has_none_by_choice(database: Database) -> None:
    night = of_one_person(database, asked=4, a_person=0)
    run = night.go()
    assert night.newest == (VersionState.PUBLISHED, 0, 0)
    assert run.error is None
