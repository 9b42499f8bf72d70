"""The directory: search in every script, filters with counts, pagination, and isolation of events."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

import pytest

from scheduler.domain.entities import RequestState, Tier
from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.services.directory import search as directory
from scheduler.services.directory.cards import OpenRequest
from scheduler.services.directory.facets import FacetValue, FirmFilters
from scheduler.services.directory.search import FirmOrder
from scheduler.storage.database import Database
from tests.support.factories import Expo, make_attendee, make_event, make_firm, make_request
from tests.support.queries import count_selects


def make_fair(session) -> Expo:
    """Four firms of three countries in two halls."""
    expo = make_event(session, firms=0, halls=2, areas={"cells": "Cells", "cells-2": "More cells"})
    make_firm(
        session,
        expo,
        name="上海电池有限公司",
        latin_name="Shanghai Batteries",
        country="CN",
        tier=Tier.UPSTREAM,
        areas=["cells"],
        description="Solid-state cells, 100% recycled",
    )
    make_firm(
        session,
        expo,
        name="Żelazo Öko GmbH",
        latin_name="Zelazo Oko",
        country="DE",
        areas=["cells", "cells-2"],
        description="Blattfedern",
    )
    make_firm(session, expo, name="Завод", latin_name="apex Zavod", country="RU", areas=['"cells"', "x"])
    make_firm(session, expo, name="Volt_Lab", latin_name="Volt_Lab", country="CN", areas=["cells-2"])
    return expo


def names(session, expo: Expo, **search) -> list[str]:
    """Return the matching firms by name, the same on pages and in the API."""
    actor, filters = expo.organiser_actor(), FirmFilters(**search)
    shown = directory.search_directory(session, actor, filters, order=FirmOrder.NAME).page.items
    listed = directory.search_firms(session, actor, filters).items
    assert shown == listed
    return [card.latin_name for card in listed]


def test_firms_are_sorted_by_their_latin_name_whatever_its_case(database: Database) -> None:
    with database.write() as session:
        expo = make_fair(session)
        assert names(session, expo) == ["apex Zavod", "Shanghai Batteries", "Volt_Lab", "Zelazo Oko"]


SEARCHES = [
    ("batteries", ["Shanghai Batteries"]),
    ("电池", ["Shanghai Batteries"]),
    ("ЗАВОД", ["apex Zavod"]),
    ("żELAZO", ["Zelazo Oko"]),
    ("öko", ["Zelazo Oko"]),
    ("BLATT", ["Zelazo Oko"]),
    ("shang SOLID", ["Shanghai Batteries"]),
    ("shang blatt", []),
    ("100%", ["Shanghai Batteries"]),
    ("0%r", []),
    ("t_l", ["Volt_Lab"]),
    ("a_t", []),
    ("a/b", []),
    (" \x00 ", ["apex Zavod", "Shanghai Batteries", "Volt_Lab", "Zelazo Oko"]),
]


def test_search_finds_any_script_and_takes_every_sign_as_itself(database: Database) -> None:
    with database.write() as session:
        expo = make_fair(session)
        for text, found in SEARCHES:
            assert names(session, expo, text=text) == found, text


FILTERS = [
    ({"country": ("CN",)}, ["Shanghai Batteries", "Volt_Lab"]),
    ({"country": ("cn",)}, ["Shanghai Batteries", "Volt_Lab"]),
    ({"country": ("XX",)}, []),
    ({"tier": ("upstream",)}, ["Shanghai Batteries"]),
    ({"hall": ("h1",)}, ["Volt_Lab", "Zelazo Oko"]),
    ({"hall": ("h9",)}, []),
    ({"area": ("cells",)}, ["Shanghai Batteries", "Zelazo Oko"]),
    ({"area": ("cells-2",)}, ["Volt_Lab", "Zelazo Oko"]),
    ({"area": ('"cells"',)}, ["apex Zavod"]),
    ({"area": ("cell",)}, []),
    ({"area": ("%",)}, []),
    ({"area": ("cells",), "country": ("DE",)}, ["Zelazo Oko"]),
    ({"area": ("",), "country": ("",), "tier": ("",), "hall": ("h1",)}, ["Volt_Lab", "Zelazo Oko"]),
]


def test_filters_narrow_the_list(database: Database) -> None:
    with database.write() as session:
        expo = make_fair(session)
        for filters, found in FILTERS:
            assert names(session, expo, **filters) == found, filters


def test_a_tier_that_there_is_not_is_refused(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(InvalidInput, match="tier: must be one of upstream, midstream, downstream"):
            directory.search_firms(session, expo.actor(0), FirmFilters(tier=("sideways",)))


def counts(session, actor, **search) -> dict[str, dict[str, int]]:
    """Return the number of firms for each value of each filter."""
    found = directory.search_directory(session, actor, FirmFilters(**search)).facets
    return {
        each.name: {value.value: value.count for value in getattr(found, each.name)} for each in fields(found)
    }


def test_facets_count_each_value_under_the_other_filters(database: Database) -> None:
    with database.write() as session:
        expo = make_fair(session)
        make_fair(session)
        found = counts(session, expo.organiser_actor(), country=("CN",))
        assert found["country"] == {"CN": 2, "DE": 1, "RU": 1}
        assert list(found["tier"].items()) == [("upstream", 1), ("midstream", 1)]
        assert (found["area"], found["hall"]) == ({"cells": 1, "cells-2": 1}, {"h0": 1, "h1": 1})
        facets = directory.search_directory(
            session, expo.organiser_actor(), FirmFilters(country=("CN",))
        ).facets
        assert facets.area[0] == FacetValue("cells", "Cells", 1) and facets.hall[0].label == "Hall 0"


def test_several_values_of_a_filter_are_any_of_them(database: Database) -> None:
    with database.write() as session:
        expo = make_fair(session)
        assert names(session, expo, country=("CN", "DE"), area=("cells-2", "x")) == ["Volt_Lab", "Zelazo Oko"]
        found = counts(session, expo.organiser_actor(), country=("CN", "DE"), area=("cells-2",))
        assert found["country"] == {"CN": 1, "DE": 1} and found["area"] == {"cells": 2, "cells-2": 2}


def test_facets_obey_the_search_and_keep_what_is_set(database: Database) -> None:
    with database.write() as session:
        actor = make_fair(session).organiser_actor()
        found = counts(session, actor, text="öko", area=("cells",), hall=("h0",))
        assert found["area"] == {"cells": 0} and found["hall"] == {"h1": 1, "h0": 0}
        assert counts(session, actor, text="öko", area=("cells",))["country"] == {"DE": 1}


def test_pages_follow_each_other_without_gaps_when_names_are_equal(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        for name in ("b", "B", "a", "B", "c"):
            make_firm(session, expo, latin_name=name)
        keys: list[str] = []
        cursor = None
        for _ in range(3):
            page = directory.search_firms(session, expo.organiser_actor(), cursor=cursor, limit=2)
            keys, cursor = keys + [card.key for card in page.items], page.next_cursor
            assert page.total == 5
        assert (keys, cursor) == (["f2", "f0", "f1", "f3", "f4"], None)


def test_a_list_that_ends_with_its_page_has_no_next_one(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        assert directory.search_firms(session, expo.actor(0), limit=2).next_cursor is None


def test_cards_show_what_is_open_between_the_readers_firm_and_others(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        asked = make_request(session, expo, 0, 1, state=RequestState.PENDING)
        back = make_request(session, expo, 2, 0)
        make_request(session, expo, 0, 2, state=RequestState.DECLINED)
        make_request(session, expo, 2, 3)
        cards = directory.search_firms(session, expo.actor(0)).items
        assert [card.is_own for card in cards] == [True, False, False, False]
        assert [card.open_requests for card in cards] == [
            (),
            (OpenRequest(asked.key, RequestState.PENDING, sent=True),),
            (OpenRequest(back.key, RequestState.ACCEPTED, sent=False),),
            (),
        ]


def test_a_firm_comes_with_its_people_hall_and_booth(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        make_attendee(session, expo, 1, key="ling", name="林", languages=["zh", "en"], title="Engineer")
        page = directory.show_firm(session, expo.actor(0), "f1")
        assert (page.card.key, page.card.hall, page.card.booths) == ("f1", "Hall 0", ("Booth b1",))
        people = [(person.key, person.is_exhibitor) for person in page.people]
        assert people == [("f1-p0", True), ("f1-p1", False), ("ling", False)]
        ling = page.people[2]
        assert (ling.name, ling.languages, ling.title) == ("林", ("zh", "en"), "Engineer")


def test_addresses_are_shown_to_the_own_firm_and_to_organisers(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        address = expo.people[1][0].email
        emails = [
            directory.show_firm(session, actor, "f1").people[0].email
            for actor in (expo.actor(0), expo.actor(1), expo.organiser_actor())
        ]
        assert emails == [None, address, address]


def test_people_are_searched_by_name_title_and_firm(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        make_attendee(session, expo, 1, key="ling", name="林玲", latin_name="Lin Ling", title="Engineer")

        def found(**search) -> list[str]:
            page = directory.search_people(session, expo.actor(0), **search)
            return [person.key for person in page.items]

        assert found(text="玲") == found(text="LIN engin") == ["ling"]
        assert found(firm="f0") == ["f0-p0"]
        assert found() == ["f0-p0", "f1-p0", "ling"]
        page = directory.search_people(session, expo.actor(0), limit=2)
        assert found(cursor=page.next_cursor) == ["ling"]


def test_nothing_of_another_event_is_found(database: Database) -> None:
    with database.write() as session:
        here, there = make_event(session, firms=1), make_event(session, firms=0)
        assert directory.search_firms(session, there.organiser_actor()).items == ()
        assert directory.search_people(session, there.organiser_actor()).items == ()
        assert not any(counts(session, there.organiser_actor()).values())
        for look in (
            lambda actor: directory.show_firm(session, actor, "f0"),
            lambda actor: directory.search_people(session, actor, firm="f0"),
            lambda actor: directory.show_firm(session, actor, "f\x00"),
        ):
            with pytest.raises(NotFound):
                look(there.organiser_actor())
        assert directory.show_firm(session, here.actor(0), "f0").card.key == "f0"


def test_a_hall_of_another_event_with_the_same_key_changes_nothing(database: Database) -> None:
    with database.write() as session:
        here, there = make_event(session, firms=1), make_event(session, firms=2)
        assert names(session, here, hall=("h0",)) == ["Firm 0"]
        assert names(session, there, hall=("h0",)) == ["Firm 0", "Firm 1"]


def test_a_page_takes_as_many_queries_for_one_firm_as_for_thirty(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=30)
    for limit in (1, 29, 30):
        search = partial(directory.search_firms, actor=expo.actor(0), limit=limit)
        assert count_selects(database, search) == 12


def test_a_firm_and_the_readers_own_take_as_many_queries_as_one(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
        keys = [expo.firms[i].key for i in (0, 1)]
    one = partial(directory.show_firm, actor=expo.actor(0), firm_key=keys[1])
    both = partial(directory.show_firm_beside_own, actor=expo.actor(0), firm_key=keys[1])
    assert count_selects(database, one) == count_selects(database, both) == 6
    with database.read() as session:
        found = directory.show_firm_beside_own(session, expo.actor(0), keys[1])
        assert found == tuple(directory.show_firm(session, expo.actor(0), key) for key in reversed(keys))
