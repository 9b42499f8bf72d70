"""A child of `untrusted.pool` with jobs that do what a broken parser might do, within shorter limits."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from scheduler.untrusted import child, limits
from scheduler.untrusted.jobs import JOBS, Job


def spin(_octets: bytes) -> str:
    while True:
        pass


def hold_the_lock(octets: bytes) -> str:
    """As an expression does that is no linear one: no other thread of Python's runs meanwhile."""
    return str(re.match(rb"(a+)+$", octets))


def fill(_octets: bytes) -> str:
    return str(len(bytearray(2 * limits.MEMORY)))


def talk(_octets: bytes) -> str:
    return "x" * (limits.MAX_ANSWER + 1)


def leave(_octets: bytes) -> str:
    os._exit(3)


def write(octets: bytes) -> str:
    return str(Path("/tmp/written-by-a-child").write_bytes(octets))


def look_around(_octets: bytes) -> dict[str, Any]:
    links = Path("/proc/self/fd").iterdir()
    open_files = {link.name: str(link.readlink()) for link in links if link.exists() or link.name in "012"}
    return {"environment": sorted(os.environ), "files": open_files, "pid": os.getpid()}


def sleep(octets: bytes) -> str:
    time.sleep(float(octets))
    return "slept"


def say_and_sleep(octets: bytes) -> str:
    Path(octets.decode()).touch()
    return sleep(b"60")


def nonsense(_octets: bytes) -> list[int]:
    return [1]


for work in (spin, hold_the_lock, fill, talk, leave, write, look_around, sleep, say_and_sleep):
    JOBS[work.__name__] = Job(work.__name__, work, TypeAdapter(Any))
JOBS["mail"] = {
    "spin": Job("mail", spin, TypeAdapter(Any)),
    "nonsense": Job("mail", nonsense, TypeAdapter(Any)),
}.get(os.environ.get("LC_ALL", ""), JOBS["mail"])  # what a child gets of our environment

if __name__ == "__main__":
    limits.CPU_SECONDS = 0.3  # type: ignore[misc]
    limits.MEMORY = 64 * 1024 * 1024  # type: ignore[misc]
    child.MAX_JOBS = 5  # type: ignore[misc]
    child.main()
