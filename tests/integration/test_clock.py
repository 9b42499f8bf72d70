"""One clock for all machines: the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from scheduler.domain.entities import VersionState
from scheduler.storage import database as module
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxMail
from tests.factories import NOW, make_event, make_request, make_version, meet
from tests.web import Browser, web_app


class WrongClock(datetime):
    """A machine that is slow by months."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_r6_the_time_is_the_databases_and_not_the_machines(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_the_server() -> datetime:
        with database.read() as session:
            return session.scalars(select(func.clock_timestamp())).one()

    monkeypatch.setattr(module, "datetime", WrongClock)
    before, moment, after = by_the_server(), database.now(), by_the_server()
    assert before <= moment <= after
    assert moment.utcoffset() == timedelta(0)


def test_r6_trap_18_a_publishing_is_stamped_by_the_databases_clock(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo), expo)
        make_version(session, expo, [meeting], state=VersionState.DRAFT)
    monkeypatch.setattr(Database, "now", lambda _self: NOW)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.get(f"/events/{expo.event.key}/versions/1")
    browser.post(f"/events/{expo.event.key}/versions/1/publish", compared_with="")
    with database.read() as session:
        stamps = {payload["dtstamp"] for payload in session.scalars(select(OutboxMail.payload)) if payload}
    assert stamps == {NOW.isoformat()}
