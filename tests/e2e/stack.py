"""The embedded stack as a user starts it: `chainmeet up` in a separate process, and its emails as JSON."""

from __future__ import annotations

import email
import json
import os
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from typing import Any, cast

from chainmeet.stack.data_folder import DataFolder
from scheduler.config import PREFIX, Settings
from scheduler.storage.database import Database
from tests.support.workers import ROOT, eventually

COMMAND = (sys.executable, "-c", "from chainmeet.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Up:
    """A running stack."""

    data: Path
    settings: Settings
    database: Database

    @property
    def site(self) -> str:
        return self.settings.base_url

    def listed(self, to: str) -> list[dict[str, Any]]:
        """Return the emails of an address in the mail catcher, newest first."""
        query = urllib.parse.urlencode({"to": to, "parts": "1", "limit": "1000"})
        with urllib.request.urlopen(f"{self.settings.mail_catcher_url}/api/mails?{query}") as response:
            return cast("list[dict[str, Any]]", json.load(response)["mails"])

    def invitations(self, to: str) -> list[EmailMessage]:
        """Return the emails of an address with a calendar part, newest first."""
        return [self.mail(row["id"]) for row in self.listed(to) if row["method"]]

    def mail(self, number: int) -> EmailMessage:
        """Return a parsed email."""
        with urllib.request.urlopen(f"{self.settings.mail_catcher_url}/mails/{number}/raw") as response:
            return email.message_from_bytes(response.read(), policy=default)


def groups(data: Path) -> list[int]:
    """Return the process groups of a running stack: all programs with their children."""
    return [pid for pid, _ in json.loads(DataFolder(data).processes.read_text())]


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def left_by(data: Path, running: list[int]) -> list[object]:
    """Return what a stopped stack has left: process groups, and files that only a running one has."""
    files = DataFolder(data).processes, data / "chainmeet.db-wal"  # the database's file alone is all of it
    return [*(group for group in running if not is_gone(group)), *(path for path in files if path.exists())]


@cache
def _warm_up() -> None:
    """Compile kernels once per installation, independent of the tests' settings."""
    subprocess.run([*COMMAND, "warm-up"], cwd=ROOT, check=True)


@contextmanager
def chainmeet_up(data: Path) -> Iterator[Up]:
    """Run `chainmeet up` on a data folder, with free ports. Its output is shown if the test fails.

    At the end SIGTERM must stop every process.
    """
    log = data.with_suffix(".log")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    _warm_up()
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*COMMAND, "up", "--data", str(data), "--port", "0", "--mail-port", "0"],
            env={**environment, "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        eventually(
            lambda: "Press Ctrl-C to stop everything." in log.read_text() or process.poll() is not None
        )
        assert process.poll() is None, log.read_text()
        settings = DataFolder(data).settings()
        database = Database(settings.database_url)
        running = groups(data)
        yield Up(data, settings, database)
        database.dispose()
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
        for path in [log, *sorted((data / "logs").glob("*.log"))]:
            print(f"--- {path.name}", path.read_text(errors="replace")[-5000:], sep="\n")  # noqa: T201 -- pytest shows it with a failure
    assert (status, left_by(data, running)) == (0, [])
