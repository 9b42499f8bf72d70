"""Names by reader: own script first, and no second copy of the same name."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.domain import names

SAME = [
    ("Sören Dietrich", "Soeren Dietrich"),
    ("Sören Dietrich", "Soren Dietrich"),
    ("Puytilleul Mobilité SAS", "Puytilleul Mobilite SAS"),
    ("Uwe Jäger", "Uwe Jaeger"),
    ("Ulmenbrücker Präzisionstechnik AG", "Ulmenbruecker Praezisionstechnik AG"),
    ("Großmann Straßenbau", "Grossmann Strassenbau"),
    ("Járműtechnika Zrt.", "Jarmutechnika Zrt"),
    ("Łódź Ćwik", "Lodz Cwik"),
    ("Ærø Bådebyg", "Aero Baadebyg"),
    ("ACME Oy", "Acme Oy"),
]
OTHERS = [
    ("王明", "Wang Ming", "zh", "王明 (Wang Ming)"),
    ("王明", "Wang Ming", "en", "Wang Ming (王明)"),
    ("王明", "Wang Ming", "hu", "Wang Ming (王明)"),
    ("富士(中国)有限公司", "Fuji (China) Ltd.", "zh", "富士(中国)有限公司 (Fuji (China) Ltd.)"),
    ("富士(中国)有限公司", "Fuji (China) Ltd.", "en", "Fuji (China) Ltd. (富士(中国)有限公司)"),
    ("Завод", "Zavod", "zh", "Zavod (Завод)"),
    ("Nagy Péter", "Peter Nagy", "hu", "Peter Nagy (Nagy Péter)"),
]
LANGUAGES = ["en", "hu", "zh", "zh-hant"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "latin"), SAME)
def test_a_form_that_differs_by_accents_or_their_spelling_only_is_not_said_twice(
    name: str, latin: str, language: str
) -> None:
    assert names.shown(name, latin, language) == name
    assert names.told(names.joined(name, latin), language) == name


@pytest.mark.parametrize(("name", "latin", "language", "shown"), OTHERS)
def test_a_reader_finds_the_own_script_first(name: str, latin: str, language: str, shown: str) -> None:
    assert names.shown(name, latin, language) == shown
    assert names.told(names.joined(name, latin), language) == shown


@pytest.mark.parametrize(
    "name", ["Huawei (Hungary) Kft.", "Fuji (China)", "王明", "a)", "(a)", " (b)", "Co. ((", "x (y))", ""]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_is_not_two_stays_as_it_is(name: str, language: str) -> None:
    assert names.told(name, language) == name


FORMS = st.text(st.sampled_from("ab éö王明(). Ж"), min_size=1, max_size=12).map(str.strip)


@example("(明)", "Ж", "en", "zh")
@given(FORMS, FORMS, st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES))
def test_a_name_that_was_put_for_one_reader_can_be_put_for_another(
    name: str, latin: str, first: str, then: str
) -> None:
    """What calendars were told is compared with what they should show, in whichever order each of them is."""
    once = names.told(names.joined(name, latin), first)
    assert names.told(once, first) == once
    assert len(once) <= len(names.joined(name, latin))
    assert names.told(names.told(once, then), first) == once


@pytest.mark.parametrize(
    ("own", "zh", "hu"),
    [
        ("Table 12", "12号洽谈桌", "12. asztal"),
        ("Table E2-T06", "洽谈桌 E2-T06", "E2-T06 asztal"),
        ("Booth B", "展位 B", "B stand"),
        ("Booth 7.1", "展位 7.1", "7.1 stand"),
        ("Booth of Firm 1", "Firm 1 的展位", "Stand: Firm 1"),
    ],
)
def test_a_table_or_booth_that_is_called_in_the_usual_way_is_so_in_every_language(
    own: str, zh: str, hu: str
) -> None:
    for written in (own, zh, hu):
        assert [names.place_in(written, tag) for tag in ("en", "zh", "hu")] == [own, zh, hu]


@pytest.mark.parametrize("own", ["Table for the press", "Sofa 3", "Lounge", "Tables 1", "展位", ""])
def test_any_other_name_of_a_place_is_that_of_every_reader(own: str) -> None:
    assert {names.place_in(own, tag) for tag in LANGUAGES} == {own}
