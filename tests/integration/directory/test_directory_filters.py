"""The directory by walking time, by common free time, and its filter chips."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from scheduler.domain.entities import VersionState
from scheduler.services.directory import search
from scheduler.services.directory.search import FirmOrder
from scheduler.services.requests.preferences import common_times
from scheduler.services.requests.preferences.free_partners import list_free_partners
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AttendeeBusy, Firm, Hall, WalkingTime
from tests.support.calendars import linked
from tests.support.factories import Expo, make_event, make_request, make_version, meet
from tests.support.publishing import publish_version
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app


@pytest.fixture
def expo(database: Database) -> Expo:
    """Firm i is in hall i of three, firm 3 in none, and firm 4 next to firm 0."""
    with database.write() as session:
        made = make_event(session, firms=5, people=1, halls=3, walking=9)
        for i, hall in enumerate((0, 1, 2, None, 0)):
            firm = session.get_one(Firm, made.firms[i].id)
            firm.hall_id = made.halls[hall].id if hall is not None else None
        low, high = sorted((made.halls[0].id, made.halls[2].id))
        session.get_one(WalkingTime, (low, high)).minutes = 2
    return made


def by_walk(database: Database, expo: Expo, firm: int) -> tuple[list[str], dict[str, int]]:
    with database.read() as session:
        found = search.search_directory(session, expo.actor(firm), order=FirmOrder.NEAR)
    return [card.key for card in found.page.items], dict(found.walks)


def test_the_nearest_firms_come_first_and_those_without_a_hall_last(database: Database, expo: Expo) -> None:
    keys, walks = by_walk(database, expo, 0)
    assert keys == ["f0", "f4", "f2", "f1", "f3"]
    assert walks == {"f0": 0, "f4": 0, "f2": 2, "f1": 9}
    keys, walks = by_walk(database, expo, 3)  # without its own hall: by name
    assert keys == ["f0", "f1", "f2", "f3", "f4"] and walks == {}


def mark(database: Database, expo: Expo, firm: int, slots: range) -> None:
    with database.write() as session:
        for slot in slots:
            person = expo.people[firm][0].id
            session.add(AttendeeBusy(attendee_id=person, slot_id=expo.slots[slot].id))


def test_free_with_us_is_who_has_a_time_in_common(database: Database, expo: Expo) -> None:
    count = len(expo.slots)
    mark(database, expo, 0, range(1, count))  # the firm is free in the first slot only
    mark(database, expo, 1, range(1))
    mark(database, expo, 2, range(1, count))
    with database.read() as session:
        found = list_free_partners(session, expo.actor(0))
        assert found == {"f2", "f3", "f4"}
        common = common_times.common_slots(session, expo.actor(0), ["f1", "f2", "f3", "f4"])
        assert {key for key, slots in common.items() if slots} == found
        assert list_free_partners(session, expo.organiser_actor()) == frozenset()
    mark(database, expo, 0, range(1))
    with database.read() as session:
        assert list_free_partners(session, expo.actor(0)) == frozenset()


def test_a_published_meeting_takes_the_time(database: Database, expo: Expo) -> None:
    mark(database, expo, 0, range(1, len(expo.slots)))
    with database.write() as session:
        request = make_request(session, expo, 3, 4)
        make_version(session, expo, [meet(request, expo, slot=0)], state=VersionState.DRAFT)
        publish_version(session, event_id=expo.event.id, number=1, compared_with=None)
    with database.read() as session:
        assert list_free_partners(session, expo.actor(0)) == {"f1", "f2"}


def test_the_numbers_of_queries_do_not_depend_on_the_firms(database: Database) -> None:
    counts = []
    for firms in (3, 30):
        with database.write() as session:
            expo = make_event(session, firms=firms, people=1, halls=2, walking=4)
        actor = expo.actor(0)
        near = count_selects(
            database,
            lambda session, actor=actor: search.search_directory(session, actor, order=FirmOrder.NEAR),
        )
        free = count_selects(database, lambda session, actor=actor: list_free_partners(session, actor))
        counts.append((near, free))
    assert counts[0] == counts[1] and counts[0][0] <= 15 and counts[0][1] <= 10


def test_each_filter_has_a_link_that_leaves_it_out(database: Database, expo: Expo) -> None:
    with database.read() as session:
        account = session.get_one(Account, expo.people[0][0].account_id)
        assert session.scalars(select(Hall.id)).all()
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), account)
    path = f"/events/{expo.event.key}/firms"
    page = browser.get(f"{path}?text=firm&tier=upstream&tier=midstream&free=1&order=near&page=2")
    chips = re.findall(r'class="chip" href="([^"]+)"', page)
    asked = "text=firm", "tier=upstream", "tier=midstream", "free=1"
    left = [{each for each in asked if each in href} for href in chips]
    assert [set(asked) - each for each in left] == [
        {"text=firm"},
        {"free=1"},
        {"tier=upstream"},
        {"tier=midstream"},
    ]
    assert all("order=near" in href and "page=" not in href for href in chips)
    assert 'class="chip"' not in browser.get(path)
    assert "2-minute walk" in browser.get(f"{path}?order=near")


def test_a_linked_calendar_takes_the_time(database: Database, expo: Expo) -> None:
    mark(database, expo, 0, range(1, len(expo.slots)))
    first = expo.slots[0]
    with database.write() as session:
        source = linked(expo.people[2][0].id, b"sealed")
        source.found = {**source.found, "busy": [[first.start.isoformat(), first.end.isoformat()]]}
        session.add(source)
    with database.read() as session:
        assert list_free_partners(session, expo.actor(0)) == {"f1", "f3", "f4"}
