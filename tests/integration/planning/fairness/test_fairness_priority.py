"""The fairness priority: its levels are fair shares in the event's policy."""

from __future__ import annotations

import re

from scheduler.domain.rules.fairness import FAIR_SHARES, FAIRNESS_PRICES, GROUP_GAP_PRICES
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from tests.support.factories import Expo, make_event
from tests.support.web import Browser, web_app

FORM = {
    "fair_share": "0", "shortfall": "2000", "idle": "10", "hall_change": "4", "moved": "60",
    "relocated": "15", "reassigned": "30", "dropped": "400",
}  # fmt: skip


def page_of(database: Database) -> tuple[Expo, Browser, str]:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    return expo, browser, f"/events/{expo.event.key}/priorities"


def point(page: str) -> str | None:
    found = re.search(r'name="fairness" value="(\d)" checked', page)
    return found[1] if found else None


def test_a_point_that_is_saved_is_what_the_next_run_goes_by(database: Database) -> None:
    expo, browser, path = page_of(database)
    assert point(browser.get(path)) == "0"
    for chosen in (3, 0):
        browser.post(path, **FORM, fairness=str(chosen), do="save")
        assert point(browser.get(path)) == str(chosen)
        with database.read() as session:
            policy = snapshot.event_policy(session.get_one(Event, expo.event.id).policy)
        assert policy.factors.get("unfair", 0) == FAIRNESS_PRICES[chosen]
        assert policy.fair_shares == (FAIR_SHARES if chosen else ())


def test_fair_shares_of_the_events_own_stay_until_a_point_is_chosen(database: Database) -> None:
    expo, browser, path = page_of(database)
    own = {"fair_shares": [{"share": 0.5, "price": 1}], "factors": {"unfair": 7}}
    with database.write() as session:
        session.get_one(Event, expo.event.id).policy = own
    assert point(browser.get(path)) is None
    browser.post(path, **FORM, do="save")
    with database.read() as session:
        policy = session.get_one(Event, expo.event.id).policy
    assert policy["fair_shares"] == own["fair_shares"] and policy["factors"]["unfair"] == 7


def test_groups_and_their_level_are_what_the_next_run_goes_by(database: Database) -> None:
    expo, browser, path = page_of(database)
    for level, by in ((4, "tier"), (2, "list"), (0, "area"), (0, "home")):
        browser.post(path, **FORM, group_fairness=str(level), group_by=by, do="save")
        with database.read() as session:
            policy = snapshot.event_policy(session.get_one(Event, expo.event.id).policy)
        assert policy.factors.get("group_gap", 0) == GROUP_GAP_PRICES[level]
        assert not level or policy.group_by == by
        page = browser.get(path)
        assert f'name="group_fairness" value="{level}" checked' in page
        assert f'<option value="{by}" selected>' in page


def test_a_price_of_the_events_own_stays_until_a_level_is_chosen(database: Database) -> None:
    expo, browser, path = page_of(database)
    own = {"group_by": "area", "factors": {"group_gap": 7}}
    with database.write() as session:
        session.get_one(Event, expo.event.id).policy = own
    assert "7 points for each missing meeting" in browser.get(path)
    browser.post(path, **FORM, group_fairness="custom", group_by="area", do="save")
    with database.read() as session:
        policy = session.get_one(Event, expo.event.id).policy
    assert policy["group_by"] == "area" and policy["factors"]["group_gap"] == 7
