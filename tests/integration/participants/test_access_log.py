"""The audit log records access to addresses: one entry per viewer, record and day."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import Partstat
from scheduler.services.participants import contact_views
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, Invitation
from tests.support import clocks
from tests.support.api import Program, make_token
from tests.support.factories import NOW, make_event
from tests.support.running_event import make_fair
from tests.support.web import Browser, web_app

LIST = "list of people with contact details viewed"
ONE = "contact details of person f0-p0 viewed"
FIRM = "contact details of exhibitor f0 viewed"


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
    browser.get(f"/events/{expo.event.key}/firms/f0")
    browser.get(f"/events/{expo.event.key}/calendar-status/people/f0-p0")  # of today
    browser.get(f"/events/{expo.event.key}/calendar-status/people/f1-p0")
    for path in ("f0", "f0", "no-such-firm"):
        browser.get(f"/events/{expo.event.key}/firms/{path}", 404 if path.startswith("no") else 200)
    browser.get(f"/events/{expo.event.key}/calendar-status/people/no-one", 404)
    assert [about for _, about in seen(database)[2:]] == [
        FIRM,
        "contact details of person f1-p0 viewed",
    ]
    browser.get(f"{desk}/interpreters/i0")
    assert seen(database)[4:] == [(who, "contact details of interpreter i0 viewed")]
    assert "Contact details of person f0-p0 viewed" in browser.get(f"/events/{expo.event.key}/audit-log")


def test_a_day_later_it_is_noted_again(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    for days in (0, 0, 1):
        with database.write() as session:
            now = NOW + timedelta(days=days)
            contact_views.log_view(session, expo.organiser_actor(), ImportKind.PEOPLE, "f0-p0", now=now)
    assert [about for _, about in seen(database)] == [ONE, ONE]


def test_a_colleague_or_a_firm_that_sees_no_addresses_is_not_noted(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), account)
    for key in ("f0", "f1"):
        browser.get(f"/events/{expo.event.key}/firms/{key}")
    assert seen(database) == []


def test_partners_are_noted_by_person_once_a_day(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    days = (0, ["f1-p0"]), (0, ["f1-p0", "f2-p0"]), (0, ["f2-p0"]), (0, []), (1, ["f1-p0"])
    for day, keys in days:
        with database.write() as session:
            contact_views.log_partners(session, expo.actor(0), keys, now=NOW + timedelta(days=day))
    with database.read() as session:
        found = session.scalars(select(AuditLogEntry.after).order_by(AuditLogEntry.id)).all()
    assert [json.loads(each)["people"] for each in found] == [["f1-p0"], ["f2-p0"], ["f1-p0"]]
    assert {about for _, about in seen(database)} == {"contact details of meeting partners viewed"}


def test_my_day_and_my_week_note_the_partners_whose_details_they_show(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1, told=True)
        account = session.get_one(Account, fair.expo.people[0][0].account_id)
    clocks.hold(monkeypatch, fair.expo.slots[0].start - timedelta(minutes=10))
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), account)
    event = f"/events/{fair.expo.event.key}"
    browser.get(f"{event}/my-day")
    assert seen(database) == []
    with database.write() as session:
        session.execute(update(Invitation).values(partstat=Partstat.ACCEPTED))
    browser.get(f"{event}/my-day")
    browser.get(f"{event}/my-day")
    browser.get(f"{event}/week?meeting={fair.requests[0].key}")
    assert seen(database) == [(account.email, "contact details of meeting partners viewed")]


def test_programs_with_the_scope_for_contacts_are_noted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, "redis://127.0.0.1:1")
    for scopes, noted in ((), []), (("contacts:read",), [LIST, ONE, FIRM]):
        program = Program(app, make_token(database, expo.organiser_actor(), "people:read", *scopes))
        for path in ("/people", "/people", "/people/f0-p0", "/firms/f0"):
            program.get(path)
        assert [about for _, about in seen(database)] == noted
