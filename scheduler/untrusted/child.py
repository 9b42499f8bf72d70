"""Child process: serves jobs from the socket on standard input until its parent exits.

It has no settings, secrets or other connections, and cannot open any inside the sandbox. If the parent dies,
the socket closes and the child exits, at the latest when the current job reaches its time limit.
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
"""Jobs after which a child exits and is replaced."""
RENEW_CPU_SECONDS: Final = 60
IDLE_SECONDS: Final = 300


def serve_jobs() -> None:
    """Serve the socket on standard input."""
    connection = socket.socket(fileno=0)
    load(IMPORTERS)  # before the sandbox, inside which no other folder is readable
    limits.apply_limits()
    connection.sendall(frames.UNWALLED if sandbox.enter_sandbox() else frames.READY)
    for _ in range(MAX_JOBS):
        is_asked = select.select([connection], [], [], IDLE_SECONDS)[0]
        if not is_asked or time.process_time() > RENEW_CPU_SECONDS or not _serve(connection):
            break


def _serve(connection: socket.socket) -> bool:
    """Run one job. Return True if this process can run another one."""
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
    except Exception as error:  # often a MemoryError; always reported to the parent
        if job.refusal is not None and isinstance(error, job.refusal):
            return Ending.REFUSED, str(error).encode()
        return Ending.FAILED, type(error).__name__.encode()


def receive_octets(connection: socket.socket, size: int) -> bytes:
    """Receive exactly `size` octets. Raises EOFError if the socket closes first."""
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
