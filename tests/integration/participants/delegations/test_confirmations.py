"""People imported by a delegation manager may sign in during the manager's role until confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.services.emails.email_addresses import address_attempts
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.imports import sheet_import, undoable_import
from scheduler.services.participants.colleagues import colleagues
from scheduler.services.participants.colleagues.colleagues import ColleagueForm
from scheduler.services.participants.delegations import confirmation
from scheduler.services.team import members
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, AuditLogEntry, TeamMember
from tests.integration.participants.delegations.test_delegation_managers import chamber, with_chamber
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

COLUMNS = ["key", "firm", "name", "email", "languages", "exhibitor"]
GUEST, SECOND = "guest@new.example", "second@new.example"
KEY = "guest-e13529cc1cf3"
"""The key that an import derives from name and address."""


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=4, people=2)


def bring(database: Database, actor: Actor, *rows: list[Any]) -> dict[str, str]:
    """Import people for delegation g1. Return errors by column."""
    parts = sheet_import.read_parts(write_xlsx([OutputSheet("People", COLUMNS, rows)]), "")
    given: dict[str, Any] = {"settings": SETTINGS, "now": NOW}
    with database.write() as session:
        look = undoable_import.preview_members(session, actor, "g1", parts, **given)
        undoable_import.import_members(session, actor, "g1", parts, digest=look.digest, **given)
    return {cells.column: cells.message for part in look.parts if part.done for cells in part.done.wrong}


def of_guest(database: Database, expo: Expo, email: str = GUEST) -> Actor:
    with database.read() as session:
        account = session.scalars(select(Account.id).where(Account.email == email)).one()
        return actors.actor_for(session, account, expo.event.key, now=NOW)


def guest_row(yes: str = "yes", email: str = GUEST) -> list[Any]:
    return ["", "f0", "Guest", email, "hu", yes]


def test_a_chamber_makes_nobody_an_exhibitor(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    assert bring(database, actor, guest_row()) == {}
    guest = of_guest(database, expo)
    assert guest.attendee_id is not None and not guest.is_exhibitor
    colleague = next(person for person in expo.people[0] if not person.is_exhibitor)
    bring(database, actor, [colleague.key, "f0", colleague.name, colleague.email, "hu", "yes"])
    assert not of_guest(database, expo, colleague.email).is_exhibitor
    with database.read() as session:
        waiting = confirmation.list_unconfirmed(session, expo.organiser_actor(), "g1")
        assert {(each.person.key, each.is_exhibitor_proposed) for each in waiting} == {
            (colleague.key, True),
            (KEY, True),
        }


@pytest.mark.parametrize("firm", ["f0", "New Kft."])
def test_a_chamber_makes_nobody_an_exhibitor_by_a_file_that_does_not_say_who_is(
    database: Database, expo: Expo, firm: str
) -> None:
    """In organisers' files, the first new person of a firm without an exhibitor becomes one."""
    actor = with_chamber(database, expo)
    with database.write() as session:
        of_firm = Attendee.firm_id == expo.firms[0].id
        session.execute(update(Attendee).where(of_firm).values(is_exhibitor=False))
    firms = OutputSheet("Firms", ["name", "country", "tier"], [["New Kft.", "HU", "midstream"]])
    people = OutputSheet("People", COLUMNS[:-1], [["", firm, "Guest", GUEST, "hu"]])
    parts = sheet_import.read_parts(write_xlsx([firms, people] if firm != "f0" else [people]), "")
    given: dict[str, Any] = {"settings": SETTINGS, "now": NOW}
    with database.write() as session:
        look = undoable_import.preview_members(session, actor, "g1", parts, **given)
        assert [cells.message for part in look.parts if part.done for cells in part.done.wrong] == []
        undoable_import.import_members(session, actor, "g1", parts, digest=look.digest, **given)
    guest = of_guest(database, expo)
    assert guest.attendee_id is not None and not guest.is_exhibitor
    with database.read() as session:
        waiting = confirmation.list_unconfirmed(session, expo.organiser_actor(), "g1")
        assert [(each.person.name, each.is_exhibitor_proposed) for each in waiting] == [("Guest", True)]
    with database.write() as session, pytest.raises(NotAllowed):
        colleagues.add_colleague(
            session, guest, ColleagueForm("Second", email=SECOND), settings=SETTINGS, now=NOW
        )


def test_whom_an_unconfirmed_exhibitor_adds_leaves_with_the_role_too(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    bring(database, actor, guest_row())
    with database.write() as session:
        days = tuple(day.isoformat() for day in colleagues.get_staff(session, expo.actor(0)).days)
        form = ColleagueForm("Guest", email=GUEST, languages="hu", is_exhibitor=True, days=days)
        own = expo.actor(0)
        colleagues.change_colleague(session, own, KEY, form, settings=SETTINGS, now=NOW)
    form = ColleagueForm("Second", email=SECOND, languages="hu", is_exhibitor=True, days=days)
    guest = of_guest(database, expo)
    with database.write() as session:
        colleagues.add_colleague(session, guest, form, settings=SETTINGS, now=NOW)
    assert of_guest(database, expo, SECOND).is_exhibitor
    _remove(database, expo, actor.account_id or 0)
    with pytest.raises(NotFound):
        of_guest(database, expo, SECOND)


@pytest.mark.parametrize("whose", ["chamber", "organiser"])
def test_a_chamber_imports_no_address_of_the_team(database: Database, expo: Expo, whose: str) -> None:
    actor = with_chamber(database, expo)
    own = {"chamber": "k@chamber.example", "organiser": expo.organiser.email}[whose]
    assert bring(database, actor, guest_row("", own)) == {
        "email": "can't be used here; contact the organisers"
    }
    with database.read() as session:
        assert session.scalars(select(Attendee.id).where(Attendee.email == own)).all() == []


def _remove(database: Database, expo: Expo, account_id: int) -> None:
    with database.write() as session:
        members.remove_member(session, expo.organiser_actor(), account_id, now=NOW)


def _end(database: Database, expo: Expo, account_id: int) -> None:
    with database.write() as session:
        ended = TeamMember.event_id == expo.event.id, TeamMember.account_id == account_id
        session.execute(update(TeamMember).where(*ended).values(until=NOW))


def _demote(database: Database, expo: Expo, account_id: int) -> None:
    with database.write() as session:
        given: dict[str, Any] = {"role": TeamRole.VIEWER, "until": None, "now": NOW}
        members.change_member(session, expo.organiser_actor(), account_id, **given)


@pytest.mark.parametrize("end", [_remove, _end, _demote])
def test_what_a_role_brought_in_ends_with_it(
    database: Database, expo: Expo, end: Callable[[Database, Expo, int], None]
) -> None:
    actor = with_chamber(database, expo)
    bring(database, actor, guest_row())
    bring(database, actor, guest_row("", SECOND))
    with database.write() as session:
        assert confirmation.confirm_people(session, expo.organiser_actor(), "g1", [KEY], now=NOW) == 1
    assert of_guest(database, expo).is_exhibitor
    assert of_guest(database, expo, SECOND).attendee_id is not None
    end(database, expo, actor.account_id or 0)
    assert of_guest(database, expo).is_exhibitor, "organisers confirmed this person"
    with pytest.raises(NotFound):
        of_guest(database, expo, SECOND)
    with database.read() as session:
        account = session.scalars(select(Account.id).where(Account.email == SECOND)).one()
        assert actors.list_events(session, account, now=NOW) == []
        noted = session.scalars(
            select(AuditLogEntry.after).where(AuditLogEntry.about == f"person {KEY} confirmed")
        )
        assert [GUEST in after for after in noted] == [True]


def test_who_confirms_is_an_organiser(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    bring(database, actor, guest_row())
    with database.write() as session:
        own = chamber(session, expo, actor.account_id or 0)
        with pytest.raises((NotAllowed, NotFound)):
            confirmation.confirm_people(session, own, "g1", [KEY], now=NOW)


def test_the_page_of_a_delegation_confirms_those_whom_it_shows(
    database: Database, broker_url: str, expo: Expo
) -> None:
    app, actor = web_app(database, broker_url), with_chamber(database, expo)
    bring(database, actor, guest_row(), guest_row("", SECOND))
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}/delegations/g1"
    page = browser.get(path)
    assert "People to confirm" in page and "Company contact" in page
    page = browser.post(f"{path}/confirm", people=[KEY])
    assert "1 person confirmed." in page and "People to confirm" in page
    assert of_guest(database, expo).is_exhibitor


def test_an_organiser_who_says_who_answers_for_the_firm_confirms_the_person(
    database: Database, expo: Expo
) -> None:
    actor = with_chamber(database, expo)
    bring(database, actor, guest_row())
    bring(database, expo.organiser_actor(), [KEY, "f0", "Guest", GUEST, "hu", "yes"])
    _remove(database, expo, actor.account_id or 0)
    assert of_guest(database, expo).is_exhibitor


def test_the_trail_names_whom_a_chamber_let_in(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    rows = [guest_row("", f"guest-{number}@new.example") for number in range(100)]
    bring(database, actor, *rows)
    with database.read() as session:
        of_import = AuditLogEntry.act == "import", AuditLogEntry.account_id == actor.account_id
        told = "".join(session.scalars(select(AuditLogEntry.after).where(*of_import)))
    assert all(f'"guest-{number}@new.example"' in told for number in range(100))


def test_addresses_of_others_in_files_of_a_chamber_are_counted_noted_and_limited(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_attempts, "MOST_IN_FILES", 2)
    actor = with_chamber(database, expo)
    for _ in range(2):
        bring(database, actor, guest_row("", expo.organiser.email), guest_row("", "new@new.example"))
    with database.read() as session:
        of_tries = AuditLogEntry.act == "address", AuditLogEntry.account_id == actor.account_id
        assert session.scalars(select(AuditLogEntry.after).where(*of_tries)).all() == ['{"tried":1}'] * 2
    with pytest.raises(NotAllowed, match="Too many email addresses"):
        bring(database, actor, guest_row("", "other@new.example"))
