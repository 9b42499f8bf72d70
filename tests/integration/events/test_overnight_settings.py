"""Overnight runs of an event: schedule, changes, validation, and paginated history."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from flask import Flask

from scheduler.domain.entities import AfterRun, RunState
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.services.events import overnight_runs, overnight_schedule
from scheduler.services.events.overnight_schedule import OvernightSettings, OvernightTime
from scheduler.services.planning.runs import runs
from scheduler.storage.database import Database
from tests.support.factories import NOW, make_event, make_member, make_night
from tests.support.web import Browser, web_app

PUBLISH = AfterRun.PUBLISH


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, "redis://127.0.0.1:1")


def test_rules_are_read_back_as_they_were_written_with_the_next_of_each(database: Database) -> None:
    form = OvernightSettings(
        (OvernightTime(time(2)), OvernightTime(time(23, 30), "67", PUBLISH)), 10, 3, 48, 15
    )
    with database.write() as session:
        actor = make_event(session).organiser_actor()
        assert overnight_schedule.get_overnight_settings(session, actor) == OvernightSettings()
        made = overnight_schedule.change_overnight_settings(session, actor, form, now=NOW)
        assert overnight_schedule.get_overnight_settings(session, actor) == made
    at = [datetime(2026, 11, 24, 18, tzinfo=UTC), datetime(2026, 11, 28, 15, 30, tzinfo=UTC)]
    assert [night.next_at for night in made.times] == at
    assert made.coming is made.times[0]
    assert (
        made.overnight_percent,
        made.overnight_per_person,
        made.overnight_protected_hours,
        made.overnight_late_minutes,
    ) == (10, 3, 48, 15)


def test_an_event_that_is_over_plans_no_night(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        form = OvernightSettings((OvernightTime(time(2)),))
        after = expo.slots[-1].end + timedelta(hours=1)
        made = overnight_schedule.change_overnight_settings(session, expo.organiser_actor(), form, now=after)
    assert made.coming is None and made.times[0].next_at is None


NO_DAY = "choose at least one day"
OTHER_CLOCK = "enter a time in the venue's time zone, like 02:00"
FAULTS = [
    (OvernightSettings((OvernightTime(time(2), ""),)), f"times[0].weekdays: {NO_DAY}"),
    (
        OvernightSettings((OvernightTime(time(2)), OvernightTime(time(3), "18"))),
        f"times[1].weekdays: {NO_DAY}",
    ),
    (OvernightSettings((OvernightTime(time(2, tzinfo=UTC)),)), f"times[0].at: {OTHER_CLOCK}"),
    (OvernightSettings((OvernightTime(time(2)),) * 11), "times: add at most 10"),
    (OvernightSettings(overnight_percent=101), "overnight_percent: enter a value from 0 to 100"),
    (OvernightSettings(overnight_per_person=-1), "overnight_per_person: enter a value from 0 to 100"),
    (
        OvernightSettings(overnight_protected_hours=241),
        "overnight_protected_hours: enter a value from 0 to 240",
    ),
    (OvernightSettings(overnight_late_minutes=0), "overnight_late_minutes: enter a value from 1 to 600"),
]  # fmt: skip


def test_each_rule_is_checked(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session).organiser_actor()
        for form, fault in FAULTS:
            with pytest.raises(InvalidInput) as caught:
                overnight_schedule.change_overnight_settings(session, actor, form, now=NOW)
            assert [str(found) for found in caught.value.faults] == [fault]
        assert overnight_schedule.get_overnight_settings(session, actor) == OvernightSettings()


def test_a_reader_sees_them_and_changes_nothing(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_night(session, expo)
        reader = make_member(session, expo, TeamRole.VIEWER)
        with pytest.raises(NotAllowed):
            overnight_schedule.change_overnight_settings(session, expo.actor(0), OvernightSettings(), now=NOW)
    page = Browser(app, reader).get(f"/events/{expo.event.key}/overnight")
    assert "Next run: <b>Tue, 24 Nov, 16:00" in page and 'action="/events/' not in page.split("<main")[1]


TYPED = {
    "overnight_percent": "5",
    "overnight_per_person": "2",
    "overnight_protected_hours": "24",
    "overnight_late_minutes": "60",
}


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}/overnight"
    assert "No overnight run is scheduled" in browser.get(path)
    typed = {**TYPED, "at-0": "", "at-1": "03:15", "weekdays-1": ["6", "7"], "then-1": "publish"}
    page = browser.post(path, status=422, **{**typed, "weekdays-1": [], "overnight_percent": "101"})
    assert "choose at least one day" in page and 'value="03:15"' in page
    assert "enter a whole number from 0 to 100" in page
    page = browser.post(path, **typed)
    assert "Overnight run settings saved" in page and "Sat, 28 Nov, 03:15" in page
    with database.read() as session:
        (night,) = overnight_schedule.get_overnight_settings(session, expo.organiser_actor()).times
    assert (night.at, night.weekdays, night.then) == (time(3, 15), "67", PUBLISH)
    settings = browser.get(f"/events/{expo.event.key}/settings")
    home = browser.get(f"/events/{expo.event.key}")
    assert "Sat, 28 Nov, 03:15" in settings and "Next: Sat, 28 Nov, 03:15" in home
    browser.post(path, **TYPED)
    assert "No overnight run is scheduled" in browser.get(path)


def test_what_nights_did_is_listed_page_by_page_with_their_budget(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session)
        for i in range(3):
            run = runs.queue_run(
                session, expo.event.id, requested_by=None, then=PUBLISH, start_by=NOW,
                change_budget={"percent": 4, "a_person": 1, "hours": 12}, now=NOW + timedelta(days=i),
            )  # fmt: skip
            run.state, run.error = RunState.FAILED, "No plan was found."
            run.started_at, run.finished_at = NOW, NOW + timedelta(seconds=61)
        runs.queue_run(session, expo.event.id, requested_by=expo.organiser.id, now=NOW)
        page = overnight_runs.list_runs(session, expo.organiser_actor(), number=2, limit=2)
    assert (page.total, page.last, [night.number for night in page.items]) == (3, 2, [1])
    text_of_page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}/overnight")
    assert "61 of 60" in text_of_page and "4%, 1 per person" in text_of_page
    assert text_of_page.partition('id="past"')[2].count("No plan was found.") == 3
    assert text_of_page.count("No plan was found.") == 4, "and as the last one"
