"""Comparison and publishing jobs: requested once, done once, resumed by any worker, never silently lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import AlertKind, JobState, VersionState
from scheduler.domain.errors import PublishingInProgress, VersionConflict
from scheduler.services.operations import alerts
from scheduler.services.planning.runs import runs
from scheduler.services.publishing import (
    invitation_diff,
    release,
    version_jobs,
)
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.publishing.version_jobs import ClaimedJob, JobLost
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Run, VersionJob
from tests.integration.publishing.scene import Scene, everybody
from tests.support.databases import superuser
from tests.support.factories import NOW
from tests.support.publishing import SETTINGS, publish_version
from tests.support.unavailable_database import Away


def test_a_publishing_that_is_asked_for_twice_is_done_once(scene: Scene) -> None:
    job = scene.ask()
    assert scene.ask() == job
    assert [scene.do(job), scene.do(job)] == [JobEnding.DONE, JobEnding.NOT_CLAIMED]
    assert scene.mails() == everybody(scene.expo)
    done = scene.job(job)
    assert (done.state, done.done, done.total, done.mails) == (JobState.DONE, 8, 8, 16)


@pytest.mark.parametrize(
    "ask",
    [version_jobs.request_comparison, version_jobs.request_manual_draft, version_jobs.request_explanations],
)
def test_a_job_is_asked_for_again_only_when_it_is_done(scene: Scene, ask: Callable[..., VersionJob]) -> None:
    def asked() -> int:
        with scene.database.write() as session:
            version = versions.get_version(session, scene.expo.event.id, scene.number)
            return ask(session, version, by=scene.expo.organiser.id, now=NOW).id

    first = asked()
    assert asked() == first
    assert scene.do(first) is JobEnding.DONE
    assert asked() > first


def test_while_one_version_is_published_no_other_is(scene: Scene) -> None:
    scene.ask()
    with pytest.raises(PublishingInProgress, match="Version 1 is being published"):
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
        run = runs.queue_run(session, scene.expo.event.id, requested_by=None, now=NOW)
        versions.get_version(session, scene.expo.event.id, scene.number).run_id = run.id
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
    said = "It ended with an error (OSError). See the log for details."
    assert scene.job(job).error == said
    with database.read() as session:
        assert session.scalar(select(Run.error)) == said
        (alert,) = alerts.list_open_alerts(session, scene.expo.event.id)
        assert (alert.kind, alert.reason) == (AlertKind.NOT_PUBLISHED, said)
        assert alert.path == f"/events/{scene.expo.event.key}/versions/1"
    assert scene.do(scene.ask()) is JobEnding.DONE
    with database.read() as session:
        assert list(alerts.list_open_alerts(session, scene.expo.event.id)) == []


class WorkerDied(BaseException):
    pass


def die_at(monkeypatch: pytest.MonkeyPatch, portion: int) -> None:
    """Make the process die after queueing the emails of `portion` batches."""
    tell, told = release.queue_publish_emails, iter(range(portion))

    def dying(*given: Any) -> int:
        if next(told, None) is None:
            raise WorkerDied
        return tell(*given)

    monkeypatch.setattr(release, "queue_publish_emails", dying)


@pytest.mark.parametrize("portion", [0, 1, 3])
def test_a_publishing_whose_worker_died_goes_on_where_it_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    scene = Scene(database)
    monkeypatch.setattr(invitation_diff, "PORTION", 4)  # two people with a meeting each
    job = scene.ask()
    with monkeypatch.context() as dying:
        die_at(dying, portion)
        with pytest.raises(WorkerDied):
            scene.do(job)
    assert scene.state() is VersionState.PUBLISHED  # notified or not
    assert len(scene.mails()) == 4 * portion
    assert scene.do(job) is JobEnding.NOT_CLAIMED
    with database.write() as session:
        assert version_jobs.recover_lost_jobs(session, now=database.now()) == []
        later = database.now() + version_jobs.SILENT
        assert version_jobs.recover_lost_jobs(session, now=later) == [job]
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)
    assert scene.job(job).mails == 16


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize(("portion", "is_large"), [(4, True), (2_000, False)])
def test_after_a_large_publication_postgresql_expects_queued_emails(
    database: Database, monkeypatch: pytest.MonkeyPatch, portion: int, is_large: bool
) -> None:
    scene = Scene(database)
    monkeypatch.setattr(invitation_diff, "PORTION", portion)
    superuser(database).execute("DELETE FROM pg_statistic WHERE starelid = 'outbox_email'::regclass")
    assert scene.do(scene.ask()) is JobEnding.DONE
    expected = superuser(database).execute(
        "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'outbox_email' AND attname = 'state'"
    )
    assert expected.fetchall() == ([("{queued}",)] if is_large else [])


def test_a_publishing_that_failed_half_way_is_taken_up_by_a_person(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(database)
    monkeypatch.setattr(invitation_diff, "PORTION", 4)
    job = scene.ask()
    for _ in range(version_jobs.MAX_ATTEMPTS):
        with monkeypatch.context() as dying:
            die_at(dying, 1)
            with pytest.raises(WorkerDied):
                scene.do(job)
        with database.write() as session:
            version_jobs.recover_lost_jobs(session, now=database.now() + version_jobs.SILENT)
    assert (scene.job(job).state, scene.job(job).error) == (JobState.FAILED, version_jobs.LOST_WORKER_ERROR)
    assert scene.ask() == job
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)


def test_telling_the_same_people_again_makes_no_second_mail(scene: Scene) -> None:
    assert scene.do(scene.ask()) is JobEnding.DONE
    before = scene.mails()
    with scene.database.write() as session:
        version = versions.get_version(session, scene.expo.event.id, scene.number)
        assert version.published_at is not None
        seen = release.plan_invitations(session, version, SETTINGS, now=version.published_at)
        for people in seen.portions():
            release.queue_publish_emails(session, seen, scene.number, people)
    assert scene.mails() == before


def test_a_worker_that_lost_its_job_writes_nothing_more(scene: Scene) -> None:
    job = scene.ask()
    with scene.database.write() as session:
        version_jobs.claim_job(session, job, "slow", now=NOW)
        version_jobs.recover_lost_jobs(session, now=NOW + version_jobs.SILENT)
        version_jobs.claim_job(session, job, "other", now=NOW)
        with pytest.raises(JobLost):
            ClaimedJob(job, "slow").report(session, now=NOW, done=1)


def test_a_worker_that_shuts_down_gives_the_job_back_and_no_attempt_counts(scene: Scene) -> None:
    job = scene.ask()
    assert scene.do(job, should_stop=lambda: True) is JobEnding.PUT_BACK
    assert (scene.job(job).state, scene.job(job).attempts) == (JobState.QUEUED, 0)
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)


def test_a_job_whose_database_goes_away_in_the_middle_is_asked_for_again_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No heartbeat has to be missed: the worker waits until it can record the end."""
    job = scene.ask()
    with Away.of(scene.database, monkeypatch) as away:
        looks = iter([0, 20])

        def goes_away() -> bool:
            away.left = next(looks, 0)
            return False

        assert scene.do(job, should_stop=goes_away) is JobEnding.PUT_BACK
        assert away.refused == 20
    assert (scene.job(job).state, scene.job(job).attempts) == (JobState.QUEUED, 1)
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)


def test_more_changes_than_the_budget_allows_are_left_to_a_person_who_is_told(scene: Scene) -> None:
    assert scene.do(scene.ask()) is JobEnding.DONE
    second = scene.draft([1, 1, 1, 0])
    assert scene.do(scene.ask(second, 1, by=None, budget=2)) is JobEnding.FAILED
    assert scene.state(second) is VersionState.DRAFT
    with scene.database.read() as session:
        (alert,) = alerts.list_open_alerts(session, scene.expo.event.id)
        assert "It changes 3 meetings" in alert.reason


def test_as_many_changes_as_the_budget_allows_are_published(scene: Scene) -> None:
    assert scene.do(scene.ask()) is JobEnding.DONE
    second = scene.draft([1, 1, 1, 0])
    assert scene.do(scene.ask(second, 1, by=None, budget=3)) is JobEnding.DONE
    assert scene.state(second) is VersionState.PUBLISHED


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        ({"percent": 75, "a_person": 1, "hours": 0}, None),
        ({"percent": 74, "a_person": 1, "hours": 0}, "it changes 3 of 4 published meetings, 75.0%"),
        ({"percent": 100, "a_person": 0, "hours": 0}, "changes per person (0): 6, the highest 1"),
        (
            {"percent": 100, "a_person": 1, "hours": 240_000},
            "changed meetings that start within 240000 hours: 3",
        ),
    ],
)
def test_a_night_publishes_within_its_budget_and_else_says_what_exceeds_it(
    scene: Scene, allowed: dict[str, int], said: str | None
) -> None:
    assert scene.do(scene.ask()) is JobEnding.DONE
    second = scene.draft([1, 1, 1, 0])
    with scene.database.write() as session:
        run = runs.queue_run(session, scene.expo.event.id, requested_by=None, change_budget=allowed, now=NOW)
        versions.get_version(session, scene.expo.event.id, second).run_id = run.id
    ending = scene.do(scene.ask(second, 1, by=None))
    assert ending is (JobEnding.FAILED if said else JobEnding.DONE)
    with scene.database.read() as session:
        told = [alert.reason for alert in alerts.list_open_alerts(session, scene.expo.event.id)]
    assert len(told) == bool(said) and all(said in reason for reason in told)
    if said:  # people still may
        assert scene.do(scene.ask(second, 1)) is JobEnding.DONE
