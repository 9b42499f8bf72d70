"""Process identity of a worker, and detection of processes of this machine that have ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path


def me() -> str:
    """Return the identity of this process: host, PID and start time. It runs one task at a time."""
    return f"{_host()}:{os.getpid()}:{birth(os.getpid()) or ''}"


def is_gone(worker: str) -> bool:
    """Return True if that process was on this machine and has ended. False for other machines.

    The start time distinguishes it from a process that reuses its PID.
    """
    host, _, process = worker.partition(":")
    number, _, born = process.partition(":")
    if host != _host() or not number.isdigit() or int(number) == os.getpid():
        return False
    return birth(int(number)) != born


def birth(pid: int) -> str | None:
    """Return the start time of a process, as the system reports it, or None if it has ended."""
    if sys.platform == "linux":
        try:
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if state in "ZX" else fields[18]
    shown = subprocess.run(  # noqa: S603 -- a constant command with a PID
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "".join(shown.stdout.split()) or None


def _host() -> str:
    return socket.gethostname().replace(":", "-")[:80]
