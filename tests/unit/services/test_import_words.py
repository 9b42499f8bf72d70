"""Headers and values are recognised as people write them, in several languages."""

from __future__ import annotations

import pytest

from scheduler.domain.entities import Tier
from scheduler.services.spreadsheets import cell_values
from scheduler.services.spreadsheets.columns import (
    COLUMNS,
    ImportKind,
    detect_kind,
    find_heading,
    match_headers,
)

FIRMS, PEOPLE, INTERPRETERS = ImportKind.FIRMS, ImportKind.PEOPLE, ImportKind.INTERPRETERS


@pytest.mark.parametrize(
    ("kind", "header", "columns"),
    [
        (FIRMS, ["Firm name", "Country", "Stand", "Hall"], ["name", "country", "booth", "hall"]),
        (FIRMS, ["公司名称", "英文名称", "国家/地区", "上中下游"], ["name", "latin_name", "country", "tier"]),
        (FIRMS, ["Cégnév*", "Ország", "Csarnok", "Honlap"], ["name", "country", "hall", "website"]),
        (
            FIRMS,
            ["Firmenname", "Land", "Stand-Nr.", "Beschreibng"],
            ["name", "country", "booth", "description"],
        ),
        (PEOPLE, ["Company", "Full Name", "E-Mail", "Mobile"], ["firm", "name", "email", "phone"]),
        (PEOPLE, ["姓名", "公司", "邮箱", "语言"], ["name", "firm", "email", "languages"]),
        (INTERPRETERS, ["NAME", "e-mail address", "Languages spoken"], ["name", "email", "languages"]),
    ],
)
def test_headers_of_people_are_our_columns(kind: ImportKind, header: list[str], columns: list[str]) -> None:
    found = match_headers(kind, header)
    assert found.positions == {column: at for at, column in enumerate(columns)}
    assert (found.unknown, found.twice) == ((), ())


def test_every_column_is_known_by_its_own_name() -> None:
    for kind, names in COLUMNS.items():
        assert match_headers(kind, names).positions == {name: at for at, name in enumerate(names)}


def test_what_means_nothing_is_said_and_a_column_is_taken_once() -> None:
    found = match_headers(FIRMS, ["name", "turnover", "Company name", "", "countri"])
    assert found.positions == {"name": 0, "country": 4}
    assert (found.unknown, found.twice) == (("turnover",), ("name",))


@pytest.mark.parametrize("word", ["hale", "tear", "keys", "mane", "boot"])
def test_short_headers_are_not_guessed(word: str) -> None:
    assert match_headers(FIRMS, [word]).positions == {}


def test_a_sheet_is_known_by_its_name_or_its_columns() -> None:
    assert detect_kind("译员", []) is INTERPRETERS
    assert detect_kind("Sheet1", [["Notes of Monday"], ["name", "firm", "email", "languages"]]) is PEOPLE
    assert detect_kind("Sheet1", [["name", "email", "languages"]]) is INTERPRETERS
    assert detect_kind("Sheet1", [["name", "country", "tier"]]) is FIRMS
    assert detect_kind("Sheet1", [["to do", "until"]]) is None


def test_a_title_and_a_note_may_stand_above_the_header() -> None:
    rows = [["Exhibitors 2027"], ["as of Monday"], ["name", "country", "tier"], ["A", "CN", "upstream"]]
    assert find_heading(FIRMS, rows).at == 2


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("CN", "CN"), ("cn", "CN"), ("China", "CN"), ("中国", "CN"), ("PR China", "CN"), ("Kína", "CN"),
        ("Magyarország", "HU"), ("Ungarn", "HU"), ("匈牙利", "HU"), ("UK", "GB"), ("U.S.A.", "US"),
        ("South Korea", "KR"), ("Türkiye", "TR"), ("Turkey", "TR"), ("Viet Nam", "VN"),
        ("Czech Republic", "CZ"),
        ("Nowhere", None), ("XX", None), ("", None), ("Chin", None),
    ],
)  # fmt: skip
def test_countries(written: str, code: str | None) -> None:
    assert cell_values.parse_country(written) == code


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("Chinese; English", ["zh", "en"]), ("中文、英语", ["zh", "en"]), ("magyar, angol", ["hu", "en"]),
        ("ZH/EN", ["zh", "en"]), ("zh-Hant", ["zh-Hant"]), ("Deutsch|Mandarin", ["de", "zh"]),
        ("Klingonish", [None]),
    ],
)  # fmt: skip
def test_languages(written: str, codes: list[str | None]) -> None:
    assert [cell_values.parse_language(each) for each in cell_values.split_list(written)] == codes


def test_tiers_and_yes_and_no() -> None:
    assert [cell_values.parse_tier(each) for each in ("Upstream", "中游", "DOWN", "sideways")] == [
        Tier.UPSTREAM, Tier.MIDSTREAM, Tier.DOWNSTREAM, None,
    ]  # fmt: skip
    assert [cell_values.parse_yes_no(each) for each in ("Yes", "是", "igen", "nein", "0", "perhaps")] == [
        True, True, True, False, False, None,
    ]  # fmt: skip


HALLS = cell_values.NameLookup(
    {"h3": "Hall 3", "E4": "East Hall 4", "W4": "West Hall 4", "x": "Chain Street"}
)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("h3", "h3"), ("Hall 3", "h3"), ("HALL-3", "h3"), ("3", "h3"), ("3号馆", "h3"), ("3. csarnok", "h3"),
        ("e4", "E4"), ("West hall 4", "W4"), ("chain street", "x"), ("03", "h3"),
        ("4", None), ("13", None), ("Hall 3 and 5", None), ("", None),
    ],
)  # fmt: skip
def test_a_hall_is_its_key_its_name_or_a_number_that_it_alone_has(written: str, key: str | None) -> None:
    assert HALLS.find(written) == key


@pytest.mark.parametrize(
    ("written", "code"),
    [("CHN", "CN"), ("HUN", "HU"), ("P.R. China", "CN"), ("中华人民共和国", "CN"), ("SU", None)],
)
def test_countries_by_other_codes(written: str, code: str | None) -> None:
    assert cell_values.parse_country(written) == code


@pytest.mark.parametrize("written", ["zho", "chi", "zh", "中文", "Chinese", "kínai", "Chinesisch"])
def test_chinese_by_what_people_call_it(written: str) -> None:
    assert cell_values.parse_language(written) == "zh"


@pytest.mark.parametrize(
    ("written", "first", "is_likely"),
    [
        ("Hungry", "HU", True), ("Germoney", "DE", True), ("Corea", "KR", True), ("Deutchland", "DE", True),
        ("Magyarorszag", "HU", True),
        ("Austrlia", "AU", False),  # equally close to Austria
        ("Klingon Empire", None, False), ("X", None, False), ("", None, False), ("Hungry" * 20, None, False),
    ],
)  # fmt: skip
def test_countries_that_are_near(written: str, first: str | None, is_likely: bool) -> None:
    found = cell_values.allowed_countries().proposals(written)
    assert (next(iter(dict(found.choices)), None), found.is_likely) == (first, is_likely)
    assert len(found.choices) <= 5 and not found.is_all


def test_of_a_few_all_are_to_choose_from() -> None:
    found = cell_values.allowed_tiers().proposals("upstrem")
    assert (found.choices[0], found.is_likely, found.is_all) == (("upstream", "upstream"), True, True)
    assert dict(found.choices).keys() == set(Tier)
    assert not cell_values.allowed_yes_no().proposals("perhaps").is_likely


def test_a_hall_is_known_by_its_name_in_any_language_and_proposed_when_it_is_near() -> None:
    halls = cell_values.NameLookup(
        {"h1": "Rose Hall", "h2": "Tulip Hall"}, {"h1": ["玫瑰厅", "Rózsa csarnok"]}
    )
    assert [halls.find(each) for each in ("玫瑰厅", "rózsa csarnok", "2号馆", "H2", "Rose")] == [
        "h1", "h1", "h2", "h2", None,
    ]  # fmt: skip
    found = halls.allowed().proposals("Rosen Hall")
    assert (found.choices[0], found.is_likely) == (("h1", "Rose Hall"), True)
