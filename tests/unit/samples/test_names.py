"""Names in their countries' scripts, with Latin forms, unique if required."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import pytest

from scheduler.samples.dice import Dice
from scheduler.samples.event import SampleEvent
from scheduler.samples.expo import make_expo
from scheduler.samples.firms import AREA_WEIGHTS
from scheduler.samples.names.firms import FirmNamer
from scheduler.samples.names.latin import fold_to_ascii, slug
from scheduler.samples.names.people import PeopleNamer
from scheduler.samples.names.tables import COUNTRIES, avoided_names, country_table

SCRIPTS = {
    "CN": {"CJK"},
    "JP": {"CJK", "IDEOGRAPHIC", "KATAKANA", "KATAKANA-HIRAGANA"},
    "KR": {"HANGUL"},
    "TH": {"THAI"},
    "AE": {"ARABIC"},
    "SA": {"ARABIC"},
    "EG": {"ARABIC"},
    "RU": {"CYRILLIC"},
}


def scripts(text: str) -> set[str]:
    """Return the scripts of a text's letters, by the first words of their Unicode names."""
    return {unicodedata.name(sign).split()[0] for sign in text if sign.isalpha()}


@pytest.fixture(scope="module")
def crowd() -> SampleEvent:
    return make_expo(firms=3000, requests=1)


def test_names_are_in_the_script_of_the_country(crowd: SampleEvent) -> None:
    country_of = {firm.key: firm.country for firm in crowd.firms}
    for firm in crowd.firms:
        assert scripts(firm.name) <= SCRIPTS.get(firm.country, {"LATIN"})
    for person in crowd.attendees:
        assert scripts(person.name) <= SCRIPTS.get(country_of[person.firm_key], {"LATIN"})


def test_latin_names_are_printable_ascii(crowd: SampleEvent) -> None:
    for thing in (*crowd.firms, *crowd.attendees, *crowd.interpreters):
        assert re.fullmatch(r"[ -~]+", thing.latin_name)
        assert thing.latin_name.strip() == thing.latin_name


def test_names_of_firms_are_unique_in_both_forms(crowd: SampleEvent) -> None:
    assert len({firm.name for firm in crowd.firms}) == 3000
    assert len({firm.latin_name.lower() for firm in crowd.firms}) == 3000
    assert len({firm.website for firm in crowd.firms}) == 3000


def test_mail_goes_to_example_domains_only_and_addresses_are_unique(crowd: SampleEvent) -> None:
    emails = [person.email for person in (*crowd.attendees, *crowd.interpreters)]
    assert all(re.fullmatch(r"[a-z0-9.]+@[a-z0-9-]+\.example", email) for email in emails)
    assert len(set(emails)) == len(emails)


def test_people_have_addresses_at_their_firm_and_different_names_there(crowd: SampleEvent) -> None:
    for firm in crowd.firms:
        people = crowd.people_of[firm.key]
        assert {p.email.partition("@")[2] for p in people} == {firm.website.removeprefix("https://www.")}
        assert len({person.latin_name for person in people}) == len(people)


def test_no_brand_and_no_well_known_person_comes_about(crowd: SampleEvent) -> None:
    for firm in crowd.firms:
        assert avoided_names().brands.isdisjoint(slug(firm.latin_name, " ").split())
    people = {person.latin_name.lower() for person in (*crowd.attendees, *crowd.interpreters)}
    assert avoided_names().people.isdisjoint(people)


def test_a_name_to_avoid_is_drawn_again() -> None:
    namer = PeopleNamer(Dice(1, "people"))
    drawn = Counter(namer.draw(country_table("HU")).latin for _ in range(20_000))
    assert "Judit Varga" not in drawn
    assert drawn["Judit Kovacs"] > 0


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_table_is_whole(country: str) -> None:
    table = country_table(country)
    assert set(table.words) == set(AREA_WEIGHTS)
    rows = (table.cities, table.heads, table.tails, table.female, table.male, *table.words.values())
    for row in rows:
        assert len(row) >= 3
        assert len({part.native for part in row}) == len(row)
        assert all(part.native and re.fullmatch(r"[ -~]+", part.latin) for part in row)


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_can_name_enough_firms(country: str) -> None:
    namer = FirmNamer(Dice(1, country))
    names = {namer.name(country, area).native for area in AREA_WEIGHTS for _ in range(60)}
    assert len(names) == 60 * len(AREA_WEIGHTS)


def test_running_out_of_names_is_an_error_that_says_so() -> None:
    namer = FirmNamer(Dice(1, "RU"))
    with pytest.raises(ValueError, match="names for firms of Russia in smart-vehicles are used up"):
        for _ in range(5000):
            namer.name("RU", "smart-vehicles")


def test_the_order_of_names_is_that_of_the_country() -> None:
    people = {code: PeopleNamer(Dice(3, "x")).draw(country_table(code)) for code in ("CN", "JP", "HU", "DE")}
    assert {code: (person.native, person.latin) for code, person in people.items()} == {
        "CN": ("汪佳慧", "Wang Jiahui"),
        "JP": ("酒井 陽子", "Yoko Sakai"),
        "HU": ("Bodnár Katalin", "Katalin Bodnar"),
        "DE": ("Katrin Albrecht", "Katrin Albrecht"),
    }


@pytest.mark.parametrize(
    ("name", "ascii_form"),
    [
        ("Łódź", "Lodz"),
        ("Kőrös", "Koros"),
        ("Đỗ Ngọc", "Do Ngoc"),
        ("Ağaç Işık", "Agac Isik"),
        ("Straße", "Strasse"),
    ],
)
def test_latin_letters_fold_to_ascii(name: str, ascii_form: str) -> None:
    assert fold_to_ascii(name) == ascii_form


def test_german_umlauts_fold_as_germans_write_them() -> None:
    assert fold_to_ascii("Müller-Öhme", {"ü": "ue", "Ö": "Oe"}) == "Mueller-Oehme"


def test_a_slug_holds_letters_and_digits_only() -> None:
    assert slug("Cerro Alondra, S.L.") == "cerro-alondra-s-l"
    assert slug("Marc-Andre O'Brien", ".") == "marc.andre.obrien"
