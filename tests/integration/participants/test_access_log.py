"""The audit log records access to addresses: one entry per viewer, record and day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from scheduler.services.participants import contact_views
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry
from tests.support import clocks
from tests.support.factories import NOW, make_event
from tests.support.web import Browser, web_app

LIST = "list of people with contact details viewed"
ONE = "contact details of person f0-p0 viewed"


def seen(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        of_looks = select(AuditLogEntry.who, AuditLogEntry.about).where(AuditLogEntry.act == "look")
        return [(who, about) for who, about in session.execute(of_looks.order_by(AuditLogEntry.id))]


def test_pages_with_addresses_are_noted_once_a_day(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        expo = make_event(session, interpreters=1)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    desk = f"/events/{expo.event.key}/participants"
    for path in ("people", "people?page=1&text=x", "people/f0-p0", "people/f0-p0", "firms", "firms/f0"):
        browser.get(f"{desk}/{path}")
    who = expo.organiser.email
    assert seen(database) == [(who, LIST), (who, ONE)]
    browser.get(f"{desk}/interpreters/i0")
    assert seen(database)[2:] == [(who, "contact details of interpreter i0 viewed")]
    assert "Contact details of person f0-p0 viewed" in browser.get(f"/events/{expo.event.key}/audit-log")


def test_a_day_later_it_is_noted_again(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    for days in (0, 0, 1):
        with database.write() as session:
            now = NOW + timedelta(days=days)
            contact_views.log_view(session, expo.organiser_actor(), ImportKind.PEOPLE, "f0-p0", now=now)
    assert [about for _, about in seen(database)] == [ONE, ONE]
