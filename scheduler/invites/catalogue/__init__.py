"""Texts of emails, calendars, PDFs and pages linked from emails, in catalogues by language.

English is `en.json`. Each other language is a gettext catalogue (`hu.po`), where a message's context is its
key (`subject.new`). `make messages` adds new texts to the catalogues.

An invitation stores the language and time zone of its recipient. Its queued email stores the event's
customised texts, so that a retry has the same content. A change of language alone sends nothing; the next
email uses it. Directions are part of the calendar entry, so a change to their wording is sent as a details
update.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import get_timezone_location
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from scheduler.domain import bidi
from scheduler.domain.names import collapse_full_stops

SOURCE = "en"
"""Source language of the texts."""
_COMPOSED = frozenset(
    {"count", "day", "duration", "limit", "moment", "month", "offset", "page", "pages", "short_day", "time"}
    | {"times", "version", "weekday", "year", "zone"}
)
"""Placeholders whose values are numbers or texts of the language itself: nothing to isolate."""


class Phrase(str):
    """A text with `{names}` placeholders. Formatting avoids a double full stop after a name like Co., Ltd."""

    __slots__ = ()

    def format(self, *values: object, **named: object) -> str:
        """Return the formatted text."""
        return collapse_full_stops(super().format(*values, **named))

    def format_map(self, named: Any, /) -> str:
        """Return the formatted text."""
        return collapse_full_stops(super().format_map(named))


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language, with `{names}` placeholders. A catalogue with a text missing won't load."""

    language: str
    name: str
    direction: str
    weekdays: list[str]
    months: list[str]
    weekdays_short: list[str]
    months_short: list[str]
    short_day: str
    zones: dict[str, str]
    day: str
    moment: str
    times: str
    span: str
    zone: str
    subject: dict[str, str]
    headline: dict[str, str]
    note: dict[str, str]
    answered: dict[str, str]
    when: str
    your_time: str
    partner: str
    partner_people: str
    own_people: str
    place: str
    place_name: str
    hall: str
    interpreter: str
    directions: str
    topic: str
    event: str
    start: str
    summary: str
    timezone: str
    none: str
    changed: str
    was_now: str
    accept: str
    decline: str
    propose: str
    instead: str
    agenda: str
    footer: str
    sign_in: dict[str, str]
    alert: dict[str, str]
    alert_reason: dict[str, str]
    desk: dict[str, str]
    rehearsal: dict[str, str]
    answering: dict[str, str]
    ways: dict[str, str]
    overview: dict[str, str]
    briefing: dict[str, str]
    stopping: dict[str, str]
    digest: dict[str, str]
    reason: dict[str, str]
    off: dict[str, str]
    count: dict[str, str]
    tag: dict[str, str]
    sheet: dict[str, str]
    printed: dict[str, str]
    pack: dict[str, str]
    delegation: dict[str, str]
    minutes: dict[str, str]
    hours: dict[str, str]
    meeting_with: str
    untitled: str
    way: str
    location: str
    colon: str
    list_comma: str

    @property
    def is_rtl(self) -> bool:
        """True if the language is written from right to left."""
        return self.direction == "rtl"

    def isolated(self, text: str) -> str:
        """Return users' text so that it keeps its own direction within a right-to-left text."""
        return bidi.isolate(text) if self.is_rtl else text

    def isolated_sentences(self, text: str) -> str:
        """Return sentences of this language, which may begin with a name of another script."""
        return bidi.isolate_sentences(text) if self.is_rtl else text

    def listed(self, texts: Iterable[str]) -> str:
        """Return names joined with the comma of the language."""
        return self.list_comma.join(map(self.isolated, texts))

    def hours_of(self, start: str, end: str) -> str:
        """Return two times as a span, such as 10:00–10:30."""
        span = f"{start}–{end}"
        return bidi.isolate_span(span) if self.is_rtl else span

    def phrase(self, template: str) -> Phrase:
        """Return an event's own text, with its placeholders as in those of the language."""
        return _phrase(template, is_rtl=self.is_rtl)

    def day_of(self, moment: datetime | date) -> str:
        """Return a long date, such as Wednesday, 12 May 2027."""
        return self.day.format(
            weekday=self.weekdays[moment.weekday()],
            day=moment.day,
            month=self.months[moment.month - 1],
            year=moment.year,
        )

    def short_day_of(self, moment: datetime | date) -> str:
        """Return a short date for subjects, such as Wed 12 May."""
        return self.short_day.format(
            weekday=self.weekdays_short[moment.weekday()],
            day=moment.day,
            month=self.months_short[moment.month - 1],
        )

    def span_of(self, start: datetime, end: datetime, zone: ZoneInfo) -> str:
        """Return date, times, zone and offset: Wednesday, 12 May 2027, 10:00-10:30 (Budapest, UTC+02:00)."""
        offset = self.zone_of(start.astimezone(zone), zone)
        return self.span.format(times=self.times_of(start, end, zone), zone=offset)

    def times_of(self, start: datetime, end: datetime, zone: ZoneInfo) -> str:
        """Return date and times without the zone: Wednesday, 12 May 2027, 10:00-10:30."""
        local = start.astimezone(zone)
        last = self.end_of(start, end, zone)
        return self.times.format(day=self.day_of(local), start=f"{local:%H:%M}", end=last)

    def end_of(self, start: datetime, end: datetime, zone: ZoneInfo) -> str:
        """Return the end time: 10:30, with the date if it differs from that of the start."""
        local, until = start.astimezone(zone), end.astimezone(zone)
        last = f"{until:%H:%M}"
        return last if until.date() == local.date() else self.moment.format(day=self.day_of(until), time=last)

    def zone_of(self, local: datetime, zone: ZoneInfo) -> str:
        """Return a zone with its offset at a moment (Budapest, UTC+02:00), or its common name."""
        if zone.key in self.zones:
            return self.zones[zone.key]
        offset = local.strftime("%z")
        return self.zone.format(name=zone_city(zone.key, self.language), offset=f"{offset[:3]}:{offset[3:5]}")

    def reason_of(self, code: str) -> str:
        """Return the reason why a meeting is unscheduled, in words that either firm may read."""
        return self.reason.get(code, self.reason["other"])

    def lasting(self, span: timedelta) -> str:
        """Return a duration in whole hours or minutes."""
        minutes = max(1, round(span.total_seconds() / 60))
        count, forms = (minutes // 60, self.hours) if minutes % 60 == 0 else (minutes, self.minutes)
        return forms["one" if count == 1 else "other"].format(count=count)


@lru_cache(maxsize=1)
def languages() -> dict[str, str]:
    """Return the available languages, each with its name in that language, English first."""
    return {tag: load_words(tag).name for tag in (SOURCE, *sorted(_files().keys() - {SOURCE}))}


@lru_cache(maxsize=64)
def load_words(language: str) -> Words:
    """Return the texts for a BCP 47 tag, falling back to its language, then English.

    Raises MissingText if the catalogue lacks a translation of an English text.
    """
    texts = read_texts(nearest_language(language) or SOURCE)
    return Words(**_phrases(texts, is_rtl=texts["direction"] == "rtl"))


class MissingText(LookupError):
    """A catalogue lacks the translation of a text, or has one for an outdated English text."""


def read_texts(language: str) -> dict[str, Any]:
    """Return the texts of an available language, in the structure of `en.json`. Raises MissingText."""
    english: dict[str, Any] = json.loads((files(__name__) / f"{SOURCE}.json").read_text("utf-8"))
    if language == SOURCE:
        return english
    messages = read_po(BytesIO(_files()[language].read_bytes()), locale=language)
    translated: dict[str, Any] = _translated(english, "", messages)
    return translated


def list_texts(texts: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with its dotted key, such as `weekdays.0`."""
    if isinstance(texts, str):
        yield key, texts
        return
    for name, each in texts.items() if isinstance(texts, dict) else enumerate(texts):
        yield from list_texts(each, f"{key}.{name}" if key else str(name))


def _translated(english: Any, key: str, messages: Catalog) -> Any:
    if isinstance(english, dict):
        return {
            name: _translated(each, f"{key}.{name}" if key else name, messages)
            for name, each in english.items()
        }
    if isinstance(english, list):
        return [_translated(each, f"{key}.{place}", messages) for place, each in enumerate(english)]
    message = messages.get(english, key)
    if message is None or not message.string:
        raise MissingText(f"{messages.locale_identifier}: no translation of {key}")
    return message.string


def _phrases(value: Any, *, is_rtl: bool) -> Any:
    if isinstance(value, dict):
        return {name: _phrases(each, is_rtl=is_rtl) for name, each in value.items()}
    if isinstance(value, list):
        return [_phrases(each, is_rtl=is_rtl) for each in value]
    return _phrase(value, is_rtl=is_rtl)


def _phrase(text: str, *, is_rtl: bool) -> Phrase:
    return Phrase(bidi.isolate_placeholders(text, composed=_COMPOSED) if is_rtl else text)


def choose_language(chosen: str, spoken: Sequence[str], of_event: str) -> str:
    """Return a person's language: the chosen one, else the first spoken one available, else the event's."""
    if chosen in languages():
        return chosen
    return next(filter(None, map(nearest_language, spoken)), of_event)


@lru_cache(maxsize=1024)
def zone_city(timezone: str, language: str) -> str:
    """Return the localised exemplar city of an IANA zone: Chicago, 芝加哥. Without a city, its name."""
    found = get_timezone_location(timezone, locale=Locale.parse(language), return_city=True)
    return found.rpartition("/")[2]


def nearest_language(language: str) -> str:
    """Return the closest available language for a BCP 47 tag, or an empty string."""
    tag = language.replace("_", "-").lower()
    while tag and tag not in _files():
        tag = tag.rpartition("-")[0]
    return tag


@lru_cache(maxsize=1)
def _files() -> dict[str, Traversable]:
    """Return the catalogue file of each language."""
    found = (Path(entry.name) for entry in files(__name__).iterdir())
    return {
        name.stem: files(__name__) / name.name
        for name in found
        if name.suffix == ".po" or name.name == f"{SOURCE}.json"
    }
