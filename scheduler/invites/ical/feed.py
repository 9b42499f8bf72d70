"""Subscription feed of a person's or firm's meetings. A pure function of stored data.

It has no METHOD and so is not iTIP. METHOD:PUBLISH would need an ORGANIZER, and clients treat an event with
an organiser as someone else's invitation. Without METHOD, DTSTAMP is the last revision (RFC 5545 3.8.7.2),
which makes the body deterministic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from scheduler.invites.catalogue import load_words
from scheduler.invites.ical.calendar import PRODID, calendar_zone, meeting_lines
from scheduler.invites.ical.content import Content, find_zone
from scheduler.invites.ical.lines import escape_text, fold_lines, format_utc, is_utc
from scheduler.invites.ical.zones import vtimezone
from scheduler.invites.text import SUMMARY_LIMIT, clean, web_address

_NO_MEETING: Final = datetime(2026, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)
"""Default span while the event's dates are unknown. Clients keep the definition for later meetings."""


KEPT: Final = 8192
"""Cache size in events per process, about 25 MB. Most of a feed is unchanged between requests."""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """A meeting last revised at `revised` (aware), with the UID and SEQUENCE of its emails.

    `colleagues` are the firm's attendees, in a firm's feed.
    """

    uid: str
    sequence: int
    revised: datetime
    content: Content
    cancelled: bool = False
    colleagues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Written:
    """An event's content lines, and the zone of their times."""

    zone: str
    lines: bytes


def build_feed(events: Sequence[FeedEvent], name: str, url: str, timezone: str) -> bytes:
    """Return the feed. `name` is its title, `url` its own https URL, `timezone` the venue's IANA name.

    An empty feed is a VCALENDAR with the venue's VTIMEZONE, since at least one component is required (RFC
    5545 3.6).
    """
    ordered = sorted(events, key=lambda event: (event.content.start, event.uid))
    written = [_written(event) for event in ordered]
    return b"".join(
        (
            fold_lines(_head(name, url, timezone)),
            _definitions(ordered, written, timezone),
            *(each.lines for each in written),
            fold_lines(["END:VCALENDAR"]),
        )
    )


def strong_etag(body: bytes) -> str:
    """Return the strong entity tag of a body, with quotes (RFC 9110 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _head(name: str, url: str, timezone: str) -> list[str]:
    shown, source = escape_text(clean(name, SUMMARY_LIMIT)), web_address(url)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", f"NAME:{shown}", f"X-WR-CALNAME:{shown}"]
    lines += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H", "COLOR:steelblue"]
    lines += [f"SOURCE;VALUE=URI:{source}"] if source else []
    return [*lines, f"X-WR-TIMEZONE:{find_zone(timezone).key}"]


def _definitions(events: Sequence[FeedEvent], written: Sequence[_Written], timezone: str) -> bytes:
    if not events:
        return vtimezone(timezone, *_NO_MEETING)
    spans: dict[str, tuple[datetime, datetime]] = {}
    for event, lines in zip(events, written, strict=True):
        content = event.content
        first, last = spans.get(lines.zone, (content.start, content.end))
        spans[lines.zone] = first, max(last, content.end)  # sorted by start
    return b"".join(vtimezone(zone, *spans[zone]) for zone in sorted(spans) if not is_utc(zone))


@lru_cache(maxsize=KEPT)
def _written(event: FeedEvent) -> _Written:
    return _Written(calendar_zone(event.content).key, fold_lines(_event_lines(event)))


def _event_lines(event: FeedEvent) -> list[str]:
    revised = format_utc(event.revised)
    return [
        "BEGIN:VEVENT",
        f"UID:{escape_text(clean(event.uid, 255))}",
        f"DTSTAMP:{revised}",
        f"LAST-MODIFIED:{revised}",
        f"SEQUENCE:{event.sequence}",
        *meeting_lines(_shown(event)),
        f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}",
        f"TRANSP:{'TRANSPARENT' if event.cancelled else 'OPAQUE'}",
        "END:VEVENT",
    ]


def _shown(event: FeedEvent) -> Content:
    """Return the content to show. In a firm's feed, the title names the firm's own attendees."""
    if not event.colleagues:
        return event.content
    names = load_words(event.content.language).list_comma.join(event.colleagues)
    return replace(event.content, summary=f"{event.content.summary} – {names}", own_people=())
