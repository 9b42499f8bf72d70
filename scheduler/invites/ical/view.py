"""Meeting details in words: the rows shared by text, HTML and calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from scheduler.domain import names
from scheduler.domain.entities import Partstat
from scheduler.invites.catalogue import Words
from scheduler.invites.ical.content import (
    ATTENDANCE,
    DETAILS,
    Content,
    changed_fields,
    find_zone,
    localize_names,
)
from scheduler.invites.ical.itip import Cancellation, ItipMessage, MessageKind
from scheduler.invites.text import DESCRIPTION_LIMIT, SUMMARY_LIMIT, cap, clean, clean_lines

Row = tuple[str, str]
"""A label and its text, which may have several lines."""


class MeetingSummary(NamedTuple):
    """Lead of an email: time, the zones it is given in, and place."""

    when: str
    zones: tuple[str, ...]
    where: str


NOTE_LIMIT: Final = 1_000
"""Characters of a person's note that an email shows."""

CONTACT_LIMIT: Final = 200
"""Characters of the contact."""

_DETAIL_LABELS = {"start": "start", "partner_firm": "partner", "event_name": "event"}


def description(content: Content, words: Words) -> str:
    """Return DESCRIPTION: who, where, how to get there, and the agenda's URL."""
    rows = [f"{label}{words.colon}{value}" for label, value in _meeting_rows(content, words)]
    link = f"\n\n{words.agenda}{words.colon}{content.agenda_url}" if content.agenda_url else ""
    return cap("\n".join(rows), DESCRIPTION_LIMIT - len(link)) + link


def content_rows(content: Content, words: Words, *, is_held: bool = True) -> list[Row]:
    """Return all details of a meeting. The time comes first, also in the reader's zone if that differs.

    Directions are omitted if the meeting is cancelled.
    """
    if not is_held:
        content = replace(content, directions="")
    return [
        (words.when, words.span_of(content.start, content.end, content.zone)),
        *_reader_row(content, words),
        *_meeting_rows(content, words),
    ]


def summarize(content: Content, words: Words) -> MeetingSummary:
    """Return the venue time, its zone with the reader's local time if that differs, and the place."""
    own = reader_zone(content)
    zones = [words.zone_of(content.start.astimezone(content.zone), content.zone)]
    if own:
        zones.append(f"{words.your_time}{words.colon}{words.span_of(content.start, content.end, own)}")
    return MeetingSummary(
        words.times_of(content.start, content.end, content.zone), tuple(zones), content.location
    )


def remaining_rows(content: Content, rows: Iterable[Row], words: Words) -> list[Row]:
    """Return the rows not already stated by the lead, the title and the event's name above them."""
    said = {words.when, words.your_time, words.place, words.event}
    if content.partner_firm in content.summary:
        said.add(words.partner)
    return [row for row in rows if row[0] not in said]


def reader_zone(content: Content) -> ZoneInfo | None:
    """Return the reader's time zone if its offset differs from the venue's at the start of the meeting."""
    if not content.reader_timezone:
        return None
    zone = find_zone(content.reader_timezone)
    there, here = content.start.astimezone(content.zone), content.start.astimezone(zone)
    return None if there.utcoffset() == here.utcoffset() else zone


def describe_changes(old: Content | None, new: Content, words: Words) -> list[Row]:
    """Return the changes of an update, as "was ..., now ...".

    Start and end count as one change. New directions to a new place are not listed separately, since the
    place covers them and the meeting's rows show them.
    """
    if old is None:
        return []
    fields = dict.fromkeys(
        "start" if n == "end" else n for n in changed_fields(old, new, ATTENDANCE + DETAILS)
    )
    old = localize_names(old, new.language)
    if {"start", "timezone"} <= fields.keys():
        del fields["timezone"]
    if fields.keys() & {"place_name", "hall"}:
        fields.pop("directions", None)
    return [
        (
            getattr(words, _DETAIL_LABELS.get(name, name)),
            words.was_now.format(
                old=names.collapse_full_stops(_before(old, new, name, words)),
                new=names.collapse_full_stops(_shown(new, name, words)),
            ),
        )
        for name in fields
    ]


def cancellation_reason(message: ItipMessage, words: Words, contact: str = "") -> list[Row]:
    """Return why a meeting is cancelled, the note and the contact. Empty for other messages."""
    if message.kind is not MessageKind.CANCEL:
        return []
    said = words.off
    why = [(said["why"], "\n".join(_reasons(message.off, words)))] if message.off else []
    asked = [value for _, value in contact_row(contact, words)]
    return [*why, (said["contact"], "\n".join([*asked, said["reply"]]))]


def contact_row(contact: str, words: Words) -> list[Row]:
    """Return the row with the contact, or nothing if the event has none."""
    shown = clean(contact, CONTACT_LIMIT)
    return [(words.off["contact"], words.isolated(shown))] if shown else []


def _reasons(off: Cancellation, words: Words) -> Iterator[str]:
    said = words.off
    person, firm = (_brief(name, words) for name in (off.person, off.firm))
    if off.code:
        yield said["again"].format(reason=words.reason_of(off.code))
    elif off.is_own:
        yield said["own_cancelled" if off.how == "cancelled" else "own"]
    else:
        by_person = f"person_{off.how}" if off.how else "person"
        kind = "organiser" if not firm else by_person if person else "firm"
        yield said[kind].format(person=person, firm=firm)
    if off.note:
        yield said["note"].format(note=clean_lines(off.note, NOTE_LIMIT))


def _brief(joined: str, words: Words) -> str:
    return names.short_form(names.localize_joined(clean(joined, SUMMARY_LIMIT), words.language))


def participation_note(message: ItipMessage, words: Words) -> str:
    """Return the note on the reader's participation status in an email that changes no time, else empty."""
    if message.kind not in (MessageKind.DETAILS, MessageKind.AGAIN):
        return ""
    old, new = message.previous, message.content
    if message.kind is MessageKind.DETAILS or old is None or message.partstat is not Partstat.NEEDS_ACTION:
        return words.answered[message.partstat.value]
    if not changed_fields(old, new, ("start", "end")):
        return words.answered["changed"]
    return words.answered["moved"].format(
        old=_before(old, new, "start", words), new=words.times_of(new.start, new.end, new.zone)
    )


def mail_kind(message: ItipMessage) -> str:
    """Return a message's catalogue key: its kind, or `uninvited` if only the reader's part is cancelled."""
    if message.kind is MessageKind.CANCEL and not message.meeting_is_off:
        return "uninvited"
    return message.kind.value


def _before(old: Content, new: Content, name: str, words: Words) -> str:
    """Return the old value. A time omits the zone, and the day if unchanged, since the new value has them."""
    if name != "start" or old.timezone != new.timezone:
        return _shown(old, name, words)
    if old.start.astimezone(old.zone).date() != new.start.astimezone(new.zone).date():
        return words.times_of(old.start, old.end, old.zone)
    start = f"{old.start.astimezone(old.zone):%H:%M}"
    return words.hours_of(start, words.end_of(old.start, old.end, old.zone))


def _shown(content: Content, name: str, words: Words) -> str:
    if name == "start":
        return words.span_of(content.start, content.end, content.zone)
    value = getattr(content, name)
    if isinstance(value, tuple):
        value = words.listed(value)
    return value or words.none


def _reader_row(content: Content, words: Words) -> list[Row]:
    zone = reader_zone(content)
    return [(words.your_time, words.span_of(content.start, content.end, zone))] if zone else []


def _meeting_rows(content: Content, words: Words) -> list[Row]:
    candidates = (
        (words.partner, words.isolated(content.partner_firm)),
        (words.partner_people, words.listed(content.partner_people)),
        (words.own_people, words.listed(content.own_people)),
        (words.place, words.isolated(content.location)),
        (words.interpreter, words.isolated(content.interpreter or "")),
        (words.topic, words.isolated(content.topic)),
        (words.directions, words.isolated_sentences(content.directions)),
        (words.event, words.isolated(content.event_name)),
    )
    return [(label, names.collapse_full_stops(value)) for label, value in candidates if value]
