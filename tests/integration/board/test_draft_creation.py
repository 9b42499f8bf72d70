"""A manual draft of a large event: a worker creates it, and its page shows progress."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from scheduler.domain.entities import VersionState
from scheduler.domain.errors import WrongState
from scheduler.services.board import manual_drafts
from scheduler.services.publishing import job_execution
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import VersionJob
from tests.integration.board.test_commands import Hall
from tests.support.factories import NOW
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app


class Large:
    """The event of `Hall`, treated as large, and its organiser's browser."""

    def __init__(self, database: Database, broker_url: str) -> None:
        self.database = database
        with database.write() as session:
            self.hall = Hall(session)
        self.browser = Browser(web_app(database, broker_url), self.hall.expo.organiser)

    def path(self, rest: str) -> str:
        return f"/events/{self.hall.expo.event.key}/board{rest}"

    def work(self) -> JobEnding:
        with self.database.read() as session:
            job = session.scalars(select(VersionJob.id).order_by(VersionJob.id.desc())).first()
        assert job is not None
        return job_execution.execute_job(self.database, job, worker="w", settings=SETTINGS)


@pytest.fixture
def large(database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Large:
    monkeypatch.setattr(manual_drafts, "MAX_INLINE_REQUESTS", 0)
    return Large(database, broker_url)


def test_a_worker_begins_it_once_and_the_page_goes_to_its_board(large: Large) -> None:
    for _ in range(2):  # a double click
        page = large.browser.post(large.path("/drafts"), draft=1)
        assert "Waiting for a worker to pick it up…" in page
        assert "/board/1/progress" in page
    with large.database.read() as session:
        assert session.scalar(select(func.count(VersionJob.id))) == 1
    part = large.browser.client.get(large.path("/1/progress"), headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert b"<html" not in part.data
    assert large.work() is JobEnding.DONE
    assert large.work() is JobEnding.NOT_CLAIMED
    gone = large.browser.client.get(large.path("/1/progress"), headers={"HX-Request": "true"})
    assert (gone.status_code, gone.headers["HX-Redirect"]) == (204, large.path("?draft=3"))
    assert "Manual draft 3, 0 changes." in large.browser.get(large.path("/1/progress"))
    with large.database.write() as session:
        event_id, actor = large.hall.expo.event.id, large.hall.expo.organiser_actor()
        at_once = versions.get_version(
            session, event_id, manual_drafts.start_draft(session, actor, 1, now=NOW)
        )
        made = versions.get_version(session, event_id, 3)
        assert versions.list_meetings(session, made.id) == versions.list_meetings(session, at_once.id)
        assert (made.score, made.terms) == (at_once.score, at_once.terms)


def test_what_cannot_be_begun_any_more_is_said_and_can_be_tried_again(large: Large) -> None:
    large.browser.post(large.path("/drafts"), draft=1)
    with large.database.write() as session:
        version = versions.get_version(session, large.hall.expo.event.id, 1)
        version.state = VersionState.SUPERSEDED
    assert large.work() is JobEnding.FAILED
    page = large.browser.get(large.path("/1/progress"))
    assert "The draft could not be created." in page
    assert "Try again" in page
    with large.database.write() as session, pytest.raises(WrongState):
        manual_drafts.request_draft(session, large.hall.expo.organiser_actor(), 1, now=NOW)
