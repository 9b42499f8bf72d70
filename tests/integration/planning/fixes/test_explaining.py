"""Unexamined reasons: their number, the button that computes them, and the result."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.plan import NOT_EXAMINED, Plan
from scheduler.domain.solving import SolveParams
from scheduler.services.planning.fixes import explanation_jobs, unscheduled_groups
from scheduler.services.planning.scenarios import fix_trials as trials
from scheduler.services.problems import snapshot
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.schedule import unscheduled, versions
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import Place, ScheduleVersion, VersionJob
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event, make_request
from tests.support.publishing import carry_out
from tests.support.web import Browser, web_app


class Stopped:
    """Anna may have one meeting a day and has two requests; her run stopped before its explanation."""

    def __init__(self, session: Session) -> None:
        self.expo: Expo = make_event(session, firms=4, slots="4", solve_seconds=1)
        self.anna = self.expo.people[0][0]
        self.anna.max_per_day = 1
        self.requests = [make_request(session, self.expo, 0, other) for other in (1, 2)]
        session.flush()
        problem = snapshot.build_problem(session, self.expo.event.id, now=NOW)
        plan = solve(problem, SolveParams(seconds=1, workers=1)).plan
        (self.version,) = [self.store(session, plan)]

    def store(self, session: Session, plan: Plan) -> ScheduleVersion:
        unexamined = tuple(
            replace(row, reason=NOT_EXAMINED, remedies=(), ways=(), blockers=(), about=type(row.about)())
            for row in plan.unscheduled
        )
        stopped = replace(plan, unscheduled=unexamined, groups=())
        return versions.store_draft(session, event_id=self.expo.event.id, run_id=None, plan=stopped, now=NOW)

    @property
    def path(self) -> str:
        return f"/events/{self.expo.event.key}/versions/{self.version.number}/fixes"


@pytest.fixture
def stopped(database: Database, monkeypatch: pytest.MonkeyPatch) -> Stopped:
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        return Stopped(session)


def test_the_page_counts_reasons_that_are_not_known_and_its_button_finds_them(
    database: Database, broker_url: str, stopped: Stopped
) -> None:
    browser = Browser(web_app(database, broker_url), stopped.expo.organiser)
    page = browser.get(stopped.path)
    assert "The reason for 1 request isn't known yet." in page
    assert "The run was stopped before it examined 1 of them." in page
    assert "An attendee has reached the daily limit" not in page
    for _ in range(2):  # a double click: one job
        page = browser.post(f"{stopped.path}/explain")
        assert "Finding reasons and fixes" in page and "Find reasons" not in page
    part = browser.client.get(f"{stopped.path}/panel")
    assert "HX-Refresh" not in part.headers and b"<html" not in part.data
    assert carry_out(database) == [JobEnding.DONE]
    assert browser.client.get(f"{stopped.path}/panel").headers["HX-Refresh"] == "true"
    page = browser.get(stopped.path)
    assert "known yet" not in page and "An attendee has reached the daily limit" in page
    assert "<b>+1</b> scheduled" in page and "Raise limit" in page
    with database.read() as session:
        (job,) = session.scalars(select(VersionJob)).all()
        assert (job.done, job.total) == (0, 1)
        assert len(versions.list_meetings(session, stopped.version.id)) == 1, "the schedule is as it was"


def test_a_request_that_was_accepted_after_the_run_gets_its_reason_too(
    database: Database, broker_url: str, stopped: Stopped
) -> None:
    with database.write() as session:
        late = make_request(session, stopped.expo, 0, 3, responded_at=NOW + timedelta(minutes=1))
    browser = Browser(web_app(database, broker_url), stopped.expo.organiser)
    page = browser.get(stopped.path)
    assert "<b>2</b> of 3 accepted requests are unscheduled" in page
    assert "1 was not in the run, because it was accepted later." in page
    browser.post(f"{stopped.path}/explain")
    assert carry_out(database) == [JobEnding.DONE]
    with database.read() as session:
        actor, number = stopped.expo.organiser_actor(), stopped.version.number
        tally = unscheduled_groups.count_unscheduled(session, actor, number)
        assert (tally.requests, tally.newer, tally.unexamined) == (2, 0, 0)
        assert unscheduled.list_reason_codes(session, stopped.version.id)[late.key] == "person-cap"
        (card,) = unscheduled_groups.list_reasons(session, actor, number, best=3)
        assert (card.requests, card.about) == (2, {"person": 1})


def test_the_test_of_an_older_group_says_nothing_of_the_new_one(database: Database, stopped: Stopped) -> None:
    actor, number = stopped.expo.organiser_actor(), stopped.version.number
    with database.write() as session:
        explanation_jobs.request_explanation(session, actor, number, now=NOW)
    carry_out(database)
    with database.write() as session:
        lever = dict(unscheduled_groups.get_group_fix(session, actor, number, 0))
        trials.request_trial(session, actor, number, 0, lever, now=NOW)
        assert list(trials.list_trials(session, actor, number)) == [0]
        version = versions.get_version(session, stopped.expo.event.id, number)
        version.groups = [{**group, "lever": {**lever, "ids": ["other"]}} for group in version.groups or ()]
        session.flush()
        assert trials.list_trials(session, actor, number) == {}


def test_a_version_of_which_a_meeting_names_what_is_gone_is_explained_all_the_same(
    database: Database, stopped: Stopped
) -> None:
    actor, number = stopped.expo.organiser_actor(), stopped.version.number
    with database.write() as session:
        (meeting,) = versions.list_meetings(session, stopped.version.id)
        session.scalars(select(Place).where(Place.key == meeting.place)).one().is_retired = True
        explanation_jobs.request_explanation(session, actor, number, now=NOW)
    assert carry_out(database) == [JobEnding.DONE]
    with database.read() as session:
        assert NOT_EXAMINED not in unscheduled.list_reason_codes(session, stopped.version.id).values()
