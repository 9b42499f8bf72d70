"""Priority trade-offs: solved beside the published plan, after all runs, and never stored as a version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.pages.schedule.priority_levels import PRIORITIES, factors_of
from scheduler.domain import rules
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.domain.plan import Meeting
from scheduler.domain.solving import ScenarioState
from scheduler.services.planning.scenarios import priority_preview, scenario_execution
from scheduler.services.planning.scenarios.problem_changes import apply_changes
from scheduler.services.planning.scenarios.scenario_changes import PolicyChange
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import Event, ScheduleVersion
from tests.integration.planning.runs.scene import SETTINGS
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event, make_firm, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.queries import statements
from tests.support.web import Browser, web_app


@pytest.fixture(autouse=True)
def held_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


POLICY = {"factors": {"idle": 500}}


def scene(session: Session) -> tuple[Expo, list[Meeting]]:
    """Publish two meetings of one firm, with two idle slots between them."""
    expo = make_event(session, slots="4", tables=2)
    asked = [make_request(session, expo, 0, other) for other in (1, 2)]
    meetings = [meet(request, expo, slot=slot) for request, slot in zip(asked, (0, 3), strict=True)]
    publish(session, expo, draft(session, expo, meetings), None)
    return expo, meetings


def ask(database: Database, expo: Expo, policy: dict[str, Any] = POLICY) -> None:
    with database.write() as session:
        priority_preview.request_preview(session, expo.organiser_actor(), policy, now=NOW)


def look(database: Database, expo: Expo) -> ScenarioCard | None:
    with database.read() as session:
        return priority_preview.get_preview(session, expo.organiser_actor())


def test_it_tells_what_other_dials_would_do_and_makes_no_version(database: Database) -> None:
    with database.write() as session:
        expo, _ = scene(session)
    ask(database, expo)
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    found = look(database, expo)
    assert found is not None and found.result is not None and found.state is ScenarioState.DONE
    now, then = found.result["now"], found.result["then"]
    with database.read() as session:
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        tried = apply_changes(problem, [PolicyChange(policy=POLICY)])
        assert now["score"] == rules.score(tried, problem.published).total
        assert now["event_score"] == rules.score(problem, problem.published).total
        assert session.scalar(select(func.count()).select_from(ScheduleVersion)) == 1
        assert session.get_one(Event, expo.event.id).policy == {}
    assert (now["held"], now["changed"], now["idle"]) == (2, 0, 2)
    assert (then["held"], then["changed"], then["idle"]) == (2, 1, 0)
    assert then["score"] > now["score"]
    assert then["event_score"] < now["event_score"], "by the event's dials it was not worth it"


def test_another_question_takes_the_place_of_the_last(database: Database) -> None:
    with database.write() as session:
        expo, _ = scene(session)
    ask(database, expo)
    ask(database, expo, {"factors": {"idle": 7}})
    found = look(database, expo)
    assert found is not None and found.policy == {"factors": {"idle": 7}}
    with database.write() as session:
        priority_preview.discard_preview(session, expo.organiser_actor())
    assert look(database, expo) is None


def test_a_policy_is_checked_and_only_organisers_ask(database: Database) -> None:
    with database.write() as session:
        expo, _ = scene(session)
        with pytest.raises(InvalidInput, match="fair_share"):
            priority_preview.request_preview(session, expo.organiser_actor(), {"fair_share": 2}, now=NOW)
        with pytest.raises(NotAllowed):
            priority_preview.request_preview(session, expo.actor(0), {}, now=NOW)


TYPED = {
    "fair_share": "50", "shortfall": "2000", "idle": "500", "hall_change": "4", "moved": "60",
    "relocated": "15", "reassigned": "30", "repeated": "120", "dropped": "400", "max_moved": "",
    "max_idle_spread": "", "max_in_row": "", "max_days": "",
}  # fmt: skip


def opened(database: Database, broker_url: str) -> tuple[Expo, Browser, str]:
    """Return an organiser's browser, and the page's address."""
    with database.write() as session:
        expo, _ = scene(session)
    return (
        expo,
        Browser(web_app(database, broker_url), expo.organiser),
        f"/events/{expo.event.key}/priorities",
    )


def policy_of(database: Database, expo: Expo) -> dict[str, Any]:
    with database.read() as session:
        return session.get_one(Event, expo.event.id).policy


def save_policy(database: Database, expo: Expo, policy: dict[str, Any]) -> None:
    with database.write() as session:
        session.get_one(Event, expo.event.id).policy = policy


def form_of(page: str) -> dict[str, str]:
    """Return the form of priorities as the browser submits it."""
    form = next(
        form for form in BeautifulSoup(page, "html.parser").find_all("form") if form.find(id="fair_share")
    )
    inputs = [field for field in form.find_all("input") if field["name"] != "csrf_token"]
    return {
        str(field["name"]): str(field.get("value", ""))
        for field in inputs
        if field["type"] != "radio" or field.has_attr("checked")
    }


def test_the_page_says_prices_previews_saves_and_discards(database: Database, broker_url: str) -> None:
    expo, browser, path = opened(database, broker_url)
    with database.write() as session:
        version = session.scalars(select(ScheduleVersion)).one()
        version.terms = {**version.terms, "idle": 2}
    assert "In version 1: 2 times 10 points, 20 in total." in " ".join(browser.get(path).split())
    page = browser.post(path, status=422, **{**TYPED, "do": "preview", "idle": "-1", "moved": "77"})
    assert "enter a whole number" in page and 'value="77"' in page
    assert "Waiting for a worker since" in browser.post(path, **{**TYPED, "do": "preview"})
    scenario_execution.execute_scenario(database, settings=SETTINGS)
    page = browser.get(path)
    assert "Published schedule and preview" in page and 'value="500"' in page and "Not saved" in page
    assert "Preview discarded" in browser.post(path, do="discard")
    page = browser.get(path)
    assert "Published schedule and preview" not in page and "Not saved" not in page
    assert "Priorities saved" in browser.post(path, **{**TYPED, "do": "save", "max_moved": "9"})
    policy = policy_of(database, expo)
    assert (policy["fair_share"], policy["factors"]["idle"], policy["max_moved"]) == (0.5, 500, 9)
    browser.post(path, **{**TYPED, "do": "save"})
    assert "max_moved" not in policy_of(database, expo)


def rows_of(page: str) -> dict[str, str]:
    """Return the text of each priority, by the name of its field."""
    found = BeautifulSoup(page, "html.parser").select("[aria-labelledby$=-title][role=group]")
    return {str(row["aria-labelledby"])[: -len("-title")]: " ".join(row.text.split()) for row in found}


def test_each_priority_says_what_the_live_plan_has(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, slots="4", tables=2, halls=2, walking=7)
        make_firm(session, expo, country="HU")
        asked = [make_request(session, expo, *pair) for pair in ((0, 1), (0, 2), (0, 3))]
        here = expo.tables[0]
        there = next(place for place in (*expo.tables, *expo.booths) if place.hall_id != here.hall_id)
        meetings = [meet(asked[0], expo, slot=0, place=here), meet(asked[1], expo, slot=3, place=there)]
        publish(session, expo, draft(session, expo, meetings), None)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        version = session.scalars(select(ScheduleVersion)).one()
        version.terms, version.meetings_bound = dict(rules.score(problem, meetings).terms), 3
    rows = rows_of(
        Browser(web_app(database, broker_url), expo.organiser).get(f"/events/{expo.event.key}/priorities")
    )
    assert "Version 1 has 2 of 3 accepted requests scheduled." in rows["fairness"]
    assert "No schedule, fair or not, can include more than 3 meetings (proven)." in rows["fairness"]
    average = "On average, exhibitors have 66.6% of their requests scheduled."
    assert f"{average} The lowest 5% have at most 0.0%." in rows["fairness"]
    assert "home 80.0%, overseas 0.0%, a gap of 80.0 percentage points" in rows["fairness"]
    assert (
        "from 0.0% (Overseas) to 80.0% (Home (China)), a gap of 80.0 percentage points"
        in rows["group_fairness"]
    )
    assert "Version 1 had 2 idle times when it was created." in rows["idle_level"]
    assert "A person with meetings has 0.3 idle hours on average." in rows["idle_level"]
    assert "Version 1 had 1 hall change when it was created." in rows["hall_change_level"]
    assert "changes halls 0.3 times on average, with a walk of 7 minutes." in rows["hall_change_level"]
    assert "0 at another time, 0 at another location, 0 with other attendees, 0 dropped" in rows["stability"]


def test_more_exhibitors_take_no_more_queries(database: Database, broker_url: str) -> None:
    expo, browser, path = opened(database, broker_url)
    browser.get(path)

    def look() -> int:
        with statements(database.engine) as seen:
            browser.get(path)
        return len(seen)

    few = look()
    with database.write() as session:
        for other in range(3, 9):
            make_firm(session, expo)
            make_request(session, expo, 0, other)
    browser.get(path)  # the cached statistics follow
    assert look() == few


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"factors": {"idle": 2.5, "moved": 123456789, "unfair": 7}, "fair_share": 0.555},
        {"factors": {"unfair": 31, "repeated": 0}, "fair_shares": [{"share": 0.5, "price": 1}]},
        {"factors": {"hall_change": 15, "served": 90}, "max_moved": 3, "idle_counts": "breaks"},
    ],
)
def test_saving_the_page_unchanged_changes_nothing(
    database: Database, broker_url: str, policy: dict[str, Any]
) -> None:
    expo, browser, path = opened(database, broker_url)
    save_policy(database, expo, policy)
    page = browser.post(path, **form_of(browser.get(path)), do="save")
    assert "No priority was changed." in page and "Not saved" not in page
    assert policy_of(database, expo) == policy


def test_a_value_between_two_levels_is_shown_as_it_is(database: Database, broker_url: str) -> None:
    expo, browser, path = opened(database, broker_url)
    assert "Custom" not in browser.get(path)
    save_policy(database, expo, {"factors": {"idle": 11, "dropped": 401}})
    page = browser.get(path)
    form = form_of(page)
    assert (form["idle_level"], form["stability"], form["hall_change_level"]) == ("custom", "custom", "1")
    said = " ".join(BeautifulSoup(page, "html.parser").get_text().split())
    assert "Custom values: Idle time 11" in said and "Published meeting dropped 401" in said


def test_each_level_is_saved_with_its_exact_values_and_found_again(
    database: Database, broker_url: str
) -> None:
    expo, browser, path = opened(database, broker_url)
    for level in (0, 4, 2, 1, 3):
        for priority in PRIORITIES:
            form = form_of(browser.get(path))
            browser.post(path, **{**form, priority.name: str(level), "do": "save"})
            factors = factors_of(policy_of(database, expo))
            assert priority.at(level).items() <= factors.items(), (priority.name, level)
            assert form_of(browser.get(path))[priority.name] == str(level)


def test_an_exact_value_that_is_typed_goes_before_its_level(database: Database, broker_url: str) -> None:
    expo, browser, path = opened(database, broker_url)
    form = form_of(browser.get(path))
    browser.post(path, **{**form, "stability": "4", "dropped": "999", "idle": "7", "do": "preview"})
    form = form_of(browser.get(path))
    assert (form["moved"], form["dropped"], form["idle"], form["idle_level"]) == ("240", "999", "7", "custom")
    assert policy_of(database, expo) == {}, "a preview saves nothing"
    browser.post(path, **{**form, "stability": "0", "do": "save"})
    factors = factors_of(policy_of(database, expo))
    assert (factors["moved"], factors["dropped"], factors["repeated"], factors["idle"]) == (0, 0, 0, 7)


def test_a_preview_says_who_gains_and_who_loses(database: Database, broker_url: str) -> None:
    expo, browser, path = opened(database, broker_url)
    with database.write() as session:
        make_request(session, expo, 1, 2)
    browser.post(path, **{**form_of(browser.get(path)), "idle_level": "4", "do": "preview"})
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    page = browser.get(path)
    assert "Exhibitors: 2 gain, 0 lose" in page
    table = BeautifulSoup(page, "html.parser").find(
        "div", attrs={"aria-label": "Exhibitors that gain or lose"}
    )
    assert table is not None
    assert sorted(row.get_text(" ").split() for row in table.select("tbody tr")) == [
        ["Firm", "1", "1", "2", "2", "+1"],
        ["Firm", "2", "1", "2", "2", "+1"],
    ]


def test_nobody_who_took_it_is_said_after_a_minute(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo, _ = scene(session)
        priority_preview.request_preview(
            session, expo.organiser_actor(), POLICY, now=NOW - timedelta(seconds=61)
        )
    page = Browser(web_app(database, broker_url), expo.organiser).get(f"/events/{expo.event.key}/priorities")
    assert "No worker has picked it up" in page
