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
