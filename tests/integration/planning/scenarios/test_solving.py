"""Scenarios are solved beside the live plan: after all runs, and without changing it."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlanStatus, RunState
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Result, ScenarioState, SolveParams
from scheduler.services.events.archives import event_tables
from scheduler.services.planning.runs import runs
from scheduler.services.planning.scenarios import effects, scenario_execution, scenario_queue, scenarios
from scheduler.services.planning.scenarios.effects import FirmFilter
from scheduler.services.planning.scenarios.scenario_changes import (
    AnyChange,
    RemovedFirmChange,
    SlotsChange,
    TablesChange,
)
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import count_scheduled
from scheduler.storage.database import Database
from tests.integration.planning.runs.scene import SETTINGS, plan_of
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event, make_request, meet
from tests.support.publishing import draft, publish

NEXT = date(2026, 12, 7)
"""The day of the event's meeting times."""


@pytest.fixture(autouse=True)
def held_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


def scene(session: Session) -> Expo:
    """Create three firms and three requests, two of them published at two tables."""
    expo = make_event(session, slots="2", tables=2)
    asked = [make_request(session, expo, a, b, place="table") for a, b in ((0, 1), (1, 2), (0, 2))]
    publish(
        session,
        expo,
        draft(session, expo, [meet(asked[0], expo, slot=0), meet(asked[1], expo, slot=1)]),
        None,
    )
    return expo


def made(database: Database, expo: Expo, *changes: AnyChange, name: str = "Try") -> int:
    """Return the number of a scenario that is queued to be solved."""
    with database.write() as session:
        actor = expo.organiser_actor()
        number = scenarios.create_scenario(session, actor, name, changes=changes, seconds=5, now=NOW).number
        scenarios.solve_scenario(session, actor, number, now=NOW)
        return number


def look(database: Database, expo: Expo, number: int) -> ScenarioCard:
    with database.read() as session:
        return scenarios.get_scenario(session, expo.organiser_actor(), number)


def live(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables except scenarios and the audit log."""
    with database.read() as session:
        return {
            table.name: sorted(map(tuple, session.execute(select(table))), key=repr)
            for table in event_tables.list_tables()
            if table.name != "scenario"
        }


def test_it_tells_what_changes_would_do_and_touches_nothing_live(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
    before = live(database)
    hall, firm = expo.halls[0].key, expo.firms[2].key
    fewer = made(database, expo, TablesChange(hall=hall, step="fewer", count=2))
    less = made(database, expo, RemovedFirmChange(firm=firm))
    while scenario_execution.execute_scenario(database, settings=SETTINGS):
        pass
    assert live(database) == before
    found = look(database, expo, fewer)
    assert found.result is not None and found.state is ScenarioState.DONE and found.result["version"] == 1
    now, then = found.result["now"], found.result["then"]
    assert (now["held"], now["requests"], now["people_without"], now["changed"]) == (2, 3, 0, 0)
    assert (then["held"], then["requests"], then["people_without"], then["changed"]) == (0, 3, 3, 2)
    assert then["bound"] == then["score"], "it is so small that the best plan is proved"
    found = look(database, expo, less)
    assert found.result is not None
    then = found.result["then"]
    assert (then["held"], then["requests"], then["people"], then["changed"]) == (1, 1, 2, 1)


def test_it_tells_who_loses_meetings_and_why(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
    fewer = made(database, expo, TablesChange(hall=expo.halls[0].key, step="fewer", count=2))
    less = made(database, expo, RemovedFirmChange(firm=expo.firms[2].key))
    more = made(database, expo, SlotsChange(day=NEXT, start=time(10), end=time(10, 30)))
    while scenario_execution.execute_scenario(database, settings=SETTINGS):
        pass
    with database.read() as session:
        actor = expo.organiser_actor()
        none, without, longer = (
            effects.get_effects(session, actor, scenarios.get_scenario(session, actor, number))
            for number in (fewer, less, more)
        )
        published = versions.find_published_version(session, expo.event.id)
        assert published is not None
        scheduled = count_scheduled(session, published.id)
    assert none is not None and without is not None and longer is not None
    found = look(database, expo, fewer).result
    assert found is not None and found["now"]["held"] == scheduled == none.losses == 2
    assert none.lost == [("no-place", 2)] and none.gained == 0
    assert {(row.firm.key, row.now, row.then, row.reason) for row in none.of(FirmFilter.LOSE)} == {
        ("f0", 1, 0, "no-place"),
        ("f1", 2, 0, "no-place"),
        ("f2", 1, 0, "no-place"),
    }
    assert without.lost == [(effects.REMOVED, 1)]
    assert {(row.firm.key, row.now, row.then) for row in without.firms} == {("f1", 2, 1), ("f2", 1, 0)}
    assert (longer.losses, longer.gained) == (0, 1) and not longer.of(FirmFilter.LOSE)
    assert {row.firm.key for row in longer.of(FirmFilter.GAIN)} == {"f0", "f2"}


def test_runs_go_first_and_take_the_worker_from_it(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
    number = made(database, expo)

    def solve(problem: Problem, _params: SolveParams, *, should_stop: Any, **_: Any) -> Result:
        with database.write() as session:
            runs.queue_run(session, expo.event.id, requested_by=None, now=NOW)
        while not should_stop():
            pass
        return Result(plan_of(problem, ()))

    assert not scenario_execution.execute_scenario(database, settings=SETTINGS, solve=solve)
    assert look(database, expo, number).state is ScenarioState.QUEUED
    with database.write() as session:
        assert not scenario_queue.is_scenario_waiting(session, now=NOW)
    assert not scenario_execution.execute_scenario(database, settings=SETTINGS), "behind the run"
    with database.write() as session:
        runs.get_run(session, expo.event.id, 1).state = RunState.FINISHED
    with database.write() as session:
        assert scenario_queue.is_scenario_waiting(session, now=NOW)
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)


@pytest.mark.parametrize("step", ["stop", "delete", "change"])
def test_one_that_is_put_away_meanwhile_leaves_nothing(database: Database, step: str) -> None:
    with database.write() as session:
        expo = scene(session)
    number = made(database, expo)

    def solve(problem: Problem, _params: SolveParams, *, should_stop: Any, **_: Any) -> Result:
        with database.write() as session:
            if step == "change":
                scenarios.change_scenario(session, expo.organiser_actor(), number, seconds=30, now=NOW)
            else:
                end = {"stop": scenarios.stop_scenario, "delete": scenarios.delete_scenario}[step]
                end(session, expo.organiser_actor(), number, now=NOW)
        while not should_stop():
            pass
        return Result(plan_of(problem, ()))

    assert not scenario_execution.execute_scenario(database, settings=SETTINGS, solve=solve)
    with database.read() as session:
        left = scenarios.list_scenarios(session, expo.organiser_actor())
    assert [one.state for one in left] == ([] if step == "delete" else [ScenarioState.NEW])


def test_what_has_no_plan_cannot_be_changed_or_loses_its_worker_says_so(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)

    def solve(problem: Problem, _params: SolveParams, **_: Any) -> Result:
        return Result(plan_of(problem, (), status=PlanStatus.INFEASIBLE))

    number = made(database, expo)
    assert not scenario_execution.execute_scenario(database, settings=SETTINGS, solve=solve)
    assert "No schedule can keep all the rules" in (look(database, expo, number).error or "")
    number = made(database, expo, TablesChange(hall=expo.halls[0].key, step="fewer", count=9))
    assert not scenario_execution.execute_scenario(database, settings=SETTINGS)
    assert "Open tables in hall h0: 2, so 9 can't be removed" in (look(database, expo, number).error or "")
    number = made(database, expo)
    with database.write() as session:
        assert scenario_queue.claim_scenario(session, now=NOW) is not None
        assert not scenario_queue.is_scenario_waiting(session, now=NOW + scenario_queue.HEARTBEAT_TIMEOUT)
    found = look(database, expo, number)
    assert (found.state, found.error) == (ScenarioState.FAILED, scenario_queue.WORKER_LOST)
