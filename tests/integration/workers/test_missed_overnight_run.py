"""A night without the solve worker: an alert by 02:20, and no publishing when it returns at noon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import redis
from sqlalchemy import select

from scheduler.domain.entities import AfterRun, AlertKind, RequestState, VersionState
from scheduler.services.delivery import delivery
from scheduler.services.operations import alerts
from scheduler.services.planning.runs import execution
from scheduler.services.planning.runs.execution import RunEnding
from scheduler.services.publishing import job_execution
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Run
from tests.support import clocks
from tests.support.factories import Expo, make_event, make_night, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.web import Browser, web_app
from tests.support.workers import settings_for
from tests.unit.invites.test_transport import Catcher, serving
from workers.celery_app import make_celery
from workers.clock import Clock

TWO = datetime(2026, 11, 24, 18, tzinfo=UTC)
"""02:00 on 25 November in Shanghai."""
SAID = "Run 1 has been waiting since 02:00. No solve worker is available, or all are busy."


@dataclass
class Moment:
    """The time of the database's clock."""

    now: datetime = TWO - timedelta(minutes=1)


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    moment = Moment()
    clocks.hold(monkeypatch, lambda: moment.now)
    return moment


def published_expo(database: Database) -> Expo:
    """Publish one meeting and accept another request; an overnight run at 02:00 will publish it."""
    with database.write() as session:
        expo = make_event(session, firms=4, slots="4", solve_seconds=5)
        held = make_request(session, expo, 0, 1)
        publish(session, expo, draft(session, expo, [meet(held, expo)]), None)
        make_request(session, expo, 2, 3, state=RequestState.ACCEPTED)
        make_night(session, expo, then=AfterRun.PUBLISH, next_at=TWO)
    return expo


def told(database: Database, expo: Expo) -> list[tuple[AlertKind, str]]:
    with database.read() as session:
        return [(alert.kind, alert.reason) for alert in alerts.list_open_alerts(session, expo.event.id)]


def states(database: Database, expo: Expo) -> dict[int, VersionState]:
    with database.read() as session:
        return {each.number: each.state for each in versions.list_versions(session, expo.event.id)}


@pytest.mark.smtp
def test_a_night_without_a_worker_is_told_by_twenty_past_and_published_by_nobody_at_noon(
    database: Database, broker_url: str, moment: Moment
) -> None:
    expo = published_expo(database)
    redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://")).flushall()
    with serving(Catcher()) as catcher:
        settings = replace(settings_for(database, broker_url), smtp_port=catcher.port)
        clock = Clock(database, settings, make_celery(settings))

        def mails_until(end: datetime, minutes: int = 1) -> list[str]:
            """Tick and send due emails every `minutes`. Return the recipients."""
            before = len(catcher.taken)
            while moment.now < end:
                moment.now += timedelta(minutes=minutes)
                assert clock.tick()
                for urgent in (True, False):
                    delivery.deliver_emails(
                        database, settings, worker="mail", urgent=urgent, now=database.now
                    )
            return [reader for _, readers, _ in catcher.taken[before:] for reader in readers]

        def page() -> str:
            return Browser(web_app(database, broker_url), expo.organiser).get(f"/events/{expo.event.key}")

        assert SAID not in page()
        mails_until(TWO)  # the sign-in link
        assert mails_until(TWO + timedelta(minutes=20)).count(expo.organiser.email) == 1
        assert told(database, expo) == [(AlertKind.RUN_WAITS, SAID)]
        assert SAID in page()
        mails_until(TWO + timedelta(hours=1), 40)
        assert expo.organiser.email not in mails_until(TWO + timedelta(hours=10), 60)

        with database.read() as session:
            run_id = session.scalars(select(Run.id)).one()
        done = execution.execute_run(database, run_id, worker="noon", settings=settings)
        assert (done.ending, done.version) == (RunEnding.FINISHED, 2) and done.job is not None
        job_execution.execute_job(database, done.job, worker="noon", settings=settings)
        assert states(database, expo) == {1: VersionState.PUBLISHED, 2: VersionState.DRAFT}
        ((kind, reason),) = told(database, expo)
        assert (
            kind is AlertKind.NOT_PUBLISHED
            and "started at 12:00" in reason
            and "only makes a draft" in reason
        )
        assert SAID not in page() and "started at 12:00" in page()
        mails_until(moment.now + timedelta(minutes=5))
        assert states(database, expo) == {1: VersionState.PUBLISHED, 2: VersionState.DRAFT}
