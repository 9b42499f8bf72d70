"""Where a run of the tests spends its time: CPU seconds by folder, and the slowest tests, at its end.

Seconds of the clock say how busy the machine was; those of the CPU say what the tests cost. What runs on a
server of all tests, as PostgreSQL, is in neither. `seconds_budget.txt` has a folder's CPU seconds and half as
many more: what costs more than that is said, and fails nothing.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from pathlib import Path, PurePosixPath
from typing import Protocol

LEAST = 60.0
"""Seconds in all below which nothing is said."""
SLOWEST = 30
BUDGET = Path(__file__).with_name("seconds_budget.txt")


class Timed(Protocol):
    """A report of pytest: of the set-up, the call or the tear-down of a test, with the CPU seconds of it."""

    nodeid: str
    duration: float
    cpu: float


def cpu() -> float:
    """CPU seconds of this process so far, and of the programs that it started and that have ended."""
    return sum(os.times()[:4])


def budgets(text: str) -> dict[str, float]:
    """CPU seconds by folder, from lines of `seconds folder`."""
    pairs = (line.split() for line in text.splitlines())
    return {folder: float(seconds) for seconds, folder in pairs}


def lines(reports: Iterable[Timed], budget: Mapping[str, float]) -> Iterator[str]:
    """A line a folder, the dearest first, then a line a test of the slowest, then folders above their budget.

    A line says the seconds of the clock, those of the CPU, and the name.
    """
    folders: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    tests: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for report in reports:
        for sums in (folders[_folder(report.nodeid)], tests[report.nodeid]):
            sums[0] += report.duration
            sums[1] += report.cpu
    if sum(clock for clock, _ in folders.values()) < LEAST:
        return
    yield "Seconds by folder with set-up and tear-down, and CPU seconds of them:"
    yield from _sorted(folders, by=1, most=len(folders))
    yield "Seconds by test, and CPU seconds:"
    yield from _sorted(tests, by=0, most=SLOWEST)
    for name in sorted(folders):
        spent, most = folders[name][1], budget.get(name, inf)
        if spent > most:
            yield f"WARNING: {name} took {spent:.0f} CPU s; its budget is {most:.0f} ({BUDGET.name})."


def _folder(nodeid: str) -> str:
    path = PurePosixPath(nodeid.partition("::")[0])
    return "/".join(path.parts[:3][: len(path.parts) - 1])


def _sorted(sums: Mapping[str, list[float]], *, by: int, most: int) -> Iterator[str]:
    for name in sorted(sums, key=lambda each: (-sums[each][by], each))[:most]:
        yield "".join(f"{seconds:8.1f}" for seconds in sums[name]) + f"  {name}"
