"""Workers killed during their work: nothing hangs, is lost or is done twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import update

from chainmeet.demo import load_sample
from scheduler.domain.entities import OutboxState, RunState, VersionState
from scheduler.samples.expo import make_expo
from scheduler.services.outbox import outbox
from scheduler.services.planning.runs import recovery, runs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail, Run
from tests.faults.auditor import Auditor
from tests.support.factories import (
    DAY,
    SECRET_KEY,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import publish_version
from tests.support.workers import Worker, eventually, settings_for, worker
from tests.unit.invites.test_transport import Catcher, serving
from workers import dispatch
from workers.celery_app import make_celery
from workers.clock import Clock

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ORGANISER = "organiser@example.org"


@pytest.fixture
def fresh_broker(broker_url: str) -> Iterator[str]:
    client = redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://"))
    client.flushall()
    yield broker_url
    client.close()


def test_a_run_whose_worker_is_killed_is_taken_up_again_and_then_the_next_can_start(
    database: Database, fresh_broker: str, tmp_path: Path
) -> None:
    settings = settings_for(database, fresh_broker)
    celery = make_celery(settings)
    with database.write() as session:
        expo = make_expo(firms=40, requests=400, seed=1, start=DAY)
        event = load_sample.load(
            session, expo, organiser_email=ORGANISER, secret_key=SECRET_KEY, now=database.now()
        )
        run = runs.queue_run(session, event.id, requested_by=None, seconds=3000, now=database.now())

    def state() -> RunState:
        with database.read() as session:
            return session.get_one(Run, run.id).state

    def has_a_plan() -> bool:
        with database.read() as session:
            return session.get_one(Run, run.id).progress.get("score") is not None

    dispatch.solve(run.id, app=celery)
    with worker(settings, "solve", tmp_path) as first:
        eventually(has_a_plan)
        first.kill()
    assert state() is RunState.RUNNING
    with database.write() as session:  # after a minute of silence; the next attempt may be shorter
        lost = session.get_one(Run, run.id)
        lost.heartbeat_at, lost.seconds = database.now() - recovery.HEARTBEAT_TIMEOUT, 5
    assert Clock(database, settings, celery).tick()
    with worker(settings, "solve", tmp_path):
        eventually(lambda: state() not in runs.OPEN_STATES)
    with database.write() as session:
        taken_up = session.get_one(Run, run.id)
        assert (taken_up.state, taken_up.attempts) == (RunState.FINISHED, 2)
        assert [version.number for version in versions.list_versions(session, event.id)] == [1]
        assert runs.queue_run(session, event.id, requested_by=None, now=database.now()).number == 2


@dataclass
class Killing(Catcher):
    """Accepts emails, and at one of them kills the worker that waits for the reply."""

    victim: Worker | None = None
    with_mail: int = 4

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.taken) == self.with_mail and self.victim is not None:
            self.victim.kill()
        return answer


@pytest.mark.smtp
def test_mails_of_a_killed_worker_all_arrive_and_only_the_one_in_flight_twice(
    database: Database, fresh_broker: str, tmp_path: Path
) -> None:
    with serving(Killing()) as catcher:
        settings = settings_for(database, fresh_broker, smtp_port=catcher.port)
        celery = make_celery(settings)
        with database.write() as session:
            expo = make_event(session, firms=12, slots="4", tables=6, mail_per_minute=60_000)
            asked = [make_request(session, expo, i, i + 1) for i in range(0, 12, 2)]
            held = [meet(r, expo, place=t) for r, t in zip(asked, expo.tables, strict=True)]
            draft = make_version(session, expo, held, state=VersionState.DRAFT)
            publish_version(
                session,
                event_id=expo.event.id,
                number=draft.number,
                compared_with=None,
                by=None,
                settings=settings,
                now=database.now(),
            )

        def counts() -> outbox.OutboxCounts:
            with database.read() as session:
                return outbox.count_mails(session, expo.event.id)

        dispatch.deliver(app=celery)
        with worker(settings, "mail", tmp_path) as catcher.victim:
            eventually(lambda: len(catcher.taken) == catcher.with_mail)
            catcher.victim.process.wait(60)
        assert counts().sent == catcher.with_mail - 1
        with database.write() as session:  # the time after which a sender counts as lost
            session.execute(
                update(OutboxEmail)
                .where(OutboxEmail.state == OutboxState.SENDING)
                .values(claimed_at=database.now() - timedelta(hours=1))
            )
        assert Clock(database, settings, celery).tick()
        with worker(settings, "mail", tmp_path):
            eventually(lambda: counts().sent == 12)
    assert Auditor(database, catcher.taken).breaches(in_flight=1) == []
    assert len(catcher.taken) == 12 + 1
