"""Export plugins: a file that is generated from frozen values of a schedule version."""

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
"""Rights that an export may require: names of `scheduler.services.identity.rights.Right`."""
_ENDING: Final = re.compile(r"[a-z0-9]{1,10}")
_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+(; charset=[a-z0-9-]+)?")


@dataclass(frozen=True, slots=True)
class ExportedEvent:
    """The event of a schedule. `timezone` is an IANA name, `language` a language tag such as `hu`."""

    key: str
    name: str
    timezone: str
    language: str


@dataclass(frozen=True, slots=True)
class ExportedPerson:
    """A participant of a meeting. `email` and `phone` are empty unless the export has READ_CONTACTS."""

    key: str
    name: str
    title: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class ExportedCompany:
    """A company in a meeting, with its participants. `country` is an ISO 3166-1 alpha-2 code."""

    key: str
    name: str
    country: str
    people: tuple[ExportedPerson, ...]


@dataclass(frozen=True, slots=True)
class ExportedMeeting:
    """A meeting. `start` and `end` are aware, in the event's time zone. `place` is the ID of the booth or
    table.
    """

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
    """A schedule version with its meetings in time order. `version` is None before the first publication."""

    event: ExportedEvent
    version: int | None
    published_at: datetime | None
    meetings: tuple[ExportedMeeting, ...]


class ExportRefused(Exception):
    """An export cannot be generated. Its message is shown to the user."""


@dataclass(frozen=True, slots=True)
class ExportPlugin:
    """An export that pages and the API offer.

    Parameters
    ----------
    title, about
        Texts of the page. They are escaped.
    right
        One of `RIGHTS`. Users without it do not see the export. READ_VERSIONS and READ_AGENDAS are required
        too, because the schedule contains agendas.
    content_type, ending
        Content type and file extension: `text/csv; charset=utf-8` and `csv`.
    make
        Returns the content of the file for a schedule, within 20 seconds and 32 MiB. May raise ExportRefused.

    Raises
    ------
    ValueError
        If a value is invalid.
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
