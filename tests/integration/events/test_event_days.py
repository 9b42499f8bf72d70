"""The days of an event with their scheduled meetings and the use of tables, and the strip until the first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from api.pages.events.organiser_dashboard import MAX_COUNTDOWN, draw_countdown
from scheduler.domain.entities import RequestState
from scheduler.services.events import event_days
from scheduler.services.events.event_days import EventDay
from scheduler.storage.database import Database
from scheduler.storage.models import PlaceClosure
from tests.support import clocks
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.web import Browser, web_app

FIRST = date(2026, 12, 7)


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, "redis://127.0.0.1:1")


def test_each_day_has_its_meetings_and_the_used_share_of_its_open_tables(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6, slots="4 3", tables=2)
        expo.tables[1].capacity = 2
        long = make_request(session, expo, 0, 1, length=2)
        at_booth, withdrawn = make_request(session, expo, 2, 3), make_request(session, expo, 4, 5)
        second = make_request(session, expo, 0, 2)
        version = make_version(
            session,
            expo,
            [
                meet(long, expo, slot=0),
                meet(at_booth, expo, slot=1, place=expo.booths[3]),
                meet(withdrawn, expo, slot=2),
                meet(second, expo, slot=5, place=expo.tables[1]),
            ],
        )
        withdrawn.state = RequestState.WITHDRAWN
        session.add(PlaceClosure(place_id=expo.tables[1].id, slot_id=expo.slots[6].id))
        session.flush()
        event = expo.event
        found = event_days.list_event_days(session, event.id, version.id, event.timezone)
        unpublished = event_days.list_event_days(session, event.id, 0, event.timezone)
    opens = expo.slots[0].start, expo.slots[4].start
    assert found == (
        EventDay(FIRST, opens[0], meetings=2, used=2, table_slots=12),
        EventDay(FIRST + timedelta(days=1), opens[1], meetings=1, used=1, table_slots=7),
    )
    assert [day.meetings for day in unpublished] == [0, 0]


def test_the_dashboard_shows_them_before_during_and_after_the_event(
    database: Database, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, slots="4 4", tables=2)
        make_version(session, expo, [meet(make_request(session, expo), expo, slot=1)])
    path = f"/events/{expo.event.key}"
    page = Browser(app, expo.organiser).get(path)
    assert 'aria-label="13 days from today to the first day of the event"' in page
    assert "13 days</b> to go" in page and "Mon 7</span>" in page
    assert "12% of tables" in page and "0% of tables" in page
    for hours, said in ((0, "<b>Day 1</b> of 2"), (24, "<b>Day 2</b> of 2"), (48, "<b>Event ended</b>")):
        clocks.hold(monkeypatch, expo.slots[0].start + timedelta(hours=hours))
        page = Browser(app, expo.organiser).get(path)
        assert said in page and "to go</p>" not in page
        assert page.count("<b>Today</b>") == (hours < 48)


def test_the_strip_has_a_box_for_each_day_and_is_left_out_when_there_are_too_many() -> None:
    days = [FIRST, FIRST + timedelta(days=1)]
    drawn = draw_countdown(days, FIRST - timedelta(days=4))
    assert drawn is not None and drawn.width == 60
    assert (drawn.between.count("M"), drawn.event.count("M")) == (3, 2)
    assert drawn.event.startswith("M40 ")
    assert draw_countdown(days, FIRST) is None, "the event has begun"
    assert draw_countdown(days, days[-1] - timedelta(days=MAX_COUNTDOWN)) is None
    assert draw_countdown([], FIRST) is None
