"""The vocabulary of eight languages: each word has one meaning, and near misses have none."""

from __future__ import annotations

from datetime import date, time

import pytest

from scheduler.domain.entities import PlaceWish, RequestState, Tier
from scheduler.services.spreadsheets import cell_values, time_parsing, vocabulary
from scheduler.services.spreadsheets.columns import (
    COLUMNS,
    COMPOSED,
    ImportKind,
    detect_kind,
    find_heading,
    fold_text,
    match_headers,
)
from scheduler.services.spreadsheets.composed_columns import (
    clean_address,
    clean_number,
    clean_phone,
    compose_cells,
    join_name,
    split_hall_and_booth,
)
from scheduler.services.spreadsheets.time_parsing import ParsedSpan

FIRMS, PEOPLE, ABSENCES, REQUESTS = (
    ImportKind.FIRMS,
    ImportKind.PEOPLE,
    ImportKind.ABSENCES,
    ImportKind.REQUESTS,
)
DAYS = [date(2027, 6, day) for day in (22, 23, 24, 25)]
"""Tuesday to Friday."""


def words_of(kind: ImportKind) -> list[tuple[str, str, str]]:
    """Return each known header of a kind as language, column and word."""
    return [
        (language, column, word)
        for language in vocabulary.LANGUAGES
        for part in ("columns", "composed")
        for column, fields in vocabulary.load_columns()[part].get(kind.value, {}).items()
        for field in fields
        for word in vocabulary.load_fields(language)[field]
    ]


@pytest.mark.parametrize("kind", ImportKind)
def test_each_word_of_a_kind_means_one_column_in_all_languages(kind: ImportKind) -> None:
    own = {fold_text(column) for column in (*COLUMNS[kind], *COMPOSED[kind])}
    for language, column, word in words_of(kind):
        assert fold_text(word), (language, column)
        if fold_text(word) not in own:
            assert match_headers(kind, [word]).positions == {column: 0}, (language, word)


def test_there_are_many_words_in_each_language() -> None:
    for language in vocabulary.LANGUAGES:
        assert sum(map(len, vocabulary.load_fields(language).values())) > 800, language


def test_a_name_of_a_sheet_is_of_one_kind() -> None:
    for language in vocabulary.LANGUAGES:
        for kind, names in vocabulary.load_sheet_names(language).items():
            for name in names:
                assert detect_kind(f"{name} 2027", []) == kind, (language, name)


@pytest.mark.parametrize("of", ["tier", "state", "place", "yes"])
def test_a_word_of_a_cell_means_one_value(of: str) -> None:
    names = {
        "tier": list(Tier),
        "state": list(RequestState),
        "place": list(PlaceWish),
        "yes": ["yes", "no"],
    }[of]
    seen: dict[str, str] = {}
    for name in names:
        for word in vocabulary.load_cell_words(name):
            assert seen.setdefault(word.casefold(), name) == name, word


@pytest.mark.parametrize(
    ("kind", "header", "column"),
    [
        (FIRMS, "Firmenname / Company name", "name"),
        (FIRMS, "编号 / ID", "key"),
        (FIRMS, "编号ID", "key"),
        (FIRMS, "公司名称\nCompany Name", "name"),
        (FIRMS, "Company Name公司名称", "name"),
        (FIRMS, "Country (required)", "country"),
        (FIRMS, "Land*", "country"),
        (FIRMS, "PAÍS", "country"),
        (FIRMS, "Hall / Booth", "hall_and_booth"),
        (FIRMS, "Halle (Hall)", "hall"),
        (FIRMS, "Laenderkennung", "country"),
        (FIRMS, "cegnev", "name"),
        (FIRMS, "Country (2027)", "country"),
        (PEOPLE, "E-Mail", "email"),
        (PEOPLE, "First name / Vorname", "first_name"),
        (PEOPLE, "姓", "last_name"),
        (PEOPLE, "Vorname / Nachname", "name"),
        (ABSENCES, "From / To", "when"),
        (REQUESTS, "Antwort / Reply", "answer"),
        (REQUESTS, "Status", "state"),
    ],
)
def test_a_header_of_several_names_is_the_column_that_all_of_them_mean(
    kind: ImportKind, header: str, column: str
) -> None:
    assert match_headers(kind, [header]).positions == {column: 0}


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (FIRMS, "Standfläche"),
        (FIRMS, "Telefax"),
        (FIRMS, "Postleitzahl"),
        (FIRMS, "ZIP code"),
        (FIRMS, "Ort"),
        (FIRMS, "Standort"),
        (FIRMS, "Umsatz"),
        (FIRMS, "Hallenplan"),
        (FIRMS, "Nameless"),
        (FIRMS, "传真"),
        (FIRMS, "Vorwahl"),
        (FIRMS, "Company size"),
        (FIRMS, "Country manager"),
        (FIRMS, "Employees"),
        (FIRMS, "公司规模"),
        (FIRMS, "Standbaufirma"),
        (FIRMS, "Code postal"),
        (FIRMS, "Irányítószám"),
        (FIRMS, "郵便番号"),
        (FIRMS, "우편번호"),
        (FIRMS, "S/No."),
        (FIRMS, "序号"),
        (FIRMS, "Lfd. Nr."),
        (PEOPLE, "Date of birth"),
        (PEOPLE, "Username"),
        (PEOPLE, "Titel"),
        (PEOPLE, "Salutation"),
        (PEOPLE, "Fax"),
        (REQUESTS, "Statistics"),
        (ABSENCES, "Reason"),
        (ABSENCES, "Tagesgeld"),
    ],
)
def test_a_header_that_is_near_to_one_means_nothing(kind: ImportKind, header: str) -> None:
    assert match_headers(kind, [header]).positions == {}


def test_a_header_of_which_a_part_is_known_is_asked_unless_the_column_is_there() -> None:
    assert match_headers(FIRMS, ["Stand (m²)"]).unsure == ("Stand (m²)",)
    found = match_headers(FIRMS, ["Standnummer", "Stand (m²)"])
    assert (found.positions, found.unknown, found.unsure) == ({"booth": 0}, ("Stand (m²)",), ())
    assert match_headers(FIRMS, ["Sector / Country"]).unsure == ("Sector / Country",)


def test_two_headers_of_one_column_are_said() -> None:
    assert match_headers(FIRMS, ["Firma", "Company name"]).twice == ("name",)
    assert match_headers(PEOPLE, ["E-Mail", "Email address"]).twice == ("email",)


def test_a_cell_for_hall_and_booth_is_not_taken_beside_both() -> None:
    found = match_headers(FIRMS, ["Halle", "Stand", "Hall and booth"])
    assert (dict(found.positions), found.unknown) == ({"hall": 0, "booth": 1}, ("Hall and booth",))


def test_a_header_may_have_two_rows() -> None:
    bilingual = [["Firma", "Land", "Stufe"], ["Company", "Country", "Tier"], ["A", "CN", "upstream"]]
    assert find_heading(FIRMS, bilingual).at == 1
    grouped = [
        ["Firma", "Land", "Stufe", "Standplatz", ""],
        ["", "", "", "Halle", "Nr."],
        ["A", "CN", "up", "3", "B"],
    ]
    found = find_heading(FIRMS, grouped)
    assert (found.at, found.cells) == (1, ("Firma", "Land", "Stufe", "Halle", "Nr."))
    above = [["", "", "Stand", "Halle"], ["Firma", "Land", "", "", "Stufe"], ["A", "CN", "B", "3", "up"]]
    assert find_heading(FIRMS, above).cells == ("Firma", "Land", "Stand", "Halle", "Stufe")
    assert find_heading(FIRMS, [["Firma", "Land", "Stufe"], ["Halle", "CN", "up"]]).at == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hall 3 / B-12", ("Hall 3", "B-12")),
        ("3号馆 B12", ("3号馆", "B12")),
        ("Halle 3, Stand B-12", ("Halle 3", "B-12")),
        ("B-12 (Hall 3)", ("Hall 3", "B-12")),
        ("B-12 / Hall 3", ("Hall 3", "B-12")),
        ("Hall 3 B-12", ("Hall 3", "B-12")),
        ("2ホール B-12", ("2ホール", "B-12")),
        ("B-12", None),
        ("A / B / C", None),
        ("", None),
    ],
)
def test_a_hall_and_a_booth_in_one_cell(text: str, parts: tuple[str, str] | None) -> None:
    assert split_hall_and_booth(text) == parts


@pytest.mark.parametrize(
    ("cells", "headers", "name"),
    [
        ({"first_name": "Anna", "last_name": "Gruber"}, {}, "Anna Gruber"),
        ({"first_name": "伟", "last_name": "王"}, {}, "王伟"),
        ({"first_name": "Anna", "last_name": "Kovács"}, {"last_name": "Vezetéknév"}, "Kovács Anna"),
        ({"name": "Gruber", "first_name": "Anna"}, {}, "Anna Gruber"),
        ({"name": "Anna Gruber", "first_name": "Anna"}, {}, "Anna Gruber"),
        ({"name": "Anna", "last_name": "Gruber"}, {}, "Anna Gruber"),
        ({"name": "Anna Gruber", "first_name": "Anna", "last_name": "Gruber"}, {}, "Anna Gruber"),
        ({"first_name": "", "last_name": "Gruber"}, {}, "Gruber"),
    ],
)
def test_a_name_is_made_of_its_parts(cells: dict[str, str], headers: dict[str, str], name: str) -> None:
    made = compose_cells(PEOPLE, cells, headers)
    assert (made.cells, made.wrong) == ({"name": name}, [])


def test_a_name_that_is_another_than_its_parts_is_a_fault() -> None:
    cells = {"name": "Anna Gruber", "first_name": "Lei", "last_name": "Wang"}
    assert [column for column, _, _ in compose_cells(PEOPLE, cells, {}).wrong] == ["name"]
    assert join_name("", "", family_first=True) == ""


@pytest.mark.parametrize(
    ("state", "answer", "becomes"),
    [
        ("open", "accepted", "accepted"),
        ("pending", "", "pending"),
        ("", "declined", "declined"),
        ("", "", ""),
        ("withdrawn", "accepted", "withdrawn"),
        ("closed", "yes", "yes"),
        ("accepted", "yes", "yes"),
        ("closed", "", ""),
        ("accepted", "declined", None),
        ("expired", "accepted", None),
        ("open", "perhaps", None),
        ("odd", "yes", "odd"),
    ],
)
def test_a_state_beside_an_answer(state: str, answer: str, becomes: str | None) -> None:
    made = compose_cells(REQUESTS, {"state": state, "answer": answer}, {})
    if becomes is None:
        assert [column for column, _, _ in made.wrong] == ["answer"]
    else:
        assert (made.cells, made.wrong) == ({"state": becomes}, [])


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("14 Uhr", time(14)),
        ("14h30", time(14, 30)),
        ("14h", time(14)),
        ("2 pm", time(14)),
        ("2 p.m.", time(14)),
        ("下午2点", time(14)),
        ("下午2点半", time(14, 30)),
        ("14.30", time(14, 30)),
        ("오후 2시 30분", time(14, 30)),
        ("14時30分", time(14, 30)),
        ("du. 2", time(14)),
        ("14 óra", time(14)),
        ("12 am", time(0)),
        ("0.375", time(9)),
        ("２：００", time(2)),
        ("24:00", None),
        ("noonish", None),
        ("13 am", None),
        ("14:3", None),
        ("", None),
    ],
)
def test_times_of_day_as_people_write_them(text: str, at: time | None) -> None:
    assert time_parsing.parse_time(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "22.06.27",
        "22.06.2027",
        "22/06/27",
        "06/22/2027",
        "2027-06-22",
        "6月22日",
        "6월 22일",
        "22. Juni",
        "22 juin",
        "2027. június 22.",
        "June 22, 2027",
        "46560",
        "Tue",
        "Di",
        "周二",
        "星期二",
        "kedd",
        "火曜日",
        "화요일",
        "mardi",
        "martes",
        "Tue, 22 June",
        "2027-06-22 14:00",
        "22",
    ],
)
def test_days_as_people_write_them(text: str) -> None:
    assert time_parsing.parse_dates(text, DAYS) & set(DAYS) == {DAYS[0]}


@pytest.mark.parametrize("text", ["Mon 22 June", "22 mar", "Monday", "day two", "", "99"])
def test_a_day_that_is_none_of_the_event_is_none(text: str) -> None:
    assert time_parsing.parse_dates(text, DAYS) & set(DAYS) == set()


def test_a_weekday_that_two_days_have_is_both() -> None:
    assert len(time_parsing.parse_dates("Tue", [*DAYS, date(2027, 6, 29)])) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Tue 14:00-16:00", ParsedSpan("Tue", "14:00", "16:00")),
        ("Di 14-16 Uhr", ParsedSpan("Di", "14", "16 Uhr")),
        ("Di 14-16", ParsedSpan("Di", "14", "16")),
        ("2-4 pm", ParsedSpan("", "2 pm", "4 pm")),
        ("全天", ParsedSpan("", "", "")),
        ("周二 下午2点-4点", ParsedSpan("周二", "下午2点", "4点 下午")),
        ("ab 14 Uhr", ParsedSpan("", "14 Uhr", "")),
        ("bis 12 Uhr", ParsedSpan("", "", "12 Uhr")),
        ("22.06. 14:00-16:00", ParsedSpan("22.06.", "14:00", "16:00")),
        ("martes de 14:00 a 16:00", ParsedSpan("martes", "14:00", "16:00")),
        ("martes de las 14:00 a las 16:00", ParsedSpan("martes", "14:00", "16:00")),
        ("jueves desde las 15:00", ParsedSpan("jueves", "15:00", "")),
        ("jueves hasta las 15:00", ParsedSpan("jueves", "", "15:00")),
        ("csütörtök 15 órától", ParsedSpan("csütörtök", "15 órá", "")),
        ("csütörtök 15 óráig", ParsedSpan("csütörtök", "", "15 órá")),
        ("kedd 9 órától 10 óráig", ParsedSpan("kedd", "9 órá", "10 órá")),
        ("kedd 9-től 10 óráig", ParsedSpan("kedd", "9", "10 órá")),
        ("木曜日 15時以降", ParsedSpan("木曜日", "15時", "")),
        ("목요일 15시 이후", ParsedSpan("목요일", "15시", "")),
        ("목요일 15시 이전", ParsedSpan("목요일", "", "15시")),
        ("Tue", ParsedSpan("Tue", "", "")),
        ("14:00-16:00 (Tue)", ParsedSpan("Tue", "14:00", "16:00")),
        ("Tue all day", ParsedSpan("Tue", "", "")),
        ("14:00", None),
        ("Tue afternoon", None),
        ("Tue 14:00-16:00; Wed 9:00-10:00", None),
        ("22.06.2027-23.06.2027", None),
        ("soon", None),
        ("9" * 200, None),
    ],
)
def test_a_day_and_hours_in_one_cell(text: str, says: ParsedSpan | None) -> None:
    assert time_parsing.parse_span(text) == says


def test_two_bare_numbers_are_hours_only_where_the_day_stands_elsewhere() -> None:
    assert time_parsing.parse_span("14-16", has_day=True) == ParsedSpan("", "14", "16")
    assert time_parsing.parse_span("14-16") == ParsedSpan("14-16", "", "")  # not a day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("VR China", "CN"),
        ("Volksrepublik China", "CN"),
        ("Republik Korea", "KR"),
        ("D", "DE"),
        ("A", "AT"),
        ("CH", "CH"),
        ("Cote d'Ivoire", "CI"),
        ("CÔTE D’IVOIRE", "CI"),
        ("Holland", "NL"),
        ("U.S.", "US"),
        ("U.K.", "GB"),
        ("Burma", "MM"),
        ("Ivory Coast", "CI"),
        ("Espana", "ES"),
        ("대한민국", "KR"),
        ("中華人民共和国", "CN"),
        ("Taiwan, China", "TW"),
        ("Grande-Bretagne", "GB"),
        ("EE. UU.", "US"),
        ("Magyarorszag", "HU"),
        ("Congo", None),
        ("Kongo", None),
        ("America", None),
        ("X", None),
        ("USSR", None),
        ("Guyana/Guinea", None),
    ],
)
def test_countries_by_nicknames_and_old_names(text: str, code: str | None) -> None:
    assert cell_values.parse_country(text) == code


def test_a_nickname_of_a_country_is_no_name_of_another() -> None:
    for code, names in vocabulary.load_other_names("countries").items():
        for name in names:
            assert cell_values.parse_country(name) == code, name


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("English and German", ["en", "de"]),
        ("Deutsch u. Englisch", [None]),
        ("英语和德语", ["en", "de"]),
        ("anglais et chinois", ["en", "zh"]),
        ("kínai és angol", ["zh", "en"]),
        ("中文/英文", ["zh", "en"]),
        ("영어 및 독일어", ["en", "de"]),
        ("Bosnian", ["bs"]),
    ],
)
def test_languages_in_a_sentence(text: str, codes: list[str | None]) -> None:
    assert [cell_values.parse_language(each) for each in cell_values.split_languages(text)] == codes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("WAHR", True),
        ("falsch", False),
        ("oui", True),
        ("non", False),
        ("igen", True),
        ("nem", False),
        ("是", True),
        ("否", False),
        ("はい", True),
        ("아니오", False),
        ("sí", True),
        ("maybe", None),
    ],
)
def test_yes_and_no_of_spreadsheets(text: str, says: bool | None) -> None:
    assert cell_values.parse_yes_no(text) is says


def test_what_programs_write_around_a_value() -> None:
    assert [
        clean_address(text) for text in ("Anna <a@b.de>", "mailto:a@b.de", "a@b.de", "<a@b.de>", "a b")
    ] == [
        "a@b.de",
        "a@b.de",
        "a@b.de",
        "a@b.de",
        "a b",
    ]
    assert [clean_number(text) for text in ("8", "8.0", "8,0", "８", "1 200", "8.5", "ca. 8")] == [
        "8",
        "8",
        "8",
        "8",
        "1200",
        "8.5",
        "ca. 8",
    ]
    assert clean_phone("Tel.: +49\u201169 12 ext. 3") == "+49-69 12 x3"
    for word in ("mellék", "内線", "내선", "转"):
        assert clean_phone(f"+49 69 12 {word} 3") == "+49 69 12 x3"


@pytest.mark.parametrize(
    ("text", "rank"), [("must", 5), ("Muss", 5), ("想见", 3), ("nice to have", 1), ("4", None), ("", None)]
)
def test_the_rank_of_a_request_by_a_word(text: str, rank: int | None) -> None:
    assert cell_values.parse_priority(text) == rank
