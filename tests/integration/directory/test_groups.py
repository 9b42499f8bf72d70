"""Delegations and guests of honour as directory filters, with correct counts and multiple values."""

from __future__ import annotations

from scheduler.services.directory import search
from scheduler.services.directory.facets import FacetValue, FirmFilters
from scheduler.services.directory.search import Facets
from scheduler.storage.database import Database
from scheduler.storage.models import Delegation, DelegationFirm
from tests.support.factories import NOW, Expo, make_event, make_firm


def make_groups(database: Database) -> Expo:
    """Firms 0 and 1 are Hungarian, 2 is Chinese, 3 is in Hungary's pavilion. Delegations: 0 and 2; 2."""
    with database.write() as session:
        expo = make_event(session, firms=0)
        for country, pavilion in (("HU", ""), ("HU", "Hungary"), ("CN", "Sichuan"), ("AT", "Hungary")):
            make_firm(session, expo, country=country, pavilion=pavilion)
        expo.event.guests = [
            {"kind": "country", "name": "Hungary", "country": "HU", "pavilion": "Hungary"},
            {"kind": "province", "name": "Sichuan", "country": "CN", "pavilion": "Sichuan"},
        ]
        session.flush()
        for key, name, members in (("steel", "Steel board", (0, 2)), ("trade", "Trade office", (2,))):
            made = Delegation(event_id=expo.event.id, key=key, name=name)
            session.add(made)
            session.flush()
            session.add_all(DelegationFirm(delegation_id=made.id, firm_id=expo.firms[i].id) for i in members)
    return expo


def look(database: Database, expo: Expo, **asked: tuple[str, ...]) -> tuple[list[str], Facets]:
    """Return matching keys and counts, the same on pages and in the API."""
    with database.read() as session:
        filters = FirmFilters(**asked)
        found = search.search_directory(session, expo.organiser_actor(), filters)
        assert search.count_firms(session, expo.organiser_actor(), filters) == found.facets
        return sorted(card.key for card in found.page.items), found.facets


def test_each_counts_the_firms_that_it_leaves(database: Database) -> None:
    expo = make_groups(database)
    firms, facets = look(database, expo)
    assert len(firms) == 4
    assert facets.guest == (FacetValue("Hungary", "Hungary", 3), FacetValue("Sichuan", "Sichuan", 1))
    assert facets.delegation == (
        FacetValue("steel", "Steel board", 2),
        FacetValue("trade", "Trade office", 1),
    )


def test_several_values_of_one_filter_add_up_and_count_under_the_others(database: Database) -> None:
    expo = make_groups(database)
    firms, facets = look(database, expo, guest=("Hungary",), delegation=("steel", "trade"))
    assert firms == ["f0"]
    assert [(each.value, each.count) for each in facets.guest] == [("Hungary", 1), ("Sichuan", 1)]
    assert [(each.value, each.count) for each in facets.delegation] == [("steel", 1), ("trade", 0)]
    assert look(database, expo, guest=("Hungary", "Sichuan"))[0] == ["f0", "f1", "f2", "f3"]
    assert look(database, expo, delegation=("nobody",))[0] == []


def test_who_left_counts_nowhere(database: Database) -> None:
    expo = make_groups(database)
    with database.write() as session:
        session.merge(expo.firms[2]).withdrawn_at = NOW
    _, facets = look(database, expo)
    assert [each.value for each in facets.guest] == ["Hungary"]
    assert [(each.value, each.count) for each in facets.delegation] == [("steel", 1)]
