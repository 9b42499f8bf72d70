"""The venue page: every form shows its effects, asks for confirmation, and saves exactly them."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Firm, Hall, Pause, Place, PlaceClosure, Slot, WalkingTime
from tests.support.factories import Expo, make_event, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


def expo_of(session: Session) -> Expo:
    expo = make_event(session, firms=4, slots="4|2 6", halls=2, tables=4, walking=5)
    request = make_request(session, expo, 0, 1, place=PlaceWish.TABLE)
    other = make_request(session, expo, 2, 3, place=PlaceWish.TABLE)
    meetings = [meet(request, expo, slot=0), meet(other, expo, slot=11, place=expo.tables[1])]
    publish(session, expo, draft(session, expo, meetings), None)
    return expo


def signed_in(database: Database) -> tuple[Browser, Expo]:
    with database.write() as session:
        expo = expo_of(session)
    return Browser(web_app(database, NOWHERE), expo.organiser), expo


def fields_of(page: str, what: str) -> dict[str, str]:
    """Return the current values of a form on the page."""
    form = re.search(rf'<form[^>]*venue/{what}".*?</form>', page, re.DOTALL)
    assert form, what
    inputs = re.findall(r'<input class="input[^"]*" name="([^"]+)"[^>]*?value="([^"]*)"', form[0])
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    chosen = re.findall(r'<select class="select" name="([^"]+)".*?</select>', form[0], re.DOTALL)
    found = dict(inputs) | dict(hidden)
    for name in chosen:
        options = re.search(rf'<select class="select" name="{name}".*?</select>', form[0], re.DOTALL)
        assert options
        selected = re.search(r'value="([^"]*)" selected', options[0]) or re.search(
            r'value="([^"]*)"', options[0]
        )
        if selected:
            found[name] = selected[1]
    found.pop("csrf_token", None)
    return found


def save(browser: Browser, path: str, form: dict[str, str]) -> str:
    """Preview a form and save it. Return the preview page."""
    look = browser.post(path, **form)
    digest = re.search(r'name="digest" value="(\w+)"', look)
    assert digest, look
    assert "Saved: " in browser.post(path, **form, digest=digest[1])
    return look


def test_a_day_that_ends_sooner_is_shown_then_saved(database: Database) -> None:
    browser, expo = signed_in(database)
    page = browser.get(f"/events/{expo.event.key}/venue")
    assert "2 days" in page and "12 slots of 30 minutes" in " ".join(page.split())
    form = fields_of(page, "days")
    assert (form["day-0-opens"], form["day-0-closes"]) == ("09:00", "13:00")
    assert (form["pause-0-start"], form["pause-0-end"]) == ("11:00", "12:00")
    path = f"/events/{expo.event.key}/venue/days"
    looked = save(browser, path, {**form, "day-1-closes": "11:30"})
    assert "This affects <b>1 published meeting</b>" in " ".join(looked.split())
    assert "Firm 2 and Firm 3" in looked
    with database.read() as session:
        live = session.scalars(select(Slot).where(Slot.of(expo.event.id)).order_by(Slot.position)).all()
        assert [slot.key for slot in live] == [f"s{i}" for i in range(11)]


def test_lunch_of_every_day_and_an_opening_ceremony_take_their_slots(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    form = fields_of(browser.get(path), "days")
    form |= {
        "pause-1-on": "every",
        "pause-1-start": "10:00",
        "pause-1-end": "10:30",
        "pause-1-name": "Coffee",
    }
    form |= {"pause-2-on": "2026-12-08", "pause-2-kind": "special", "pause-2-name": "VIP hour"}
    form |= {"pause-2-start": "11:00", "pause-2-end": "12:00"}
    save(browser, f"{path}/days", form)
    page = browser.get(path)
    assert page.count(">Coffee</span></td>") == 2 and page.count(">VIP hour</span></td>") == 1
    with database.read() as session:
        named = session.scalars(select(Pause.name).order_by(Pause.start)).all()
        assert named == ["Coffee", "Coffee", "VIP hour"]


def test_a_wrong_hour_is_said_and_what_was_typed_stays(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    form = fields_of(browser.get(path), "days")
    answer = browser.post(f"{path}/days", 422, **form | {"day-0-closes": "08:00"})
    assert "Day 1, to:</a> enter a time after the day&#39;s start time" in answer
    assert 'aria-label="Mon 7 Dec, end time" value="08:00"' in " ".join(answer.split())
    again = browser.post(f"{path}/days", 422, **form | {"day-0-opens": "soon"})
    assert "Day 1, from:</a> enter a time, like 09:30" in again


def test_halls_are_named_in_every_language_and_walks_are_set(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    form = fields_of(browser.get(path), "halls")
    form |= {"hall-0-name": "Reed hall", "hall-0-name_zh": "芦苇馆", "hall-2-name": "Mill hall"}
    looked = save(browser, f"{path}/halls", form)
    assert "Hall 0 is renamed to Reed hall" in looked and "Mill hall is added" in looked
    walks = fields_of(browser.get(path), "walks")
    assert walks == {"walk-0-1": "5", "walk-0-2": "5", "walk-1-2": "5"}
    save(browser, f"{path}/walks", {**walks, "walk-0-2": "12"})
    with database.read() as session:
        halls = session.scalars(select(Hall).order_by(Hall.position)).all()
        assert [hall.name for hall in halls] == ["Reed hall", "Hall 1", "Mill hall"]
        assert halls[0].names == {"zh": "芦苇馆"}
        minutes = session.scalars(select(WalkingTime.minutes).order_by(WalkingTime.minutes)).all()
        assert minutes == [5, 5, 12]


def test_tables_come_in_bulk_are_named_closed_and_go(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    new = {"hall": "h1", "at_hall": "h1", "prefix": "R-", "first": "1", "count": "12", "capacity": "1"}
    assert "12 new tables in Hall 1: R-01 to R-12" in save(browser, f"{path}/new-tables", new)
    page = browser.get(f"{path}?hall=h1")
    form = fields_of(page, "places")
    assert form["place-0-key"] == "R-01"
    looked = save(
        browser, f"{path}/places", {**form, "place-0-name": "Window table", "place-0-capacity": "2"}
    )
    assert "R-01 is renamed to Window table" in looked and "takes 2 meetings at a time instead of 1" in looked
    at = {"pick": "t0", "at_hall": "h0", "on": "2026-12-07", "from": "09:00", "to": "11:00"}
    looked = save(browser, f"{path}/closing", {**at, "closed": "yes"})
    assert "Closing Table t0: Mon 7 Dec, 09:00–11:00" in looked
    assert "1 can move to another location at the same time" in " ".join(looked.split())
    with database.read() as session:
        assert len(session.scalars(select(PlaceClosure.slot_id)).all()) == 4
    save(browser, f"{path}/closing", {**at, "closed": "no"})
    save(browser, f"{path}/removal", {"pick": "R-12", "at_hall": "h1"})
    with database.read() as session:
        assert session.scalars(select(PlaceClosure.slot_id)).all() == []
        assert session.scalar(select(Place.is_retired).where(Place.key == "R-12"))
    page = browser.post(f"{path}/closing", 422, on="2026-12-07")
    assert '<a href="#pick">Tables or booths:</a> select at least one' in page
    assert page.count('id="pick"') == 1  # the link leads to their list
    page = browser.post(f"{path}/closing", 422, pick="t0")
    assert "select a day and a time range" in page and page.count('id="on"') == 1
    assert re.search(r'<input type="checkbox" name="pick" value="t0"[^>]* checked>', page), (
        "what was picked stays"
    )


def test_areas_and_guests_of_honour_are_kept(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    form = fields_of(browser.get(path), "areas")
    form |= {"area-0-gone": "yes", "area-1-name": "Semiconductors", "area-2-name": "Clean energy"}
    form |= {"area-1-name_zh": " 芯片 ", "area-2-name_hu": "Tiszta energia"}
    looked = save(browser, f"{path}/areas", form)
    assert "4 exhibitors will no longer be listed under Batteries" in looked
    guest = {"guest-0-kind": "country", "guest-0-name": "Brazil", "guest-0-country": "br"}
    save(browser, f"{path}/guests", {**guest, "guest-0-pavilion": "Brazil"})
    with database.read() as session:
        event = session.scalars(select(Event)).one()
        assert event.areas == {"chips": "Semiconductors", "clean-energy": "Clean energy"}
        assert event.area_names == {"chips": {"zh": "芯片"}, "clean-energy": {"hu": "Tiszta energia"}}
        assert event.guests == [{"kind": "country", "name": "Brazil", "country": "BR", "pavilion": "Brazil"}]
        assert set(map(tuple, session.scalars(select(Firm.areas)))) == {()}


def test_a_name_of_an_area_in_another_language_is_a_change_and_has_limits(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    form = fields_of(browser.get(path), "areas")
    refused = browser.post(f"{path}/areas", 422, **form | {"area-0-name_zh": "电" * 81})
    assert "80 characters" in refused
    looked = save(browser, f"{path}/areas", form | {"area-0-name_zh": "电池"})
    assert "Batteries gets different names in other languages" in looked
    assert 'value="电池"' in browser.get(path)


def test_what_is_saved_is_what_was_shown(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    form = {"walk-0-1": "20"}
    look = browser.post(f"{path}/walks", **form)
    digest = re.search(r'name="digest" value="(\w+)"', look)
    assert digest
    with database.write() as session:
        session.scalars(select(WalkingTime)).one().minutes = 9
    assert "The event has changed since your preview" in browser.post(
        f"{path}/walks", **form, digest=digest[1]
    )
    with database.read() as session:
        assert session.scalars(select(WalkingTime.minutes)).one() == 9


def test_nothing_to_change_is_said(database: Database) -> None:
    browser, expo = signed_in(database)
    path = f"/events/{expo.event.key}/venue"
    assert "There are no changes to save" in browser.post(f"{path}/walks", **{"walk-0-1": "5"})
