"""Section 1.9: the feed."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from icalendar import Calendar

from scheduler.invites.ical.feed import FeedEvent, build_feed, strong_etag
from tests.unit.invites.builders import UID, content, new, unfolded
from tests.unit.invites.test_ical import MEETING, SHANGHAI

REVISED = datetime(2027, 4, 1, 9, 30, 15, tzinfo=UTC)
MEETING_EVENT = FeedEvent(UID, 2, REVISED, content())
HEAD = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Chainmeet//Chainmeet Scheduler//EN",
    "NAME:Meetings\\, Nagy Péter",
    "X-WR-CALNAME:Meetings\\, Nagy Péter",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    "X-PUBLISHED-TTL:PT1H",
    "COLOR:steelblue",
    "SOURCE;VALUE=URI:https://meet.example/feed/abc.ics",
    "X-WR-TIMEZONE:Asia/Shanghai",
]


def feed(*events: FeedEvent, timezone: str = "Asia/Shanghai") -> bytes:
    return build_feed(events, "Meetings, Nagy Péter", "https://meet.example/feed/abc.ics", timezone)


def test_1_9_a_feed_is_this_calendar_without_a_method_or_an_attendee() -> None:
    assert unfolded(feed(MEETING_EVENT)) == [
        *HEAD,
        *SHANGHAI,
        "BEGIN:VEVENT",
        f"UID:{UID}",
        "DTSTAMP:20270401T093015Z",
        "LAST-MODIFIED:20270401T093015Z",
        "SEQUENCE:2",
        *MEETING,
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_r1_the_feed_has_the_uid_of_the_mail() -> None:
    assert f"UID:{new().uid}" in unfolded(feed(MEETING_EVENT))


def test_1_9_an_empty_feed_is_a_calendar_with_one_vtimezone() -> None:
    assert unfolded(feed()) == [*HEAD, *SHANGHAI, "END:VCALENDAR"]


def test_an_empty_feed_of_a_venue_in_utc_has_a_component_too() -> None:
    assert [c.name for c in Calendar.from_ical(feed(timezone="UTC")).subcomponents] == ["VTIMEZONE"]


def test_1_9_the_body_does_not_depend_on_the_order_of_the_events() -> None:
    later = replace(
        MEETING_EVENT, uid="a@meet.example", content=content(end=datetime(2027, 5, 13, tzinfo=UTC))
    )
    elsewhere = replace(MEETING_EVENT, uid="b@meet.example", content=content(timezone="Europe/Budapest"))
    bodies = {feed(*order) for order in itertools.permutations([MEETING_EVENT, later, elsewhere])}
    assert len(bodies) == 1


def test_1_9_the_etag_is_the_hash_of_the_body() -> None:
    same, other = strong_etag(feed(MEETING_EVENT)), strong_etag(feed(replace(MEETING_EVENT, sequence=3)))
    assert strong_etag(feed(MEETING_EVENT)) == same != other
    assert re.fullmatch(r'"[0-9a-f]{32}"', same)


def test_1_9_a_cancelled_meeting_stays_as_cancelled_and_blocks_no_time() -> None:
    made = unfolded(feed(replace(MEETING_EVENT, cancelled=True, sequence=3)))
    assert [line for line in made if line.startswith(("STATUS", "TRANSP", "SEQUENCE"))] == [
        "SEQUENCE:3",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
    ]


def test_i1_the_calendar_itself_has_no_uid() -> None:
    assert Calendar.from_ical(feed(MEETING_EVENT)).get("UID") is None


def test_i3_the_name_of_a_feed_cannot_add_a_line() -> None:
    made = build_feed([], "A, B; C\r\nX-EVIL:1", "https://x.example/\r\nX-EVIL:1", "Asia/Shanghai")
    assert r"X-WR-CALNAME:A\, B\; C X-EVIL:1" in unfolded(made)
    assert not [line for line in unfolded(made) if line.startswith("X-EVIL")]


def test_i8_the_zones_of_a_feed_are_sorted_and_cover_every_change_of_clocks() -> None:
    winter = content(
        timezone="Europe/Budapest",
        start=datetime(2027, 2, 1, 9, 0, tzinfo=UTC),
        end=datetime(2027, 2, 1, 9, 30, tzinfo=UTC),
    )
    summer = replace(
        winter, start=datetime(2027, 7, 1, 8, 0, tzinfo=UTC), end=datetime(2027, 7, 1, 9, 0, tzinfo=UTC)
    )
    made = feed(MEETING_EVENT, FeedEvent("s@x", 0, REVISED, summer), FeedEvent("w@x", 0, REVISED, winter))
    lines = unfolded(made)
    assert [line for line in lines if line.startswith("TZID:")] == [
        "TZID:Asia/Shanghai",
        "TZID:Europe/Budapest",
    ]
    budapest = lines[lines.index("TZID:Europe/Budapest") :]
    assert budapest[: budapest.index("END:VTIMEZONE")] == [
        "TZID:Europe/Budapest",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700329T020000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "TZNAME:CEST",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:19701025T030000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "TZNAME:CET",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "END:STANDARD",
    ]
    assert Calendar.from_ical(made).get_missing_tzids() == set()


def test_a_feed_of_a_whole_fair_is_read_back() -> None:
    half_hour = timedelta(minutes=30)
    events = [
        FeedEvent(
            f"{n}@meet.example",
            0,
            REVISED,
            content(start=content().start + n * half_hour, end=content().end + n * half_hour),
        )
        for n in range(200)
    ]
    parsed = Calendar.from_ical(feed(*events))
    assert [event.start for event in parsed.walk("VEVENT")] == [event.content.start for event in events]
