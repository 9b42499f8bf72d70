"""What dials would do: beside the published plan, behind every run, and never a version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.domain.plan import Meeting
from scheduler.domain.solving import WhatIfState
from scheduler.services.problems import snapshot
from scheduler.services.what_if import dials, trying
from scheduler.services.what_if.applying import applied
from scheduler.services.what_if.changes import PolicyChange
from scheduler.services.what_if.rows import WhatIfCard
from scheduler.storage.database import Database
from scheduler.storage.models import Event, ScheduleVersion
from tests.integration.runs.scene import SETTINGS
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.web import Browser, web_app


@pytest.fixture(autouse=True)
def held_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


POLICY = {"factors": {"idle": 500}}


def scene(session: Session) -> tuple[Expo, list[Meeting]]:
    """Two meetings of one firm are published, with two idle slots between them."""
    expo = make_event(session, slots="4", tables=2)
    asked = [make_request(session, expo, 0, other) for other in (1, 2)]
    meetings = [meet(request, expo, slot=slot) for request, slot in zip(asked, (0, 3), strict=True)]
    publish(session, expo, draft(session, expo, meetings), None)
    return expo, meetings


def ask(database: Database, expo: Expo, policy: dict[str, Any] = POLICY) -> None:
    with database.write() as session:
        dials.ask(session, expo.organiser_actor(), policy, now=NOW)


def look(database: Database, expo: Expo) -> WhatIfCard | None:
    with database.read() as session:
        return dials.look(session, expo.organiser_actor())


def test_it_tells_what_other_dials_would_do_and_makes_no_version(database: Database) -> None:
    with database.write() as session:
        expo, _ = scene(session)
    ask(database, expo)
    assert trying.execute(database, settings=SETTINGS)
    found = look(database, expo)
    assert found is not None and found.result is not None and found.state is WhatIfState.DONE
    now, then = found.result["now"], found.result["then"]
    with database.read() as session:
        problem = snapshot.take(session, expo.event.id, now=NOW)
        tried = applied(problem, [PolicyChange(policy=POLICY)])
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
        dials.discard(session, expo.organiser_actor())
    assert look(database, expo) is None


def test_a_policy_is_checked_and_only_organisers_ask(database: Database) -> None:
    with database.write() as session:
        expo, _ = scene(session)
        with pytest.raises(InvalidInput, match="fair_share"):
            dials.ask(session, expo.organiser_actor(), {"fair_share": 2}, now=NOW)
        with pytest.raises(NotAllowed):
            dials.ask(session, expo.actor(0), {}, now=NOW)


TYPED = {
    "fair_share": "50", "shortfall": "2000", "idle": "500", "hall_change": "4", "moved": "60",
    "relocated": "15", "reassigned": "30", "dropped": "400", "max_moved": "", "max_idle_spread": "",
}  # fmt: skip


def test_the_page_says_prices_previews_saves_and_discards(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo, _ = scene(session)
        version = session.scalars(select(ScheduleVersion)).one()
        version.terms = {**version.terms, "idle": 2}
    browser, path = Browser(web_app(database, broker_url), expo.organiser), f"/events/{expo.event.key}/dials"
    assert "In version 1: 2 times 10 points, 20 in all." in " ".join(browser.get(path).split())
    page = browser.post(path, status=422, **{**TYPED, "do": "preview", "idle": "-1", "moved": "77"})
    assert "must be a whole number" in page and 'value="77"' in page
    assert "Waiting for a solve worker since" in browser.post(path, **{**TYPED, "do": "preview"})
    trying.execute(database, settings=SETTINGS)
    page = browser.get(path)
    assert "With these priorities" in page and 'value="500"' in page
    assert "Preview discarded" in browser.post(path, do="discard")
    assert "With these priorities" not in browser.get(path)
    assert "Priorities saved" in browser.post(path, **{**TYPED, "do": "save", "max_moved": "9"})
    with database.read() as session:
        policy = session.get_one(Event, expo.event.id).policy
    assert (policy["fair_share"], policy["factors"]["idle"], policy["max_moved"]) == (0.5, 500, 9)
    browser.post(path, **{**TYPED, "do": "save"})
    with database.read() as session:
        assert "max_moved" not in session.get_one(Event, expo.event.id).policy


def test_nobody_who_took_it_is_said_after_a_minute(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo, _ = scene(session)
        dials.ask(session, expo.organiser_actor(), POLICY, now=NOW - timedelta(seconds=61))
    page = Browser(web_app(database, broker_url), expo.organiser).get(f"/events/{expo.event.key}/dials")
    assert "None has taken it" in page
