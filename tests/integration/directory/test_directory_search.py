"""Search over all fields of a card, in any script, with inflections and one typo."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import update

from scheduler.domain.entities import Tier
from scheduler.services.directory import search
from scheduler.services.directory.facets import FirmFilters
from scheduler.services.directory.normalization import normalize_text, search_zone, stem_word
from scheduler.services.directory.search import FirmOrder
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.storage.database import Database
from scheduler.storage.models import Firm
from tests.support.factories import Expo, make_attendee, make_event, make_firm
from tests.support.full_size import FIRMS, fill
from tests.support.queries import count_selects


def make_market(session) -> Expo:
    """Three firms whose cards share nothing."""
    expo = make_event(
        session, firms=0, halls=2, areas={"energy": "Clean energy", "food": "Green agriculture"}
    )
    expo.halls[0].name, expo.halls[1].name = "East Hall 1", "West Hall 4"
    make_firm(
        session,
        expo,
        name="重慶歐陽動力電池有限公司",
        latin_name="Chongqing Ouyang Traction Battery Co., Ltd.",
        country="CN",
        tier=Tier.UPSTREAM,
        areas=["energy"],
        description="Prismatic cells for lorries.",
    )
    make_firm(
        session,
        expo,
        name="Badacsonyi Akkumulátor Kft.",
        latin_name="Badacsonyi Akkumulator Kft.",
        country="HU",
        tier=Tier.DOWNSTREAM,
        areas=["energy", "food"],
        description="Gépalkatrész és csapágy. Bearings, machined housings.",
    )
    make_firm(session, expo, name="Agrar GmbH", latin_name="Agrar GmbH", country="DE", areas=["food"])
    make_attendee(
        session, expo, 0, name="欧阳锋", latin_name="Ouyang Feng", title="Sales director", languages=["zh"]
    )
    make_attendee(session, expo, 1, name="Kőszegi Ágnes", latin_name="Agnes Koszegi", languages=["hu", "de"])
    session.flush()
    return expo


SEARCHES = [
    ("china", [0]), ("中国", [0]), ("kína", [0]), ("zhongguo", [0]),
    ("magyarország", [1]), ("Hungary", [1]), ("germany 农业", []), ("deutschland", []),
    ("east hall 1", [0, 2]), ("west", [1]), ("upstream", [0]), ("上游 akkumulátor", [0]),
    ("agriculture", [1, 2]), ("clean energy", [0, 1]), ("booth b1", [1]),
    ("欧阳", [0]), ("歐陽", [0]), ("ouyang", [0]), ("ou yang", [0]), ("oyf", [0]), ("cqoy", [0]),
    ("chongqing", [0]), ("dianchi", [0]), ("电池", [0, 1]), ("電池", [0, 1]), ("ＢＡＴＴＥＲＹ", [0, 1]),
    ("director", [0]), ("agnes", [1]), ("koszegi", [1]), ("KŐSZEGI", [1]),
    ("batteries", [0, 1]), ("battery", [0, 1]), ("akkumulátor", [0, 1]),
    ("housing", [1]), ("machining", [1]), ("bearing", [1]), ("lorry", [0]),
    ("akkumulatorok", [0, 1]), ("csapágyak", [1]), ("gépalkatrészeket", [1]),
    ("batery", [0, 1]), ("battrey", [0, 1]), ("akumulator", [0, 1]),
    ("german", [1, 2]), ("speaks German", [1, 2]), ("német", [1, 2]), ("德语", [1]), ("hungarian", [1]),
    ("magyarul", []), ("beszél magyar", [1]), ("会说 匈牙利语", [1]),
    ("chinese", [0]), ("mandarin", [0]), ("中文 battery", [0]),
    ("feng ouyang", [0]), ("ouyang feng", [0]), ("hungry", [1]), ("xyzzyq", []),
]  # fmt: skip


def test_a_search_finds_all_that_a_card_shows_in_every_script(database: Database) -> None:
    with database.write() as session:
        expo = make_market(session)
        for text, wanted in SEARCHES:
            found = search.search_directory(
                session, expo.organiser_actor(), FirmFilters(text=text)
            ).page.items
            assert sorted(card.key for card in found) == [f"f{i}" for i in wanted], text


def test_a_word_that_is_misspelt_is_told(database: Database) -> None:
    with database.write() as session:
        actor = make_market(session).organiser_actor()
        assert search.search_directory(session, actor, FirmFilters(text="batery china")).meant == {
            "batery": ("battery",)
        }
        assert not search.search_directory(
            session, actor, FirmFilters(text="battery germany")
        ).meant  # spelt correctly, but not found


def test_who_has_the_word_in_its_name_stands_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        for name, text in (("Alpha", "Makes foil"), ("Tinfoil", ""), ("Foil Works", "")):
            make_firm(session, expo, latin_name=name, name=name, description=text)
        look = partial(search.search_directory, session, expo.organiser_actor(), FirmFilters(text="foil"))
        assert [card.latin_name for card in look().page.items] == ["Foil Works", "Tinfoil", "Alpha"]
        by_name = look(order=FirmOrder.NAME).page.items
        assert [card.latin_name for card in by_name] == ["Alpha", "Foil Works", "Tinfoil"]
        by_fit = look(order=FirmOrder.FIT, ranks={"f1": 0, "f0": 1}).page.items
        assert [card.latin_name for card in by_fit] == ["Tinfoil", "Alpha", "Foil Works"]


def keys_found(session, expo: Expo, text: str) -> list[str]:
    return [
        card.key
        for card in search.search_directory(
            session, expo.organiser_actor(), FirmFilters(text=text)
        ).page.items
    ]


def test_a_name_in_full_stands_first_whether_of_a_firm_or_of_a_person(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        for name in ("Li Ya Foods", "Li Foods", "Aqin Li Works", "Yaqin Trade", "Zhou Li"):
            make_firm(session, expo, latin_name=name, name=name, description="Li and Yaqin, Liang, Limited")
        make_attendee(session, expo, 4, name="李亚琴", latin_name="Li Yaqin")
        assert keys_found(session, expo, "Li Yaqin")[0] == "f4"
        assert keys_found(session, expo, "李亚琴") == ["f4"]
        assert keys_found(session, expo, "li foods")[0] == "f1"


def test_a_word_that_the_glossary_has_is_not_misspelt(database: Database) -> None:
    """A search for wine must not match wind, wire, fine or twine."""
    with database.write() as session:
        expo = make_event(session, firms=0)
        for text in ("Wind turbines", "Fine wire", "Baler twine", "Window frames"):
            make_firm(session, expo, latin_name=text, name=text, description=text)
        assert keys_found(session, expo, "wine") == []
        make_firm(session, expo, latin_name="Tokaj", name="Tokaj", description="Édes bor és pezsgő")
        assert [keys_found(session, expo, word) for word in ("wine", "葡萄酒", "bor")] == [["f4"]] * 3


@pytest.mark.parametrize(
    ("word", "bare"),
    [
        ("batteries", "batter"),
        ("battery", "batter"),
        ("bus", "bus"),
        ("csapagyakat", "csapagy"),
        ("100s", "100s"),
    ],
)
def test_endings_are_left_out_of_words_that_are_long_enough(word: str, bare: str) -> None:
    assert stem_word(word) == bare


def test_texts_are_compared_without_accents_and_in_simplified_characters() -> None:
    assert normalize_text("Łódź ÉLAN 東莞 ＡＢ") == "łodz elan 东莞 ab"
    assert search_zone("重庆", "x-y", spoken=True) == " 重庆 x-y 重庆 x y chong qing chongqing cq "


def test_a_page_at_full_size_takes_the_same_queries(database: Database) -> None:
    event_id = fill(database)
    with database.write() as session:
        words = "Copper and aluminium foil for traction batteries; 铜箔 and more. " * 3
        session.execute(update(Firm).where(Firm.event_id == event_id).values(description=words))
        firm = session.query(Firm).where(Firm.event_id == event_id).first()
        assert firm is not None
        actor = Actor(None, event_id, "x", Role.OWNER, firm_id=firm.id, is_exhibitor=True)
    for text in ("", "firm china 铜箔 foil", "foyl"):
        look = partial(
            search.search_directory,
            actor=actor,
            filters=FirmFilters(text=text, tier=("upstream", "midstream")),
        )
        assert count_selects(database, look) == (13 if text else 12)
    with database.read() as session:
        assert search.search_directory(session, actor).all == FIRMS
