"""Stack under load, as processes: PostgreSQL, valkey, the web server as in Compose, and their CPU time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import redis
from sqlalchemy import make_url

from benchmarks.machine import ROOT
from benchmarks.process_memory import pss
from scheduler.config import PREFIX, Settings
from scheduler.secret_keys import SecretKeys
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support import servers

CLOCK, RECEIVER = "clock", "receiver"
COUNTED = ("limit_account", "limit_costly", "limit_sign_in_network")
"""Rate limits that are set too high to be reached by users from one IP address and without pauses."""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stack:
    """The running stack: database, port of the web server, and the root process of each part."""

    database: Database
    settings: Settings
    port: int
    roots: dict[str, int]
    log: Path

    def peaks(self) -> dict[str, list[float]]:
        """Return the peak memory (RSS, 10^6 bytes) of each process of a part, its root first."""
        return {name: [_peak(pid) for pid in (root, *_children(root))] for name, root in self.roots.items()}

    def megabytes(self) -> dict[str, float]:
        """Return the present memory of each part with all its processes (PSS, 10^6 bytes)."""
        return {
            name: round(sum(pss(pid) for pid in (root, *_children(root))) / 1e6, 1)
            for name, root in self.roots.items()
        }

    def seconds(self) -> dict[str, float]:
        """Return CPU seconds of each part since its start, including ended processes."""
        return {name: _of_tree(root) for name, root in self.roots.items()}

    def nanoseconds(self) -> dict[str, int]:
        """Return CPU nanoseconds of live threads, for differences between two readings."""
        return {name: _of_threads(root) for name, root in self.roots.items()}


@contextmanager
def stack(*kinds: str, processes: int = 1, **own: Any) -> Iterator[Stack]:
    """Start an empty migrated database, the web server, and a worker for each kind, or CLOCK or RECEIVER.

    A worker has `processes` for its tasks. `own` are settings in place of the defaults.
    """
    with servers.postgres() as server, servers.valkey() as broker, tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=server,
            redis_url=broker,
            secret_key=SecretKeys("k" * 40),
            trusted_proxies=1,
            log_format="json",
            **own,
        )
        database = Database(server)
        upgrade_schema(database)
        log = Path(folder) / "web.log"
        port = _free_port()
        with ExitStack() as running:
            running.callback(database.dispose)
            web = running.enter_context(_running(_web(port), _web_environment(settings), log))
            _wait_for(port, web, log)
            roots = {"web": web.pid, "database": _postmaster(server), "broker": _process_of(broker)}
            for kind in kinds:
                command = ["-m", "chainmeet.cli", *_program(kind, processes)]
                environment = {**os.environ, **settings.to_env()}
                started = _running(command, environment, Path(folder) / f"{kind}.log")
                roots[kind] = running.enter_context(started).pid
            yield Stack(database, settings, port, roots, log)


@contextmanager
def _running(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python process of this checkout."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdout=file,
            stderr=file,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _program(kind: str, processes: int) -> list[str]:
    if kind == CLOCK:
        return ["clock"]
    if "+" in kind:
        return ["supervise", *kind.split("+"), "--lmtp-port", str(_free_port())]
    if kind == RECEIVER:
        return ["receive", "--host", "127.0.0.1", "--port", str(_free_port())]
    return ["worker", kind, "--processes", str(processes)]


def _web(port: int) -> list[str]:
    return ["-m", "gunicorn", "--config", "python:api.gunicorn_config", "--bind", f"127.0.0.1:{port}"]


def _web_environment(settings: Settings) -> dict[str, str]:
    free = {PREFIX + name.upper(): "100000" for name in COUNTED if hasattr(settings, name)}
    return {**os.environ, **settings.to_env(), **free}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _wait_for(port: int, web: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                if answer.status == 200:
                    return
        except OSError:
            if web.poll() is not None:
                raise RuntimeError(log.read_text()) from None
        time.sleep(0.1)
    raise TimeoutError("the web does not answer")


def _postmaster(url: str) -> int:
    home = make_url(url).query["host"]
    return int((Path(str(home)) / "data" / "postmaster.pid").read_text().splitlines()[0])


def _process_of(broker: str) -> int:
    with redis.Redis.from_url(broker.replace("redis+socket://", "unix://")) as client:
        return int(client.info("server")["process_id"])


def _peak(pid: int) -> float:
    """Return peak memory in 10^6 bytes, or 0 for an ended process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    kilobytes = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    return round(kilobytes * 1024 / 1e6, 1)


def _of_tree(root: int) -> float:
    ticks = 0
    for pid in (root, *_children(root)):
        try:
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(word) for word in words[11:15])
    return ticks / _TICK


def _of_threads(root: int) -> int:
    spent = 0
    for pid in (root, *_children(root)):
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                spent += int(file.read_text().split()[0])
            except OSError:
                continue
    return spent


def _children(pid: int) -> list[int]:
    try:
        found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*found, *(each for child in found for each in _children(child))]
