"""Content of one attendee's calendar entry for one meeting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from scheduler.domain import names
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import load_words
from scheduler.invites.text import (
    NAME_LIMIT,
    PLACE_LIMIT,
    SUMMARY_LIMIT,
    cap,
    clean,
    clean_lines,
    web_address,
)

ATTENDANCE: Final = ("start", "end", "place_name", "hall", "interpreter", "partner_people")
"""Changes that may affect attendance increment SEQUENCE and ask for a new reply (RFC 5546 2.1.4)."""

DETAILS: Final = ("timezone", "summary", "directions", "partner_firm", "own_people", "topic", "event_name")
"""Changes to these alone keep SEQUENCE and the reply. Changes to other fields never send an email."""

_IN_WORDS: Final = ("summary", "directions")
"""Fields composed from a language's texts. A difference caused by the language alone is not a change."""

_LIMITS: Final = {
    "summary": SUMMARY_LIMIT,
    "place_name": PLACE_LIMIT,
    "hall": PLACE_LIMIT,
    "own_hall": PLACE_LIMIT,
    "partner_firm": SUMMARY_LIMIT,
    "topic": 500,
    "event_name": SUMMARY_LIMIT,
    "language": 35,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One meeting as one attendee sees it.

    Construction cleans text, converts times to UTC, and renders names in two scripts (`names.join_scripts`)
    in the form for the reader.

    `start` and `end` are aware, in whole seconds. `timezone` is the venue's IANA name. `summary` is the
    calendar title and never empty; the default is a generic one. `partner_people` are the other side's
    attendees, `own_people` the reader's colleagues. `language` and `reader_timezone` (an IANA name, or empty
    if unknown) are the attendee's own. `proposals` is True if the attendee may propose another time.
    """

    start: datetime
    end: datetime
    timezone: str
    summary: str
    place_name: str
    hall: str
    partner_firm: str
    event_name: str
    partner_people: tuple[str, ...] = ()
    own_people: tuple[str, ...] = ()
    interpreter: str | None = None
    topic: str = ""
    directions: str = ""
    language: str = "en"
    reader_timezone: str = ""
    agenda_url: str = ""
    proposals: bool = True
    own_hall: str = ""
    """The venue's own name of the hall, where `hall` is its name in the reader's language."""

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "start", _whole_utc("start", self.start))
        put(self, "end", _whole_utc("end", self.end))
        for name, limit in _LIMITS.items():
            put(self, name, clean(getattr(self, name), limit))
        put(self, "directions", clean_lines(self.directions, 1_500))
        self._name_partner()
        put(self, "summary", self.summary or load_words(self.language).untitled)
        put(self, "agenda_url", web_address(self.agenda_url))
        put(self, "partner_people", _names(self.partner_people, self.language))
        put(self, "own_people", _names(self.own_people, self.language))
        put(self, "interpreter", next(iter(_names((self.interpreter or "",), self.language)), None))
        find_zone(self.timezone)
        if self.reader_timezone:
            find_zone(self.reader_timezone)
        if self.end <= self.start:
            raise InvalidInput([Fault("end", "A meeting ends after it starts.")])

    def _name_partner(self) -> None:
        """Localise the other firm's name, including in the title and the directions."""
        joined = self.partner_firm
        shown = names.localize_joined(joined, self.language)
        if shown != joined:
            for field in ("partner_firm", "summary", "directions"):
                object.__setattr__(self, field, getattr(self, field).replace(joined, shown))

    @property
    def location(self) -> str:
        """Place and hall, as in LOCATION."""
        if not self.place_name or not self.hall:
            return self.place_name or self.hall
        shown = load_words(self.language).location.format(place=self.place_name, hall=self.hall)
        return cap(shown, PLACE_LIMIT)

    @property
    def zone(self) -> ZoneInfo:
        """The venue's time zone."""
        return find_zone(self.timezone)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values. `from_json` restores an equal Content."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= {"start": self.start.isoformat(), "end": self.end.isoformat()}
        return values | {name: list(values[name]) for name in ("partner_people", "own_people")}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Content:
        """Return the Content that `to_json` wrote. Missing fields get their defaults."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        known |= {name: datetime.fromisoformat(known[name]) for name in ("start", "end")}
        return cls(**known | {name: tuple(known.get(name, ())) for name in ("partner_people", "own_people")})


@lru_cache(maxsize=256)
def find_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name. Raises InvalidInput for others, such as offsets and Windows names."""
    if name not in _zone_names():
        raise InvalidInput(
            [
                Fault(
                    "timezone",
                    gettext_lazy("%(name)s is not an IANA time zone, like Asia/Shanghai.", name=ascii(name)),
                )
            ]
        )
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def changed_fields(old: Content, new: Content, fields_: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of the named fields differ, ignoring differences caused by language alone.

    A hall differs only if both its venue name and its displayed name differ. Translating its name therefore
    changes no meeting, and neither does a new name that the reader does not see. The same holds for the usual
    name of a table or booth in another language.
    """
    same: tuple[str, ...] = _IN_WORDS if old.language != new.language else ()
    if names.canonical_place_name(old.place_name) == names.canonical_place_name(new.place_name):
        same += ("place_name",)
    if _called(old) == _called(new) or (old.language == new.language and old.hall == new.hall):
        same += ("hall",)
        if _way(old) == _way(new):
            same += ("directions",)
    is_other = _differs if old.language == new.language else _is_other_name
    old = localize_names(old, new.language)
    asked = (name for name in fields_ if name not in same)
    return tuple(name for name in asked if is_other(getattr(old, name), getattr(new, name)))


def _differs(old: object, new: object) -> bool:
    return old != new


def _is_other_name(old: object, new: object) -> bool:
    """Return True if values differ by more than the script of names shown to readers of two languages."""
    if isinstance(old, str) and isinstance(new, str):
        return not names.is_same_name(old, new)
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        return any(map(_is_other_name, old, new))
    return old != new


def _called(content: Content) -> str:
    """Return the venue's own name of the hall."""
    return content.own_hall or content.hall


def _way(content: Content) -> str:
    """Return the directions with the venue's own hall name and the canonical place name."""
    way = content.directions
    if content.place_name:
        way = way.replace(content.place_name, names.canonical_place_name(content.place_name))
    return way.replace(content.hall, _called(content)) if content.hall else way


def localize_names(content: Content, language: str) -> Content:
    """Return the content with names as a reader of the language sees them. Its texts are unchanged."""
    return content if content.language == language else replace(content, language=language)


def _whole_utc(name: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidInput([Fault(name, gettext_lazy("enter a time with its time zone"))])
    return moment.astimezone(UTC).replace(microsecond=0)


def _names(people: tuple[str, ...], language: str) -> tuple[str, ...]:
    cleaned = (clean(person, NAME_LIMIT) for person in people)
    return tuple(names.localize_joined(name, language) for name in cleaned if name)
