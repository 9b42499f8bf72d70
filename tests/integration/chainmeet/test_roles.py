"""Roles that one supervisor runs, with a real broker."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from chainmeet.stack import ports
from scheduler.config import Settings
from scheduler.storage.database import Database
from tests.support.factories import SECRET_KEY
from tests.support.workers import ROOT, eventually, settings_for
from workers import worker_registry

pytestmark = [
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
GROUP = ("urgent", "mail", "receiver", "clock")


@dataclass(frozen=True)
class Group:
    """A supervisor with its roles."""

    process: subprocess.Popen[bytes]
    pulses: Path
    lmtp_port: int
    broker_url: str
    log: Path

    def roles(self) -> dict[str, int]:
        """Return the process of each role by its name."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {Path(f"/proc/{pid}/comm").read_text().strip(): int(pid) for pid in pids}

    def are_up(self) -> bool:
        """Return True if each role works: workers are registered, and the receiver greets."""
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        with worker_registry.connect(self.broker_url) as broker:
            workers = worker_registry.count(broker)
        if not (workers["urgent"] and workers["mail"]) or not all(self.has_pulse(role) for role in GROUP):
            return False
        with suppress(OSError), smtplib.LMTP(ports.HOST, self.lmtp_port) as receiver:
            return receiver.noop()[0] == 250
        return False

    def has_pulse(self, role: str) -> bool:
        return self.pulses.with_suffix(f".{role}").exists()


@contextmanager
def group(settings: Settings, folder: Path) -> Iterator[Group]:
    """Run `chainmeet supervise`."""
    port, log = ports.take(0, "answers", ""), folder / "group.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "chainmeet.cli", "supervise", *GROUP, "--lmtp-port", str(port)],
            env={**os.environ, **settings.to_env()},
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )
    try:
        yield Group(process, Path(settings.pulse_path), port, settings.redis_url, log)
    finally:
        process.kill()
        process.wait()
        print(log.read_text(errors="replace"))  # noqa: T201 -- pytest shows it with a failure


@pytest.fixture
def running(database: Database, broker_url: str, tmp_path: Path) -> Iterator[Group]:
    with worker_registry.connect(broker_url) as broker:
        broker.flushall()
    settings = settings_for(database, broker_url, pulse_path=str(tmp_path / "pulse"))
    with group(settings, tmp_path) as started:
        eventually(started.are_up)
        yield started


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_role_that_ends_is_started_again_and_the_others_go_on(running: Group) -> None:
    before = running.roles()
    assert before.keys() == {*GROUP}
    os.kill(before["mail"], signal.SIGKILL)
    eventually(lambda: running.roles().get("mail", before["mail"]) != before["mail"])
    assert {**running.roles(), "mail": 0} == {**before, "mail": 0}
    running.pulses.with_suffix(".mail").unlink(missing_ok=True)
    eventually(running.are_up)


def test_all_roles_stop_with_their_supervisor(running: Group) -> None:
    roles = running.roles()
    running.process.terminate()
    assert running.process.wait(60) == 0
    assert all(is_gone(pid) for pid in roles.values())
    with worker_registry.connect(running.broker_url) as broker:
        assert not any(worker_registry.count(broker).values())  # they ended their work, and left


def test_roles_end_with_a_supervisor_that_is_killed(running: Group) -> None:
    roles = running.roles()
    running.process.kill()
    eventually(lambda: all(is_gone(pid) for pid in roles.values()))


def test_a_role_that_cannot_start_says_why_in_a_line(
    broker_url: str, database: Database, tmp_path: Path
) -> None:
    empty = Settings(
        database_url=f"sqlite:///{tmp_path / 'empty.db'}", redis_url=broker_url, secret_key=SECRET_KEY,
        pulse_path=str(tmp_path / "pulse"),
    )  # fmt: skip
    with group(empty, tmp_path) as started:
        eventually(lambda: "chainmeet db upgrade" in started.log.read_text(errors="replace"))
    assert "Traceback" not in started.log.read_text(errors="replace")
