"""Creating an event and changing its settings, with errors at fields."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from scheduler.storage.database import Database
from scheduler.storage.models import Event, Place, Slot
from tests.support.factories import make_account, make_event
from tests.support.web import Browser, web_app

NEW = {
    "name": "Chain Expo",
    "key": "chain-expo",
    "timezone": "Asia/Shanghai",
    "first_day": "2099-06-22",
    "days": "2",
    "morning_from": "09:00",
    "morning_to": "12:00",
    "afternoon_from": "13:00",
    "afternoon_to": "15:00",
    "slot_minutes": "30",
    "halls": "2",
    "tables_per_hall": "3",
    "walking_minutes": "5",
    "areas": "Smart vehicles\nClean energy",
}


def test_an_operator_creates_an_event_with_its_slots_and_tables(database: Database, broker_url: str) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
    browser = Browser(web_app(database, broker_url), operator)
    assert "Ask the organiser" not in browser.get("/")
    browser.get("/events/new")
    assert "Event created. Next, add exhibitors and people." in browser.post("/events/new", **NEW)
    with database.read() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Slot, Place)]
        assert counts == [20, 6]


def test_a_wrong_event_keeps_what_was_typed_and_says_what_is_wrong(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
    browser = Browser(web_app(database, broker_url), operator)
    browser.get("/events/new")
    page = browser.post("/events/new", status=422, **NEW | {"days": "many", "first_day": "tomorrow"})
    assert "enter a whole number from 1 to 14" in page and "enter a date" in page
    assert 'value="Chain Expo"' in page
    with database.read() as session:
        assert session.scalars(select(Event)).all() == []


def test_times_are_typed_by_24_hours_with_a_colon_or_without(database: Database, broker_url: str) -> None:
    """As all pages format them, and as numeric keyboards permit."""
    with database.write() as session:
        operator = make_account(session, is_operator=True)
    browser = Browser(web_app(database, broker_url), operator)
    field = re.search(r'<input class="input input-short" id="morning_from"[^>]*>', browser.get("/events/new"))
    assert field and 'inputmode="numeric"' in field[0] and 'placeholder="09:30"' in field[0]
    (pattern,) = re.findall('pattern="([^"]+)"', field[0])
    for wrong in ("24:00", "9:60", "9 am", "９:30", "12", "123456"):
        assert not re.fullmatch(pattern, wrong, re.ASCII)
        page = browser.post("/events/new", status=422, **NEW | {"morning_from": wrong})
        assert said(page).keys() == {"morning_from"} and "enter a time, like 09:30" in page, wrong
    typed = {"morning_from": "9:30", "morning_to": "1200", "afternoon_from": "13：30", "afternoon_to": "1430"}
    assert all(re.fullmatch(pattern, text) for text in typed.values())
    assert "Event created. Next, add exhibitors and people." in browser.post("/events/new", **NEW | typed)
    with database.read() as session:
        zone = ZoneInfo(NEW["timezone"])
        starts = [at.astimezone(zone) for at in session.scalars(select(Slot.start).order_by(Slot.position))]
    first = [f"{start:%H:%M}" for start in starts if start.date() == starts[0].date()]
    assert first == ["09:30", "10:00", "10:30", "11:00", "11:30", "13:30", "14:00"]


def said(page: str) -> dict[str, str]:
    """Return the field labels in the error summary."""
    return dict(re.findall(r'<li><a href="#(\w+)">([^<]+)</a>', page))


def test_an_empty_form_has_all_its_faults_at_once_by_the_labels_of_its_fields(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
        expo = make_event(session)
    browser = Browser(web_app(database, broker_url), operator)
    browser.get("/events/new")
    page = browser.post("/events/new", status=422)
    assert set(said(page)) == {
        "name", "key", "timezone", "first_day", "days", "morning_from", "morning_to", "slot_minutes", "halls",
        "tables_per_hall", "walking_minutes",
    }  # fmt: skip
    pages = [page]
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.get(f"/events/{expo.event.key}/settings")
    pages.append(browser.post(f"/events/{expo.event.key}/settings", status=422))
    for page in pages:
        labels = dict(re.findall(r'<label for="(\w+)">([^<]+)</label>', page))
        found = said(page)
        assert found == {name: labels[name] for name in found}


def test_only_an_operator_may_create_events(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    Browser(web_app(database, broker_url), expo.organiser).get("/events/new", status=404)


def test_a_changed_time_moves_the_next_overnight_run(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/settings"
    typed = {
        "name": "Renamed", "language": "hu", "solve_seconds": "30", "freeze_hours": "6", "request_days": "7",
        "must_budget": "5",
        "proposals": "yes", "mail_per_minute": "90", "publish_hold": "3", "contact": " Hall 1  desk ",
        "remind_minutes": "15",
    }  # fmt: skip
    assert "Settings saved" in browser.post(path, **typed)
    page = browser.get(path)
    assert 'value="Hall 1 desk"' in page and 'name="remind_minutes" type="number" value="15"' in page
    assert 'name="proposals" value="yes" checked' in page
    assert "checked" not in browser.post(path, **{**typed, "proposals": ""})
    browser.post(path, **typed)
    assert "enter a whole number" in browser.post(path, status=422, **typed | {"freeze_hours": "-1"})
    assert "enter at most 200 characters" in browser.post(path, status=422, **typed | {"contact": "x" * 201})
    with database.read() as session:
        event = session.get_one(Event, expo.event.id)
        assert event.language == "hu"
        assert event.name == "Renamed"


def test_summaries_are_on_until_an_organiser_switches_them_off(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, summary_mails=True)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/settings"
    ticked = 'name="summary_mails" value="yes" aria-describedby="summary_mails-help" checked'
    assert ticked in browser.get(path)
    typed = {
        "name": "Expo", "language": "en", "solve_seconds": "30", "freeze_hours": "6", "request_days": "7",
        "must_budget": "5",
        "mail_per_minute": "90", "publish_hold": "3",
        "remind_minutes": "0",
    }  # fmt: skip
    assert ticked not in browser.post(path, **typed)
    assert ticked in browser.post(path, **typed, summary_mails="yes")
