"""Daily tasks of the mail worker: what they find is an alert until it is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete

from scheduler.config import Settings
from scheduler.domain.entities import AlertKind
from scheduler.invites.transport import dns_lookup
from scheduler.services.emails.inbound import inbox
from scheduler.services.operations import alerts
from scheduler.storage.database import Database
from scheduler.storage.models import Booking
from tests.integration.delivery.test_outbox import publish_some
from tests.support.dns_server import serving_dns
from tests.support.mail_server import Catcher, serving
from tests.support.workers import settings_for
from workers import dispatch, tasks


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


@pytest.mark.smtp
def test_email_that_does_not_arrive_is_an_alert(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[int] = []
    monkeypatch.setattr(dispatch, "end_round_trip", lambda sent_at, **_: ends.append(sent_at))
    with serving(Catcher()) as catcher, serving_dns({}) as resolver:
        settings = settings_for(
            database, "redis://127.0.0.1:1", mail_domain="expo.org", smtp_port=catcher.port
        )
        use(monkeypatch, database, settings)
        monkeypatch.setattr(dns_lookup, "system_resolver", lambda: resolver)
        tasks.check_mail.run()
        dns = {(AlertKind.MAIL_CHECK, check) for check in ("MX", "SPF", "DMARC")}
        assert open_alerts(database) == dns
        tasks.end_round_trip.run(ends[0])
        assert open_alerts(database) == dns | {(AlertKind.MAIL_CHECK, "round trip")}
        for _, (recipient,), raw in catcher.taken:
            assert inbox.receive_email(database, settings, recipient, raw, now=database.now())
        tasks.end_round_trip.run(ends[0])
        assert open_alerts(database) == dns
        use(monkeypatch, database, replace(settings, smtp_port=1))
        tasks.check_mail.run()
        assert {
            (AlertKind.MAIL_CHECK, "round trip"),
            (AlertKind.MAIL_CHECK, "outgoing mail server"),
        } <= open_alerts(database)
    assert len(ends) == 1
