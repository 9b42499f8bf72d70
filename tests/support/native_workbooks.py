"""Workbooks of a whole event as organisers of eight languages write them, with their parsed values.

workbook = native_workbook("hu", firms=620)
octets = xlsx(workbook.sheets)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from itertools import combinations, product
from pathlib import Path
from typing import Any, Final

from babel import Locale

from scheduler.domain.entities import RequestState
from scheduler.services.spreadsheets.columns import ImportKind as Kind
from scheduler.sheets.writers import Cell, OutputSheet

DAYS: Final = (date(2027, 6, 22), date(2027, 6, 23), date(2027, 6, 24))
"""Tuesday to Thursday."""
LENGTH: Final = timedelta(minutes=30)
STARTS: Final = tuple(time(hour, minute) for hour in (9, 10, 11, 14, 15, 16) for minute in (0, 30))
HALLS, TABLES, INTERPRETERS, MATRIX = 4, 40, 50, ((0, 4, 7, 12), (4, 0, 5, 9), (7, 5, 0, 6), (12, 9, 6, 0))
COUNTRIES: Final = (
    "CN", "DE", "FR", "ES", "HU", "JP", "KR", "AT", "CH", "IT", "PL", "CZ", "SK",
    "RO", "US", "GB", "IN", "BR", "TR", "VN",
)  # fmt: skip
TIERS: Final = ("upstream", "midstream", "downstream")
SPOKEN: Final = (("en",), ("zh", "en"), ("en", "de"), ("fr", "es", "en"), ("ja", "en"), ("ko", "zh"))
STATES: Final = (RequestState.PENDING, RequestState.ACCEPTED, RequestState.DECLINED)
PRIORITIES: Final = (5, 3, 1)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The conventions of workbooks in one language."""

    names: Mapping[Kind, str]
    """Names of the sheets."""
    headers: Mapping[Kind, Sequence[str]]
    areas: Sequence[str]
    hall: str
    stand: str
    tiers: Sequence[str]
    most: str
    """A maximum of six meetings a day, as written in this language."""
    firm: str
    person: Sequence[str]
    """The cells of a given name and a family name."""
    full_name: str
    extension: str
    conjunction: str
    pair: str
    day: str
    hour: str
    absences: Sequence[str]
    """A weekday from 9 to 10, a date from 14 to 16, a weekday all day, and one from 15 on."""
    priorities: Sequence[str]
    states: Sequence[Sequence[str]]
    """State and response of pending, accepted and declined requests."""


@dataclass(slots=True)
class NativeWorkbook:
    """The sheets of a workbook, and the values of the event that it describes."""

    sheets: list[OutputSheet]
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """An invalid cell: its sheet, row and column as people count rows, the wrong and the right value."""

    sheet: str
    line: int
    position: int
    wrong: str
    right: str


def native_workbook(language: str, *, firms: int, requests: int = 2) -> NativeWorkbook:
    """Return a workbook with two people of every second firm, some requests of each, and a venue."""
    dialect = DIALECTS[language]
    made = NativeWorkbook([])

    def add(kind: Kind, rows: Sequence[Sequence[Cell]]) -> None:
        made.sheets.append(OutputSheet(dialect.names[kind], dialect.headers[kind], list(map(list, rows))))

    halls = [dialect.hall.format(number) for number in range(1, HALLS + 1)]
    add(Kind.AREAS, [[name] for name in dialect.areas])
    add(Kind.TIMES, [[_day(dialect, day), _hour(dialect, at), _hour(dialect, _end(at))]
                     for day, at in product(DAYS, STARTS)])  # fmt: skip
    add(Kind.HALLS, [[name] for name in halls])
    made.sheets.append(OutputSheet(dialect.names[Kind.WALKING], ["", *halls],
                                [[name, *row] for name, row in zip(halls, MATRIX, strict=True)]))  # fmt: skip
    add(Kind.TABLES, [[f"T{i}", halls[i % HALLS]] for i in range(TABLES)])
    add(Kind.FIRMS, [_firm_row(dialect, language, i) for i in range(firms)])
    people = [(i, j) for i in range(firms) for j in range(1 + i % 2)]
    add(Kind.PEOPLE, [_person_row(dialect, language, i, j) for i, j in people])
    add(Kind.INTERPRETERS, [[_name(dialect, 1000 + i), f"int{i}@example.com",
                             dialect.pair.join(_languages(language, SPOKEN[1 + i % 5]))]
                            for i in range(INTERPRETERS)])  # fmt: skip
    add(Kind.ABSENCES, [[f"p{i}.0@example.com", dialect.absences[i % 4]] for i in range(0, firms, 5)])
    first = [_hour(dialect, at) for at in (time(9), time(9, 30))]
    add(Kind.CLOSURES, [[f"T{i}", _day(dialect, DAYS[i % 3]), *first] for i in range(0, TABLES, 3)])
    pairs = [(i, (i + step) % firms) for i in range(firms) for step in (1, 101)[:requests]]
    add(Kind.REQUESTS, [[_firm(dialect, i), _firm(dialect, j), f"{dialect.areas[at % 2]} {at}",
                         dialect.priorities[at % 3], *dialect.states[at // 3 % 3]]
                        for at, (i, j) in enumerate(pairs)])  # fmt: skip
    made.values = _values(dialect, firms, people, pairs)
    return made


def planted(language: str, workbook: NativeWorkbook) -> tuple[list[OutputSheet], list[PlantedFault]]:
    """Return the sheets with an error of every kind, each in a row of its own."""
    names = DIALECTS[language].names
    sheets = {sheet.name: [list(row) for row in sheet.rows] for sheet in workbook.sheets}
    faults = []
    for kind, at, position, wrong in _WRONG:
        cells = sheets[names[kind]][at]
        position %= len(cells)
        faults.append(PlantedFault(names[kind], at + 2, position, wrong, str(cells[position])))
        cells[position] = wrong
    return [OutputSheet(sheet.name, sheet.header, sheets[sheet.name]) for sheet in workbook.sheets], faults


_WRONG: Final = (
    (Kind.FIRMS, 10, 3, "Atlantis"),
    (Kind.FIRMS, 20, 4, "sideways"),
    (Kind.FIRMS, 30, 6, "Hall 99 / Z-1"),
    (Kind.FIRMS, 40, 7, "ca. 8"),
    (Kind.FIRMS, 50, 3, ""),
    (Kind.PEOPLE, 61, -4, "anna(at)example.com"),
    (Kind.PEOPLE, 80, -5, "Nowhere Trading 7"),
    (Kind.PEOPLE, 91, -1, "Elvish"),
    (Kind.INTERPRETERS, 5, -1, "Elvish"),
    (Kind.ABSENCES, 3, 0, "nobody@example.com"),
    (Kind.ABSENCES, 5, 1, "sometime"),
    (Kind.CLOSURES, 1, 0, "T99"),
    (Kind.CLOSURES, 2, 1, "2031-01-01"),
    (Kind.CLOSURES, 3, 2, "25:00"),
    (Kind.REQUESTS, 7, 0, "Nowhere Trading 8"),
    (Kind.REQUESTS, 8, 3, "17"),
    (Kind.REQUESTS, 10, 5, "lukewarm"),
)
"""Kind of sheet, row and column from 0, and the invalid value."""


def _values(
    dialect: Dialect, firms: int, people: Sequence[tuple[int, int]], pairs: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    spans = [(day, at) for day in DAYS for at in STARTS]
    away = (
        [(day, at) for day, at in spans if day == DAYS[0] and at < time(10)],
        [(day, at) for day, at in spans if day == DAYS[1] and time(14) <= at < time(16)],
        [(day, at) for day, at in spans if day == DAYS[1]],
        [(day, at) for day, at in spans if day == DAYS[2] and at >= time(15)],
    )
    halls = [dialect.hall.format(number) for number in range(1, HALLS + 1)]
    return {
        "areas": list(dialect.areas),
        "times": spans,
        "halls": halls,
        "walking": sorted(
            (*sorted((halls[a], halls[b])), MATRIX[a][b]) for a, b in combinations(range(HALLS), 2)
        ),
        "tables": sorted((f"T{i}", halls[i % HALLS]) for i in range(TABLES)),
        "firms": sorted(
            (f"F-{i}", _firm(dialect, i), COUNTRIES[i % 20], TIERS[i % 3], (dialect.areas[i % 2],),
             halls[i % HALLS], _booth(i), (8, 6, None)[i % 3])
            for i in range(firms)
        ),
        "people": sorted(
            (f"p{i}.{j}@example.com", _name(dialect, 2 * i + j), f"+49 69 12{i:04} x{j + 1}", f"CEO {i}",
             tuple(sorted(SPOKEN[(i + j) % 6])), f"F-{i}", j == 0)
            for i, j in people
        ),
        "interpreters": sorted(
            (f"int{i}@example.com", _name(dialect, 1000 + i), SPOKEN[1 + i % 5]) for i in range(INTERPRETERS)
        ),
        "absences": sorted(
            (f"p{i}.0@example.com", day, at) for i in range(0, firms, 5) for day, at in away[i % 4]
        ),
        "closures": sorted((f"T{i}", DAYS[i % 3], time(9)) for i in range(0, TABLES, 3)),
        "requests": sorted(
            (f"F-{i}", f"F-{j}", f"{dialect.areas[at % 2]} {at}", PRIORITIES[at % 3],
             STATES[at // 3 % 3].value)
            for at, (i, j) in enumerate(pairs)
        ),
    }  # fmt: skip


def _firm_row(dialect: Dialect, language: str, i: int) -> list[Cell]:
    return [
        i + 1,
        f"F-{i}",
        _firm(dialect, i),
        Locale(language).territories[COUNTRIES[i % 20]],
        dialect.tiers[i % 3],
        dialect.areas[i % 2],
        dialect.stand.format(1 + i % HALLS, _booth(i)),
        (8, dialect.most, "")[i % 3],
        "",
    ]


def _person_row(dialect: Dialect, language: str, i: int, j: int) -> list[Cell]:
    given, family = _names(2 * i + j)
    return [
        *(cell.format(given=given, family=family) for cell in dialect.person),
        _firm(dialect, i),
        f"p{i}.{j}@example.com",
        f"+49 69 12{i:04} {dialect.extension} {j + 1}",
        f"CEO {i}",
        dialect.conjunction.join(_languages(language, SPOKEN[(i + j) % 6])),
    ]


def _firm(dialect: Dialect, i: int) -> str:
    return dialect.firm.format(i)


def _booth(i: int) -> str:
    return f"{'ABCD'[i % HALLS]}-{i // HALLS + 1}"


def _names(i: int) -> tuple[str, str]:
    """Return a given and a family name, which are not unique."""
    given = ("Anna", "Lei", "Márta", "Jürgen", "Chloé", "José", "Min", "Yuki", "Noel", "Ilse")
    family = ("Gruber", "Wang", "Szabó", "Müller", "Dubois", "Núñez", "Kim", "Sato", "Novák")
    return given[i % 10], f"{family[i % 9]}-{family[i // 9 % 9]}"


def _name(dialect: Dialect, i: int) -> str:
    given, family = _names(i)
    return dialect.full_name.format(given=given, family=family)


def _languages(language: str, codes: Sequence[str]) -> list[str]:
    return [Locale(language).languages[code] for code in codes]


def _day(dialect: Dialect, day: date) -> str:
    return dialect.day.format(day.year, day.month, day.day)


def _hour(dialect: Dialect, at: time) -> str:
    return dialect.hour.format(at.hour, at.minute)


def _end(at: time) -> time:
    return time(at.hour + (at.minute == 30), (at.minute + 30) % 60)


def _dialect(words: Mapping[str, Any]) -> Dialect:
    words = dict(words)
    names = {Kind(kind): name for kind, name in words.pop("sheets").items()}
    headers = {Kind(kind): tuple(cells) for kind, cells in words.pop("headers").items()}
    return Dialect(names, headers, **words)


DIALECTS: Final[Mapping[str, Dialect]] = {
    language: _dialect(words)
    for language, words in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8")).items()
}
"""Dialects by language."""
