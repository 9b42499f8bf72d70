"""Email links of archived events say that the event is over, and change nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from scheduler.domain.entities import RequestState
from scheduler.storage.database import Database
from scheduler.storage.models import Event, InvitationReply, MeetingRequest
from tests.integration.pages.test_pages_answers import Site
from tests.support.factories import NOW

OVER = "This event is over"


@pytest.fixture
def site(database: Database) -> Site:
    site = Site(database)
    site.visitor.get(site.link)  # with an open form
    with database.write() as session:
        session.get_one(Event, site.published.expo.event.id).archived_at = NOW
    return site


@pytest.mark.parametrize("step", ["", "accept", "decline", "propose"])
def test_an_answer_link_says_so_and_answers_nothing(site: Site, step: str) -> None:
    path = f"{site.link}/{step}"
    assert OVER in site.visitor.get(path, status=410)
    if step:
        assert OVER in site.visitor.post(path, status=410, sequence=0, slot="any")
    with site.published.database.read() as session:
        assert session.scalar(select(func.count()).select_from(InvitationReply)) == 0
        states = set(session.scalars(select(MeetingRequest.state)))
    assert states == {RequestState.ACCEPTED}


def test_the_event_is_taken_along_all_the_same(site: Site) -> None:
    answer = site.organiser().client.get(f"/events/{site.published.expo.event.key}/exports/event.xlsx")
    assert answer.status_code == 200 and answer.data.startswith(b"PK")
