"""Cached comparisons: the effect of publishing, and whether the cached result is still valid."""

from __future__ import annotations

import random
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.changes import ChangeKind
from scheduler.domain.entities import RequestState
from scheduler.services.delivery import claims, email_queue, rendering, sent_records
from scheduler.services.publishing import (
    comparisons,
    invitation_diff,
    publish_preview,
    release,
    version_jobs,
)
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Invitation, MeetingRequest, OutboxEmail
from tests.integration.publishing.scene import Scene
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_version,
)
from tests.support.publishing import SETTINGS, carry_out, preview, publish_version


class TestKeptComparisons:
    """One computation per draft and state of its inputs, however many pages are viewed."""

    def wanted(self, scene: Scene) -> bool:
        with scene.database.read() as session:
            return comparisons.needs_comparison(
                session, versions.get_version(session, scene.expo.event.id, scene.number)
            )

    def compare(self, scene: Scene) -> None:
        with scene.database.write() as session:
            version = versions.get_version(session, scene.expo.event.id, scene.number)
            version_jobs.request_comparison(session, version, by=None, now=NOW)
        assert carry_out(scene.database) == [JobEnding.DONE]

    def test_it_is_wanted_until_it_is_asked_for_and_again_when_it_no_longer_holds(self, scene: Scene) -> None:
        assert self.wanted(scene)
        self.compare(scene)
        assert not self.wanted(scene)

    @pytest.mark.parametrize("what", ["withdrawn", "language", "name", "text", "published"])
    def test_what_it_depends_on_makes_it_anew(self, scene: Scene, what: str) -> None:
        self.compare(scene)
        with scene.database.write() as session:
            person = session.get_one(Attendee, scene.expo.people[0][0].id)
            request = session.get_one(MeetingRequest, scene.requests[0].id)
            if what == "withdrawn":
                request.state = RequestState.WITHDRAWN
            elif what == "language":
                person.mail_language = "zh"
            elif what == "name":
                person.name = "Somebody Else"
            elif what == "text":
                scene.expo.event.name = "Another Expo"
                session.add(scene.expo.event)
            else:
                make_version(session, scene.expo, [])
        assert self.wanted(scene)

    def test_pages_read_the_rows_that_they_show(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(comparisons, "PART", 2)
        self.compare(scene)
        with scene.database.read() as session:
            version = versions.get_version(session, scene.expo.event.id, scene.number)
            found = comparisons.current_comparison(session, version)
            assert found is not None and found.mails == 16
            rows = comparisons.list_changes(session, found, ChangeKind.ADDED, first=1, most=2)
            whole = comparisons.compute_change_set(session, None, version).of(ChangeKind.ADDED)
            assert rows == list(whole[1:3])
            assert comparisons.list_changes(session, found, ChangeKind.MOVED, first=0, most=9) == []

    def test_a_published_version_keeps_that_of_its_draft(self, scene: Scene) -> None:
        self.compare(scene)
        assert scene.do(scene.ask()) is JobEnding.DONE
        with scene.database.read() as session:
            found = comparisons.current_comparison(
                session, versions.get_version(session, scene.expo.event.id, scene.number)
            )
            assert found is not None
            assert (found.counts["added"], found.mails) == (4, None)


def messages(session: Session, scene: Scene, number: int) -> list[Any]:
    version = versions.get_version(session, scene.expo.event.id, number)
    seen = release.plan_invitations(session, version, SETTINGS, now=NOW + timedelta(days=1))
    todo = [invitation_diff.derive_invitations(session, seen, people) for people in seen.portions()]
    found = [message.to_json() for pending in todo for message in pending.messages]
    return sorted(found, key=lambda message: (message["uid"], message["attendee_id"]))


def shake(session: Session, scene: Scene, chance: random.Random) -> None:
    """Change some of the values that emails show."""
    people = session.scalars(select(Attendee).where(Attendee.event_id == scene.expo.event.id)).all()
    requests = session.scalars(
        select(MeetingRequest).where(MeetingRequest.event_id == scene.expo.event.id)
    ).all()
    for request in chance.sample(list(requests), chance.randrange(3)):
        request.topic = f"Topic {chance.randrange(3)}"
    for person in chance.sample(list(people), chance.randrange(3)):
        person.name = f"Name {chance.randrange(3)}"
        person.mail_language = chance.choice(["", "en", "zh", "hu"])
    for request in chance.sample(list(requests), chance.randrange(2)):
        request.state = chance.choice([RequestState.ACCEPTED, RequestState.WITHDRAWN])
    session.flush()


@pytest.mark.parametrize("seed", range(6))
def test_deriving_what_differs_by_digests_gives_what_deriving_everything_gives(
    database: Database, seed: int
) -> None:
    chance, scene = random.Random(seed), Scene(database)
    compared_with, number = None, scene.number
    for step in range(5):
        with database.write() as session:
            shake(session, scene, chance)
            publish_version(
                session,
                event_id=scene.expo.event.id,
                number=number,
                compared_with=compared_with,
                now=NOW + timedelta(hours=step),
            )
            mails = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "invitation")).all()
            sent = [mail for mail in mails if mail.attempts == 0 and chance.random() < 0.8]
            sent_records.record_invitations(session, sent, SECRET_KEY)
            for mail in sent:
                mail.attempts = 1
        compared_with, number = number, scene.draft([chance.randrange(3) for _ in range(4)])
        with database.write() as session:
            by_digests = messages(session, scene, number)
            assert session.scalar(select(func.count()).where(Invitation.facts.is_not(None)))
            session.execute(update(Invitation).values(facts=None))
            session.expire_all()
            whole = messages(session, scene, number)
            session.rollback()
        keys = ("uid", "attendee_id", "method", "sequence", "dtstamp", "content", "kind", "previous")
        own = [{key: message[key] for key in keys} for message in by_digests]
        assert _without_new_uids(own) == _without_new_uids([{key: m[key] for key in keys} for m in whole])


def _without_new_uids(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages without the UIDs of returning attendees, which differ each time."""
    shown = [message | {"uid": ""} if message["kind"] == "new" else message for message in found]
    return sorted(shown, key=repr)


def test_a_draft_counts_no_mail_that_is_on_its_way(scene: Scene) -> None:
    """A draft with one other time is made after publishing, before the emails are sent."""
    scene.do(scene.ask())
    for slots, told in (([0, 0, 0, 0], (0, 0, 0)), ([1, 0, 0, 0], (4, 2, 2))):
        number = scene.draft(slots)
        with scene.database.read() as session:
            found = preview(session, event_id=scene.expo.event.id, number=number, now=scene.database.now())
        assert (found.mails, found.summaries, found.people) == told
        assert found.told is not None
        assert sum(found.told["kinds"].values()) == told[0]


def test_mails_that_were_stopped_are_not_on_their_way(scene: Scene) -> None:
    scene.do(scene.ask())
    number = scene.draft([0, 0, 0, 0])
    with scene.database.write() as session:
        email_queue.stop_emails(session, scene.expo.organiser_actor(), now=scene.database.now())
        found = preview(session, event_id=scene.expo.event.id, number=number, now=scene.database.now())
    assert (found.mails, found.summaries, found.people) == (16, 8, 8)


def test_who_is_told_what_is_said_by_kind_and_by_firm_with_the_largest_change(scene: Scene) -> None:
    scene.do(scene.ask())
    with scene.database.write() as session:
        now = scene.database.now()
        claims.claim_emails(
            session, worker="w", limit=50, secret_key=SECRET_KEY, now=now + timedelta(minutes=1)
        )
    number = scene.draft([1, 0, 0, 0])
    with scene.database.write() as session:
        version = versions.get_version(session, scene.expo.event.id, number)
        found = comparisons.store_comparison(
            session,
            comparisons.compute_comparison(session, version, SETTINGS, now=now + timedelta(minutes=2)),
        )
        seen = publish_preview.read_preview(session, version, found, most=1)
        assert dict(seen.kinds) == {"update": 2, "summary": 2}
        assert (seen.firm_count, len(seen.firms)) == (2, 1)
        assert (seen.firms[0].people, seen.firms[0].mails) == (1, 2)
        assert seen.largest is not None
        assert dict(seen.largest[1]) == {"update": 1, "summary": 1}
        actor = scene.expo.organiser_actor()
        told = publish_preview.queue_sample_emails(session, actor, version, found, settings=SETTINGS, now=now)
        assert told == (scene.expo.organiser.email, 2)
        trial = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "test")).all()
        mails = [
            message_from_bytes(rendering.render_email(SETTINGS, row, {}).data, policy=default)
            for row in trial
        ]
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {scene.expo.organiser.email}
    assert all(mail["Subject"].startswith("[Test]") for mail in mails)
    assert all(mail["From"].addresses[0].username == "no-reply" for mail in mails)
    assert not any(part.get_content_type() == "text/calendar" for mail in mails for part in mail.walk())
