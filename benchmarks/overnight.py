"""Overnight runs that publish automatically, with random changes between them.

    python -m benchmarks.overnight [--full] [--nights 3] [--seconds 20] [--pressed 60]
        [--out benchmarks/results]

The expo has 60 firms, or 620 with 9,000 requests with --full, on PostgreSQL. It is planned and published.
Each day, requests are accepted and withdrawn, people are absent for half a day, a firm leaves, and an
interpreter is absent for half a day (100, 50, 15, 1 and 1 at 620 firms, fewer at 60). A suggested fix of each
unscheduled request is applied, and the overnight run publishes within its default limits.

Measured are: whether each run published; the voluntary changes of the person with most of them, against the
limit; and whether each fix was rejected at once or its request is scheduled at its time.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from chainmeet.demo.load_sample import load
from scheduler.domain.entities import AfterRun, RequestState, Side
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.rules.stability import published_changes
from scheduler.files.plan_file import read_plan
from scheduler.files.problem_file import read_problem
from scheduler.samples.expo import make_expo
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.fixes import applying
from scheduler.services.planning.fixes.event_changes import NewPerson
from scheduler.services.planning.runs import execution, runs
from scheduler.services.planning.runs.watchdog import Solve
from scheduler.services.problems import stored_problems
from scheduler.services.publishing.overnight.overnight_budget import OvernightBudget, find_displaced_requests
from scheduler.services.schedule import unscheduled, versions
from scheduler.solver.solve import solve as solve_problem
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Event,
    Firm,
    Interpreter,
    InterpreterBusy,
    MeetingRequest,
    Run,
    ScheduleVersion,
    Slot,
)
from scheduler.storage.schema import upgrade_schema
from tests.support import servers
from tests.support.factories import SECRET_KEY
from tests.support.publishing import SETTINGS, carry_out

HEADINGS = (
    "night",
    "state",
    "held",
    "changed",
    "by choice",
    "most of one",
    "pressed",
    "refused",
    "lost",
    "s",
)
WIDTHS = (-6, -11, 7, 8, 10, 12, 8, 8, 5, 6)
BUDGET = OvernightBudget()
MOST_ANSWERS = 100_000


@dataclass(frozen=True, slots=True)
class Churn:
    """The number of changes between two overnight runs, and the maximum number of fixes to apply."""

    accepted: int = 100
    withdrawn: int = 50
    absent: int = 15
    pressed: int = 1000


@dataclass(slots=True)
class Night:
    """The result of an overnight run. `lost` are requests with an applied fix that are not at its time."""

    number: int
    state: str = ""
    held: int = 0
    changed: int = 0
    voluntary: int = 0
    most_of_one: int = 0
    pressed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    not_kept: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""

    @property
    def row(self) -> Json:
        return {**asdict(self), "refused": dict(self.refused), "error": self.error}

    @property
    def cells(self) -> list[Any]:
        counts = [self.held, self.changed, self.voluntary, self.most_of_one, self.pressed]
        rest = [sum(self.refused.values()), len(self.lost), round(self.seconds)]
        return [str(self.number), self.state, *counts, *rest]


class Desk:
    """An event with automatic overnight publication, and its daily changes."""

    def __init__(
        self,
        database: Database,
        *,
        firms: int,
        requests: int,
        seconds: int = 20,
        seed: int = 1,
        solve: Solve = solve_problem,
    ) -> None:
        self.database, self.seconds, self.solve = database, seconds, solve
        self.draws = random.Random(seed)
        self.nights = 0
        with database.write() as session:
            now = database.now_in(session)
            sample = make_expo(firms=firms, requests=requests, start=now.date() + timedelta(days=21))
            event = load(session, sample, organiser_email="o@expo.example", secret_key=SECRET_KEY, now=now)
            self.event_id = event.id
            event.summary_mails = event.digest_mails = False
            event.publish_hold = 0
        self._run(budget=None)

    # Daily changes

    def day(self, churn: Churn) -> None:
        """Accept and withdraw requests, mark absences of people and an interpreter, and remove a firm."""
        with self.database.write() as session:
            for request in self._some(session, RequestState.PENDING, churn.accepted):
                request.state, request.responded_side = RequestState.ACCEPTED, Side.TO
            for request in self._some(session, RequestState.ACCEPTED, churn.withdrawn):
                request.state = RequestState.WITHDRAWN
            people = self._of(session, Attendee)
            for person in self.draws.sample(people, churn.absent):
                session.add_all(self._marks(session, AttendeeBusy, person))
            session.add_all(
                self._marks(session, InterpreterBusy, self.draws.choice(self._of(session, Interpreter)))
            )
            self._leave(session, self.draws.choice(self._of(session, Firm)))

    def _some(self, session: Session, state: RequestState, count: int) -> list[MeetingRequest]:
        query = select(MeetingRequest).where(
            MeetingRequest.event_id == self.event_id,
            MeetingRequest.state == state,
            MeetingRequest.is_locked.is_(False),
        )
        found = session.scalars(query.order_by(MeetingRequest.id)).all()
        return self.draws.sample(list(found), min(count, len(found)))

    def _of(self, session: Session, table: Any) -> list[Any]:
        mine = table.event_id == self.event_id, table.withdrawn_at.is_(None)
        return list(session.scalars(select(table).where(*mine).order_by(table.id)))

    def _marks(self, session: Session, table: Any, whom: Any) -> list[Any]:
        """Return absences for half a day, for slots without one."""
        slots = session.scalars(select(Slot).where(Slot.of(self.event_id)).order_by(Slot.position)).all()
        column = table.attendee_id if table is AttendeeBusy else table.interpreter_id
        known = set(session.scalars(select(table.slot_id).where(column == whom.id)))
        block = self.draws.choice(sorted({slot.block for slot in slots}))
        half = [slot.id for slot in slots if slot.block == block and slot.id not in known]
        return [table(**{column.key: whom.id, "slot_id": slot_id}) for slot_id in half]

    def _leave(self, session: Session, firm: Firm) -> None:
        firm.withdrawn_at = self.database.now_in(session)
        mine = (MeetingRequest.from_firm_id == firm.id) | (MeetingRequest.to_firm_id == firm.id)
        for request in session.scalars(select(MeetingRequest).where(mine)):
            request.state, request.is_locked = RequestState.WITHDRAWN, False
            request.fixed_slot_id = request.fixed_place_id = None

    # Fixes of the help desk

    def press_all(self, night: Night, most: int) -> dict[str, str]:
        """Apply a fix of each unscheduled request. Return the slots by request of those accepted."""
        with self.database.read() as session:
            published = versions.find_published_version(session, self.event_id)
            assert published is not None
            rows = unscheduled.list_unscheduled(session, published.id, first=0, most=MOST_ANSWERS)
            number = published.number
            answers = {row["request"]: len(row["ways"]) for row in rows if row.get("ways")}
        taken: dict[str, str] = {}
        for key, ways in list(answers.items())[:most]:
            night.pressed += 1
            why = self._press(number, key, ways, taken)
            if why is not None:
                night.refused[why] += 1
        return taken

    def _press(self, version: int, key: str, count: int, taken: dict[str, str]) -> str | None:
        """Apply one of a request's fixes, and return the reason if it was rejected."""
        which = self.draws.randrange(count)
        try:
            with self.database.write() as session:
                actor = self._actor(session)
                way = applying.get_request_fix(session, actor, version, key, which)
                adds = {"add-person": len(way["ids"]), "add-interpreter": 1}.get(str(way["kind"]), 0)
                people = [self._new_person() for _ in range(adds)]
                now = self.database.now_in(session)
                slot = applying.apply_request_fix(
                    session, actor, version, key, which, people=people, settings=SETTINGS, now=now
                )
                taken[key] = slot.key
        except ChainmeetError as refused:
            return f"{type(refused).__name__}: {refused}"
        return None

    def _actor(self, session: Session) -> Actor:
        return actors.operator_actor(session.get_one(Event, self.event_id))

    def _new_person(self) -> NewPerson:
        number = self.draws.randrange(10**9)
        return NewPerson(f"Person {number}", f"person{number}@expo.example")

    # The overnight run

    def night(self, taken: dict[str, str] | None = None, night: Night | None = None) -> Night:
        """Execute an overnight run within its limits, publish it, and record the result."""
        self.nights += 1
        night = night or Night(self.nights)
        before = self._published()
        began = time.perf_counter()
        run = self._run(budget=asdict(BUDGET))
        night.seconds = time.perf_counter() - began
        with self.database.read() as session:
            version = session.scalars(
                select(ScheduleVersion).where(ScheduleVersion.run_id == run.id).order_by(ScheduleVersion.id)
            ).first()
            night.error = run.error or ""
            night.state = "no plan" if version is None else version.state.value
            document, plan = (
                stored_problems.load_problem_file(session, run.id),
                runs.get_plan_file(session, run.id),
            )
        assert document is not None and plan is not None
        night.not_kept = list(plan.get("not_kept", []))
        found = read_plan(plan)
        problem = read_problem(document)
        changes = published_changes(problem, found.meetings)
        voluntary = set(changes.voluntary) - find_displaced_requests(problem, found.meetings)
        counts = Counter(person for m in before if m.request in voluntary for person in set(m.attendees))
        night.held, night.voluntary = len(found.meetings), len(voluntary)
        night.changed = len(changes.voluntary) + len(changes.forced)
        night.most_of_one = max(counts.values(), default=0)
        at = {meeting.request: meeting.slot for meeting in found.meetings}
        night.lost = sorted(key for key, slot in (taken or {}).items() if at.get(key) != slot)
        return night

    def _published(self) -> Sequence[Any]:
        with self.database.read() as session:
            version = versions.find_published_version(session, self.event_id)
            return versions.list_meetings(session, version.id) if version is not None else []

    def _run(self, *, budget: dict[str, int] | None) -> Run:
        with self.database.write() as session:
            now = self.database.now_in(session)
            queued = runs.queue_run(
                session, self.event_id, requested_by=None, seconds=self.seconds, then=AfterRun.PUBLISH,
                start_by=now + timedelta(hours=1) if budget else None, change_budget=budget, now=now,
            ).id  # fmt: skip
        execution.execute_run(self.database, queued, worker="w", settings=SETTINGS, solve=self.solve)
        carry_out(self.database)
        with self.database.read() as session:
            return session.get_one(Run, queued)


def run_nights(
    desk: Desk, churn: Churn, count: int, told: Callable[[Night], None] = lambda _: None
) -> list[Night]:
    """Return the results of `count` overnight runs, each after random changes and fixes."""
    found = []
    for number in range(1, count + 1):
        desk.day(churn)
        night = Night(number)
        taken = desk.press_all(night, churn.pressed)
        desk.night(taken, night)
        told(night)
        found.append(night)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--pressed", type=int, default=60, help="fixes a day, at most")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    size: dict[str, Any] = {"firms": 620, "requests": 9000} if asked.full else {"firms": 60, "requests": 700}
    churn = Churn() if asked.full else Churn(accepted=10, withdrawn=5, absent=3)
    churn = replace(churn, pressed=asked.pressed)
    with servers.postgres() as url:
        database = Database(url)
        upgrade_schema(database)
        desk = Desk(database, seconds=asked.seconds, **size)
        print(line(HEADINGS, WIDTHS), flush=True)
        rows = run_nights(
            desk, churn, asked.nights, told=lambda night: print(line(night.cells, WIDTHS), flush=True)
        )
        document = {
            "machine": machine(), **size, "seconds": asked.seconds, "limit of one person": BUDGET.a_person,
            "churn": asdict(churn), "nights": [night.row for night in rows],
        }  # fmt: skip
        write_json(asked.out / f"{stem('overnight', asked.full)}.json", document)


if __name__ == "__main__":
    main()
