"""Publishing has a grace period in which it can be cancelled before anyone is notified."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from typing import Any

import pytest

from scheduler.domain.entities import JobState, VersionState
from scheduler.domain.errors import PublishingInProgress, WrongState
from scheduler.services.publishing import release, version_actions, version_jobs
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.publishing.version_actions import JobCard
from scheduler.storage.database import Database
from scheduler.storage.models import VersionJob
from tests.integration.publishing.scene import Scene, everybody
from tests.support.threads import Step

HOLD = timedelta(minutes=5)


def take_back(scene: Scene) -> JobCard:
    with scene.database.write() as session:
        return version_actions.cancel_publishing(
            session, scene.expo.organiser_actor(), scene.number, now=scene.database.now()
        )


def end_hold(scene: Scene, job_id: int) -> None:
    """Let the grace period expire."""
    with scene.database.write() as session:
        job = session.get_one(VersionJob, job_id)
        job.starts_at = scene.database.now() - timedelta(seconds=1)
        job.heartbeat_at = job.starts_at - version_jobs.WAITING


def test_nobody_takes_a_held_publishing_before_its_time_and_the_clock_sends_it_then(scene: Scene) -> None:
    job = scene.ask(hold=HOLD)
    assert scene.do(job) is JobEnding.NOT_CLAIMED
    with scene.database.write() as session:
        now = scene.database.now()
        assert version_jobs.recover_lost_jobs(session, now=now + HOLD - timedelta(seconds=20)) == []
        assert version_jobs.recover_lost_jobs(session, now=now + HOLD + timedelta(seconds=1)) == [job]
    end_hold(scene, job)
    assert scene.do(job) is JobEnding.DONE
    assert scene.mails() == everybody(scene.expo)


def test_what_is_taken_back_is_a_draft_of_which_nobody_was_told_and_can_be_published_again(
    scene: Scene,
) -> None:
    job = scene.ask(hold=HOLD)
    assert take_back(scene).state is JobState.CANCELLED
    end_hold(scene, job)
    assert scene.do(job) is JobEnding.NOT_CLAIMED
    assert (scene.state(), scene.mails()) == (VersionState.DRAFT, [])
    again = scene.ask()
    assert again != job
    assert scene.do(again) is JobEnding.DONE


def test_what_has_begun_is_not_taken_back(scene: Scene) -> None:
    job = scene.ask(hold=HOLD)
    with scene.database.write() as session:
        version_actions.skip_hold(
            session, scene.expo.organiser_actor(), scene.number, now=scene.database.now()
        )
    assert scene.do(job) is JobEnding.DONE
    with pytest.raises(WrongState, match="The publication of version 1 is done; it cannot be cancelled"):
        take_back(scene)
    assert scene.state() is VersionState.PUBLISHED


def test_what_was_put_back_by_a_worker_is_not_taken_back(scene: Scene) -> None:
    job = scene.ask(hold=timedelta(seconds=-1))
    assert scene.do(job, should_stop=lambda: scene.state() is VersionState.PUBLISHED) is JobEnding.PUT_BACK
    with scene.database.write() as session:
        session.get_one(VersionJob, job).attempts = 1
    with pytest.raises(WrongState):
        take_back(scene)
    assert scene.do(job) is JobEnding.DONE


def test_a_publishing_without_a_hold_is_not_taken_back(scene: Scene) -> None:
    scene.ask()
    with pytest.raises(WrongState):
        take_back(scene)


def test_two_presses_are_one_publishing_with_the_first_ones_time(scene: Scene) -> None:
    job = scene.ask(hold=HOLD)
    begins = scene.job(job).starts_at
    assert scene.ask(hold=HOLD) == job
    assert scene.job(job).starts_at == begins


def test_the_night_publishes_nothing_beside_a_held_publishing(scene: Scene) -> None:
    scene.ask(hold=HOLD)
    with pytest.raises(PublishingInProgress, match="Version 1 is being published"):
        scene.ask(scene.draft([1, 1, 1, 1]), by=None)


def test_a_draft_that_is_about_to_be_published_is_not_discarded(scene: Scene) -> None:
    scene.ask(hold=HOLD)
    with (
        scene.database.write() as session,
        pytest.raises(WrongState, match="The version 1 is being published; it cannot be discarded"),
    ):
        release.discard_draft(session, event_id=scene.expo.event.id, number=scene.number)
    take_back(scene)
    with scene.database.write() as session:
        release.discard_draft(session, event_id=scene.expo.event.id, number=scene.number)
    assert scene.state() is VersionState.DISCARDED


def together(*work: Any) -> list[Any]:
    """Run callables in threads that start together. Return each result, or its WrongState."""
    gate = threading.Barrier(len(work))

    def begin(do: Any) -> Any:
        gate.wait()
        try:
            return do()
        except WrongState as error:
            return error

    steps = [Step(lambda do=do: begin(do)) for do in work]
    return [step.done() for step in steps]


@pytest.mark.parametrize("seed", range(4))
def test_of_taking_back_and_publishing_at_once_one_happens(database: Database, seed: int) -> None:
    scene = Scene(database)
    job = scene.ask(hold=HOLD)
    end_hold(scene, job)
    work = [lambda: take_back(scene), lambda: scene.do(job)]
    order = random.Random(seed).sample([0, 1], 2)
    answers = dict(zip(order, together(*(work[i] for i in order)), strict=True))
    if isinstance(answers[0], WrongState):
        assert answers[1] is JobEnding.DONE
        assert (scene.state(), scene.mails()) == (VersionState.PUBLISHED, everybody(scene.expo))
    else:
        assert answers[1] is JobEnding.NOT_CLAIMED
        assert (scene.state(), scene.mails()) == (VersionState.DRAFT, [])


def test_taken_back_by_two_at_once_it_is_taken_back_once(scene: Scene) -> None:
    scene.ask(hold=HOLD)
    answers = together(lambda: take_back(scene), lambda: take_back(scene))
    assert sorted(isinstance(answer, WrongState) for answer in answers) == [False, True]


def test_published_by_two_at_once_it_is_one_job(scene: Scene) -> None:
    one, other = together(lambda: scene.ask(hold=HOLD), lambda: scene.ask(hold=HOLD))
    assert one == other
