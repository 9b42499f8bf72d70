"""A manual draft is respected by the run that names it, and by no overnight run; when published, by all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AfterRun, RunState, VersionState
from scheduler.domain.errors import NotFound, WrongState
from scheduler.services.board import commands, manual_drafts
from scheduler.services.board.commands import Placement
from scheduler.services.planning.runs import execution, overnight, run_control
from scheduler.services.publishing import version_actions
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, Run, RunSchedule
from tests.support.factories import NOW, SECRET_KEY, make_event, make_night, make_request, meet
from tests.support.publishing import carry_out, draft, publish
from tests.support.web import Browser, web_app

SETTINGS = Settings(database_url="sqlite://", redis_url="redis://nowhere", secret_key=SECRET_KEY)


class Desk:
    """Two meetings are published. Manual draft 2 moves the first and cancels the second."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo = expo = make_event(session, firms=4, slots="4")
            self.moved, self.cancelled = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
            first = [meet(self.moved, expo), meet(self.cancelled, expo, slot=1, place=expo.tables[1])]
            publish(session, expo, draft(session, expo, first), None)
            self.begin(session)

    def begin(self, session: Session) -> int:
        actor, expo = self.expo.organiser_actor(), self.expo
        number = manual_drafts.start_draft(session, actor, 1, now=NOW)
        to = Placement(self.moved.key, expo.slots[3].key, expo.tables[0].key)
        commands.place_request(session, actor, number, to, seen=None, now=NOW)
        commands.cancel_meeting(session, actor, number, self.cancelled.key, seen=None, now=NOW)
        return number

    def night(self) -> Run:
        """Execute an overnight run that publishes within its limits."""
        with self.database.write() as session:
            if session.scalar(select(RunSchedule.id)) is None:
                make_night(session, self.expo, then=AfterRun.PUBLISH)
            session.scalars(select(RunSchedule)).one().next_at = NOW
            (run_id,) = overnight.queue_due_runs(session, now=NOW)
        self.execute(run_id)
        carry_out(self.database)
        return self.run_of(run_id)

    def start(self, manual_draft: int | None) -> int:
        with self.database.write() as session:
            actor = self.expo.organiser_actor()
            return run_control.start_run(session, actor, seconds=1, manual_draft=manual_draft, now=NOW).id

    def execute(self, run_id: int) -> Run:
        execution.execute_run(self.database, run_id, worker="w", settings=replace(SETTINGS, solve_workers=1))
        return self.run_of(run_id)

    def run_of(self, run_id: int) -> Run:
        with self.database.read() as session:
            return session.get_one(Run, run_id)

    def held(self, number: int) -> dict[str, str]:
        """Return the slots of a version's meetings."""
        with self.database.read() as session:
            version = versions.get_version(session, self.expo.event.id, number)
            return {meeting.request: meeting.slot for meeting in versions.list_meetings(session, version.id)}

    def published(self) -> int:
        with self.database.read() as session:
            version = versions.find_published_version(session, self.expo.event.id)
            assert version is not None
            return version.number

    def publish(self, number: int) -> None:
        with self.database.write() as session:
            actor = self.expo.organiser_actor()
            version_actions.request_publishing(
                session, actor, number, compared_with=self.published(), now=NOW
            )
        carry_out(self.database)

    @property
    def as_published(self) -> dict[str, str]:
        return {self.moved.key: "s0", self.cancelled.key: "s1"}

    @property
    def by_hand(self) -> dict[str, str]:
        return {self.moved.key: "s3"}


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_a_night_publishes_nothing_of_an_open_draft(desk: Desk) -> None:
    run = desk.night()
    assert (run.state, run.manual_draft) == (RunState.FINISHED, None)
    assert desk.held(desk.published()) == desk.as_published
    with desk.database.read() as session:
        assert versions.get_version(session, desk.expo.event.id, 2).state is VersionState.DRAFT


def test_a_run_keeps_the_draft_that_it_is_started_with_and_no_other(desk: Desk) -> None:
    with desk.database.write() as session:  # a colleague's run with fewer options
        actor = desk.expo.organiser_actor()
        newer = manual_drafts.start_draft(session, actor, 1, now=NOW)
        to = Placement(desk.moved.key, desk.expo.slots[2].key, desk.expo.tables[0].key)
        commands.place_request(session, actor, newer, to, seen=None, now=NOW)
    desk.execute(desk.start(None))
    desk.execute(desk.start(2))
    assert desk.held(newer + 1) == desk.as_published
    assert desk.held(newer + 2) == desk.by_hand
    desk.execute(desk.start(newer))
    assert desk.held(newer + 3) == {desk.moved.key: "s2", desk.cancelled.key: "s1"}


def test_what_was_published_of_it_is_kept_by_every_later_run(desk: Desk) -> None:
    desk.execute(desk.start(2))
    desk.publish(3)
    for _ in range(2):
        run = desk.night()
        assert (run.state, run.manual_draft) == (RunState.FINISHED, 2)
        assert desk.held(desk.published()) == desk.by_hand


def test_a_draft_that_was_published_itself_is_kept_by_every_later_run(desk: Desk) -> None:
    desk.publish(2)
    for _ in range(2):
        assert desk.night().manual_draft == 2
        assert desk.held(desk.published()) == desk.by_hand
    with desk.database.write() as session:
        made = manual_drafts.start_draft(session, desk.expo.organiser_actor(), desk.published(), now=NOW)
        commands.unlock_request(
            session, desk.expo.organiser_actor(), made, desk.cancelled.key, seen=None, now=NOW
        )
    desk.publish(made)
    desk.night()
    assert desk.cancelled.key in desk.held(desk.published())


def test_no_run_keeps_a_discarded_draft_or_one_that_is_not_by_hand(desk: Desk) -> None:
    waiting = desk.start(2)
    with desk.database.write() as session:
        version_actions.discard_draft(session, desk.expo.organiser_actor(), 2, now=NOW)
    run = desk.execute(waiting)
    assert run.state is RunState.FAILED
    assert run.error == "Manual draft 2 was discarded, so no run can keep it."
    with pytest.raises(WrongState):
        desk.start(2)
    with pytest.raises(NotFound):
        desk.start(1)


def test_the_page_lets_one_choose_and_says_what_a_run_keeps(desk: Desk) -> None:
    browser = Browser(web_app(desk.database, "redis://127.0.0.1:1"), desk.expo.organiser)
    path = f"/events/{desk.expo.event.key}"
    page = browser.get(f"{path}/schedule")
    assert "Keep the 2 changes of draft 2" in page and "Overnight runs keep none." in page
    browser.post(f"{path}/runs", seconds=1, note="", manual_draft=2)
    assert desk.run_of(1).manual_draft == 2
    assert "This run keeps the manual changes of" in browser.get(f"{path}/runs/1")


def test_the_board_opens_what_is_published_and_names_the_open_drafts(desk: Desk) -> None:
    browser = Browser(web_app(desk.database, "redis://127.0.0.1:1"), desk.expo.organiser)
    page = browser.get(f"/events/{desk.expo.event.key}/board")
    assert "Version 1, published." in page
    assert "Manual draft 2</a> is open: 2 changes by" in page
    with desk.database.write() as session:
        assert session.scalar(select(MeetingRequest.id)) is not None
        version_actions.discard_draft(session, desk.expo.organiser_actor(), 2, now=NOW)
    assert "is open: " not in browser.get(f"/events/{desk.expo.event.key}/board")
