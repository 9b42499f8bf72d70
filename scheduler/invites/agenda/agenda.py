"""Agenda of one person or firm by day, as shown in the summary email and the PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from scheduler.invites.catalogue import Words, load_words
from scheduler.invites.ical.content import Content, find_zone
from scheduler.invites.ical.view import Row, contact_row
from scheduler.invites.pdf.blocks import SITE_LOOK, SheetLook
from scheduler.invites.text import PLACE_LIMIT, SUMMARY_LIMIT, cap, clean

_PEOPLE_LIMIT: Final = 600
"""Characters for the names of one side, so that a meeting always fits on a page."""

_LIMITS: Final = {
    "partner": 2 * SUMMARY_LIMIT,
    "place_name": PLACE_LIMIT,
    "hall": PLACE_LIMIT,
    "interpreter": SUMMARY_LIMIT,
    "topic": 500,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaEntry:
    """One meeting, with cleaned text. `own_people` excludes the agenda's owner. Times are aware."""

    start: datetime
    end: datetime
    partner: str
    place_name: str
    hall: str
    partner_people: Sequence[str] = ()
    own_people: Sequence[str] = ()
    interpreter: str = ""
    topic: str = ""
    is_called_off: bool = False
    is_declined: bool = False
    """Declined by the owner. The meeting takes place without them."""

    def __post_init__(self) -> None:
        put = object.__setattr__
        for name, limit in _LIMITS.items():
            put(self, name, clean(getattr(self, name), limit))
        for name in ("partner_people", "own_people"):
            put(self, name, tuple(clean(person, SUMMARY_LIMIT) for person in getattr(self, name)))

    @classmethod
    def of(cls, content: Content) -> AgendaEntry:
        """Return the entry for a calendar's content."""
        return cls(
            start=content.start,
            end=content.end,
            partner=content.partner_firm,
            place_name=content.place_name,
            hall=content.hall,
            partner_people=content.partner_people,
            own_people=content.own_people,
            interpreter=content.interpreter or "",
            topic=content.topic,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaDocument:
    """The meetings of `owner` in time order. `version` and `published_at` are those of the schedule.

    `own_label` precedes `own_people`. It is empty for a person's agenda, which has its own wording. `contact`
    is the person to call, or empty. `check` is a URL that tells whether the print is still current, or empty.
    """

    owner: str
    event_name: str
    timezone: str
    language: str
    entries: Sequence[AgendaEntry]
    version: int | None = None
    published_at: datetime | None = None
    own_label: str = ""
    contact: str = ""
    check: str = ""
    look: SheetLook = SITE_LOOK

    @property
    def words(self) -> Words:
        return load_words(self.language)

    @property
    def zone(self) -> ZoneInfo:
        return find_zone(self.timezone)

    @property
    def title(self) -> str:
        """Title, such as "Agenda of Nagy Péter"."""
        return self.words.sheet["title"].format(name=clean(self.owner, SUMMARY_LIMIT))

    @property
    def stamp(self) -> str:
        """Schedule version and its publication time. Empty if nothing is published."""
        if self.version is None or self.published_at is None:
            return ""
        local = self.published_at.astimezone(self.zone)
        moment = self.words.moment.format(day=self.words.day_of(local), time=f"{local:%H:%M}")
        zone = self.words.zone_of(local, self.zone)
        return self.words.sheet["stamp"].format(version=self.version, moment=moment, zone=zone)

    @property
    def questions(self) -> str:
        """The line "Questions: +86 10 1234 5678", or an empty string without a contact."""
        return "".join(
            f"{label}{self.words.colon}{said}" for label, said in contact_row(self.contact, self.words)
        )

    def days(self) -> Iterator[tuple[str, list[AgendaEntry]]]:
        """Yield each day in the venue's time zone, as a heading with the zone, and its meetings."""

        def day_of(entry: AgendaEntry) -> date:
            return entry.start.astimezone(self.zone).date()

        for day, found in groupby(self.entries, day_of):
            entries = list(found)
            zone = self.words.zone_of(entries[0].start.astimezone(self.zone), self.zone)
            yield self.words.sheet["day"].format(day=self.words.day_of(day), zone=zone), entries

    def times(self, entry: AgendaEntry) -> str:
        """Return the local times at the venue, such as 10:00–10:30."""
        start = entry.start.astimezone(self.zone)
        return self.words.hours_of(f"{start:%H:%M}", self.words.end_of(entry.start, entry.end, self.zone))

    def location(self, entry: AgendaEntry) -> str:
        """Return place and hall."""
        if not entry.place_name or not entry.hall:
            return entry.place_name or entry.hall
        return cap(self.words.location.format(place=entry.place_name, hall=entry.hall), PLACE_LIMIT)

    def rows(self, entry: AgendaEntry) -> list[Row]:
        """Return the other details of a meeting, with labels."""
        labelled = (
            (self.words.partner_people, self._people(entry.partner_people)),
            (self.own_label or self.words.own_people, self._people(entry.own_people)),
            (self.words.interpreter, self.words.isolated(entry.interpreter)),
            (self.words.topic, self.words.isolated(entry.topic)),
        )
        return [(label, value) for label, value in labelled if value]

    def _people(self, names: Sequence[str]) -> str:
        return cap(self.words.listed(name for name in names if name), _PEOPLE_LIMIT)
