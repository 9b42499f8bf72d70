"""Groups of unscheduled requests: consistent counts, names and times, and applied fixes."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
import python_calamine
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import VersionState
from scheduler.domain.plan import EventFix, Plan, ReasonSubject, Unscheduled, UnscheduledGroup
from scheduler.domain.solving import SolveParams
from scheduler.services.participants import journal
from scheduler.services.planning.fixes import applying, unscheduled_groups
from scheduler.services.planning.scenarios import fix_trials as trials
from scheduler.services.planning.scenarios import scenario_execution
from scheduler.services.problems import snapshot
from scheduler.services.publishing import release
from scheduler.services.schedule import versions
from scheduler.solver.explain.groups import explain_and_group
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Place, ScheduleVersion
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event, make_request, make_version
from tests.support.publishing import SETTINGS
from tests.support.queries import statements
from tests.support.web import Browser, web_app


class Scene:
    """Five requests in three groups: a daily limit, a missing interpreter, and a missing table."""

    def __init__(self, session: Session) -> None:
        self.expo = expo = make_event(session, firms=6, slots="2 2")
        anna = expo.people[0][0]
        anna.max_per_day, anna.name, anna.latin_name = 1, "Anna Kiss", "Anna Kiss"
        pairs = ((0, 1), (0, 2), (0, 3), (4, 5), (3, 4))
        self.requests = [make_request(session, expo, *pair) for pair in pairs]
        keys = [row.key for row in self.requests]
        anna, later = expo.people[0][0].key, expo.slots[2].key
        table, cap = EventFix("add-table", (expo.halls[0].key,)), EventFix("person-cap", (anna,))
        ivy = EventFix("add-interpreter", ("en", "hu"))
        spoken = ReasonSubject("languages", ("en", "hu"), later)
        made = (
            UnscheduledGroup("person-cap", ReasonSubject("person", (anna,)), tuple(keys[:3]), 9, cap, 2, 200),
            UnscheduledGroup("no-interpreter", spoken, (keys[3],), 3, ivy, 1, 100),
            UnscheduledGroup("no-place", ReasonSubject("tables", (), later), (keys[4],), 1, table, 1, 90),
        )
        answers = tuple(
            Unscheduled(key, group.reason, "", about=group.about) for group in made for key in group.requests
        )
        plan = versions_plan(session, expo)
        self.version = versions.store_draft(
            session,
            event_id=expo.event.id,
            run_id=None,
            plan=replace(plan, unscheduled=answers, groups=made),
            now=NOW,
        )


def versions_plan(session: Session, expo: Expo) -> Plan:
    """Return a plan without meetings."""
    row: ScheduleVersion = make_version(session, expo, [], state=VersionState.DRAFT)
    return Plan("x", "feasible", row.score, row.terms, None, None, ())  # type: ignore[arg-type]


def test_groups_count_what_is_not_held_and_a_version_made_of_another_counts_what_is_left(
    database: Database,
) -> None:
    with database.write() as session:
        scene = Scene(session)
        actor = scene.expo.organiser_actor()
        number = scene.version.number
        reasons = unscheduled_groups.list_reasons(session, actor, number, best=3)
        cards = [card for each in reasons for card in each.best]
        assert [(card.reason, card.requests, card.holds) for card in cards] == [
            ("person-cap", 3, 2), ("no-interpreter", 1, 1), ("no-place", 1, 1),
        ]  # fmt: skip
        assert [(each.requests, each.about, each.fixes) for each in reasons] == [
            (3, {"person": 1}, 1), (1, {"languages": 1}, 1), (1, {}, 1),
        ]  # fmt: skip
        tally = unscheduled_groups.count_unscheduled(session, actor, number)
        assert (tally.requests, tally.accepted, tally.unexplained) == (5, 5, 0)
        assert [card.start for card in cards] == [None, *[scene.expo.slots[2].start] * 2]
        withdrawn = scene.requests[0]
        session.delete(withdrawn)
        session.flush()
        again = release.copy_version(session, scene.version, now=NOW)
        left = unscheduled_groups.list_reasons(session, actor, again.number, best=3)
        assert [card.requests for card in left] == [2, 1, 1]
        found = unscheduled_groups.list_requests(
            session, actor, again.number, group=0, reason="", words="firm 2", page=1, limit=10
        )
        assert [row.key for row in found.items] == [scene.requests[1].key]


@pytest.mark.parametrize(("group", "kind"), [(0, "person-cap"), (1, "add-interpreter"), (2, "add-table")])
def test_a_press_does_what_helps_a_group_as_one_step(database: Database, group: int, kind: str) -> None:
    with database.write() as session:
        scene = Scene(session)
        actor, number = scene.expo.organiser_actor(), scene.version.number
        people = (
            [applying.NewPerson("Nora Nagy", "nora@speak.example")]
            if kind in unscheduled_groups.ADDING_FIXES
            else []
        )
        places = len(session.scalars(select(Place)).all())
        applying.apply_group_fix(session, actor, number, group, people=people, settings=SETTINGS, now=NOW)
        anna = session.scalars(select(Attendee).where(Attendee.latin_name == "Anna Kiss")).one()
        assert anna.max_per_day == (2 if kind == "person-cap" else 1)
        assert len(session.scalars(select(Place)).all()) - places == (kind == "add-table")
        (step, *_) = journal.list_steps(session, actor)
        assert (step.kind, step.note) == ("remedy", kind)
        journal.undo_step(session, actor, step.id, settings=SETTINGS, now=NOW)
        session.refresh(anna)
        assert anna.max_per_day == 1 and len(session.scalars(select(Place)).all()) == places


@pytest.mark.parametrize(
    ("kind", "limit", "said"),
    [
        ("days-cap", "max_days", "Let Anna Kiss have meetings on one more day"),
        ("row-cap", "max_in_row", "Let Anna Kiss have one more meeting in a row"),
    ],
)
def test_a_higher_limit_of_a_person_helps_a_group_as_one_step(
    database: Database, broker_url: str, kind: str, limit: str, said: str
) -> None:
    with database.write() as session:
        scene = Scene(session)
        anna = scene.expo.people[0][0]
        setattr(anna, limit, 1)
        cap, *others = scene.version.groups or []
        lever = {"kind": kind, "ids": [anna.key], "slots": []}
        scene.version.groups = [{**cap, "reason": kind, "lever": lever}, *others]
        actor, number = scene.expo.organiser_actor(), scene.version.number
    browser = Browser(web_app(database, broker_url), scene.expo.organiser)
    path = f"/events/{scene.expo.event.key}/versions/{number}/fixes"
    page = re.sub(r"<[^>]+>", "", browser.get(path))
    assert said in page and "Raise limit" in page
    with database.write() as session:
        applying.apply_group_fix(session, actor, number, 0, settings=SETTINGS, now=NOW)
        assert getattr(session.get_one(Attendee, anna.id), limit) == 2
        (step, *_) = journal.list_steps(session, actor)
        journal.undo_step(session, actor, step.id, settings=SETTINGS, now=NOW)
        assert getattr(session.get_one(Attendee, anna.id), limit) == 1


def test_the_page_says_groups_in_names_and_times_and_the_workbook_has_them(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        scene = Scene(session)
    browser = Browser(web_app(database, broker_url), scene.expo.organiser)
    path = f"/events/{scene.expo.event.key}/versions/{scene.version.number}/fixes"
    page = re.sub(r"<[^>]+>", "", browser.get(path))
    assert "5 of 5 accepted requests are unscheduled" in page
    assert "An attendee has reached the daily limit" in page and "Anna Kiss one more meeting per day" in page
    assert "Add an interpreter for English and Hungarian" in page and "mostly from" in page
    assert "+2 scheduled" in page and "Add a table in" in page
    one = browser.get(f"{path}?group=0")
    assert "Raise limit" in one and one.count('data-test="request"') == 3
    assert "View all" not in page, "no more fixes than the page shows"
    fixes = browser.get(f"{path}?reason=no-place&view=fixes")
    assert "Add a table in" in fixes and "Raise limit" not in fixes
    done = browser.post(f"{path}/apply", group="0")
    assert "Fix applied. The next run schedules what fits." in done
    assert "Applied fixes" in done and "/people/steps/" in done.replace(
        "/participants/steps/", "/people/steps/"
    )
    assert "No unscheduled requests match" in browser.get(f"{path}?q=nobody")
    octets = browser.client.get(f"{path}/workbook.xlsx").data
    book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(octets))
    rows = book.get_sheet_by_name("Groups").to_python()
    assert [row[4] for row in rows[1:]] == [3, 1, 1] and rows[1][6] == "one more meeting per day"
    assert len(book.get_sheet_by_name("Requests").to_python()) == 6


def test_what_helps_is_confirmed_by_a_run_beside_the_plan(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        expo = make_event(session, slots="4", solve_seconds=1)
        anna = expo.people[0][0]
        anna.max_per_day = 1
        asked = [make_request(session, expo, 0, other) for other in (1, 2)]
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        result = explain_and_group(problem, solve(problem, SolveParams(seconds=1, workers=1)))
        version = versions.store_draft(
            session, event_id=expo.event.id, run_id=None, plan=result.plan, now=NOW
        )
        (group,) = result.plan.groups
        assert group.lever in (EventFix("person-cap", (anna.key,)), EventFix("add-person", (anna.key,)))
        number = version.number
    path = f"/events/{expo.event.key}/versions/{number}/fixes"
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.get(path)
    page = browser.post(f"{path}/try", group="0")
    assert "1 fix is being tested" in page and "Test fix" not in page
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    with database.read() as session:
        trial = trials.list_trials(session, expo.organiser_actor(), number)[0]
        assert (trial.more, trial.points) == (1, group.gains)
        assert len(versions.list_meetings(session, version.id)) == 1, "the plan is as it was"
    page = browser.get(path)
    assert "<b>1</b> more meeting in total" in page and "Test fix" in page and len(asked) == 2


def test_all_fixes_together_are_counted_by_two_runs_and_said_of_these_fixes_alone(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people at their daily limit: each fix alone schedules one request, both together two."""
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        expo = make_event(session, firms=6, slots="4", solve_seconds=1)
        for firm in (0, 3):
            expo.people[firm][0].max_per_day = 1
            for other in (1, 2):
                make_request(session, expo, firm, firm + other)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        result = explain_and_group(problem, solve(problem, SolveParams(seconds=1, workers=1)))
        version = versions.store_draft(
            session, event_id=expo.event.id, run_id=None, plan=result.plan, now=NOW
        )
        assert len(result.plan.meetings) == 2
        number = version.number
    path = f"/events/{expo.event.key}/versions/{number}/fixes"
    browser = Browser(web_app(database, broker_url), expo.organiser)
    page = browser.get(path)
    assert (
        "All fixes together" in page and "with the best fix of each group applied (2 fixes in total)" in page
    )
    for _ in range(2):  # a double click: one calculation
        page = browser.post(f"{path}/try", group="all")
        assert "Two test runs are calculating this." in page
    assert "HX-Refresh" not in browser.client.get(f"{path}/panel").headers
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    assert not scenario_execution.execute_scenario(database, settings=SETTINGS)
    assert browser.client.get(f"{path}/panel").headers["HX-Refresh"] == "true"
    page = browser.get(path)
    assert '<b class="text-good">+2</b> scheduled' in page and "0 requests remain unscheduled." in page
    actor = expo.organiser_actor()
    with database.write() as session:
        assert trials.list_trials(session, actor, number) == {}, "it is the test of no group"
        fixes = unscheduled_groups.list_all_fixes(session, actor, number)
        found = trials.get_trial_of_all(session, actor, number, fixes)
        assert found is not None and (found.more, found.scheduled) == (2, 4)
        assert trials.get_trial_of_all(session, actor, number, fixes[:1]) is None, (
            "of other fixes nothing is known"
        )
        assert len(versions.list_meetings(session, version.id)) == 2, "the plan is as it was"


def test_queries_of_the_groups_do_not_grow_with_them(database: Database) -> None:
    def queries(count: int) -> int:
        with database.write() as session:
            expo = make_event(session, firms=4)
            actor = expo.organiser_actor()
            asked = [make_request(session, expo, *pair) for pair in ((0, 1), (0, 2), (0, 3), (1, 2))][:count]
            made = tuple(
                UnscheduledGroup(
                    "firm-cap",
                    ReasonSubject("firm", (f"f{at}",)),
                    (row.key,),
                    1,
                    EventFix("firm-cap", (f"f{at}",)),
                )
                for at, row in enumerate(asked)
            )
            answers = tuple(Unscheduled(row.key, "firm-cap", "") for row in asked)
            plan = replace(versions_plan(session, expo), unscheduled=answers, groups=made)
            version = versions.store_draft(session, event_id=expo.event.id, run_id=None, plan=plan, now=NOW)
            session.flush()
            session.expire_all()
            with statements(session.get_bind()) as seen:
                (found,) = unscheduled_groups.list_reasons(session, actor, version.number, best=30)
                assert len(found.best) == count
            return len(seen)

    assert queries(1) == queries(4)
