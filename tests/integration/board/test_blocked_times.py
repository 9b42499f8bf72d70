"""Times forbidden to a request: on the board, in a run, and in the next draft."""

from __future__ import annotations

import pytest

from scheduler.domain.entities import VersionState
from scheduler.domain.errors import NotFound, WrongState
from scheduler.domain.solving import SolveParams
from scheduler.i18n import from_json
from scheduler.services.board import commands, manual_drafts, steps
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.board.placement_search import PlacementSearch
from scheduler.services.board.rule_sentences import FORBIDDEN
from scheduler.services.planning.runs import runs
from scheduler.services.problems import snapshot
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from tests.integration.board.test_commands import Hall
from tests.support.factories import NOW, make_version, meet


def forbid(hall: Hall, request: str, slot: str) -> steps.StepResult:
    return commands.forbid_slot(hall.session, hall.actor, hall.number, request, slot, seen=None, now=NOW)


def test_a_forbidden_time_is_refused_on_the_board_and_allowed_again_and_each_is_undone(
    database: Database,
) -> None:
    with database.write() as session:
        hall = Hall(session)
        key, start = hall.one.key, hall.bytes()
        assert forbid(hall, key, "s1").kind == "forbid"
        banned = hall.bytes()
        assert banned != start
        with pytest.raises(BreaksRules, match="Mon 09:30 is not a possible time for this request, or was"):
            hall.put(hall.one, 1, hall.expo.tables[0])
        with pytest.raises(BreaksRules, match="Move it first"):
            forbid(hall, key, "s0")
        with pytest.raises(WrongState):
            forbid(hall, key, "s1")
        with pytest.raises(NotFound):
            forbid(hall, key, "s99")
        assert (
            commands.allow_slot(session, hall.actor, hall.number, key, "s1", seen=None, now=NOW).kind
            == "allow"
        )
        assert hall.bytes() == start
        steps.undo_step(session, hall.actor, hall.number, seen=None, now=NOW)
        assert hall.bytes() == banned
        steps.undo_step(session, hall.actor, hall.number, seen=None, now=NOW)
        assert hall.bytes() == start
        steps.redo_step(session, hall.actor, hall.number, seen=None, now=NOW)
        assert hall.bytes() == banned


def test_the_board_offers_no_forbidden_time_to_the_request_nor_to_those_that_would_make_room(
    database: Database,
) -> None:
    if not database.is_sqlite:
        pytest.skip("the same on both")
    with database.write() as session:
        hall = Hall(session)
        slots = [slot.key for slot in hall.expo.slots]
        event_id, number = hall.expo.event.id, hall.number
        one, two = hall.one.key, hall.two.key
    desk = PlacementSearch(database)
    question = {"request": one, "slots": slots, "places": ["t0", "t1"]}
    before = desk.answer(event_id, number, question)
    assert {row["standing"] for row in before["targets"] if row["slot"] == "s1"} == {"free"}
    with database.write() as session:
        hall.session = session
        forbid(hall, one, "s1")
        for slot in slots:
            if slot != "s3":
                forbid(hall, two, slot)
    after = desk.answer(event_id, number, question)
    assert desk.loads == 1
    said = {(row["standing"], from_json(row["say"])) for row in after["targets"] if row["slot"] == "s1"}
    assert said == {("no", FORBIDDEN)}
    assert after["best"]
    assert not any(row["slot"] == "s1" for row in after["best"])
    moved = [put for row in (*after["best"], *after["targets"]) for put in row.get("put", ())]
    assert not [put for put in moved if put[0] == two and put[1] != "s3"]


def test_a_run_that_keeps_it_and_the_next_draft_have_what_was_forbidden_locked_and_cancelled(
    database: Database,
) -> None:
    with database.write() as session:
        hall = Hall(session)
        expo, free = hall.expo, hall.free.key
        for slot in expo.slots[:-1]:
            forbid(hall, free, slot.key)
        hall.put(hall.two, 4, expo.tables[1])
        commands.cancel_meeting(session, hall.actor, hall.number, hall.three.key, seen=None, now=NOW)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW, manual_draft=hall.number)
        held = {m.request: m for m in solve(problem, SolveParams(seconds=2, workers=1)).plan.meetings}
        assert held[free].slot == expo.slots[-1].key
        assert (held[hall.two.key].slot, held[hall.two.key].place) == ("s4", "t1")
        forbid(hall, free, expo.slots[-1].key)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW, manual_draft=hall.number)
        plan = solve(problem, SolveParams(seconds=1, workers=1)).plan
        assert free not in {m.request for m in plan.meetings}

        rows = [meet(hall.one, expo, slot=1), meet(hall.two, expo, slot=4, place=expo.tables[1])]
        run = runs.queue_run(session, expo.event.id, requested_by=None, manual_draft=hall.number, now=NOW)
        make_version(session, expo, rows, state=VersionState.DRAFT).run_id = run.id
        session.flush()
        hall.number = manual_drafts.start_draft(session, hall.actor, 3, now=NOW)
        commands.unlock_request(session, hall.actor, hall.number, hall.two.key, seen=None, now=NOW)
        commands.unlock_request(session, hall.actor, hall.number, hall.three.key, seen=None, now=NOW)
        with pytest.raises(WrongState):
            commands.unlock_request(session, hall.actor, hall.number, hall.one.key, seen=None, now=NOW)
        with pytest.raises(WrongState):
            forbid(hall, free, "s0")
