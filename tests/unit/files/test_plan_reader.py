from __future__ import annotations

import copy
from typing import Any

import pytest

from scheduler.domain.entities import PlanStatus
from scheduler.domain.errors import MalformedPlan
from scheduler.domain.plan import Meeting, Plan, Unscheduled
from scheduler.files.plan_file import read_plan, write_plan
from tests.unit.files.whole_problem import with_value

WHOLE: dict[str, Any] = {
    "format": "chainmeet.plan/1",
    "problem": "0" * 64,
    "status": "optimal",
    "score": 188.5,
    "terms": {"served": 2, "idle": 1},
    "bound": 200,
    "served_bound": None,
    "meetings_bound": 7,
    "meetings": [
        {"request": "r1", "slot": "s0", "place": "t1", "attendees": ["a1", "b1"], "interpreter": None},
        {"request": "r2", "slot": "s1", "place": "t1", "attendees": ["c1", "d1"], "interpreter": "i1"},
    ],
    "unscheduled": [
        {
            "request": "r3",
            "reason": "full",
            "detail": "No table.",
            "blockers": ["t1"],
            "remedies": ["A table."],
        }
    ],
    "seconds": 1.5,
    "seed": 7,
    "workers": 2,
}


def fault_paths(document: Any) -> list[str]:
    try:
        read_plan(document)
    except MalformedPlan as error:
        return [fault.path for fault in error.faults]
    return []


def test_every_key_of_the_format_is_read_and_written() -> None:
    plan = read_plan(copy.deepcopy(WHOLE))
    assert plan == Plan(
        problem="0" * 64,
        status=PlanStatus.OPTIMAL,
        score=188.5,
        terms={"served": 2, "idle": 1},
        bound=200,
        served_bound=None,
        meetings_bound=7,
        meetings=(
            Meeting("r1", "s0", "t1", ("a1", "b1")),
            Meeting("r2", "s1", "t1", ("c1", "d1"), "i1"),
        ),
        unscheduled=(Unscheduled("r3", "full", "No table.", ("t1",), ("A table.",)),),
        seconds=1.5,
        seed=7,
        workers=2,
    )
    assert write_plan(plan) == WHOLE


@pytest.mark.parametrize("status", list(PlanStatus))
def test_each_status_is_an_answer(status: PlanStatus) -> None:
    assert read_plan({**WHOLE, "status": status.value}).status is status


@pytest.mark.parametrize(
    ("path", "value", "paths"),
    [
        ("format", "chainmeet.problem/1", None),
        ("odd", 1, None),
        ("problem", "", None),
        ("status", "done", None),
        ("status", [], None),
        ("score", None, None),
        ("score", True, None),
        ("terms", [], None),
        ("terms.served", "2", ["terms"]),
        ("bound", "200", None),
        ("served_bound", [], None),
        ("meetings_bound", "7", None),
        ("meetings", None, None),
        ("meetings[0]", [], None),
        ("meetings[0].slot", "", None),
        ("meetings[0].odd", 1, None),
        ("meetings[1].request", "r1", None),
        ("meetings[1].attendees", [1], None),
        ("meetings[1].interpreter", 1, None),
        ("unscheduled", {}, None),
        ("unscheduled[0]", "r3", None),
        ("unscheduled[0].odd", 1, None),
        ("unscheduled[0].detail", None, ["unscheduled[0]"]),
        ("unscheduled[0].blockers", "t1", ["unscheduled[0]"]),
        ("seconds", "1", None),
        ("seed", None, None),
        ("workers", None, None),
    ],
)
def test_each_fault_is_named_by_its_path(path: str, value: Any, paths: list[str] | None) -> None:
    assert fault_paths(with_value(WHOLE, path, value)) == ([path] if paths is None else paths)


@pytest.mark.parametrize("document", [None, [], "plan"])
def test_a_plan_file_is_one_object(document: Any) -> None:
    assert fault_paths(document) == [""]
