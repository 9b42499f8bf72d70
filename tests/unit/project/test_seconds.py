"""A test run ends with a report of its slowest parts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.support import seconds
from tests.support.workers import ROOT


@dataclass
class Report:
    nodeid: str
    duration: float
    cpu: float


REPORTS = [
    Report("tests/e2e/test_demo.py::test_one", 30, 2),
    Report("tests/e2e/test_demo.py::test_one", 12.5, 3),
    Report("tests/integration/runs/test_nights.py::test_two[sqlite]", 50, 40),
    Report("tests/e2e/test_demo.py::test_three", 0.1, 0.1),
]


def test_folders_and_tests_are_summed_and_the_slowest_come_first() -> None:
    assert list(seconds.lines(REPORTS, {"tests/e2e": 6})) == [
        "Seconds by folder with set-up and tear-down, and CPU seconds of them:",
        "    50.0    40.0  tests/integration/runs",
        "    42.6     5.1  tests/e2e",
        "Seconds by test, and CPU seconds:",
        "    50.0    40.0  tests/integration/runs/test_nights.py::test_two[sqlite]",
        "    42.5     5.0  tests/e2e/test_demo.py::test_one",
        "     0.1     0.1  tests/e2e/test_demo.py::test_three",
    ]


def test_a_folder_above_its_budget_is_named() -> None:
    budget = seconds.budgets("5 tests/e2e\n60 tests/integration/runs\n")
    assert list(seconds.lines(REPORTS, budget))[-1:] == [
        "WARNING: tests/e2e took 5 CPU s; its budget is 5 (seconds_budget.txt)."
    ]


def test_a_short_run_says_nothing() -> None:
    assert list(seconds.lines(REPORTS[:1], {})) == []


def test_the_budget_names_folders_that_are_there() -> None:
    budget = seconds.budgets(seconds.BUDGET.read_text("utf-8"))
    assert [name for name in budget if not (ROOT / name).is_dir()] == []


def test_the_cpu_of_a_shared_server_is_no_test_s(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = [1.0, 0.0, 2.0, 0.0, 60.0]
    monkeypatch.setattr(os, "times", lambda: spent)
    monkeypatch.setattr(seconds, "_of_servers", [])

    @contextmanager
    def server() -> Iterator[str]:
        yield "postgresql://"
        spent[2] += 400

    with seconds.uncounted(server()) as url:
        spent[0] += 5
    assert (url, seconds.cpu()) == ("postgresql://", 8)
