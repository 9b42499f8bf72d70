"""Names by reader: own script first, and no duplicate of the same name."""

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
    ("Bodnár István", "Istvan Bodnar"),
    ("Varga Boglárka", "Boglarka Varga"),
    ("Szabóné dr. Kiss Krisztina", "Dr. Krisztina Kiss Szabone"),
    ("Nguyễn Thị Minh", "Minh Nguyen Thi"),
    ("Kovács és Társa Bt.", "Kovacs and Partner LP"),
]
OTHERS = [
    ("王明", "Wang Ming", "zh", "王明"),
    ("王明", "Wang Ming", "en", "Wang Ming (王明)"),
    ("王明", "Wang Ming", "hu", "Wang Ming (王明)"),
    ("富士(中国)有限公司", "Fuji (China) Ltd.", "zh", "富士(中国)有限公司"),
    ("西门子 (China)", "Siemens (China)", "zh", "西门子 (China)"),
    ("西门子 (China)", "Siemens (China)", "en", "Siemens (China) (西门子 (China))"),
    ("日立ハイテク", "Hitachi High-Tech", "zh", "日立ハイテク (Hitachi High-Tech)"),
    ("富士(中国)有限公司", "Fuji (China) Ltd.", "en", "Fuji (China) Ltd. (富士(中国)有限公司)"),
    ("Завод", "Zavod", "zh", "Zavod (Завод)"),
]
LANGUAGES = ["en", "hu", "zh", "zh-hant"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "latin"), SAME)
def test_a_name_in_latin_letters_is_said_once_as_its_owner_writes_it(
    name: str, latin: str, language: str
) -> None:
    assert names.display_both(name, latin, language) == name
    assert names.localize_joined(names.join_scripts(name, latin), language) == name


@pytest.mark.parametrize(("name", "latin", "language", "shown"), OTHERS)
def test_a_reader_reads_a_name_in_the_own_script_alone_and_any_other_beside_its_latin_form(
    name: str, latin: str, language: str, shown: str
) -> None:
    assert names.display_both(name, latin, language) == shown
    assert names.localize_joined(names.join_scripts(name, latin), language) == shown


@pytest.mark.parametrize(
    "name",
    [
        "Huawei (Hungary) Kft.",
        "Fuji (China)",
        "西门子 (China)",
        "王明",
        "a)",
        "(a)",
        " (b)",
        "Co. ((",
        "x (y))",
        "",
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_is_not_two_stays_as_it_is(name: str, language: str) -> None:
    assert names.localize_joined(name, language) == name


FORMS = st.text(st.sampled_from("ab éö王明(). Ж"), min_size=1, max_size=12).map(str.strip)


@example("(明)", "Ж", "en", "zh")
@given(FORMS, FORMS, st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES))
def test_a_name_that_was_put_for_a_reader_stays_and_is_known_from_what_others_were_shown(
    name: str, latin: str, first: str, then: str
) -> None:
    """Stored calendar names are compared with what a reader with another language should see now."""
    joined = names.join_scripts(name, latin)
    once = names.localize_joined(joined, first)
    assert names.localize_joined(once, first) == once
    assert len(once) <= len(joined)
    assert names.is_same_name(once, names.localize_joined(joined, then))


@given(FORMS.filter(bool), FORMS.filter(bool), st.sampled_from(LANGUAGES))
def test_nobody_is_greeted_by_two_names(name: str, latin: str, language: str) -> None:
    assert names.display_single(name, latin, language) in {name, latin}


@pytest.mark.parametrize(("one", "other"), [("王明", "Wang Hong (王红)"), ("Ann", "Bea"), ("王明", "李明")])
def test_other_names_are_other_ones(one: str, other: str) -> None:
    assert not names.is_same_name(one, other)
    assert not names.is_same_name(other, one)


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
        assert [names.translated_place_name(written, tag) for tag in ("en", "zh", "hu")] == [own, zh, hu]


@pytest.mark.parametrize("own", ["Table for the press", "Sofa 3", "Lounge", "Tables 1", "展位", ""])
def test_any_other_name_of_a_place_is_that_of_every_reader(own: str) -> None:
    assert {names.translated_place_name(own, tag) for tag in LANGUAGES} == {own}
