"""Time zone field: IANA time zones of countries, by city, country and offset.

`_zones.html` renders the field, and `meant` parses its value.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_gmt
from flask import Flask

from api import context
from api.language import speaking
from api.language.speaking import gettext
from api.pages import formatting
from scheduler.i18n import gettext_lazy
from scheduler.services.identity import preferences

UNKNOWN = gettext_lazy("Choose a time zone from the list. Type a city or a country, like Budapest.")
"""Error of a value that `meant` cannot resolve."""
_OFFSET = re.compile(r"[(（](?:UTC)?(?:[+-][\d:]{1,5})?[)）]\s*$")


FIELD = formatting.limits("TypedTimezone", list="zones", autocomplete="off", spellcheck="false")
"""Attributes of the input."""


def init_app(app: Flask) -> None:
    app.add_template_global(labels, "zone_labels")
    app.jinja_env.globals["zone_attributes"] = FIELD


def choices(moment: datetime | None = None) -> list[tuple[str, str]]:
    """Return value and label of each zone, sorted by label: Chicago, United States (UTC-06:00).

    The offset is that on the day of `moment`, by default today.
    """
    day = _day(moment)
    return [(zone, _with_offset(zone, name, day)) for zone, name in _named(speaking.language())]


def labels(moment: datetime | None = None) -> list[str]:
    return [label for _, label in choices(moment)]


def label(zone: str, moment: datetime | None = None) -> str:
    """Return the label of a zone. An alias that is not in the list keeps its IANA name."""
    name = dict(_named(speaking.language())).get(zone)
    return _with_offset(zone, name, _day(moment)) if name else zone


def shown(typed: str, moment: datetime | None = None) -> str:
    """Return the field's value to redisplay: the label of a zone, or the text if unknown."""
    return label(meant(typed), moment) if typed else ""


def meant(typed: str) -> str:
    """Return the zone that a label, name or city identifies, or the text itself if unknown or ambiguous."""
    listed = _named(speaking.language())
    text = _comparable(_OFFSET.sub("", typed[:200]))
    for names in (_labels, _names, _cities):
        found = {zone for zone, name in names(listed) if text == name}
        if len(found) == 1:
            return found.pop()
    found = {zone for zone, name in [*_labels(listed), *_names(listed)] if text and text in name}
    return found.pop() if len(found) == 1 else typed


def _day(moment: datetime | None) -> datetime:
    return (moment or context.now()).replace(hour=12, minute=0, second=0, microsecond=0)


def _with_offset(zone: str, name: str, day: datetime) -> str:
    if zone == "UTC":
        return name
    return gettext("%(name)s (%(offset)s)", name=name, offset=_offset(zone, day))


@lru_cache(maxsize=4096)
def _offset(zone: str, day: datetime) -> str:
    return get_timezone_gmt(day.astimezone(ZoneInfo(zone)), locale="en").replace("GMT", "UTC")


def _labels(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(zone, _comparable(name)) for zone, name in listed]


def _names(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(zone, _comparable(zone)) for zone, _ in listed]


def _cities(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    own = [(zone, _comparable(formatting.city(zone))) for zone, _ in listed]
    return [*own, *((zone, _comparable(zone.rpartition("/")[2])) for zone, _ in listed)]


def _comparable(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()


@lru_cache(maxsize=8)
def _named(tag: str) -> list[tuple[str, str]]:
    found = {"UTC": "UTC"}
    for country, zones in preferences.country_zones().items():
        for zone in zones:
            of_zone = {"city": formatting.city(zone), "country": formatting.country(country)}
            found[zone] = gettext("%(city)s, %(country)s", **of_zone)
    return sorted(found.items(), key=lambda pair: pair[1].casefold())
