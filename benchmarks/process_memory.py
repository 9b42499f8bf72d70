"""Memory of processes: the proportional set size (PSS), which divides shared pages among their users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def pss(pid: int) -> int:
    """Return the proportional set size of a process in bytes, 0 if it has ended. Swap is not included."""
    return _total(pid, "Pss:")


def swapped(pid: int) -> int:
    """Return how many bytes of a process are in swap, with shared pages divided, 0 if it has ended."""
    return _total(pid, "SwapPss:")


def _total(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def descendants(pid: int) -> Iterator[int]:
    """Yield a process and everything that it has started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from descendants(int(child))


def program_name(pid: int) -> str:
    """Return the name of a process, cut to 15 characters as `ps -o comm` shows it, empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
