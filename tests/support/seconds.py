"""Time report of a test run: CPU seconds by folder, and the slowest tests.

Wall time depends on the load of the machine; CPU time is the cost of the tests. Neither includes shared
servers such as PostgreSQL. `seconds_budget.txt` has the CPU seconds of each folder with a margin of 50 %.
Folders above it are reported, but do not fail.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from math import inf
from pathlib import Path, PurePosixPath
from typing import Protocol

LEAST = 60.0
"""Total seconds below which nothing is reported."""
SLOWEST = 30
BUDGET = Path(__file__).with_name("seconds_budget.txt")


class Timed(Protocol):
    """A pytest report of set-up, call or tear-down of a test, with its CPU seconds."""

    nodeid: str
    duration: float
    cpu: float


def cpu() -> float:
    """Return CPU seconds of this process and its ended child processes, without shared servers."""
    return sum(os.times()[:4]) - sum(_of_servers)


_of_servers: list[float] = []


@contextmanager
def uncounted(server: AbstractContextManager[str]) -> Iterator[str]:
    """Run a server that tests share, and yield its URL.

    Its CPU seconds count as this process's only at its end, and would all be those of the last test.
    """
    with ExitStack() as running:
        yield running.enter_context(server)
        before = cpu()
        running.close()
        _of_servers.append(cpu() - before)


def budgets(text: str) -> dict[str, float]:
    """Parse CPU seconds by folder from lines of `seconds folder`."""
    pairs = (line.split() for line in text.splitlines())
    return {folder: float(seconds) for seconds, folder in pairs}


def lines(reports: Iterable[Timed], budget: Mapping[str, float]) -> Iterator[str]:
    """Yield a line per folder, the most expensive first, then the slowest tests, then folders over budget.

    Each line has wall seconds, CPU seconds, and the name.
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
