"""Messages that are translated when a page shows them, as in ``flask_babel.lazy_gettext``.

Each is a `str` with the English text, for the API, logs and tests. It keeps the msgid and its parameters, so
that `api.language.speaking.said` can translate it. The catalogs are the PO files of `api/language/texts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from scheduler.domain import names


class LazyText(str):
    """A translatable message.

    `msgid` has `%(name)s` placeholders for `values`. `msgid_plural` is empty for a message without a count;
    otherwise `values["num"]` is the count.
    """

    __slots__ = ("msgid", "msgid_plural", "values")
    msgid: str
    msgid_plural: str
    values: Mapping[str, object]


def gettext_lazy(msgid: str, /, **values: object) -> LazyText:
    """Mark a message for translation. `make messages` extracts the msgid from the call."""
    return _lazy_text(msgid, "", msgid, values)


def ngettext_lazy(msgid: str, msgid_plural: str, count: int, /, **values: object) -> LazyText:
    """Mark a pluralised message for translation. `%(num)s` is the count."""
    return _lazy_text(msgid, msgid_plural, msgid if count == 1 else msgid_plural, {"num": count, **values})


def _lazy_text(msgid: str, msgid_plural: str, template: str, values: Mapping[str, object]) -> LazyText:
    lazy = LazyText(template % values)
    lazy.msgid, lazy.msgid_plural, lazy.values = msgid, msgid_plural, values
    return lazy


class UntranslatedText(str):
    """A message without a catalog entry. Readers of other languages get the translatable `fallback`."""

    __slots__ = ("fallback",)
    fallback: str


def untranslated(text: str, fallback: str) -> str:
    """Give `text` a translatable fallback, unless it is translatable itself."""
    if isinstance(text, LazyText):
        return text
    marked = UntranslatedText(text)
    marked.fallback = fallback
    return marked


class LocalizedTime(str):
    """A weekday and time, formatted in the reader's language. English: "Mon 09:00"."""

    __slots__ = ("at",)
    at: datetime


def localized_time(at: datetime) -> LocalizedTime:
    """Format a time that is in the event's time zone."""
    localized = LocalizedTime(f"{at:%a %H:%M}")
    localized.at = at
    return localized


class LocalizedDate(str):
    """A weekday and date, formatted in the reader's language. English: "Mon 21 June"."""

    __slots__ = ("on",)
    on: date


def localized_date(on: date) -> LocalizedDate:
    """Format a date of the event's calendar."""
    localized = LocalizedDate(f"{on:%a} {on.day} {on:%B}")
    localized.on = on
    return localized


class DisplayName(str):
    """The Latin name of a firm or person, with the `native` one for readers of its script."""

    __slots__ = ("native",)
    native: str


def display_name(native: str, latin: str) -> DisplayName:
    """Return the display name of a firm or person."""
    name = DisplayName(names.record_name(native, latin))
    name.native = native
    return name


class VenueLabel(str):
    """The name of a hall, place or area, with its `names` by language tag."""

    __slots__ = ("names",)
    names: Mapping[str, str]


def venue_label(default: str, translations: Mapping[str, str]) -> VenueLabel:
    """Return the name of a hall or an area. `translations` are by language tag."""
    named = VenueLabel(default)
    named.names = translations
    return named


def place_label(name: str) -> VenueLabel:
    """Return the name of a table or booth, with translations of usual names such as "Table 12"."""
    return venue_label(name, names.place_translations(name))


class Separator(StrEnum):
    """Separators of joined texts, in English."""

    NAMES = ", "
    PAIR = " × "
    PEOPLE = " and "
    CLAUSES = "; "
    SENTENCES = " "


class JoinedText(str):
    """Texts joined by the `separator` of the reader's language."""

    __slots__ = ("separator", "texts")
    texts: tuple[str, ...]
    separator: Separator


def join_texts(texts: Iterable[str], separator: Separator = Separator.NAMES) -> JoinedText:
    """Join names, clauses or sentences."""
    parts = tuple(texts)
    joined = JoinedText(separator.join(parts))
    joined.texts, joined.separator = parts, separator
    return joined


def pair_label(one: str, other: str) -> JoinedText:
    """Return the label of a meeting: the names of its two firms."""
    return join_texts((one, other), Separator.PAIR)


def to_json(value: Any) -> Any:
    """Encode a text with its parts as JSON. Other values are returned unchanged."""
    if isinstance(value, LazyText):
        values = {name: to_json(each) for name, each in value.values.items()}
        return {"text": value.msgid, "several": value.msgid_plural, "values": values}
    if isinstance(value, LocalizedTime):
        return {"at": value.at.isoformat()}
    if isinstance(value, LocalizedDate):
        return {"on": value.on.isoformat()}
    if isinstance(value, DisplayName):
        return {"name": value.native, "latin": str(value)}
    if isinstance(value, VenueLabel):
        return {"label": str(value), "names": dict(value.names)}
    if isinstance(value, JoinedText):
        return {"row": [to_json(each) for each in value.texts], "between": value.separator.name}
    return value


def from_json(value: Any) -> Any:
    """Decode a text that `to_json` encoded."""
    if not isinstance(value, dict):
        return value
    if "at" in value:
        return localized_time(datetime.fromisoformat(value["at"]))
    if "on" in value:
        return localized_date(date.fromisoformat(value["on"]))
    if "latin" in value:
        return display_name(value["name"], value["latin"])
    if "label" in value:
        return venue_label(value["label"], value["names"])
    if "row" in value:
        return join_texts((from_json(each) for each in value["row"]), Separator[value["between"]])
    values = {name: from_json(each) for name, each in value["values"].items()}
    msgid, msgid_plural = value["text"], value["several"]
    template = msgid_plural if msgid_plural and values["num"] != 1 else msgid
    return _lazy_text(msgid, msgid_plural, template, values)
