"""Parsing of dates and times of day as people write them: pure functions on texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from typing import Final

from babel import Locale

from scheduler.services.text import narrow_text

_IN: Final = ("en", "zh", "hu", "de", "fr", "es", "ja", "ko")
_AFTER_NOON: Final = r"pm|p\.m\.|p\. m\.|下午|晚上|午後|오후|du\.|délután|de la tarde"
_BEFORE_NOON: Final = r"am|a\.m\.|a\. m\.|上午|早上|午前|오전|de\.|délelőtt|de la mañana"
_HALF: Final = rf"(?:{_AFTER_NOON}|{_BEFORE_NOON})"
_HOUR_WORD: Final = r"(?:uhr|hrs?|h|óra|órá|ora|o'clock|点钟|点|點|时|時|시)"
_CLOCK: Final = (
    rf"(?:(?:{_HALF})\s*)?\d{{1,2}}"
    rf"(?:[:.]\d{{2}}(?::\d{{2}})?|(?:[h点點时時]|uhr|시)\s*(?:\d{{2}}(?:分|분)?|半|반))?"
    rf"(?:\s*{_HOUR_WORD})?(?:\s*{_HALF})?"
)
_ONE: Final = re.compile(
    rf"(?P<before>{_HALF})?\s*(?P<hour>\d{{1,2}})"
    rf"(?:[:.](?P<minute>\d{{2}})(?::\d{{2}})?"
    rf"|(?:[h点點时時]|uhr|시)\s*(?:(?P<minutes>\d{{2}})(?:分|분)?|(?P<half>半|반))?)?"
    rf"\s*(?:{_HOUR_WORD})?\s*(?P<after>{_HALF})?",
    re.IGNORECASE,
)
_TO: Final = (
    r"(?:\s*[-–—~～〜至到]\s*|\s+(?:to|till|until|bis|à|al?(?: las?)?|hasta(?: las?)?|és)\s+"
    r"|-?t[óő]l\s+|から|부터\s*)"
)
_RANGE: Final = re.compile(
    rf"(?:(?:from|von|(?:de|desde)(?: las?)?|das|van)\s+)?(?P<start>{_CLOCK}){_TO}(?P<end>{_CLOCK})"
    r"(?:\s*(?:まで|까지|-?ig))?",
    re.IGNORECASE,
)
_ONLY_START: Final = re.compile(
    rf"(?:from|after|since|ab|von|nach|dès|depuis|à partir de|(?:desde|a partir de)(?: las?)?|从|自)\s*"
    rf"(?P<start>{_CLOCK})|(?P<other>{_CLOCK})\s*(?:-?t[óő]l|után|から|부터|이후|以后|之后|以降|起|onwards|[-–]\s*$)",
    re.IGNORECASE,
)
_ONLY_END: Final = re.compile(
    rf"(?:until|till|before|up to|bis|vor|jusqu['’]?\s*à|avant|(?:hasta|antes de)(?: las?)?|到|至|[-–])\s*"
    rf"(?P<end>{_CLOCK})|(?P<other>{_CLOCK})\s*(?:-?ig|előtt|まで|까지|이전|之前|以前)",
    re.IGNORECASE,
)
_ALL_DAY: Final = re.compile(
    r"all day|whole day|full day|ganztags|ganztägig|ganzer tag|den ganzen tag|全天|整天|egész nap"
    r"|toute la journée"
    r"|journée entière|todo el día|día completo|終日|一日中|종일|하루 종일",
    re.IGNORECASE,
)
_SURE: Final = re.compile(rf"[:h点點时時시]|\d\.\d\d|{_HOUR_WORD}|{_HALF}", re.IGNORECASE)
"""Marks of a time of day: two bare numbers may be dates."""
_NUMBER: Final = re.compile(r"0?[.,]\d+|\d{5}(?:[.,]\d+)?")
_SERIALS: Final = date(1899, 12, 30)
"""Day zero of Excel serial dates."""
_FIRST_SERIAL, _LAST_SERIAL = 36_526, 73_050
"""Years 2000 to 2099."""
_LONGEST: Final = 100
"""Characters of a time cell."""


@dataclass(frozen=True, slots=True)
class ParsedSpan:
    """A parsed cell: day, start and end, as possibly empty texts."""

    day: str
    start: str
    end: str


def parse_time(text: str) -> time | None:
    """Return a time of day (`14:30`, `14h30`, `2 pm`, `下午2点半`, 0.6 of Excel), or None."""
    text = narrow_text(text)
    if (counted := parse_serial(text)) is not None and counted[0] is None:
        return counted[1]
    match = _ONE.fullmatch(text)
    if match is None:
        return None
    hour = int(match["hour"])
    minute = 30 if match["half"] else int(match["minute"] or match["minutes"] or 0)
    half = match["before"] or match["after"]
    if half and hour > 12:
        half = None if _is_after_noon(half) else "none"
    if half == "none":
        return None
    if half:
        hour = hour % 12 + (12 if _is_after_noon(half) else 0)
    return time(hour % 24, minute) if hour < 24 and minute < 60 else None


def parse_serial(text: str) -> tuple[date | None, time | None] | None:
    """Return day and time of an Excel serial number; None for other texts."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    minutes = round(value % 1 * 24 * 60)
    if 0 < value < 1 and minutes < 24 * 60:
        return None, time(minutes // 60, minutes % 60)
    if _FIRST_SERIAL <= value <= _LAST_SERIAL:
        day = _SERIALS + timedelta(days=int(value) + minutes // (24 * 60))
        minutes %= 24 * 60
        return day, time(minutes // 60, minutes % 60) if value % 1 else None
    return None


def parse_moment(text: str, days: Sequence[date] = ()) -> tuple[set[date], time | None] | None:
    """Return possible days and time of day of a cell such as `2027-06-22 14:00`; None if unknown.

    A cell with only one of them has no days, or no time.
    """
    text = narrow_text(text)
    if (counted := parse_serial(text)) is not None:
        return ({counted[0]} if counted[0] else set()), counted[1]
    if (at := parse_time(text)) is not None:
        return set(), at
    match = re.fullmatch(rf"(.*?\S)(?:[ ,T]\s*)({_CLOCK})(?::\d\d)?", text, re.IGNORECASE)
    if match is not None and _SURE.search(match[2]) and (found := parse_dates(match[1], days)):
        return found, parse_time(match[2])
    found = parse_dates(text, days)
    return (found, None) if found else None


def parse_span(text: str, *, has_day: bool = False) -> ParsedSpan | None:
    """Return the span of a cell such as `Tue 14:00-16:00`, `ab 14 Uhr` or `全天`; None if it is not one span.

    `has_day` means that the day is in another cell, so two bare numbers are hours.
    """
    text = narrow_text(text)
    if len(text) > _LONGEST:
        return None
    rest = _ALL_DAY.sub("", text)
    if rest != text:
        rest = _stripped(rest)
        return ParsedSpan(rest, "", "") if not _RANGE.search(rest) or _is_day(rest) else None
    matches = list(_RANGE.finditer(text))
    sure = [match for match in matches if _is_range(match, text, has_day=has_day)]
    if len(sure) == 1:
        start, end = _with_halves(sure[0]["start"], sure[0]["end"])
        return ParsedSpan(_stripped(text[: sure[0].start()] + " " + text[sure[0].end() :]), start, end)
    if sure:
        return None
    for pattern, is_start in ((_ONLY_START, True), (_ONLY_END, False)):
        found = [
            match for match in pattern.finditer(text) if _SURE.search(match[0]) and _is_apart(match, text)
        ]
        if len(found) == 1:
            at = (found[0]["start" if is_start else "end"] or found[0]["other"]).strip()
            day = _stripped(text[: found[0].start()] + " " + text[found[0].end() :])
            return ParsedSpan(day, at, "") if is_start else ParsedSpan(day, "", at)
    return ParsedSpan(text, "", "") if _is_day(text) and not re.search(r"\d[:h点點时時시]", text) else None


def parse_dates(text: str, days: Sequence[date] = ()) -> set[date]:
    """Return possible days of a text: a full date in any order, a month and day, or a weekday of `days`."""
    text = narrow_text(text)
    if (counted := parse_serial(text)) is not None:
        return {counted[0]} if counted[0] else set()
    dated = re.split(r"\d{1,2}:\d{2}", text.partition("T")[0] if re.match(r"\d{4}-", text) else text)[0]
    written = re.findall(r"\d{1,4}", dated)[:3]
    numbers = [int(number) for number in written]
    words = [_folded(word) for word in re.findall(r"[^\W\d_]+", text)]
    month = next((number for word in words if (number := _months().get(word)) is not None), None)
    if month is not None and numbers:
        numbers.insert(1, month)
        written.insert(1, str(month))
    found = _of_numbers(written, numbers, days, is_dotted=bool(re.match(r"\d{1,2}\. ?\d", text)))
    if numbers:
        words = [word for word in words if word not in _SIGNS_OF_DATES]
    weekdays = [set(_weekdays()[word]) for word in words if word in _weekdays() and word not in _months()]
    if (not numbers and len(words) == len(weekdays) == 1) or (
        not numbers and words and not month and weekdays
    ):
        return {day for day in days if all(day.weekday() in each for each in weekdays)}
    return {day for day in found if all(day.weekday() in each for each in weekdays)}


def _of_numbers(
    written: Sequence[str], numbers: Sequence[int], days: Sequence[date], *, is_dotted: bool
) -> set[date]:
    found: set[date] = set()
    if len(numbers) >= 3:
        first, second, third = range(3)
        orders = [(first, second, third), (third, second, first), (third, first, second)]
        if is_dotted and len(written[0]) < 4:  # with dots, the day comes first
            orders = orders[1:2]
        for year, month, day in orders:
            if len(written[year]) in (2, 4):
                of_year = numbers[year] + (2000 if len(written[year]) == 2 else 0)
                made = _date(of_year, numbers[month], numbers[day])
                found |= {made} if made is not None else set()
        return found & set(days) if days and len(found & set(days)) else found
    if len(numbers) == 2:
        pair = set(numbers)
        found |= {day for day in days if (day.month, day.day) == tuple(numbers)}
        found |= {day for day in days if {day.month, day.day} == pair and not found}
    elif len(numbers) == 1:
        found |= {day for day in days if day.day == numbers[0]}
    return found


def _is_after_noon(half: str) -> bool:
    return re.fullmatch(_AFTER_NOON, half, re.IGNORECASE) is not None


def _is_range(match: re.Match[str], text: str, *, has_day: bool) -> bool:
    """Return True if two numbers are hours, and not days or part of a date."""
    if not _is_apart(match, text) or any(parse_time(match[end]) is None for end in ("start", "end")):
        return False
    if _SURE.search(match[0]):
        return True
    rest = _stripped(text[: match.start()] + " " + text[match.end() :])
    return (has_day and not rest) or _folded(rest) in _weekdays()


def _is_apart(match: re.Match[str], text: str) -> bool:
    """Return True if a match is not part of longer numbers, such as a date."""
    before, after = text[: match.start()][-1:], text[match.end() :][:1]
    return not (before and before in "0123456789./-") and not (after and after in "0123456789./-年月日")


def _with_halves(start: str, end: str) -> tuple[str, str]:
    """Complete both times with their half of the day: `2-4 pm` and `下午2点-4点` state it once."""
    start, end = start.strip(), end.strip()
    halves = [re.search(_HALF, text, re.IGNORECASE) for text in (start, end)]
    first, last = parse_time(start), parse_time(end)
    if halves[1] and not halves[0] and first and last and first.hour <= 12:
        with_half = parse_time(f"{start} {halves[1][0]}")
        if with_half is not None and with_half < last:
            return f"{start} {halves[1][0]}", end
    if halves[0] and not halves[1] and first and last and last < first and last.hour < 12:
        return start, f"{end} {halves[0][0]}"
    return start, end


def _stripped(text: str) -> str:
    return text.strip(" ,;:()").removesuffix(" um").strip()


def _is_day(text: str) -> bool:
    """Return True if a text is about one day: a weekday, or at least a day and a month."""
    words = [_folded(word) for word in re.findall(r"[^\W\d_]+", text)]
    numbers = re.findall(r"\d+", text)
    if parse_serial(text) is not None:
        return True
    if not numbers:
        return bool(words) and all(word in _weekdays() for word in words)
    return len(numbers) in (2, 3) or any(word in _months() for word in words)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year > 1900 else None
    except ValueError:
        return None


def _folded(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f.]", "", letters)).strip()


@cache
def _months() -> dict[str, int]:
    """Return month numbers by name. Ideographic names contain a number anyway."""
    found: dict[str, int] = {}
    for language in _IN:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in Locale(language).months[context][width].items():
                    if len(word := _folded(name)) > 2 and not re.search(r"\d", word):
                        found.setdefault(word, int(number))
    return found


@cache
def _weekdays() -> dict[str, set[int]]:
    """Return weekdays by name, Monday is 0. A short name may belong to two languages."""
    found: dict[str, set[int]] = {}
    for language in _IN:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated", "short"):
                for number, name in Locale(language).days[context][width].items():
                    if len(word := _folded(name)) > 1 or word > "\u2e80":
                        found.setdefault(word, set()).add(int(number))
    for number, sign in enumerate("一二三四五六日"):
        for word in ("周", "星期", "礼拜", "週", "禮拜"):
            found.setdefault(word + sign, set()).add(number)
    found.update({word: {6} for word in ("周天", "星期天", "礼拜天")})
    for number, words in enumerate(_MORE_WEEKDAYS):
        for word in words.split():
            found.setdefault(word, set()).add(number)
    return found


_SIGNS_OF_DATES: Final = frozenset("年月日년월일")
"""After numbers, these are not weekdays."""
_MORE_WEEKDAYS: Final = ("mon lun", "tues die", "weds mitt", "thur thurs don", "fre vier", "sam", "son")
