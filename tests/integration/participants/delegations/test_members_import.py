"""A delegation manager imports own firms and people: others are neither visible nor changed."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.errors import ChainmeetError, NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.imports import import_files, sheet_import, undoable_import
from scheduler.services.imports.sheet_import import ImportOutdated, ImportPreview
from scheduler.services.participants import journal
from scheduler.services.participants.delegations import delegations
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, AuditLogEntry, Event, Firm
from tests.integration.participants.delegations.test_delegation_managers import OTHER, chamber, with_chamber
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.site import Site
from tests.support.web import Browser

FIRMS = ["key", "name", "country", "tier", "booth", "description"]
NEW = ["", "Brand New Kft.", "HU", "midstream"]
PEOPLE = ["key", "firm", "name", "email", "languages", "title"]


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=4, people=2)


def book(firms: list[list[Any]], people: list[list[Any]]) -> bytes:
    return write_xlsx([OutputSheet("Firms", FIRMS, firms), OutputSheet("People", PEOPLE, people)])


def look(database: Database, actor: Actor, octets: bytes, key: str = "g1") -> ImportPreview:
    with database.write() as session:
        parts = sheet_import.read_parts(octets, "")
        return undoable_import.preview_members(session, actor, key, parts, settings=SETTINGS, now=NOW)


def take(database: Database, actor: Actor, octets: bytes, digest: str, key: str = "g1") -> None:
    with database.write() as session:
        parts = sheet_import.read_parts(octets, "")
        undoable_import.import_members(session, actor, key, parts, digest=digest, settings=SETTINGS, now=NOW)


def wrong(found: ImportPreview) -> set[tuple[str, str, tuple[int, ...]]]:
    parts = [part.done for part in found.parts if part.done]
    return {(cells.column, cells.message, cells.lines) for done in parts for cells in done.wrong}


def test_it_changes_its_own_and_brings_new_ones_that_belong_to_it(database: Database, expo: Expo) -> None:
    actor, person = with_chamber(database, expo), expo.people[0][0]
    octets = book(
        [
            ["f0", "Own firm", "HU", "upstream", "STOLEN", "New words"],
            ["", "Brand New Kft.", "HU", "midstream"],
        ],
        [
            [person.key, "f0", person.name, person.email, "hu; en", "Director"],
            ["", "Brand New Kft.", "Kiss Anna", "anna@new.example", "magyar", ""],
        ],
    )
    with database.read() as session:
        booth = session.get_one(Firm, expo.firms[0].id).hall_id
    found = look(database, actor, octets)
    assert (found.added, found.changed, found.left_out, wrong(found)) == (2, 2, 0, set())
    assert found.parts[0].done and found.parts[0].done.not_taken == ("booth",)
    take(database, actor, octets, found.digest)
    with database.read() as session:
        own = session.get_one(Firm, expo.firms[0].id)
        assert (own.name, own.description, own.hall_id) == ("Own firm", "New words", booth)
        new = session.scalars(select(Attendee).where(Attendee.email == "anna@new.example")).one()
        firm = session.get_one(Firm, new.firm_id)
        assert firm.name == "Brand New Kft." and firm.key.startswith("brand-new-kft-")
        later = chamber(session, expo, actor.account_id or 0)
        assert later.managed and firm.id in later.managed.firms
        noted = session.scalars(select(AuditLogEntry).where(AuditLogEntry.act == "import")).all()
        assert {(entry.account_id, "g1" in entry.about) for entry in noted} == {(actor.account_id, True)}
        assert "anna@new.example" in noted[-1].after
    again = look(database, later, octets)
    assert (again.added, again.changed) == (0, 0)
    with database.write() as session:
        organiser = expo.organiser_actor()
        step = import_files.list_files(session, organiser)[0].registry_change_id
        assert step is not None
        journal.undo_step(session, organiser, step, settings=SETTINGS, now=NOW)
    with database.read() as session:
        assert session.scalars(select(Attendee).where(Attendee.email == "anna@new.example")).all() == []


def test_what_is_others_is_not_touched_nor_told_from_nothing(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    theirs, member = expo.people[1][1], expo.people[0][0]
    none_of_it = "is not an ID of this delegation; leave it empty for a new entry"
    octets = book(
        [
            ["f1", "Taken over", "HU", "upstream"],
            ["nowhere", "Never there", "HU", "upstream"],
            ["", expo.firms[1].name, "HU", "upstream"],
        ],
        [
            [theirs.key, "f0", "Taken over", "other@a.example", "hu"],
            ["no-one", "f0", "Never there", "another@a.example", "hu"],
            ["", "f0", "Guest", theirs.email, "hu"],
            ["", expo.firms[2].key, "In another firm", "x@a.example", "hu"],
            [member.key, "f0", "A new address", "thief@a.example", "hu"],
        ],
    )
    found = look(database, actor, octets)
    assert found.added == 1, "a firm of the name of another is another one"
    assert wrong(found) == {
        ("key", none_of_it, (2, 3)),
        ("email", "can't be used here; contact the organisers", (4,)),
        ("firm", f"{expo.firms[2].key!r} is not an exhibitor of this event; import exhibitors first", (5,)),
        ("email", "can only be changed by the organisers; contact them", (6,)),
    }
    offered = [cells.proposals.choices for part in found.parts if part.done for cells in part.done.wrong]
    assert expo.firms[2].key not in {value for choices in offered for value, _ in choices}
    take(database, actor, octets, found.digest)
    with database.read() as session:
        for before in expo.firms[1:]:
            after = session.get_one(Firm, before.id)
            assert (after.name, after.country, after.tier) == (before.name, before.country, before.tier)
        assert session.get_one(Attendee, theirs.id).name == theirs.name
        assert session.get_one(Attendee, member.id).email == member.email


def test_other_kinds_and_other_delegations_are_closed(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    halls = write_xlsx(
        [OutputSheet("Halls", ["name"], [["Mine"]]), OutputSheet("Interpreters", ["name"], [["X"]])]
    )
    found = look(database, actor, halls)
    assert not found.does_anything
    assert all(str(part.faults[0]).endswith("only organisers can import this sheet") for part in found.parts)
    octets = book([["", "New", "HU", "upstream"]], [])
    for key in (OTHER, "g9"):
        with pytest.raises(NotFound):
            look(database, actor, octets, key)
    with pytest.raises(ImportOutdated):
        take(database, actor, octets, "of something else")
    with database.write() as session, pytest.raises(NotFound):
        import_files.count_records(session, actor)
    for somebody in (expo.actor(0), expo.actor(0, 1)):
        with pytest.raises(ChainmeetError):
            look(database, somebody, octets)
    with database.write() as session:
        session.get_one(Event, expo.event.id).archived_at = NOW
    with database.read() as session:
        put_away = chamber(session, expo, actor.account_id or 0)
    with pytest.raises(ChainmeetError, match="archive"):
        look(database, put_away, octets)


def test_its_pages_from_the_file_to_the_member(database: Database, broker_url: str) -> None:
    site = Site.of_three_firms(database, broker_url)
    actor = with_chamber(database, site.expo)
    with database.read() as session:
        browser = Browser(site.app, session.get_one(Account, actor.account_id))
    assert "Import exhibitors and people from a file" in browser.get(site.path("/delegations/g1"))
    address = site.path("/delegations/g1/members")
    browser.get(site.path(f"/delegations/{OTHER}/members"), 404)
    browser.get(address)
    assert "Choose a file first." in browser.post(address, 422)
    assert "larger than 36 kB" in browser.post(address, 422, file=(io.BytesIO(b"x" * 40_000), "a.csv"))
    assert "is a PDF" in browser.post(address, 422, file=(io.BytesIO(b"%PDF-1"), "a.csv"))
    file = book([NEW, ["f1", "Not mine", "HU", "upstream"]], [])
    page = browser.post(address, file=(io.BytesIO(file), "members.xlsx"))
    assert "1 added" in page and "is not an ID of this delegation" in page
    hidden = dict(re.findall(r'name="(digest|file)" value="([^"]*)"', page))
    for crafted in ("á", "a", "!"):  # not ASCII, and not Base64
        assert "Choose a file first." in browser.post(f"{address}/import", 422, **{**hidden, "file": crafted})
    done = browser.post(f"{address}/import", **hidden)
    assert "1 added, 0 changed." in done and "Brand New Kft." in done
    with database.read() as session:
        names = [
            firm.name
            for firm in delegations.get_delegation(session, site.expo.organiser_actor(), "g1").members.firms
        ]
    assert "Brand New Kft." in names
