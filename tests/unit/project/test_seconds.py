"""At its end a run of the tests says where its seconds went."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support import seconds


@dataclass
class Report:
    nodeid: str
    duration: float


def test_folders_and_tests_are_summed_and_the_slowest_come_first() -> None:
    reports = [
        Report("tests/e2e/test_demo.py::test_one", 30),
        Report("tests/e2e/test_demo.py::test_one", 12.5),
        Report("tests/integration/runs/test_nights.py::test_two[sqlite]", 50),
        Report("tests/e2e/test_demo.py::test_three", 0.1),
    ]
    assert list(seconds.lines(reports)) == [
        "Seconds by folder, with set-up and tear-down:",
        "    50.0  tests/integration/runs",
        "    42.6  tests/e2e",
        "Seconds by test, with set-up and tear-down:",
        "    50.0  tests/integration/runs/test_nights.py::test_two[sqlite]",
        "    42.5  tests/e2e/test_demo.py::test_one",
        "     0.1  tests/e2e/test_demo.py::test_three",
    ]


def test_a_short_run_says_nothing() -> None:
    assert list(seconds.lines([Report("tests/e2e/test_demo.py::test_one", 3)])) == []
