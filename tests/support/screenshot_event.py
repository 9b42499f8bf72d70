"""The generated expo of the documentation's screenshots, on a server with a frozen clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chainmeet.demo.load_sample import load
from scheduler.domain.entities import PlaceKind, RequestState, Side, VersionState
from scheduler.domain.solving import SolveParams
from scheduler.samples.expo import make_expo
from scheduler.services.board import board_view, manual_drafts
from scheduler.services.board.board_view import BoardQuery
from scheduler.services.board.placement_search import PlacementSearch
from scheduler.services.identity import actors, sign_in
from scheduler.services.identity.actors import Actor
from scheduler.services.problems import snapshot
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    Event,
    Firm,
    MeetingRequest,
    Place,
    PlaceClosure,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)
from scheduler.storage.schema import upgrade_schema
from tests.support import clocks
from tests.support.everything import serving
from tests.support.factories import SECRET_KEY
from tests.support.publishing import carry_out, publish_version
from tests.support.web import web_app
from workers import board_queries

NOW = datetime(2027, 6, 8, 7, 30, tzinfo=UTC)
"""Two weeks before the expo."""
ORGANISER = "duan.rui@organiser.example"
FIRMS, REQUESTS = 60, 420
MOVES = SolveParams(iterations=30_000, workers=1, seed=1)
ROWS_SEEN = 10
"""Number of board rows visible in the screenshot."""


class PicturedExpo:
    """An expo with a published plan, and a draft after some days of responses."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            sample = make_expo(firms=FIRMS, requests=REQUESTS)
            event = load(session, sample, organiser_email=ORGANISER, secret_key=SECRET_KEY, now=NOW)
            self.id, self.key = event.id, event.key
        self._plan()
        with database.write() as session:
            publish_version(session, event_id=self.id, number=1, compared_with=None, now=NOW)
        self._some_days_pass()
        self._plan()
        with database.write() as session:
            version_jobs.request_comparison(
                session, versions.get_version(session, self.id, 2), by=None, now=NOW
            )
        carry_out(database)

    def _plan(self) -> None:
        with self.database.write() as session:
            plan = solve(snapshot.build_problem(session, self.id, now=NOW), MOVES).plan
            versions.store_draft(session, event_id=self.id, run_id=None, plan=plan, now=NOW)

    def _some_days_pass(self) -> None:
        """Respond to some requests, withdraw some, and close a table on the first morning."""
        with self.database.write() as session:
            of_event = (
                select(MeetingRequest).where(MeetingRequest.event_id == self.id).order_by(MeetingRequest.id)
            )
            pending = session.scalars(of_event.where(MeetingRequest.state == RequestState.PENDING)).all()
            held = session.scalars(of_event.where(MeetingRequest.state == RequestState.ACCEPTED)).all()
            for request in pending[: len(pending) // 2]:
                request.state, request.responded_at, request.responded_side = (
                    RequestState.ACCEPTED,
                    NOW,
                    Side.TO,
                )
            for request in held[::60]:
                request.state, request.responded_at = RequestState.WITHDRAWN, NOW
            table = session.scalars(
                select(Place)
                .where(Place.event_id == self.id, Place.kind == PlaceKind.TABLE)
                .order_by(Place.id)
            ).first()
            morning = session.scalars(select(Slot).where(Slot.of(self.id)).order_by(Slot.position).limit(4))
            if table is not None:
                session.add_all(PlaceClosure(place_id=table.id, slot_id=slot.id) for slot in morning)

    def account(self, who: str) -> int:
        """Return the organiser's account, or that of the exhibitor with most meetings."""
        with self.database.read() as session:
            if who == "organiser":
                return session.scalars(select(Account.id).where(Account.email == ORGANISER)).one()
            return session.scalars(
                select(Attendee.account_id)
                .join(PlannedAttendee, PlannedAttendee.attendee_id == Attendee.id)
                .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
                .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
                .where(ScheduleVersion.event_id == self.id, ScheduleVersion.state == VersionState.PUBLISHED)
                .where(Attendee.is_exhibitor)
                .group_by(Attendee.id)
                .order_by(func.count().desc(), Attendee.id)
                .limit(1)
            ).one()

    def link(self, who: str) -> str:
        account_id = self.account(who)
        with self.database.write() as session:
            return (
                f"/sign-in/{sign_in.make_sign_in_link(session, account_id, secret_key=SECRET_KEY, now=NOW)}"
            )

    def picked_up(self) -> str:
        """Return the URL of the fullest part of a manual draft, with a meeting selected."""
        with self.database.write() as session:
            actor = actors.operator_actor(session.get_one(Event, self.id))
            number = manual_drafts.start_draft(session, actor, 2, now=NOW)
            whole = board_view.get_board(session, actor, number, BoardQuery())
            parts = [
                BoardQuery(day=day.isoformat(), half=half, hall=hall)
                for hall in whole.halls for day in whole.days for half in ("morning", "afternoon")
            ]  # fmt: skip
            wish, held = max(
                ((wish, self._held(session, actor, number, wish)) for wish in parts),
                key=lambda found: len(found[1]),
            )
        values = {"draft": number, "day": wish.day, "half": wish.half, "hall": wish.hall, "pick": held[0]}
        return urlencode(values)

    @staticmethod
    def _held(session: Session, actor: Actor, number: int, wish: BoardQuery) -> list[str]:
        """Return the meetings in the rows that are visible without scrolling."""
        rows = board_view.get_board(session, actor, number, wish).page.items[:ROWS_SEEN]
        return [each.request for row in rows for cell in row.cells for each in cell.meetings]

    def workbook(self) -> bytes:
        """Return firms as a partner sends them: some changed, some new, and some slightly invalid values."""
        with self.database.read() as session:
            firms = session.scalars(select(Firm).where(Firm.event_id == self.id).order_by(Firm.id)).all()
            rows: list[list[Cell]] = [
                [firm.key, firm.name, firm.country, firm.tier.value, firm.max_per_day or ""] for firm in firms
            ]
        for row in rows[3:12]:
            row[4] = 8
        for at in (20, 24, 31):
            rows[at][2] = "Hungry"
        rows[40][2], rows[44][3] = "Corea", "upstrem"
        new: list[list[Cell]] = [
            ["", f"Danube Cell {number}", "Magyarország", "上游", 6] for number in range(1, 6)
        ]
        return write_xlsx(
            [OutputSheet("Firms", ["Key", "Firm name", "Land", "Tier", "Meetings a day"], [*rows, *new])]
        )


@contextmanager
def expo_site(folder: Path) -> Iterator[tuple[PicturedExpo, str]]:
    """Yield the expo, and the URL of its server with a frozen clock."""
    database = Database(f"sqlite:///{folder}/pictures.db")
    upgrade_schema(database)
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        expo = PicturedExpo(database)
        desk = PlacementSearch(database)
        patch.setattr(board_queries, "ask", lambda e, n, question, **_: desk.answer(e, n, question))
        with serving(web_app(database, "redis://127.0.0.1:1")) as site:
            yield expo, site
