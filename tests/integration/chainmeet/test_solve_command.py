"""`chainmeet solve` in a separate process: a plan, the best plan at Ctrl-C, a warm start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chainmeet.files import read_plan, read_problem, write_json
from chainmeet.plan_check import examine
from scheduler.files.problem_file import write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from tests.support.builders import ask, make_document

COMMAND = (sys.executable, "-c", "from chainmeet.cli import main; main()", "solve")


@pytest.fixture(scope="module")
def expo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The problem file of a small expo, too large for a proof, so that a solve uses all its time."""
    path = tmp_path_factory.mktemp("expo") / "problem.json.gz"
    write_json(path, write_problem(to_problem(make_expo(firms=60, requests=500))))
    return path


def solve(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)


def assert_good(problem: Path, plan: Path) -> None:
    findings = examine(read_problem(problem), read_plan(plan))
    assert findings.faults == ()
    assert findings.scheduled > 0


def test_a_plan_is_written_and_keeps_what_it_claims(expo: Path, tmp_path: Path) -> None:
    done = solve(expo, "-o", tmp_path / "plan.json", "--seconds", "2", "--seed", "7")
    assert done.returncode == 0, done.stderr
    assert_good(expo, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").seed == 7
    assert "requests scheduled, score" in done.stdout


def test_ctrl_c_writes_the_best_plan_so_far(expo: Path, tmp_path: Path) -> None:
    command = [*COMMAND, str(expo), "-o", str(tmp_path / "plan.json"), "--seconds", "3600"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("searching"):
            break
    os.killpg(process.pid, signal.SIGINT)  # like a terminal, to the whole group
    rest = process.stderr.read()
    assert process.wait() == 0, rest
    assert_good(expo, tmp_path / "plan.json")


def test_a_plan_can_be_started_from(expo: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert solve(expo, "-o", first, "--seconds", "2").returncode == 0
    done = solve(expo, "-o", second, "--seconds", "2", "--start", first)
    assert done.returncode == 0, done.stderr
    assert_good(expo, second)
    assert read_plan(second).score >= read_plan(first).score


def test_the_same_iterations_and_seed_give_the_same_plan(expo: Path, tmp_path: Path) -> None:
    plans = [tmp_path / "a.json", tmp_path / "b.json"]
    for plan in plans:
        done = solve(expo, "-o", plan, "--iterations", "2000", "--workers", "1")
        assert done.returncode == 0, done.stderr
    one, two = map(read_plan, plans)
    assert one.meetings == two.meetings


def test_a_problem_without_a_plan_is_an_answer_not_an_error(tmp_path: Path) -> None:
    problem, plan = tmp_path / "problem.json", tmp_path / "plan.json"
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c")]
    write_json(problem, make_document(slots="1", requests=requests, require_all=True))
    done = solve(problem, "-o", plan, "--seconds", "5")
    assert done.returncode == 0, done.stderr
    assert read_plan(plan).status == "infeasible"


def test_an_output_in_no_folder_is_refused_before_the_solve(expo: Path, tmp_path: Path) -> None:
    done = solve(expo, "-o", tmp_path / "no" / "plan.json", "--seconds", "3600")
    assert done.returncode == 2
    assert "no such folder" in done.stderr
