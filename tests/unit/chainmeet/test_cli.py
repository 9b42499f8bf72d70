"""The command line as a whole: help, imports, and error messages."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from chainmeet.cli import COMMANDS, main
from chainmeet.files import write_json
from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Plan
from scheduler.files.plan_file import write_plan
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem
from tests.support.builders import ask, make_problem, meet

HEAVY = ("numpy", "sqlalchemy", "celery", "flask", "ortools", "highspy", "numba", "icalendar", "rich")
RUN = "from click.testing import CliRunner; from chainmeet.cli import main"


def loaded_after(statement: str) -> set[str]:
    """Return the heavy packages that a fresh interpreter has imported after a statement."""
    report = f"import sys; {statement}; print([name for name in {HEAVY!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(ast.literal_eval(shown.stdout.splitlines()[-1]))


def test_help_loads_nothing_heavy() -> None:
    assert loaded_after("import chainmeet.cli") == set()


def test_check_loads_neither_database_nor_broker_nor_solver(tmp_path: Path) -> None:
    problem = read_problem(write_problem(make_problem()))
    plan = Plan(problem_fingerprint(problem), PlanStatus.OPTIMAL, 0, rules.score(problem, ()).terms, 0, 0, ())
    files = [tmp_path / "problem.json", tmp_path / "plan.json"]
    write_json(files[0], write_problem(problem))
    write_json(files[1], write_plan(plan))
    arguments = ["check", *map(str, files)]
    check = f"{RUN}; result = CliRunner().invoke(main, {arguments!r}); assert result.exit_code == 0"
    assert loaded_after(check) - {"numpy"} == set()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_explains_itself(command: click.Command) -> None:
    result = CliRunner().invoke(main, [command.name or "", "--help"])
    assert result.exit_code == 0
    first_paragraph = (command.help or "").split("\n\n")[0]
    assert " ".join(first_paragraph.split()) in " ".join(result.stdout.split())


def test_the_same_seed_gives_the_same_problem_file(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    for file, seed in zip(files, ("1", "1", "2"), strict=True):
        options = ["--firms", "12", "--requests", "30", "--seed", seed, "-o", str(file)]
        assert CliRunner().invoke(main, ["generate", *options]).exit_code == 0
    first, again, other = (file.read_bytes() for file in files)
    assert first == again != other
    assert len(json.loads(first)["requests"]) == 30


def test_a_command_without_settings_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINMEET_DATABASE_URL", raising=False)
    result = CliRunner().invoke(main, ["db", "upgrade"])
    assert result.exit_code == 2
    assert "CHAINMEET_DATABASE_URL: is not set (SQLAlchemy address of the database)" in result.stderr


def test_a_folder_without_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["run", "expo", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert f"chainmeet up --data {tmp_path}" in result.stderr


def test_a_database_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINMEET_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    monkeypatch.setenv("CHAINMEET_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CHAINMEET_SECRET_KEY", "k" * 32)
    result = CliRunner().invoke(main, ["db", "upgrade"])
    assert result.exit_code == 2
    assert "isn't responding" in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    "words", ["--seconds inf", "--seconds nan", "--seconds 1e400", "--seed 99999999999", "--iterations 1e30"]
)
def test_a_number_beyond_every_limit_is_refused(tmp_path: Path, words: str) -> None:
    path = tmp_path / "problem.json"
    write_json(path, write_problem(make_problem()))
    asked = CliRunner().invoke(main, ["solve", str(path), "-o", str(tmp_path / "plan.json"), *words.split()])
    assert asked.exit_code == 2
    assert words.split(maxsplit=1)[0] in asked.output


def test_a_plan_to_a_pipe_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    write_json(path, write_problem(make_problem()))
    command = [sys.executable, "-m", "chainmeet.cli", "solve", str(path), "-o", "/dev/stdout"]
    shown = subprocess.run([*command, "--iterations", "1"], capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout)["format"] == "chainmeet.plan/1"
    assert "0 of 0 requests scheduled" in shown.stderr


def test_a_file_whose_policy_changed_is_searched_and_one_that_did_not_is_not(tmp_path: Path) -> None:
    """A person's two meetings have a gap: a higher price of idle time makes a move worthwhile."""
    parts = {
        "requests": [ask("r1", "a", "b"), ask("r2", "a", "c")],
        "published": [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s2", "t1", "a1 c1")],
    }
    files = {name: tmp_path / f"{name}.json" for name in ("before", "now", "plan")}
    for name, idle in (("before", 10), ("now", 500)):
        write_json(files[name], write_problem(make_problem(**parts, factors={"idle": idle})))

    def slots(*more: str) -> list[str]:
        options = ["-o", str(files["plan"]), "--method", "search", "--iterations", "2000", *more]
        assert CliRunner().invoke(main, ["solve", str(files["now"]), *options]).exit_code == 0
        return [m["slot"] for m in json.loads(files["plan"].read_text())["meetings"]]

    assert slots("--before", str(files["now"])) == ["s0", "s2"]
    for more in ((), ("--before", str(files["before"]))):
        assert slots(*more) != ["s0", "s2"]
