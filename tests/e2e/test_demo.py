"""`chainmeet demo --exit` on a small expo, complete, twice on one folder."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import func, select

from chainmeet.stack.data_folder import DataFolder
from scheduler.config import PREFIX
from scheduler.storage.database import Database
from scheduler.storage.models import PlannedMeeting
from tests.e2e.stack import COMMAND
from tests.interop import readers
from tests.interop.check import sent_by
from tests.interop.sent import faults, faults_around
from tests.support.workers import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.smtp, pytest.mark.slow]


Showing = tuple[Path, subprocess.CompletedProcess[str]]
"""A demo's data folder, and its output."""


def demo(data: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    sizes = ("--firms", "40", "--requests", "120", "--seconds", "3")
    return subprocess.run(
        [*COMMAND, "demo", "--exit", "--data", str(data), "--port", "0", "--mail-port", "0", *sizes],
        capture_output=True, text=True, cwd=ROOT, env={**environment, "COLUMNS": "120"}, check=False,
    )  # fmt: skip


def figure(output: str, label: str) -> str:
    """Return a figure of the summary table."""
    found = re.search(rf"{re.escape(label)}\s*│\s*(.+?)\s*│", output)
    assert found is not None, output
    return found[1]


def briefings(data: Path) -> int:
    """Return the number of interpreters with meetings; each gets one email."""
    database = Database(DataFolder(data).settings().database_url)
    with database.read() as session:
        count = session.scalar(select(func.count(func.distinct(PlannedMeeting.interpreter_id))))
    database.dispose()
    return count or 0


@pytest.fixture(scope="module")
def showing(tmp_path_factory: pytest.TempPathFactory) -> Showing:
    data = tmp_path_factory.mktemp("demo") / "data"
    return data, demo(data)


def test_the_demo_goes_the_whole_way_and_tells_nobody_twice(
    showing: Showing,
) -> None:
    data, first = showing
    assert first.returncode == 0, first.stdout + first.stderr
    assert figure(first.stdout, "Rule violations") == "0"
    assert figure(first.stdout, "Unscheduled without a reason") == "0"
    mails = figure(first.stdout, "Emails of this publication")
    assert int(mails.replace(",", "")) > 0
    assert figure(first.stdout, "Emails sent so far") == mails
    assert figure(first.stdout, "Emails still queued") == "0"
    links = re.findall(r"^  (\w+) +http://127\.0\.0\.1:\d+/sign-in/[a-z2-7]{32}", first.stdout, re.MULTILINE)
    assert links == ["organiser", "exhibitor", "attendee"]
    sent = sent_by(DataFolder(data))
    summaries = len({each.to for each in sent})  # one for each invitee
    told = len(sent) + summaries + briefings(data)
    assert (told, faults_around(sent)) == (int(mails.replace(",", "")), [])

    second = demo(data)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Found the demo event" in second.stdout
    assert figure(second.stdout, "Emails of this publication") == "0"
    assert figure(second.stdout, "Emails sent so far") == mails


@pytest.mark.parametrize("reader", readers.NAMES)
def test_every_mail_of_the_demo_is_read_by_others_as_it_was_meant(showing: Showing, reader: str) -> None:
    readers.require(reader)
    assert faults(reader, sent_by(DataFolder(showing[0]))) == []
