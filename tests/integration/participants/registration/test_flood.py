"""An alert is raised above the usual number of registrations an hour, until it subsides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from scheduler.domain.entities import AlertKind, OutboxKind
from scheduler.services.operations import alerts
from scheduler.services.participants.registration import flood, public_registration
from scheduler.storage.database import Database
from scheduler.storage.models import Event, OutboxEmail
from tests.integration.participants.registration.test_registration_form import FORM
from tests.support.factories import NOW, make_event
from tests.support.publishing import SETTINGS


def test_an_hour_with_as_many_is_told_once_and_ends_by_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert flood.MAX_PER_HOUR == 300
    monkeypatch.setattr(flood, "MAX_PER_HOUR", 3)
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        session.get_one(Event, expo.event.id).registration = True
    watched = []
    for number, minutes in enumerate((0, 10, 20, 30)):
        now = NOW + timedelta(minutes=minutes)
        with database.write() as session:
            form = replace(FORM, email=f"li{number}@firm.example")
            public_registration.submit_registration(session, expo.event.key, form, settings=SETTINGS, now=now)
            session.flush()
            flood.update_flood_alerts(session, now=now)
            session.flush()
            watched.append([each.reason[:1] for each in alerts.list_open_alerts(session, expo.event.id)])
            assert alerts.list_open_alerts(session, other.event.id) == []
    assert watched == [[], [], ["3"], ["4"]]
    with database.write() as session:
        told = select(func.count()).where(OutboxEmail.kind == OutboxKind.ALERT)
        assert session.scalars(told).one() == 1
        (alert,) = alerts.list_open_alerts(session, expo.event.id)
        assert alert.kind is AlertKind.REGISTRATIONS
        assert alert.path == f"/events/{expo.event.key}/registrations/"
        flood.update_flood_alerts(session, now=NOW + timedelta(hours=2))
        session.flush()
        assert alerts.list_open_alerts(session, expo.event.id) == []
