"""Export of a person: everything about them, in each table, and nothing about others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from chainmeet.cli import main
from scheduler.domain.errors import NotAllowed, NotFound, RecentSignInRequired
from scheduler.services.events.archives import event_tables
from scheduler.services.participants import contact_views
from scheduler.services.privacy import person_export
from scheduler.services.privacy.personal_tables import OTHER_COLUMNS, OWN_COLUMNS, PEOPLE, PRIVATE_TABLES
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, AuditLogEntry, FirmNote
from scheduler.storage.schema import SchemaOutOfDate, head_revision
from tests.integration.team.test_operators import signed_in
from tests.support.calendars import linked
from tests.support.factories import NOW, Expo, make_event, make_request
from tests.support.next_release import at_revision
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

pytestmark = pytest.mark.own_schema

NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session, firms=2, people=2)
        person = expo.people[0][0]
        make_request(session, expo, 0, 1, message="About cells", from_people=[person])
        person.phone = "+86 10 5550 0100"
        session.add(
            FirmNote(
                firm_id=expo.firms[0].id, other_firm_id=expo.firms[1].id, note="too dear",
                changed_by=person.id, changed_at=NOW,
            )
        )  # fmt: skip
        session.add(linked(person.id, b"sealed address"))
        return expo


def account(database: Database, person: Attendee) -> Account:
    with database.read() as session:
        return session.get_one(Account, person.account_id)


def test_each_column_that_refers_to_people_is_exported_or_has_a_reason() -> None:
    found = set()
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            is_address = any(word in column.name for word in ("email", "address", "sender"))
            refers = event_tables.referenced_table(column)
            if refers in PEOPLE or (is_address and refers is None):
                found.add((table.name, column.name))
    own = {(name, column) for name, columns in OWN_COLUMNS.items() for column in columns if column != "id"}
    assert own.isdisjoint(OTHER_COLUMNS)
    assert own | OTHER_COLUMNS.keys() == found


def test_a_person_gets_all_own_rows_and_none_of_others(database: Database, expo: Expo) -> None:
    person, colleague = expo.people[0]
    with database.write() as session:
        asker = signed_in(account(database, person))
        found = person_export.export_own_data(session, asker, now=NOW)
    document = json.loads(found.to_json())
    tables = document["tables"]
    assert document["address"] == person.email
    assert [row["phone"] for row in tables["attendee"]] == ["+86 10 5550 0100"]
    assert [row["note"] for row in tables["firm_note"]] == ["too dear"]
    assert tables["request_person"][0]["attendee_id"] == person.id
    assert colleague.email not in found.to_json().decode()
    names = {name for rows in tables.values() for row in rows for name in row}
    assert not [name for name in names if name.endswith(("seed", "hash"))]
    assert [row["name"] for row in tables["busy_source"]] and "sealed" not in found.to_json().decode()
    with database.read() as session:
        (entry,) = session.scalars(select(AuditLogEntry))
    assert (entry.chain, entry.act, entry.about, entry.who) == (
        0,
        "privacy",
        "own data exported",
        person.email,
    )


def test_the_export_and_the_page_say_who_viewed_the_contact_details(database: Database, expo: Expo) -> None:
    person = expo.people[0][0]
    with database.write() as session:
        for key in (person.key, expo.people[1][0].key):
            contact_views.log_view(session, expo.organiser_actor(), ImportKind.PEOPLE, key, now=NOW)
    with database.write() as session:
        asker = signed_in(account(database, person))
        found = person_export.export_own_data(session, asker, now=NOW)
    assert [(row["who"], row["event"]) for row in found.views] == [(expo.organiser.email, expo.event.key)]
    page = Browser(web_app(database, NOWHERE), account(database, person)).get("/my-data")
    assert expo.organiser.email in page and expo.event.name in page
    page = Browser(web_app(database, NOWHERE), account(database, expo.people[0][1])).get("/my-data")
    assert expo.organiser.email not in page
    assert "No one has opened your record yet." in page


def test_a_person_downloads_both_files_after_a_recent_sign_in(database: Database, expo: Expo) -> None:
    person = expo.people[0][0]
    browser = Browser(web_app(database, NOWHERE), account(database, person))
    assert json.loads(browser.get("/my-data.json"))["format"] == person_export.FORMAT
    pdf: Any = browser.client.get("/my-data.pdf")
    assert pdf.data.startswith(b"%PDF") and pdf.headers["Cache-Control"] == "no-store"
    with database.write() as session, pytest.raises(RecentSignInRequired):
        stale = replace(signed_in(account(database, person)), is_stale=True)
        person_export.export_own_data(session, stale, now=NOW)


def test_a_newer_schema_may_have_more_about_a_person(database: Database, expo: Expo) -> None:
    person = expo.people[0][0]
    browser = Browser(web_app(database, NOWHERE), account(database, person))
    with at_revision(database, "9000", oldest_code=head_revision()):
        refused = browser.client.get("/my-data.json")
        with database.write() as session, pytest.raises(SchemaOutOfDate, match="A newer version"):
            person_export.export_address(session, person.email, now=NOW)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert browser.client.get("/my-data.json").status_code == 200


def test_an_organiser_gets_the_event_s_part_without_private_notes(database: Database, expo: Expo) -> None:
    person = expo.people[0][0]
    with database.write() as session:
        other = make_event(session, firms=1)
        other.people[0][0].account_id = person.account_id
    path = f"/events/{expo.event.key}/participants/people/{person.key}/data.json"
    found = json.loads(Browser(web_app(database, NOWHERE), expo.organiser).get(path))
    assert [row["event"] for row in found["tables"]["attendee"]] == [expo.event.key]
    assert found["tables"].keys().isdisjoint({"account", "web_session", *PRIVATE_TABLES})
    assert "request_person" in found["tables"]
    with database.write() as session:
        with pytest.raises(NotFound):
            person_export.export_attendee(session, expo.organiser_actor(), "nobody", now=NOW)
        with pytest.raises(NotAllowed):
            person_export.export_attendee(session, expo.actor(1), person.key, now=NOW)


def test_an_operator_gets_a_file_by_the_command(database: Database, expo: Expo, tmp_path: Path) -> None:
    environment = {**SETTINGS.to_env(), "CHAINMEET_DATABASE_URL": str(database.url.render_as_string(False))}
    run, file = CliRunner(env=environment), tmp_path / "person.json"
    email = expo.people[0][0].email
    assert run.invoke(main, ["person", "export", email.upper(), "--output", str(file)]).exit_code == 0
    assert json.loads(file.read_bytes())["tables"]["account"][0]["email"] == email
    assert run.invoke(main, ["person", "export", "no@x.example", "--output", str(file)]).exit_code == 2
