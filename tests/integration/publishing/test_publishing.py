"""Comparing and publishing as jobs: asked once, done once, taken up again anywhere, never lost silently."""

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
from scheduler.domain.entities import AlertKind, JobState, RequestState, VersionState
from scheduler.domain.errors import PublishingOpen, VersionConflict
from scheduler.services.delivery import claims, mail_queue, remembering, rendering
from scheduler.services.operations import alerts
from scheduler.services.publishing import (
    comparisons,
    diff,
    outlook,
    publishing,
    release,
    version_jobs,
)
from scheduler.services.publishing.publishing import JobEnding
from scheduler.services.publishing.version_jobs import HeldPublishing, JobLost
from scheduler.services.runs import runs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Invitation, MeetingRequest, OutboxMail, Run, VersionJob
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import SETTINGS, carry_out, preview, publish_version


class Scene:
    """An event of eight firms whose first four meet the others, once in a draft."""

    def __init__(self, database: Database, **columns: Any) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=8, slots="8", tables=8, summary_mails=True, **columns)
            self.requests = [make_request(session, self.expo, i, i + 4) for i in range(4)]
        self.number = self.draft([0, 0, 0, 0])

    def draft(self, slots: list[int]) -> int:
        with self.database.write() as session:
            meetings = [
                meet(request, self.expo, slot=slot, place=self.expo.tables[i])
                for i, (request, slot) in enumerate(zip(self.requests, slots, strict=True))
            ]
            return make_version(session, self.expo, meetings, state=VersionState.DRAFT).number

    def ask(self, number: int | None = None, compared_with: int | None = None, **more: Any) -> int:
        with self.database.write() as session:
            return version_jobs.ask_to_publish(
                session,
                event_id=self.expo.event.id,
                number=number or self.number,
                compared_with=compared_with,
                now=self.database.now(),
                **({"by": self.expo.organiser.id} | more),
            ).id

    def do(self, job_id: int, **options: Any) -> JobEnding:
        return publishing.execute(self.database, job_id, worker="w", settings=SETTINGS, **options)

    def job(self, job_id: int) -> VersionJob:
        with self.database.read() as session:
            return session.get_one(VersionJob, job_id)

    def mails(self) -> list[tuple[str, str]]:
        with self.database.read() as session:
            rows = session.execute(select(OutboxMail.kind, OutboxMail.to_address).order_by(OutboxMail.id))
            return sorted((kind, address) for kind, address in rows if kind != "alert")

    def state(self, number: int | None = None) -> VersionState:
        with self.database.read() as session:
            return versions.get(session, self.expo.event.id, number or self.number).state


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def everybody(expo: Expo) -> list[tuple[str, str]]:
    addresses = [people[0].email for people in expo.people]
    return sorted([("invitation", to) for to in addresses] + [("summary", to) for to in addresses])


def test_a_publishing_that_is_asked_for_twice_is_done_once(scene: Scene) -> None:
    job = scene.ask()
    assert scene.ask() == job
    assert [scene.do(job), scene.do(job)] == [JobEnding.DONE, JobEnding.NOT_CLAIMED]
    assert scene.mails() == everybody(scene.expo)
    done = scene.job(job)
    assert (done.state, done.done, done.total, done.mails) == (JobState.DONE, 8, 8, 16)


def test_while_one_version_is_published_no_other_is(scene: Scene) -> None:
    scene.ask()
    with pytest.raises(PublishingOpen, match="Version 1 is being published"):
        scene.ask(scene.draft([1, 1, 1, 1]))


def test_a_version_that_was_published_between_asking_and_doing_refuses_it(scene: Scene) -> None:
    job, other = scene.ask(), scene.draft([1, 1, 1, 1])
    with scene.database.write() as session:
        publish_version(session, event_id=scene.expo.event.id, number=other, compared_with=None)
    assert scene.do(job) is JobEnding.FAILED
    assert "version 2 is published now" in str(scene.job(job).error)
    assert scene.state() is VersionState.DRAFT
    with pytest.raises(VersionConflict):
        scene.ask()


def test_a_publishing_that_ends_with_an_error_is_tried_once_more_and_then_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(database)
    with database.write() as session:
        run = runs.queue(session, scene.expo.event.id, asked_by=None, now=NOW)
        versions.get(session, scene.expo.event.id, scene.number).run_id = run.id
    job = scene.ask(by=None)

    def breaks(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(release, "make_published", breaks)
        assert [scene.do(job), scene.do(job), scene.do(job)] == [
            JobEnding.PUT_BACK,
            JobEnding.FAILED,
            JobEnding.NOT_CLAIMED,
        ]
    said = "It ended with an error (OSError). The log has the details."
    assert scene.job(job).error == said
    with database.read() as session:
        assert session.scalar(select(Run.error)) == said
        (alert,) = alerts.open_alerts(session, scene.expo.event.id)
        assert (alert.kind, alert.reason) == (AlertKind.NOT_PUBLISHED, said)
        assert alert.path == f"/events/{scene.expo.event.key}/versions/1"
    assert scene.do(scene.ask()) is JobEnding.DONE
    with database.read() as session:
        assert list(alerts.open_alerts(session, scene.expo.event.id)) == []


class WorkerDied(BaseException):
    pass


def die_at(monkeypatch: pytest.MonkeyPatch, portion: int) -> None:
    """The process ends when it has told some portions."""
    tell, told = release.tell, iter(range(portion))

    def dying(*given: Any) -> int:
        if next(told, None) is None:
            raise WorkerDied
        return tell(*given)

    monkeypatch.setattr(release, "tell", dying)


@pytest.mark.parametrize("portion", [0, 1, 3])
def test_a_publishing_whose_worker_died_goes_on_where_it_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    scene = Scene(database)
    monkeypatch.setattr(diff, "PORTION", 4)  # two people, each with one meeting
    job = scene.ask()
    with monkeypatch.context() as dying:
        die_at(dying, portion)
        with pytest.raises(WorkerDied):
            scene.do(job)
    assert scene.state() is VersionState.PUBLISHED  # whom it was told or not
    assert len(scene.mails()) == 4 * portion
    assert scene.do(job) is JobEnding.NOT_CLAIMED
    with database.write() as session:
        assert version_jobs.recover(session, now=database.now()) == []
        later = database.now() + version_jobs.SILENT
        assert version_jobs.recover(session, now=later) == [job]
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)
    assert scene.job(job).mails == 16


def test_a_publishing_that_failed_half_way_is_taken_up_by_a_person(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(database)
    monkeypatch.setattr(diff, "PORTION", 4)
    job = scene.ask()
    for _ in range(version_jobs.MAX_ATTEMPTS):
        with monkeypatch.context() as dying:
            die_at(dying, 1)
            with pytest.raises(WorkerDied):
                scene.do(job)
        with database.write() as session:
            version_jobs.recover(session, now=database.now() + version_jobs.SILENT)
    assert (scene.job(job).state, scene.job(job).error) == (JobState.FAILED, version_jobs.LOST_TOO_OFTEN)
    assert scene.ask() == job
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)


def test_telling_the_same_people_again_makes_no_second_mail(scene: Scene) -> None:
    assert scene.do(scene.ask()) is JobEnding.DONE
    before = scene.mails()
    with scene.database.write() as session:
        version = versions.get(session, scene.expo.event.id, scene.number)
        assert version.published_at is not None
        seen = release.survey(session, version, SETTINGS, now=version.published_at)
        for people in seen.portions():
            release.tell(session, seen, scene.number, people)
    assert scene.mails() == before


def test_a_worker_that_lost_its_job_writes_nothing_more(scene: Scene) -> None:
    job = scene.ask()
    with scene.database.write() as session:
        version_jobs.claim(session, job, "slow", now=NOW)
        version_jobs.recover(session, now=NOW + version_jobs.SILENT)
        version_jobs.claim(session, job, "other", now=NOW)
        with pytest.raises(JobLost):
            HeldPublishing(job, "slow").report(session, now=NOW, done=1)


def test_a_worker_that_shuts_down_gives_the_job_back_and_no_attempt_counts(scene: Scene) -> None:
    job = scene.ask()
    assert scene.do(job, should_stop=lambda: True) is JobEnding.PUT_BACK
    assert (scene.job(job).state, scene.job(job).attempts) == (JobState.ASKED, 0)
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)


def test_more_changes_than_the_budget_allows_are_left_to_a_person_who_is_told(scene: Scene) -> None:
    assert scene.do(scene.ask()) is JobEnding.DONE
    second = scene.draft([1, 1, 1, 0])
    assert scene.do(scene.ask(second, 1, by=None, budget=2)) is JobEnding.FAILED
    assert scene.state(second) is VersionState.DRAFT
    with scene.database.read() as session:
        (alert,) = alerts.open_alerts(session, scene.expo.event.id)
        assert "it changes 3 meetings" in alert.reason


class TestKeptComparisons:
    """One computation a draft and what it depends on, however many pages are looked at."""

    def wanted(self, scene: Scene) -> bool:
        with scene.database.read() as session:
            return comparisons.is_wanted(session, versions.get(session, scene.expo.event.id, scene.number))

    def compare(self, scene: Scene) -> None:
        with scene.database.write() as session:
            version = versions.get(session, scene.expo.event.id, scene.number)
            version_jobs.ask_to_compare(session, version, by=None, now=NOW)
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
            version = versions.get(session, scene.expo.event.id, scene.number)
            found = comparisons.kept(session, version)
            assert found is not None and found.mails == 16
            rows = comparisons.changes(session, found, ChangeKind.ADDED, first=1, most=2)
            whole = comparisons.change_set(session, None, version).of(ChangeKind.ADDED)
            assert rows == list(whole[1:3])
            assert comparisons.changes(session, found, ChangeKind.MOVED, first=0, most=9) == []

    def test_a_published_version_keeps_that_of_its_draft(self, scene: Scene) -> None:
        self.compare(scene)
        assert scene.do(scene.ask()) is JobEnding.DONE
        with scene.database.read() as session:
            found = comparisons.kept(session, versions.get(session, scene.expo.event.id, scene.number))
            assert found is not None
            assert (found.counts["added"], found.mails) == (4, None)


def messages(session: Session, scene: Scene, number: int) -> list[Any]:
    version = versions.get(session, scene.expo.event.id, number)
    seen = release.survey(session, version, SETTINGS, now=NOW + timedelta(days=1))
    todo = [diff.pending(session, seen, people) for people in seen.portions()]
    found = [message.to_json() for pending in todo for message in pending.messages]
    return sorted(found, key=lambda message: (message["uid"], message["attendee_id"]))


def shake(session: Session, scene: Scene, chance: random.Random) -> None:
    """Change some of what mails say."""
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
            mails = session.scalars(select(OutboxMail).where(OutboxMail.kind == "invitation")).all()
            sent = [mail for mail in mails if mail.attempts == 0 and chance.random() < 0.8]
            remembering.remember(session, sent, SECRET_KEY)
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
    """An attendee who comes back gets a UID of their own, which is another one each time."""
    shown = [message | {"uid": ""} if message["kind"] == "new" else message for message in found]
    return sorted(shown, key=repr)


def test_a_draft_counts_no_mail_that_is_on_its_way(scene: Scene) -> None:
    """Published, and before its mails went out, a draft with one other time."""
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
        mail_queue.stop(session, scene.expo.organiser_actor(), now=scene.database.now())
        found = preview(session, event_id=scene.expo.event.id, number=number, now=scene.database.now())
    assert (found.mails, found.summaries, found.people) == (16, 8, 8)


def test_who_is_told_what_is_said_by_kind_and_by_firm_with_the_largest_change(scene: Scene) -> None:
    scene.do(scene.ask())
    with scene.database.write() as session:
        now = scene.database.now()
        claims.claim(session, worker="w", limit=50, secret_key=SECRET_KEY, now=now + timedelta(minutes=1))
    number = scene.draft([1, 0, 0, 0])
    with scene.database.write() as session:
        version = versions.get(session, scene.expo.event.id, number)
        found = comparisons.keep(
            session, comparisons.work_out(session, version, SETTINGS, now=now + timedelta(minutes=2))
        )
        seen = outlook.read(session, version, found, most=1)
        assert dict(seen.kinds) == {"update": 2, "summary": 2}
        assert (seen.firm_count, len(seen.firms)) == (2, 1)
        assert (seen.firms[0].people, seen.firms[0].mails) == (1, 2)
        assert seen.largest is not None
        assert dict(seen.largest[1]) == {"update": 1, "summary": 1}
        actor = scene.expo.organiser_actor()
        told = outlook.queue_trial(session, actor, version, found, settings=SETTINGS, now=now)
        assert told == (scene.expo.organiser.email, 2)
        trial = session.scalars(select(OutboxMail).where(OutboxMail.kind == "test")).all()
        mails = [
            message_from_bytes(rendering.rendered(SETTINGS, row, {}).data, policy=default) for row in trial
        ]
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {scene.expo.organiser.email}
    assert all(mail["Subject"].startswith("[Test]") for mail in mails)
    assert all(mail["From"].addresses[0].username == "no-reply" for mail in mails)
    assert not any(part.get_content_type() == "text/calendar" for mail in mails for part in mail.walk())
