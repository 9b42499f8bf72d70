"""The language and time zone of a person's emails: chosen, else derived, else none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scheduler.invites.catalogue import choose_language
from scheduler.services.identity import preferences

SUMMER = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chosen", "spoken", "of_event", "language"),
    [
        ("hu", ["zh"], "en", "hu"),
        ("", ["de", "hu", "en"], "zh", "hu"),
        ("", ["zh-Hant"], "en", "zh"),
        ("", ["de", "fr"], "zh", "zh"),
        ("", [], "hu", "hu"),
        ("tlh", ["zh"], "en", "zh"),
    ],
)
def test_a_choice_goes_before_what_a_person_speaks_and_that_before_the_event(
    chosen: str, spoken: list[str], of_event: str, language: str
) -> None:
    assert choose_language(chosen, spoken, of_event) == language


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("HU", "Europe/Budapest"),
        ("KR", "Asia/Seoul"),
        ("DE", "Europe/Berlin"),
        ("CN", ""),
        ("US", ""),
        ("XX", ""),
        ("", ""),
    ],
)
def test_a_country_has_a_zone_if_all_of_it_has_one_time(country: str, zone: str) -> None:
    assert preferences.country_zone(country, SUMMER) == zone


def test_a_chosen_zone_goes_before_the_countrys() -> None:
    assert preferences.choose_timezone("Asia/Tokyo", "HU", SUMMER) == "Asia/Tokyo"
    assert preferences.choose_timezone("", "HU", SUMMER) == "Europe/Budapest"


@pytest.mark.parametrize("timezone", ["UTC+08:00", "China Standard Time", "../etc/passwd", "Europe/Buda\x00"])
def test_what_is_no_iana_name_is_refused_by_its_field(timezone: str) -> None:
    (fault,) = preferences.validate_preferences("zh", timezone)
    assert fault.path == "timezone"


def test_a_language_without_a_catalogue_is_refused_by_its_field() -> None:
    (fault,) = preferences.validate_preferences("de", "")
    assert (fault.path, fault.message) == ("language", "choose one of en, ar, hu, zh, or leave blank")
