"""The child process: one job after the other from the socket at standard input, until its parent is gone.

It has no settings, no secrets and no other connection, and behind its wall it gets none. If the parent dies,
the socket ends: the child leaves, at the latest when the job that it is at has used up its time.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from typing import Final

from scheduler.plugins import IMPORTERS
from scheduler.plugins.loading import load
from scheduler.untrusted import frames, limits, sandbox
from scheduler.untrusted.frames import Ending
from scheduler.untrusted.jobs import JOBS

MAX_JOBS: Final = 1_000
"""After so many a child leaves, and a new one takes its place."""
RENEW_CPU_SECONDS: Final = 60
IDLE_SECONDS: Final = 300


def serve_jobs() -> None:
    """Serve the socket at standard input."""
    connection = socket.socket(fileno=0)
    load(IMPORTERS)  # before the wall, behind which no other folder can be read
    limits.apply_limits()
    connection.sendall(frames.UNWALLED if sandbox.enter_sandbox() else frames.READY)
    for _ in range(MAX_JOBS):
        is_asked = select.select([connection], [], [], IDLE_SECONDS)[0]
        if not is_asked or time.process_time() > RENEW_CPU_SECONDS or not _serve(connection):
            break


def _serve(connection: socket.socket) -> bool:
    """Do one job. Returns whether this process can do another one."""
    try:
        name, octets, options = frames.decode_request(lambda size: receive_octets(connection, size))
    except EOFError:
        return False
    connection.sendall(frames.TAKEN)
    limits.start_job_limits()
    ending, value = _work(name, octets, options)
    limits.end_job_limits()
    connection.sendall(frames.encode_answer(ending, value))
    return ending is not Ending.FAILED


def _work(name: str, octets: bytes, options: dict[str, object]) -> tuple[Ending, bytes]:
    job = JOBS[name]
    try:
        return Ending.DONE, job.result.dump_json(job.work(octets, **options))
    except Exception as error:  # often a MemoryError: whatever it is, the parent is told
        if job.refusal is not None and isinstance(error, job.refusal):
            return Ending.REFUSED, str(error).encode()
        return Ending.FAILED, type(error).__name__.encode()


def receive_octets(connection: socket.socket, size: int) -> bytes:
    """Read so many octets of a socket. Raises EOFError if it ends before."""
    pieces = []
    while size:
        piece = connection.recv(min(size, 65_536))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


if __name__ == "__main__":
    try:
        serve_jobs()
    except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        sys.exit(0)  # the parent is gone
