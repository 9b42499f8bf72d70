"""Exhibitors manage their firm's people: add and invite, change, remove; not those of others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from scheduler.domain.entities import OutboxKind, Side
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.directory import search
from scheduler.services.emails.email_addresses import address_attempts
from scheduler.services.participants import journal
from scheduler.services.participants.colleagues import attendance_days as days_of
from scheduler.services.participants.colleagues import colleagues
from scheduler.services.participants.colleagues.colleagues import ColleagueForm
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    AttendeeBusy,
    AuditLogEntry,
    Event,
    OutboxEmail,
    RequestPerson,
)
from tests.support.factories import NOW, make_event, make_request
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

ANNA = ColleagueForm(
    name="Nagy Anna", email="Anna@Firm.example", title="Buyer", languages="magyar, 中文", areas=("batteries",)
)


def form(database: Database, **fields: object) -> ColleagueForm:
    with database.read() as session:
        event = session.scalars(select(Event)).one()
        days = tuple(day.isoformat() for day in days_of.list_slots_by_day(session, event))
    return replace(ANNA, **{"days": days, **fields})


def test_who_is_added_is_invited_and_sits_where_said(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4 4")
        actor = expo.actor(0)
    first, second = form(database).days
    with database.write() as session:
        said = form(database, days=(second,))
        key = colleagues.add_colleague(session, actor, said, settings=SETTINGS, now=NOW).key
        mail = session.scalars(select(OutboxEmail)).one()
        assert (mail.to_address, mail.payload["letter"]) == ("anna@firm.example", "colleague")
        assert (mail.payload["language"], mail.payload["path"]) == ("hu", f"/events/{expo.event.key}")
        assert len(session.scalars(select(AttendeeBusy)).all()) == 4
    with database.read() as session:
        found = {each.key: each for each in colleagues.get_staff(session, actor).people}
        assert key == "nagy-anna" and found[key].languages == ("hu", "zh")
        assert [day.isoformat() for day in found[key].days] == [second]
        shown = search.show_firm(session, expo.actor(1), "f0").people
        assert [(person.title, person.areas) for person in shown if person.key == key] == [
            ("Buyer", ("batteries",))
        ]
    with database.write() as session:
        said = form(database, title="Head", days=(first, second), is_exhibitor=True)
        colleagues.change_colleague(session, actor, key, said, settings=SETTINGS, now=NOW)
        assert session.scalars(select(AttendeeBusy)).all() == []
        anna = session.scalars(select(Attendee).where(Attendee.key == key)).one()
        assert (anna.title, anna.is_exhibitor, anna.email) == ("Head", True, "anna@firm.example")


def test_who_is_removed_leaves_her_requests_to_a_colleague_and_may_come_back(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        actor, organiser = expo.actor(0), expo.organiser_actor()
        request = make_request(session, expo, 0, 1)
        alone = RequestPerson(request_id=request.id, attendee_id=expo.people[0][1].id, side=Side.FROM)
        session.add(alone)
        email, key, request_id = expo.people[0][1].email, expo.people[0][1].key, request.id
    with database.write() as session:
        left = colleagues.remove_colleague(session, actor, key, now=NOW)
        assert (left.requests, left.meetings) == (0, 0)
        assert len(colleagues.get_staff(session, actor).people) == 1
    with database.write() as session:
        said = form(database, email=email, name="Again")
        assert colleagues.add_colleague(session, actor, said, settings=SETTINGS, now=NOW).key == key
        assert session.scalars(select(Attendee).where(Attendee.key == key)).one().name == "Again"
        named = select(RequestPerson.attendee_id).where(RequestPerson.request_id == request_id)
        assert expo.people[0][1].id not in session.scalars(named).all()
    with database.read() as session:
        assert [each.kind for each in journal.list_steps(session, organiser)] == ["edit", "withdraw"]


def test_what_is_wrong_stands_at_its_field(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        wrong = ColleagueForm(name=" ", email="nowhere", languages="Klingonish", title="x" * 121)
        with pytest.raises(InvalidInput) as caught:
            colleagues.add_colleague(session, expo.actor(0), wrong, settings=SETTINGS, now=NOW)
        assert {fault.path for fault in caught.value.faults} == {
            "name", "email", "languages", "title", "days"
        }  # fmt: skip
        others = expo.people[1][0].email
    with database.write() as session:
        with pytest.raises(InvalidInput, match="email: this person already takes part"):
            colleagues.add_colleague(
                session, expo.actor(0), form(database, email=others), settings=SETTINGS, now=NOW
            )
        own = expo.people[0][0].key
        with pytest.raises(InvalidInput, match="is_exhibitor: ask another company contact to change"):
            colleagues.change_colleague(
                session, expo.actor(0), own, form(database), settings=SETTINGS, now=NOW
            )
        with pytest.raises(InvalidInput, match="person: ask another company contact to remove"):
            colleagues.remove_colleague(session, expo.actor(0), own, now=NOW)


def test_only_exhibitors_keep_only_their_own_people_and_only_where_it_is_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        others = expo.people[1][1].key
    with database.write() as session:
        for actor in (expo.actor(0, 1), expo.organiser_actor()):
            with pytest.raises(NotAllowed):
                colleagues.get_staff(session, actor)
        with pytest.raises(NotFound):
            colleagues.remove_colleague(session, expo.actor(0), others, now=NOW)
        monkeypatch.setattr(colleagues, "MAX_COLLEAGUES", 2)
        with pytest.raises(InvalidInput, match="name: your company already has the maximum of 2 attendees"):
            colleagues.add_colleague(session, expo.actor(0), form(database), settings=SETTINGS, now=NOW)
        session.get_one(Event, expo.event.id).colleagues = False
        with pytest.raises(NotAllowed, match="The organisers manage the list of people"):
            colleagues.remove_colleague(session, expo.actor(0), expo.people[0][1].key, now=NOW)


def test_an_address_is_invited_once_a_day_however_often_it_is_added(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session, slots="4 4").actor(0)
    sent = []
    for hours in (0, 1, 23, 25):
        now = NOW + timedelta(hours=hours)
        with database.write() as session:
            added = colleagues.add_colleague(session, actor, form(database), settings=SETTINGS, now=now)
        with database.write() as session:
            colleagues.remove_colleague(session, actor, added.key, now=now)
        sent.append(added.is_invited)
    assert sent == [True, False, False, True]
    with database.read() as session:
        letters = session.scalars(select(OutboxEmail.to_address).where(OutboxEmail.kind == OutboxKind.DESK))
        assert [*letters] == ["anna@firm.example"] * 2


def test_a_firm_sends_so_many_invitations_and_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colleagues, "MAX_INVITATIONS", 2)
    with database.write() as session:
        actor = make_event(session, slots="4 4").actor(0)
    for day in range(3):
        now = NOW + timedelta(days=2 * day)
        with database.write() as session:
            if day == 2:
                with pytest.raises(
                    InvalidInput, match="your company has already sent the maximum of 2 invitations"
                ):
                    colleagues.add_colleague(session, actor, form(database), settings=SETTINGS, now=now)
                break
            added = colleagues.add_colleague(session, actor, form(database), settings=SETTINGS, now=now)
        with database.write() as session:
            colleagues.remove_colleague(session, actor, added.key, now=now)


def test_whose_addresses_take_part_is_told_a_few_times_a_day_and_noted(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
    other = expo.people[1][0].email
    with database.read() as session:
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), account)
    path = f"/events/{expo.event.key}/colleagues"
    browser.get(path)
    said = form(database)
    fields = {"name": said.name, "languages": said.languages, "days": list(said.days)}
    for _ in range(address_attempts.MOST):
        assert "already takes part" in browser.post(path, status=422, email=other, **fields)
    for email in (other, "nobody@new.example"):
        page = browser.post(path, status=422, email=email, **fields)
        assert "Too many email addresses" in page and "already takes part" not in page
    with database.read() as session:
        noted = session.scalars(select(AuditLogEntry).where(AuditLogEntry.act == "address")).all()
    assert len(noted) == address_attempts.MOST and noted[0].account_id == account.id
    assert f'"address":"{other}"' in noted[0].after
    with database.write() as session:
        late = form(database, email="nobody@new.example")
        tomorrow = database.now() + timedelta(days=1)
        assert colleagues.add_colleague(
            session, expo.actor(0), late, settings=SETTINGS, now=tomorrow
        ).is_invited
