"""Suggested partners: suppliers of a firm's needs, across languages; no fully booked or known firms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert

from scheduler.domain.entities import RequestState, Tier
from scheduler.services.directory.glossary import load_products
from scheduler.services.requests.suggestions import partners
from scheduler.services.requests.suggestions.parsing.profile_texts import parse_profile_text
from scheduler.services.requests.suggestions.partners import SuggestedPartner
from scheduler.storage.database import Database
from scheduler.storage.models import Firm
from tests.support.factories import Expo, make_event, make_request
from tests.support.queries import count_selects

NEEDS_BEARINGS = "Szélturbinákat gyártunk, hajtóműveket keresünk."
GEARBOXES = "本公司生产齿轮箱和减速机。"


def expo_of(session: Any, *texts: str, **columns: Any) -> Expo:
    expo = make_event(session, firms=len(texts), **columns)
    for firm, text in zip(expo.firms, texts, strict=True):
        firm.description = text
    session.flush()
    return expo


def of(database: Database, expo: Expo, firm: int = 0) -> dict[str, SuggestedPartner]:
    with database.read() as session:
        found = partners.suggest_partners(session, expo.actor(firm)).partners
    return {partner.firm.key: partner for partner in found}


@pytest.mark.parametrize(
    ("text", "offers", "needs"),
    [
        ("We make gearboxes and are looking for ceramic bearings.", {"gearboxes"}, {"bearings"}),
        ("专业生产电动机，寻求轴承供应商。", {"motors"}, {"bearings"}),
        ("Csapágyat és tengelyt keresünk. Hajtóművet gyártunk.", {"gearboxes"}, {"bearings", "axles"}),
        ("Hajtóműveket gyártunk, csapágyat keresünk.", {"gearboxes"}, {"bearings"}),
        ("A family business.", set(), set()),
        ("", set(), set()),
    ],
)  # fmt: skip
def test_a_text_says_what_is_offered_and_what_is_needed(text: str, offers: set[str], needs: set[str]) -> None:
    found = parse_profile_text(text)
    assert (found.offers, found.needs) == (offers, needs)


def test_every_thing_has_words_in_three_languages_and_goes_into_things_that_are_there() -> None:
    known = load_products()
    for thing in known.values():
        assert set(thing.names) == {"en", "zh", "hu"} and all(thing.names.values())
        assert thing.goes_into <= known.keys()
    assert len({thing.area for thing in known.values()}) == 7


def test_who_supplies_what_is_looked_for_is_first_across_languages(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, NEEDS_BEARINGS, "Cold chain and customs.", GEARBOXES, "Seeds and seedlings.")
    found = of(database, expo)
    assert next(iter(found)) == "f2"
    assert found["f2"].they_supply == ("gearboxes",)
    assert of(database, expo, 2)["f0"].we_supply == ("gearboxes",)


def test_things_are_named_in_the_language_of_the_page_whatever_the_reader_speaks(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, NEEDS_BEARINGS, GEARBOXES)
        chinese = replace(expo.actor(0), language="zh")
    with database.read() as session:
        (on_page,) = partners.suggest_partners(session, chinese).partners
        (in_chinese,) = partners.suggest_partners(session, chinese, language="zh").partners
    assert on_page.they_supply == ("gearboxes",)
    assert in_chinese.they_supply != on_page.they_supply and not in_chinese.they_supply[0].isascii()


def test_lists_count_as_texts_do_and_things_that_the_glossary_does_not_know_by_their_words(
    database: Database,
) -> None:
    with database.write() as session:
        expo = expo_of(session, "", "", GEARBOXES)
        expo.firms[0].needs, expo.firms[0].offers = ["Fűtőpatron", "hajtóművek"], ["Drone insurance"]
        expo.firms[1].products, expo.firms[1].needs = ["FUTOPATRON"], ["drone insurance"]
    found = of(database, expo)
    assert (found["f1"].they_supply, found["f1"].we_supply) == (("FUTOPATRON",), ("drone insurance",))
    assert found["f2"].they_supply == ("gearboxes",)


def test_what_goes_into_what_we_make_is_a_link_of_the_chain(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, "We build electric buses.", "Traction batteries and battery packs.")
    assert of(database, expo)["f1"].link == ("batteries", "buses", True)


def test_a_firm_with_which_there_is_a_request_is_left_out(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, NEEDS_BEARINGS, GEARBOXES, GEARBOXES)
        make_request(session, expo, 0, 1, state=RequestState.DECLINED)
    assert "f1" not in of(database, expo) and "f2" in of(database, expo)


def test_a_firm_that_is_full_is_left_out(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, NEEDS_BEARINGS, GEARBOXES, "x", "x", "x")
        for other in (2, 3, 4):
            make_request(session, expo, other, 1)  # three of the four slots of its only person
    assert "f1" not in of(database, expo)


def test_a_firm_that_many_ask_stands_behind_one_that_fits_as_well(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, NEEDS_BEARINGS, GEARBOXES, GEARBOXES, *["x"] * 9, slots="9 9 9")
        for other in range(3, 12):
            make_request(session, expo, other, 1, state=RequestState.PENDING)
    assert next(iter(of(database, expo))) == "f2"


def test_a_language_in_common_and_a_near_hall_are_said(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, NEEDS_BEARINGS, GEARBOXES)
    partner = of(database, expo)["f1"]
    assert partner.languages == ("en",) and partner.is_near


def test_at_three_thousand_firms_the_queries_are_as_many_as_at_three(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, NEEDS_BEARINGS, GEARBOXES, "x")
    actor = expo.actor(0)
    before = count_selects(database, lambda session: partners.suggest_partners(session, actor))
    with database.write() as session:
        session.execute(
            insert(Firm),
            [
                {
                    "event_id": expo.event.id, "key": f"x{n}", "name": f"F{n}", "latin_name": f"F{n}",
                    "country": "CN", "tier": Tier.UPSTREAM, "areas": ["batteries"],
                    "description": f"Bearings, number {n % 50}.",
                }
                for n in range(3000)
            ],
        )  # fmt: skip
    assert count_selects(database, lambda session: partners.suggest_partners(session, actor)) == before <= 9


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("Sheet steel for cars.", "Ready meals and frozen food."),
        ("", ""),
        ("Precision gearboxes.", "Precision gearboxes."),
        ("We do not need gearboxes.", GEARBOXES),
    ],
)
def test_without_a_tie_nobody_is_suggested_whatever_area_language_and_hall_they_share(
    database: Database, mine: str, theirs: str
) -> None:
    with database.write() as session:
        expo = expo_of(session, mine, theirs)
    assert of(database, expo) == {} and of(database, expo, 1) == {}


def test_what_the_own_firm_does_not_want_is_not_offered_to_it_for_the_chain_alone(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, "We build buses.", "Traction batteries.", "Wiring harnesses.")
        expo.firms[0].unwanted = ["Batteries"]
    assert list(of(database, expo)) == ["f2"]
