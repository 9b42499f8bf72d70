"""A sample event of any number of firms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainmeet.cli import main
from chainmeet.commands.options import FIRMS, MOST_REQUESTS, expo_size
from scheduler.files.problem_file import read_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem

PLACES = {"demo": "--data", "generate": "-o"}


@pytest.mark.parametrize("firms", [*range(2, 31), 60, 137, FIRMS])
def test_every_number_of_firms_makes_an_expo_with_requests_that_fit(firms: int) -> None:
    size = expo_size(firms, None)
    assert 1 <= size <= MOST_REQUESTS
    expo = make_expo(firms=firms, requests=size, seed=1)
    assert (len(expo.firms), len(expo.requests)) == (firms, size)
    assert len(to_problem(expo).attendees) >= firms


def test_a_usual_expo_is_as_large_as_ever() -> None:
    assert (expo_size(FIRMS, None), expo_size(3000, None), expo_size(FIRMS, 40)) == (9000, 9000, 40)


@pytest.mark.parametrize(("firms", "requests"), [(2, 2), (3, 4), (60, 9000)])
@pytest.mark.parametrize("command", PLACES)
def test_more_requests_than_pairs_are_refused_by_the_name_of_the_option(
    command: str, firms: int, requests: int, tmp_path: Path
) -> None:
    place = [PLACES[command], str(tmp_path / "made")]
    sizes = ["--firms", str(firms), "--requests", str(requests)]
    asked = CliRunner().invoke(main, [command, *place, *sizes])
    assert (asked.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert (
        "'--requests'" in asked.output
        and f"{firms} firms make {firms * (firms - 1) // 2:,} pairs" in asked.output
    )


@pytest.mark.parametrize("firms", ["0", "1", "-3", "many"])
@pytest.mark.parametrize("command", PLACES)
def test_no_expo_of_one_firm(command: str, firms: str, tmp_path: Path) -> None:
    place = [PLACES[command], str(tmp_path / "made")]
    asked = CliRunner().invoke(main, [command, *place, "--firms", firms])
    assert asked.exit_code == 2 and "'--firms'" in asked.output


def test_a_problem_of_sixty_firms_needs_no_other_figure(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    made = CliRunner().invoke(main, ["generate", "--firms", "60", "-o", str(path)])
    assert made.exit_code == 0, made.output
    assert len(read_problem(json.loads(path.read_text())).firms) == 60
