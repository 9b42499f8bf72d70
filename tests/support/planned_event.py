"""An event with a published plan of a real run, and effects of organisers' actions on the next run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.plan import Meeting
from scheduler.services.participants import journal
from scheduler.services.planning.runs import execution, runs
from scheduler.services.planning.runs.execution import RunEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Event, MeetingRequest
from tests.support.factories import NOW, Expo, make_event, make_request
from tests.support.publishing import SETTINGS, preview, publish, send_all

SECONDS = 1
CHANGES = ("added", "moved", "relocated", "reassigned", "cancelled")


class Desk:
    """Four firms with two people and a booth each; two days of four slots; four published meetings.

    Firm 0 meets 1 and 2, firm 3 meets 1 and 2. Invitations were sent.
    """

    def __init__(self, database: Database, **columns: Any) -> None:
        self.database, self.minutes = database, 0
        with database.write() as session:
            self.expo: Expo = make_event(
                session, firms=4, people=2, slots="4 4", tables=3, interpreters=1, **columns
            )
            pairs = ((0, 1), (0, 2), (3, 1), (3, 2))
            self.requests = [make_request(session, self.expo, *pair) for pair in pairs]
        self.number: int | None = None
        self.run_and_publish()

    def run(self) -> int:
        """Have the solver create a draft. Return its number."""
        with self.database.write() as session:
            run_id = runs.queue_run(
                session, self.expo.event.id, requested_by=None, seconds=SECONDS, now=NOW
            ).id
        done = execution.execute_run(self.database, run_id, worker="w", settings=SETTINGS)
        assert done.ending is RunEnding.FINISHED
        assert done.version is not None
        return done.version

    def run_and_publish(self) -> list[tuple[str, str]]:
        """Run, publish and send. Return address and method of each email."""
        number = self.run()
        self.minutes += 30
        with self.database.write() as session:
            publish(session, self.expo, number, self.number, minutes=self.minutes)
            self.number = number
        with self.database.write() as session:
            self.expo.event = session.get_one(Event, self.expo.event.id)
            return [mail[:2] for mail in send_all(session, self.expo, minutes=self.minutes + 1)]

    def changes(self, number: int) -> dict[str, int]:
        """Return the non-zero change counts of a draft."""
        with self.database.write() as session:
            counts = preview(session, event_id=self.expo.event.id, number=number, now=NOW).counts
        return {name: counts[name] for name in CHANGES if counts.get(name)}

    def meetings(self, number: int | None = None) -> dict[str, Meeting]:
        """Return the meetings of a version by request, by default of the published one."""
        with self.database.read() as session:
            version = versions.get_version(session, self.expo.event.id, number or self.number or 0)
            return {meeting.request: meeting for meeting in versions.list_meetings(session, version.id)}

    def do(self, step: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """Execute an action as the organiser."""
        with self.database.write() as session:
            return step(session, self.expo.organiser_actor(), *arguments, **{"now": NOW, **more})

    def undo(self, *, now: datetime = NOW) -> None:
        """Undo the latest action that is not undone."""
        actor = self.expo.organiser_actor()
        with self.database.write() as session:
            last = next(each for each in journal.list_steps(session, actor) if each.undone_at is None)
            journal.undo_step(session, actor, last.id, settings=SETTINGS, now=now)

    def row(self, row: Any) -> Any:
        """Reload a row from the database."""
        with self.database.read() as session:
            return session.get_one(type(row), row.id)

    def states(self) -> dict[str, str]:
        with self.database.read() as session:
            rows = session.execute(
                select(MeetingRequest.key, MeetingRequest.state).order_by(MeetingRequest.id)
            )
            return {key: state.value for key, state in rows}

    def read(self, step: Callable[[Session], Any]) -> Any:
        with self.database.read() as session:
            return step(session)
