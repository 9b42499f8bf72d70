"""`chainmeet check`: its findings and exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chainmeet.cli import main
from chainmeet.files import write_json
from chainmeet.plan_check import examine
from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Plan, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.files.plan_file import write_plan
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem
from tests.support.builders import ask, make_problem, meet


def problem() -> Problem:
    made = make_problem(slots="3", requests=[ask("r1", "a", "b", weight=3), ask("r2", "b", "c", weight=2)])
    return read_problem(write_problem(made))


def plan_of(problem: Problem, /, *meetings: Meeting, **claims: Any) -> Plan:
    """Return a plan with the true score and terms of its meetings, except for `claims`."""
    true = rules.score(problem, meetings)
    plan = Plan(
        problem_fingerprint(problem), PlanStatus.FEASIBLE, true.total, true.terms, None, None, meetings
    )
    return replace(plan, **claims)


def check(tmp_path: Path, problem: Problem, plan: Plan, *options: str) -> Result:
    files = tmp_path / "problem.json", tmp_path / "plan.json"
    write_json(files[0], write_problem(problem))
    write_json(files[1], write_plan(plan))
    return CliRunner().invoke(main, ["check", *map(str, files), *options])


GOOD = (meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "b1 c1"))
CLASH = (meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t1", "b1 c1"))


def test_a_plan_that_keeps_every_rule_passes(tmp_path: Path) -> None:
    result = check(tmp_path, problem(), plan_of(problem(), *GOOD))
    assert result.exit_code == 0
    assert "0 violations, and the claimed score of 500 is correct." in result.stdout
    assert "2 of 2" in result.stdout


def test_a_violation_ends_with_status_1_and_names_its_rule(tmp_path: Path) -> None:
    result = check(tmp_path, problem(), plan_of(problem(), *CLASH))
    assert result.exit_code == 1
    assert "H3: " in result.stdout
    assert "1 violation, 0 incorrect claims." in result.stdout


def test_the_limit_cuts_the_list_but_not_the_count(tmp_path: Path) -> None:
    result = check(tmp_path, problem(), plan_of(problem(), *CLASH), "--limit", "0")
    assert "H3" not in result.stdout
    assert "and 1 more (see --limit)" in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"score": 501}, "claims a score of 501, but has 500"),
        ({"terms": {"served": 6}}, "claims served 6, but has 5"),
        ({"bound": 499}, "claims a maximum score of 499, but has 500"),
        ({"served_bound": 4}, "claims that at most 4 can be served, but serves 5"),
        ({"meetings_bound": 0}, "claims a maximum of 0 meetings, but schedules 2"),
        ({"problem": "0" * 64}, "is for problem 000000000000"),
        (
            {"unscheduled": (Unscheduled("r1", "no-room", "No room."),)},
            "r1 is both scheduled and unscheduled",
        ),
    ],
)
def test_an_untrue_claim_ends_with_status_1(tmp_path: Path, claims: dict[str, Any], sentence: str) -> None:
    result = check(tmp_path, problem(), plan_of(problem(), *GOOD, **claims))
    assert result.exit_code == 1
    assert sentence in result.stdout
    assert "0 violations, 1 incorrect claim." in result.stdout


def test_an_answer_without_a_plan_breaks_no_rule() -> None:
    compulsory = make_problem(slots="1", requests=[ask("r1", "a", "b")], require_all=True)
    answers = [plan_of(compulsory, status=status) for status in (PlanStatus.INFEASIBLE, PlanStatus.FEASIBLE)]
    assert [len(examine(compulsory, plan).violations) for plan in answers] == [0, 1]


def test_a_file_that_cannot_be_read_ends_with_status_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["check", str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert result.exit_code == 2
    assert "a.json: No such file" in result.stderr
    assert result.stdout == ""
