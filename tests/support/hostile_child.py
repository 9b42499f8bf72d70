"""A child of `untrusted.pool` with jobs that misbehave like a broken parser, and with lower limits."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import socket
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from scheduler.untrusted import child, limits, sandbox
from scheduler.untrusted.jobs import JOBS, Job


def spin(_octets: bytes) -> str:
    while True:
        pass


def hold_the_lock(octets: bytes) -> str:
    """Hold the GIL, as a regular expression with exponential backtracking does."""
    return str(re.match(rb"(a+)+$", octets))


def fill(_octets: bytes) -> str:
    return str(len(bytearray(2 * limits.MEMORY)))


def talk(_octets: bytes) -> str:
    return "x" * (limits.MAX_ANSWER + 1)


def leave(_octets: bytes) -> str:
    os._exit(3)


def look_around(_octets: bytes) -> dict[str, Any]:
    files = {}
    for number in range(64):
        with suppress(OSError):
            found = os.fstat(number)
            is_nothing = found.st_rdev == os.makedev(1, 3)
            files[str(number)] = (
                "socket" if stat.S_ISSOCK(found.st_mode) else "nothing" if is_nothing else "file"
            )
    return {"environment": sorted(os.environ), "files": files, "pid": os.getpid()}


def attack(octets: bytes) -> str:
    """Attempt an attack of a compromised parser, by name. Return the error class or the result."""
    name, _, rest = octets.decode().partition(" ")
    try:
        return f"done: {ATTACKS[name](rest)}"
    except OSError as error:
        return type(error).__name__


def ptrace(pid: str) -> None:
    attach = 16
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(attach, int(pid), 0, 0):
        raise OSError(ctypes.get_errno(), "ptrace")


def lower_a_limit() -> None:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    except ValueError as error:  # raised by Python for EPERM here
        raise PermissionError from error


def execute(path: str) -> None:
    os.execv(path, [path])


ATTACKS: dict[str, Callable[[str], object]] = {
    "socket": lambda _: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "connect": lambda path: socket.socket(fileno=os.dup(0)).connect(path),
    "fork": lambda _: os.fork(),
    "exec": execute,
    "kill": lambda pid: os.kill(int(pid), 0),
    "ptrace": ptrace,
    "environment": lambda pid: Path(f"/proc/{pid}/environ").read_bytes(),
    "read": lambda path: Path(path).read_bytes(),
    "write": lambda path: Path(path).touch(),
    "delete": lambda path: Path(path).unlink(),
    "mode": lambda path: Path(path).chmod(0o777),
    "limits": lambda _: lower_a_limit(),
}


def sleep(octets: bytes) -> str:
    time.sleep(float(octets))
    return "slept"


def be_nice_and_sleep(_octets: bytes) -> str:
    """Change the niceness, which tells an observer that the job has begun, and sleep."""
    os.nice(1)
    return sleep(b"60")


def nonsense(_octets: bytes) -> list[int]:
    return [1]


for work in (spin, hold_the_lock, fill, talk, leave, look_around, attack, sleep, be_nice_and_sleep):
    JOBS[work.__name__] = Job(work.__name__, work, TypeAdapter(Any))
JOBS["mail"] = {
    "spin": Job("mail", spin, TypeAdapter(Any)),
    "nonsense": Job("mail", nonsense, TypeAdapter(Any)),
}.get(os.environ.get("LC_ALL", ""), JOBS["mail"])  # the only variable that a child inherits

if __name__ == "__main__":
    if os.environ.get("LC_ALL") == "no wall":
        sandbox.enter_sandbox = lambda: (sandbox.LANDLOCK,)  # as on an older kernel
    limits.CPU_SECONDS = 0.3  # type: ignore[misc]
    limits.MEMORY = 64 * 1024 * 1024  # type: ignore[misc]
    child.MAX_JOBS = 5  # type: ignore[misc]
    child.serve_jobs()
