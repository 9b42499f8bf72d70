"""`chainmeet serve` as its operator sees it: one folder, real email, and a power failure in the middle."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from chainmeet import publish_draft
from chainmeet.demo import load_sample
from chainmeet.demo.event import ORGANISER, first_day
from chainmeet.progress import draft_of, follow_run, queue_run, terminal_line
from chainmeet.stack.data_folder import DataFolder
from scheduler.config import PREFIX, Settings
from scheduler.domain.entities import OutboxState
from scheduler.samples.expo import make_expo
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.e2e.stack import COMMAND, groups, is_gone, left_by
from tests.support.mail_server import Catcher, serving
from tests.support.workers import ROOT, eventually

pytestmark = [pytest.mark.broker, pytest.mark.smtp]
DOMAIN = "expo.example"


class SlowCatcher(Catcher):
    """A mail server that takes a moment for each email."""

    async def handle_DATA(self, *arguments: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        await asyncio.sleep(0.05)
        return await super().handle_DATA(*arguments)


@dataclass
class Site:
    """A running `chainmeet serve`."""

    data: Path
    lmtp: int
    process: subprocess.Popen[bytes]
    settings: Settings
    running: list[int] = field(default_factory=list)

    def fail_power(self) -> None:
        """Kill every process at once."""
        self.process.kill()
        for group in self.running:
            if not is_gone(group):
                os.killpg(group, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    with serving(SlowCatcher()) as server:
        yield server


@contextmanager
def site(data: Path, catcher: Catcher) -> Iterator[Site]:
    """Run the site on a folder. At the end SIGTERM must stop every process, unless the power failed."""
    port, lmtp, log = free_port(), free_port(), data.with_suffix(".log")
    own = {
        "BASE_URL": f"http://127.0.0.1:{port}",
        "MAIL_DOMAIN": DOMAIN,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(catcher.port),
        "SMTP_SECURITY": "none",
        "TRUSTED_PROXIES": "0",
        "TICK_SECONDS": "1",
    }
    arguments = ("serve", "--data", str(data), "--port", str(port), "--lmtp-port", str(lmtp))
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*COMMAND, *arguments], env=environment() | own_settings(own), cwd=ROOT, stdout=out, stderr=out
        )
    try:
        eventually(lambda: "\nData: " in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        running = Site(data, lmtp, process, DataFolder(data).settings(), groups(data))
        yield running
        assert "[queues]" not in log.read_text()  # Celery's banner, between lines of JSON
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert (process.wait(60), left_by(data, running.running)) == (0, []), log.read_text()[-5000:]
    finally:
        process.kill()
        process.wait()
        print(log.read_text()[-5000:])  # noqa: T201 -- pytest shows it with a failure
        log.unlink()


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**own, "PYTHONUNBUFFERED": "1"}


def own_settings(values: dict[str, str]) -> dict[str, str]:
    return {PREFIX + name: value for name, value in values.items()}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def command(*arguments: str, statuses: tuple[int, ...] = (0,)) -> str:
    """Return the output of another command of the installation."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=ROOT, env=environment(), check=False
    )
    assert done.returncode in statuses, done.stdout + done.stderr
    return done.stdout


def states(database: Database) -> Counter[OutboxState]:
    with database.read() as session:
        return Counter(dict(session.execute(select(OutboxEmail.state, func.count()).group_by("state")).all()))


def test_one_folder_is_the_whole_site(tmp_path: Path, catcher: Catcher) -> None:
    data = tmp_path / "data"
    with site(data, catcher) as running:
        link = command("sign-in", "owner@expo.example", "--operator", "--data", str(data)).strip()
        with urllib.request.urlopen(link) as page:
            assert page.status == 200
        # A person asks for a link on the page: its email leaves by the mail server.
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        form = opener.open(f"{running.settings.base_url}/sign-in").read().decode()
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        assert token is not None
        body = urllib.parse.urlencode({"csrf_token": token[1], "email": "owner@expo.example"}).encode()
        opener.open(f"{running.settings.base_url}/sign-in", body)
        eventually(lambda: len(catcher.taken) == 1)
        assert catcher.taken[0][1] == ["owner@expo.example"]
        # Replies come by LMTP; only addresses of this installation are accepted.
        with smtplib.LMTP("127.0.0.1", running.lmtp) as lmtp:
            lmtp.ehlo()
            lmtp.mail("someone@example.org")
            assert lmtp.rcpt(f"nobody@{DOMAIN}")[0] == 550
        found = command("doctor", "--json", "--data", str(data), statuses=(0, 1))  # 1: no TLS, no MX record
        assert [line for line in found.splitlines() if "orker" in line and "serves" in line] == []
        command("backup", str(tmp_path / "backup.zip"), "--data", str(data))
    holders = [
        path for path in data.rglob("*") if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert [path.name for path in holders if "secret" in path.name or "settings" in path.name] == []
    # On another machine, with copies of the secret key and the journal, the backup is the site again, paused.
    other = DataFolder.open(tmp_path / "other").root
    shutil.copy2(data / "secret_key", other)
    shutil.copytree(data / "journal", other / "journal")
    restored = command("restore", str(tmp_path / "backup.zip"), "--data", str(other))
    assert "The site is paused" in restored
    assert "WARNING" not in restored
    with (
        site(other, catcher) as running,
        urllib.request.urlopen(f"{running.settings.base_url}/readyz") as page,
    ):
        assert json.load(page)["status"] == "paused"


@pytest.mark.slow
def test_after_a_power_failure_every_email_is_sent_and_none_is_lost(tmp_path: Path, catcher: Catcher) -> None:
    data = tmp_path / "data"
    command("warm-up")
    with site(data, catcher) as running:
        database = Database(running.settings.database_url)
        sample = make_expo(firms=12, requests=40, seed=1, start=first_day(database.now().date()))
        with database.write() as session:
            key, now = running.settings.secret_key, database.now()
            event = load_sample.load(session, sample, organiser_email=ORGANISER, secret_key=key, now=now).key
        queued = queue_run(database, running.settings, event, seconds=1)
        draft = draft_of(database, follow_run(database, queued.id, line=terminal_line()))
        assert draft is not None
        publish_draft.publish(database, running.settings, event, draft.number, compared_with=None)
        eventually(lambda: len(catcher.taken) >= 5)
        running.fail_power()
        assert states(database)[OutboxState.QUEUED] > 0
        database.dispose()
    before = len(catcher.taken)
    with site(data, catcher) as running:
        database = Database(running.settings.database_url)
        eventually(lambda: set(states(database)) == {OutboxState.SENT})
        sent = states(database)[OutboxState.SENT]
        database.dispose()
    # Only the email that the mail server took and could not confirm may be there twice.
    identities = Counter(message_from_bytes(octets)["Message-ID"] for _, _, octets in catcher.taken)
    assert len(identities) == sent > before
    assert len(catcher.taken) - sent <= 1
