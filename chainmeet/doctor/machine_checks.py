"""Checks of this machine: disk, memory, processors and the sandbox's kernel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from scheduler.config import Settings
from scheduler.domain.findings import Finding, error, ok, warning
from scheduler.services.operations import machine
from scheduler.storage.database import Database

FULL_MEGABYTES, LOW_MEGABYTES = 32, 1024
LITTLE_MEMORY = 4 * 1024
"""In MB. docs/operators.md recommends twice as much."""
LEAST_SMALL, LEAST_SMALL_WITH_SWAP = 400, 900
"""In MB: memory of a small installation, and memory with swap. Machines have less than their name says."""
MEMORY = Path("/proc/meminfo")
LSM = Path("/sys/kernel/security/lsm")


def check_machine(settings: Settings, database: Database) -> Iterator[Finding]:
    """Check free space, memory and processors."""
    for folder in sorted(set(machine.written_folders(database).values())):
        yield _disk(folder)
    yield _small_memory() if database.is_sqlite else _memory()
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if processors < settings.solve_workers:
        yield warning(
            "processors",
            f"This machine has {processors}, and a solve uses {settings.solve_workers} threads.",
            "Set CHAINMEET_SOLVE_WORKERS to the processors of the solve worker.",
        )
    else:
        yield ok("processors", f"{processors}")
    yield _sandbox()


def _disk(folder: str) -> Finding:
    free = shutil.disk_usage(folder).free >> 20
    said = f"{free:,} MB are free in {folder}."
    if free < FULL_MEGABYTES:
        return error("disk", said, "Free space: writes fail soon.")
    if free < LOW_MEGABYTES and os.path.ismount(folder):
        return ok("disk", said)  # a small file system of its own, such as a container's /tmp
    if free < LOW_MEGABYTES:
        return warning("disk", said, "Free space.")
    return ok("disk", said)


def _memory() -> Finding:
    total, _ = _read_memory()
    said = f"This machine has {total:,} MB."
    if total < LITTLE_MEMORY:
        return warning(
            "memory", said, "Large events need 8 GB: see Hardware requirements in docs/operators.md."
        )
    return ok("memory", said)


def _small_memory() -> Finding:
    total, swap = _read_memory()
    said = f"This machine has {total:,} MB and {swap:,} MB of swap."
    if total < LEAST_SMALL or total + swap < LEAST_SMALL_WITH_SWAP:
        return warning(
            "memory",
            said,
            "Use a machine with 1 GB, or with 512 MB and 1 GB of swap: "
            "see Small installation in docs/operators.md.",
        )
    return ok("memory", said)


def _read_memory() -> tuple[int, int]:
    """Return the memory and the swap of this machine in MB."""
    try:
        lines = (line.split() for line in MEMORY.read_text().splitlines())
        sizes = {name: int(size) >> 10 for name, size, *_ in lines}
        return sizes["MemTotal:"], sizes["SwapTotal:"]
    except (OSError, ValueError, KeyError):  # another system than Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20, 0


def _sandbox() -> Finding:
    try:
        has_landlock = "landlock" in LSM.read_text().strip().split(",")
    except OSError:
        return ok("sandbox", "Whether the kernel has Landlock can't be seen from here. The logs say if not.")
    if has_landlock:
        return ok("sandbox", "The kernel has Landlock.")
    return warning(
        "sandbox",
        "The kernel has no Landlock: files of strangers are read with limits alone.",
        "Use a kernel with Landlock (Linux 5.13): see Sandbox for untrusted files in docs/operators.md.",
    )
