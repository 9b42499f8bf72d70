"""Runs a function in a separate process, and measures the memory of that process and its descendants.

Memory is the polled sum of proportional set sizes (PSS: a page shared by two processes counts half in each).
If the kernel does not provide it, resident set sizes are used.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.2
MEMORY_SHARE = 0.8  # of the machine's memory; a process that exceeds it is killed


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value or an error, and the wall time of the call without the start of the process."""

    value: Any
    error: str | None
    seconds: float
    peak_mb: float | None


def run(function: Callable[..., Any], *arguments: object, limit: float) -> Outcome:
    """Call a module-level function in a new process, for at most `limit` seconds."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs, function, arguments))
    child.start()
    theirs.close()
    assert child.pid is not None
    try:
        return _attend(ours, child.pid, time.monotonic() + limit)
    finally:
        end_tree(child.pid)
        child.join()
        ours.close()


def _child(pipe: Connection, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    began = time.perf_counter()
    try:
        value, error = function(*arguments), None
    except Exception as reason:
        value, error = None, f"{type(reason).__name__}: {reason}"
    pipe.send((value, error, time.perf_counter() - began))
    pipe.close()


def _attend(pipe: Connection, pid: int, deadline: float) -> Outcome:
    """Poll until there is a result or a reason why there will be none."""
    began, peak, most = time.monotonic(), 0.0, MEMORY_SHARE * machine_mb()
    reason = None
    while reason is None:
        if pipe.poll(POLL_SECONDS):
            try:
                value, error, seconds = pipe.recv()
            except EOFError:
                reason = "the process died"
                break
            return Outcome(value, error, seconds, _peak(max(peak, tree_mb(pid))))
        peak = max(peak, tree_mb(pid))
        if peak > most:
            reason = f"ended at {peak / 1000:.1f} GB of memory"
        elif time.monotonic() > deadline:
            reason = "ended, as it did not keep its time"
    return Outcome(None, reason, time.monotonic() - began, _peak(peak))


def _peak(mb: float) -> float | None:
    return round(mb, 1) if mb else None


def machine_mb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6


def tree_mb(pid: int) -> float:
    """Return megabytes (10^6 bytes) of a process and its descendants, or 0 without /proc."""
    return sum(_process_kb(one) for one in tree_of(pid)) * 1024 / 1e6


def tree_of(pid: int) -> list[int]:
    """Return the process and its descendants, except those that end meanwhile."""
    found, rest = [], [pid]
    while rest:
        one = rest.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                rest.extend(int(word) for word in task.read_text().split())
            except OSError:
                continue
    return found


def _process_kb(pid: int) -> int:
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
        except OSError:
            continue
        for row in lines:
            if row.startswith(key):
                return int(row.split()[1])
    return 0


def end_tree(pid: int) -> None:
    """Kill the process and its descendants, if any are alive."""
    for one in reversed(tree_of(pid)):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue
