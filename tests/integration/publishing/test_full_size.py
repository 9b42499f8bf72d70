"""Publishing 35,000 meetings of 3,000 firms on PostgreSQL: its cost, and that it blocks no one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from scheduler.domain.changes import ChangeKind
from scheduler.domain.entities import JobState, RequestState, VersionState
from scheduler.domain.plan import Meeting
from scheduler.services.publishing import comparisons, version_jobs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, MeetingRequest, OutboxEmail, ScheduleVersion, VersionJob
from tests.support.full_size import MEETINGS, add_version, fill
from tests.support.queries import count_rows

ROOT = Path(__file__).parents[3]
MEGABYTES = 300
"""Memory limit of a process that compares or publishes."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.parametrize("database", ["postgres"], indirect=True),
]


@dataclass
class Child:
    """A worker process for a single job."""

    database: Database
    job_id: int

    def __enter__(self) -> Child:
        url = self.database.url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", "tests.support.measure_job", url, str(self.job_id)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def is_running(self) -> bool:
        return self.process.poll() is None

    def took(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.process.communicate()[0])
        return found


def ask_somebody(database: Database, event_id: int, number: int) -> VersionState:
    """Create and answer a request, waiting at most half a second for locks. Return the version's state."""
    with database.write() as session:
        session.execute(text("SET LOCAL lock_timeout = '500ms'"))
        sender = session.scalars(
            select(Firm.id).where(Firm.event_id == event_id).order_by(Firm.id).offset(number % 3000).limit(1)
        ).one()
        receiver = session.scalars(select(func.max(Firm.id)).where(Firm.event_id == event_id)).one()
        request = MeetingRequest(
            event_id=event_id,
            key=f"asked{number}",
            from_firm_id=sender,
            to_firm_id=receiver,
            priority=3,
            topic="Cells",
            state=RequestState.PENDING,
            created_at=database.now_in(session),
            uid=f"asked{number}",
        )
        if sender != receiver and number % 2 == 0:
            session.add(request)
            session.flush()
            request.state = RequestState.DECLINED
        person = session.scalars(select(Attendee).where(Attendee.firm_id == sender).limit(1)).one()
        person.title = f"Title {number}"
        session.flush()
    with database.read() as session:
        return versions.get_version(session, event_id, 1).state


@pytest.fixture
def event_id(database: Database) -> int:
    return fill(database)


def compare_in_little_memory(database: Database, event_id: int, number: int) -> None:
    with database.write() as session:
        version = versions.get_version(session, event_id, number)
        job = version_jobs.request_comparison(session, version, by=None, now=database.now_in(session)).id
    with Child(database, job) as child:
        compared = child.took()
    assert (compared["ending"], compared["megabytes"] < MEGABYTES) == ("done", True), compared


def test_a_draft_that_moves_every_meeting_is_compared_in_little_memory(
    database: Database, event_id: int
) -> None:
    add_version(database, event_id, state=VersionState.PUBLISHED)
    number = add_version(database, event_id, moved=MEETINGS)
    compare_in_little_memory(database, event_id, number)


def test_a_whole_expo_is_compared_and_published_in_little_memory_while_nobody_waits(
    database: Database, event_id: int
) -> None:
    number = add_version(database, event_id)
    compare_in_little_memory(database, event_id, number)
    with database.read() as session:
        found = comparisons.current_comparison(session, versions.get_version(session, event_id, number))
        assert found is not None and found.counts["added"] == MEETINGS
        assert found.mails == 2 * MEETINGS + (found.summaries or 0)
        last = comparisons.list_changes(session, found, ChangeKind.ADDED, first=MEETINGS - 50, most=50)
        assert len(last) == 50
    with database.write() as session:
        job = version_jobs.request_publishing(
            session,
            event_id=event_id,
            number=number,
            compared_with=None,
            by=None,
            now=database.now_in(session),
        ).id
    seen = []
    with Child(database, job) as child:
        while child.is_running():
            seen.append(ask_somebody(database, event_id, len(seen)))
            time.sleep(0.05)  # people are slower; the job has its own core
        published = child.took()
    assert (published["ending"], published["megabytes"] < MEGABYTES) == ("done", True), published
    assert seen.count(VersionState.PUBLISHED) > 10  # requested while notifications were queued
    with database.read() as session:
        done = session.get_one(VersionJob, job)
        assert (done.state, done.mails) == (JobState.DONE, found.mails)
        assert session.scalar(select(func.count(OutboxEmail.id))) == found.mails


def test_a_page_of_a_versions_meetings_reads_no_others(database: Database) -> None:
    number = add_version(database, fill(database, firms=400, meetings=2_000))
    with database.read() as session:
        version = session.scalars(select(ScheduleVersion).where(ScheduleVersion.number == number)).one()
        whole = versions.list_meetings(session, version.id)
    assert count_rows(database, lambda db: versions.list_meeting_page(db, version, limit=50)) < 200
    read: list[Meeting] = []
    cursor = None
    with database.read() as session:
        while cursor is not None or not read:
            page = versions.list_meeting_page(session, version, cursor=cursor, limit=200)
            read, cursor = [*read, *page.items], page.next_cursor
    assert (tuple(read), page.total) == (whole, 2_000)
