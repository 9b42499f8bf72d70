"""Where a run of the tests spends its time: seconds by folder, and the slowest tests, at its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Protocol

LEAST = 60.0
"""Seconds in all below which nothing is said."""
SLOWEST = 30


class Timed(Protocol):
    """A report of pytest: of the set-up, the call or the tear-down of a test."""

    nodeid: str
    duration: float


def lines(reports: Iterable[Timed]) -> Iterator[str]:
    """A line a folder, the slowest first, and then a line a test of the slowest tests."""
    folders: defaultdict[str, float] = defaultdict(float)
    tests: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        path = PurePosixPath(report.nodeid.partition("::")[0])
        folders["/".join(path.parts[:3][: len(path.parts) - 1])] += report.duration
        tests[report.nodeid] += report.duration
    if sum(folders.values()) < LEAST:
        return
    for title, seconds, most in (("folder", folders, len(folders)), ("test", tests, SLOWEST)):
        yield f"Seconds by {title}, with set-up and tear-down:"
        for name in sorted(seconds, key=lambda each: (-seconds[each], each))[:most]:
            yield f"{seconds[name]:8.1f}  {name}"
