"""Exports: a file of a schedule version, made by a plugin of frozen values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scheduler.plugins.loading import PluginGroup, kind, plain

RIGHTS: Final = (
    "READ_VERSIONS",
    "READ_AGENDAS",
    "READ_CONTACTS",
    "READ_REQUESTS",
    "READ_OUTCOMES",
    "PUBLISH",
)
"""What an export may ask for: names of `scheduler.services.identity.rights.Right`."""
_ENDING: Final = re.compile(r"[a-z0-9]{1,10}")
_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+(; charset=[a-z0-9-]+)?")


@dataclass(frozen=True, slots=True)
class ExportedEvent:
    """The event of a schedule. `timezone` is a name of the IANA database, `language` a tag as `hu`."""

    key: str
    name: str
    timezone: str
    language: str


@dataclass(frozen=True, slots=True)
class ExportedPerson:
    """Somebody who sits in a meeting. Without the right READ_CONTACTS `email` and `phone` are empty."""

    key: str
    name: str
    title: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class ExportedCompany:
    """A company of a meeting, with its people there. `country` is two letters (ISO 3166-1)."""

    key: str
    name: str
    country: str
    people: tuple[ExportedPerson, ...]


@dataclass(frozen=True, slots=True)
class ExportedMeeting:
    """A meeting. `start` and `end` are aware, in the event's time zone; `place` is the key of its place."""

    request: str
    topic: str
    priority: int
    start: datetime
    end: datetime
    hall: str
    place: str
    place_name: str
    interpreter: str
    """The interpreter's name, or empty."""
    requesting: ExportedCompany
    requested: ExportedCompany


@dataclass(frozen=True, slots=True)
class ExportedSchedule:
    """A schedule version with its meetings in time order. `version` is None if nothing is published."""

    event: ExportedEvent
    version: int | None
    published_at: datetime | None
    meetings: tuple[ExportedMeeting, ...]


class ExportRefused(Exception):
    """An export cannot be made. Raise it with a sentence for the person who asked: pages show it."""


@dataclass(frozen=True, slots=True)
class ExportPlugin:
    """An export as pages and the API offer it.

    Parameters
    ----------
    title, about
        What the page says of it: texts, which are escaped.
    right
        One of `RIGHTS`. Who lacks it does not see the export. READ_VERSIONS and READ_AGENDAS are needed
        besides, as what it is given are agendas.
    content_type, ending
        Of the file: `text/csv; charset=utf-8` and `csv`.
    make
        Takes the schedule, gives the octets of the file: within 20 seconds, and 32 MiB at most. It may raise
        ExportRefused.

    Raises
    ------
    ValueError
        If a value is none of these.
    """

    title: str
    about: str
    right: str
    content_type: str
    ending: str
    make: Callable[[ExportedSchedule], bytes]

    def __post_init__(self) -> None:
        for name in ("title", "about", "right", "content_type", "ending"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        if self.right not in RIGHTS:
            raise ValueError(f"right must be one of {', '.join(RIGHTS)}")
        if not _TYPE.fullmatch(self.content_type):
            raise ValueError("content_type must be like text/csv; charset=utf-8")
        if not _ENDING.fullmatch(self.ending):
            raise ValueError("ending must be of a-z and 0-9, such as csv")


EXPORTS: Final[PluginGroup[ExportPlugin]] = PluginGroup(
    "chainmeet.exports", kind(ExportPlugin), "an ExportPlugin"
)
