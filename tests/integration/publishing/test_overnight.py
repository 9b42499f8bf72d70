"""The morning email summarises the overnight draft, once, for the event's team."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from scheduler.domain.entities import OutboxKind, RequestState
from scheduler.domain.team import TeamRole
from scheduler.services.delivery import rendering
from scheduler.services.events import overnight_runs
from scheduler.services.planning.runs import runs
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, OutboxEmail
from tests.integration.identity.test_readers import read
from tests.support.factories import NOW, Expo, make_event, make_member, make_request, meet
from tests.support.publishing import SETTINGS, carry_out, draft, publish


def scene(database: Database, *, by_night: bool, language: str = "en") -> Expo:
    """Publish one meeting, and make a draft that moves it and adds another one."""
    with database.write() as session:
        expo = make_event(session, firms=4, slots="4", language=language)
        make_member(session, expo, TeamRole.VIEWER)
        first, second = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
        publish(session, expo, draft(session, expo, [meet(first, expo)]), None)
        start_by = NOW + timedelta(hours=1) if by_night else None
        run = runs.queue_run(session, expo.event.id, requested_by=None, start_by=start_by, now=NOW)
        made = draft(session, expo, [meet(first, expo, slot=2), meet(second, expo, slot=1)])
        versions.get_version(session, expo.event.id, made).run_id = run.id
    return expo


def compare(database: Database, expo: Expo) -> None:
    with database.write() as session:
        version_jobs.request_comparison(
            session, versions.get_version(session, expo.event.id, 2), by=None, now=NOW
        )
    carry_out(database)


def publish_it(database: Database, expo: Expo, *, by: int | None) -> None:
    with database.write() as session:
        version_jobs.request_publishing(
            session, event_id=expo.event.id, number=2, compared_with=1, by=by, now=NOW
        )
    carry_out(database)


def mails(database: Database) -> list[OutboxEmail]:
    with database.read() as session:
        return list(session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK)))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "^Draft ready to publish for .+: 1 moved, 1 new$"),
        ("hu", "^Közzétételre vár – .+: 1 más időpontban, 1 új$"),
        ("zh", "1\u573a\u6539\u671f\u30011\u573a\u65b0\u589e"),
    ],
)
def test_it_says_what_the_draft_changes_with_a_link(database: Database, language: str, said: str) -> None:
    expo = scene(database, by_night=True, language=language)
    compare(database, expo)
    (mail,) = mails(database)
    made = read(rendering.render_email(SETTINGS, mail, {}).data)
    text = made.get_body(("plain",)).get_content()
    assert mail.to_address == expo.organiser.email and re.search(said, str(made["Subject"]))
    assert f"/events/{expo.event.key}/versions/2" in text and "{" not in text


def test_it_counts_what_the_draft_schedules_without_what_was_called_off_since(database: Database) -> None:
    expo = scene(database, by_night=True)
    with database.write() as session:
        first = session.scalars(select(MeetingRequest).order_by(MeetingRequest.id)).first()
        assert first is not None
        first.state = RequestState.WITHDRAWN
    compare(database, expo)
    (mail,) = mails(database)
    text = read(rendering.render_email(SETTINGS, mail, {}).data).get_body(("plain",)).get_content()
    assert "1 of 1" in text and "2 of" not in text


def test_it_comes_once_however_often_the_draft_is_compared(database: Database) -> None:
    expo = scene(database, by_night=True)
    for _ in range(2):
        compare(database, expo)
    assert len(mails(database)) == 1


def test_a_run_that_somebody_asked_for_is_not_told(database: Database) -> None:
    compare(database, scene(database, by_night=False))
    assert not mails(database)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "^Schedule published for .+: 1 moved, 1 new$"),
        ("hu", "^Beosztás közzétéve – .+: 1 más időpontban, 1 új$"),
        ("zh", "\u5df2\u53d1\u5e03"),
    ],
)
def test_a_night_that_publishes_says_what_it_has_changed(
    database: Database, language: str, said: str
) -> None:
    expo = scene(database, by_night=True, language=language)
    publish_it(database, expo, by=None)
    (mail,) = mails(database)
    made = read(rendering.render_email(SETTINGS, mail, {}).data)
    text = made.get_body(("plain",)).get_content()
    assert re.search(said, str(made["Subject"]))
    assert f"/events/{expo.event.key}/versions/2" in text and "{" not in text
    with database.read() as session:
        (night,) = overnight_runs.list_last_runs(session, expo.organiser_actor())
    assert night.changes is not None and (night.changes.moved, night.changes.new) == (1, 1)


def test_a_meeting_that_was_called_off_is_told_as_declined(database: Database) -> None:
    expo = scene(database, by_night=True)
    with database.write() as session:
        first = session.scalars(select(MeetingRequest).order_by(MeetingRequest.id)).first()
        assert first is not None
        first.state = RequestState.WITHDRAWN
    publish_it(database, expo, by=None)
    (mail,) = mails(database)
    assert mail.payload["counts"] == {"moved": 0, "changed": 0, "new": 1, "cancelled": 1, "declined": 1}


def test_what_a_person_publishes_of_the_night_is_not_told_again(database: Database) -> None:
    expo = scene(database, by_night=True)
    publish_it(database, expo, by=expo.organiser.id)
    assert not mails(database)
