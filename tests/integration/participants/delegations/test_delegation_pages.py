"""Delegation pages: create, search, join, print, remove; errors preserve the input."""

from __future__ import annotations

import pymupdf
import pytest
from sqlalchemy import select

from scheduler.services.participants.delegations import delegations, membership
from scheduler.services.participants.delegations.delegations import DelegationForm
from scheduler.services.participants.delegations.print_pack import make_print_pack
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, AuditLogEntry
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.site import Site


@pytest.fixture
def site(database: Database, broker_url: str) -> Site:
    return Site.of_three_firms(database, broker_url)


def test_an_organiser_makes_one_says_who_belongs_to_it_and_removes_it(site: Site) -> None:
    browser = site.organiser()
    empty = browser.get(site.path("/delegations/"))
    assert "No delegations yet" in empty
    browser.post(site.path("/delegations/"), name="Zhejiang Chamber", origin="Zhejiang")
    here, firm = site.path("/delegations/g1"), site.expo.firms[1]
    assert f"/firms/{firm.key}/join" in browser.get(f"{here}?find={firm.latin_name}")
    browser.post(f"{here}/firms/{firm.key}/join")
    page = browser.get(here)
    assert all(person.latin_name in page for person in site.expo.people[1])
    leader = site.expo.people[1][0].key
    browser.post(here, name="Zhejiang Chamber", leader=leader, escort="Li Na")
    assert "Leader</span>" in browser.get(here)
    assert "Zhejiang Chamber" in browser.get(site.path("/delegations/?q=li"))
    browser.post(f"{here}/remove")
    assert "No delegations yet" in browser.get(site.path("/delegations/"))


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/delegations/"))
    page = browser.post(site.path("/delegations/"), status=422, name=" ", escort="Kovács Éva")
    assert 'id="name-error"' in page and 'value="Kovács Éva"' in page


def test_a_large_delegation_is_printed_in_parts_and_each_is_noted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.exports.prints.SHEETS_PER_PART", 1)
    browser, here = site.organiser(), site.path("/delegations/g1")
    browser.get(site.path("/delegations/"))
    browser.post(site.path("/delegations/"), name="Zhejiang Chamber")
    browser.post(f"{here}/firms/{site.expo.firms[1].key}/join")
    page = browser.get(here)
    assert "part 2 (PDF)" in page and "part 3 (PDF)" not in page
    assert browser.client.get(f"{here}/print-pack.pdf?part=2").status_code == 200
    assert browser.client.get(f"{here}/print-pack.pdf?part=3").status_code == 404
    with site.database.read() as session:
        noted = session.scalars(select(AuditLogEntry.about).where(AuditLogEntry.act == "export")).all()
    assert noted == ["print pack of delegation g1"]


def test_the_print_pack_lists_everybody_and_has_the_agenda_of_each(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, people=2)
        actor = expo.organiser_actor()
        form = DelegationForm("Hungarian Chamber", "Hungary", "", "Kovács Éva", "+36 1 555 0100")
        key = delegations.create_delegation(session, actor, form, now=NOW)
        session.flush()
        membership.add_firm(session, actor, key, "f0", now=NOW)
        session.get_one(Attendee, expo.people[0][1].id).phone = "+36 20 555 0101"
        make_version(session, expo, [meet(make_request(session, expo, 0, 1), expo)])
    with database.read() as session:
        name, document = make_print_pack(session, actor, key)
        assert make_print_pack(session, actor, key)[1] == document, "the same bytes for the same delegation"
    pages = [page.get_text() for page in pymupdf.open("pdf", document)]
    assert name == "Hungarian Chamber"
    assert "Escort: Kovács Éva +36 1 555 0100" in pages[0] and "+36 20 555 0101" in pages[0]
    assert all(person.latin_name in pages[0] for person in expo.people[0])
    assert len(pages) == 2, "one agenda: the other person has no meeting"
    assert expo.people[0][0].latin_name in pages[1] and expo.firms[1].latin_name in pages[1]
