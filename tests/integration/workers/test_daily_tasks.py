"""Daily tasks of the mail worker: what they find is an alert until it is gone."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from scheduler.config import Settings
from scheduler.domain.entities import AlertKind
from scheduler.services.operations import alerts
from scheduler.storage.database import Database
from scheduler.storage.models import Booking
from tests.integration.delivery.test_outbox import publish_some
from tests.support.workers import settings_for
from workers import tasks


def use(monkeypatch: pytest.MonkeyPatch, database: Database, settings: Settings) -> None:
    for name, value in settings.to_env().items():  # a task reads its limits when it is first used
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tasks, "_database", lambda: database)
    monkeypatch.setattr(tasks, "_settings", lambda: settings)


def open_alerts(database: Database) -> set[tuple[AlertKind, str]]:
    with database.read() as session:
        return {(each.kind, each.about) for each in alerts.list_open_alerts(session, None)}


def test_stored_data_that_contradict_each_other_are_an_alert(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, database, settings_for(database, "redis://127.0.0.1:1"))
    with database.write() as session:
        publish_some(session)
    tasks.check_invariants.run()
    assert open_alerts(database) == set()
    with database.write() as session:
        session.execute(delete(Booking))
    tasks.check_invariants.run()
    assert open_alerts(database) == {(AlertKind.INVARIANT_BROKEN, "booked")}
