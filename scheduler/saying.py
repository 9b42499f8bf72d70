"""Sentences for people, which keep their parts, so that a page can say them in its reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from scheduler.domain import names


class Sentence(str):
    """A sentence in English, as the API and the logs have it.

    `text` is what the catalogs of `api/language/texts` know it by, with `%(names)s` of its `values`. One with
    a count has a second text, for several.
    """

    __slots__ = ("several", "text", "values")
    text: str
    several: str
    values: Mapping[str, object]


def say(text: str, /, **values: object) -> Sentence:
    """A sentence for people. The catalogs are made of the texts that stand in calls of this."""
    return _made(text, "", text, values)


def say_count(one: str, several: str, count: int, /, **values: object) -> Sentence:
    """A sentence about `%(num)s` things: languages differ in what is one and what is several."""
    return _made(one, several, one if count == 1 else several, {"num": count, **values})


def _made(text: str, several: str, used: str, values: Mapping[str, object]) -> Sentence:
    made = Sentence(used % values)
    made.text, made.several, made.values = text, several, values
    return made


class EnglishAlone(str):
    """A sentence that no catalog knows. Other languages say the general one of its kind."""

    __slots__ = ("general",)
    general: str


def in_english(text: str, general: str) -> str:
    """A sentence for people, as it is if the catalogs may know it."""
    if isinstance(text, Sentence):
        return text
    made = EnglishAlone(text)
    made.general = general
    return made


class DayTime(str):
    """A weekday and a time, as a value of sentences: "Mon 09:00"."""

    __slots__ = ("at",)
    at: datetime


def day_time(at: datetime) -> DayTime:
    """A time of an event, in its own zone."""
    made = DayTime(f"{at:%a %H:%M}")
    made.at = at
    return made


class EventDay(str):
    """A day, as a value of sentences: "Mon 21 June"."""

    __slots__ = ("on",)
    on: date


def day(on: date) -> EventDay:
    """A day of an event, on its own calendar."""
    made = EventDay(f"{on:%a} {on.day} {on:%B}")
    made.on = on
    return made


class TwoNames(str):
    """A name in Latin letters, which keeps the one in its own script: a page has that of its reader."""

    __slots__ = ("own",)
    own: str


def called(own: str, latin: str) -> TwoNames:
    """The name of a firm or person, as a value of sentences or alone."""
    made = TwoNames(names.recorded(own, latin))
    made.own = own
    return made


class VenueName(str):
    """What an event calls a hall, a place or an area, which keeps what it is called in other languages."""

    __slots__ = ("names",)
    names: Mapping[str, str]


def label(own: str, others: Mapping[str, str]) -> VenueName:
    """The name of a hall or an area, as a value of sentences or alone."""
    made = VenueName(own)
    made.names = others
    return made


def place(own: str) -> VenueName:
    """The name of a table or booth, as a value of sentences or alone."""
    return label(own, names.of_place(own))


class Between(StrEnum):
    """What stands between the texts of a row, in English."""

    NAMES = ", "
    PAIR = " × "
    PEOPLE = " and "
    CLAUSES = "; "
    SENTENCES = " "


class TextRow(str):
    """Texts one behind the other, each a name or a sentence."""

    __slots__ = ("between", "texts")
    texts: tuple[str, ...]
    between: Between


def row(texts: Iterable[str], between: Between = Between.NAMES) -> TextRow:
    """Names, clauses or sentences as one text, which a page joins as its language does."""
    kept = tuple(texts)
    made = TextRow(between.join(kept))
    made.texts, made.between = kept, between
    return made


def pair(one: str, other: str) -> TextRow:
    """Two firms that meet."""
    return row((one, other), Between.PAIR)


def to_json(value: Any) -> Any:
    """A text with its parts, for another process."""
    if isinstance(value, Sentence):
        values = {name: to_json(each) for name, each in value.values.items()}
        return {"text": value.text, "several": value.several, "values": values}
    if isinstance(value, DayTime):
        return {"at": value.at.isoformat()}
    if isinstance(value, EventDay):
        return {"on": value.on.isoformat()}
    if isinstance(value, TwoNames):
        return {"name": value.own, "latin": str(value)}
    if isinstance(value, VenueName):
        return {"label": str(value), "names": dict(value.names)}
    if isinstance(value, TextRow):
        return {"row": [to_json(each) for each in value.texts], "between": value.between.name}
    return value


def of_json(value: Any) -> Any:
    """A text that `to_json` made."""
    if not isinstance(value, dict):
        return value
    if "at" in value:
        return day_time(datetime.fromisoformat(value["at"]))
    if "on" in value:
        return day(date.fromisoformat(value["on"]))
    if "latin" in value:
        return called(value["name"], value["latin"])
    if "label" in value:
        return label(value["label"], value["names"])
    if "row" in value:
        return row((of_json(each) for each in value["row"]), Between[value["between"]])
    values = {name: of_json(each) for name, each in value["values"].items()}
    text, several = value["text"], value["several"]
    return _made(text, several, several if several and values["num"] != 1 else text, values)
