"""Section 1.7: every VTIMEZONE is right for the times that are written in it, read as a client reads it.

icalendar goes by a zone's name (I14), so the definitions are read here by themselves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduler.invites.ical.feed import FeedEvent, build_feed
from scheduler.invites.ical.lines import is_utc
from tests.unit.invites.builders import NOW, calendar, content, only, unfolded, wanted

Observance = tuple[datetime, timedelta]

zones = st.sampled_from(sorted(zone for zone in available_timezones() if not is_utc(zone)))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31)).map(  # noqa: DTZ001 - UTC is put in next
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
lengths = st.integers(5, 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


def observances(octets: str | bytes, zone: str) -> list[Observance]:
    """Onset in local time and offset from then on, of the zone's definition in a calendar."""
    (found,) = (part for part in Calendar.from_ical(octets).walk("VTIMEZONE") if part["TZID"] == zone)
    return sorted((part["DTSTART"].dt, part["TZOFFSETTO"].td) for part in found.subcomponents)


def read(octets: str | bytes, name: str) -> list[datetime]:
    """Every DTSTART or DTEND of a calendar in UTC, by the calendar's own definitions (RFC 5545 3.6.5)."""
    moments = []
    for line in unfolded(octets):
        if not line.startswith((f"{name}:", f"{name};TZID=")) or ("TZID" not in line and line[-1] != "Z"):
            continue
        zone = line.partition(";TZID=")[2].partition(":")[0]
        local = datetime.strptime(line.rpartition(":")[2].rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        offset = offset_at(observances(octets, zone), local) if zone else timedelta(0)
        moments.append((local - offset).replace(tzinfo=UTC))
    return sorted(moments)


def offset_at(found: list[Observance], local: datetime) -> timedelta:
    return [offset for onset, offset in found if onset <= local][-1]


@given(zones, moments, lengths)
def test_1_7_one_observance_is_right_for_any_meeting_in_any_zone(
    zone: str, start: datetime, length: timedelta
) -> None:
    made = calendar(only({}, wanted(content(timezone=zone, start=start, end=start + length))))
    assert (read(made, "DTSTART"), read(made, "DTEND")) == ([start], [start + length])
    assert made.count("BEGIN:STANDARD") + made.count("BEGIN:DAYLIGHT") == made.count("BEGIN:VTIMEZONE") <= 1
    at = start.astimezone(ZoneInfo(zone)).utcoffset()
    assert "TZID" not in made or [offset for _, offset in observances(made, zone)] == [at]


@settings(max_examples=40)
@given(zones, moments, st.lists(st.integers(0, 3 * 365 * 24), min_size=1, max_size=6, unique=True))
def test_1_7_i8_a_feed_is_right_over_every_change_of_clocks(
    zone: str, first: datetime, hours: list[int]
) -> None:
    starts = sorted(first + timedelta(hours=hour) for hour in hours)
    shown = [content(timezone=zone, start=start, end=start + timedelta(minutes=30)) for start in starts]
    made = build_feed([FeedEvent(f"{n}@x", 0, NOW, each) for n, each in enumerate(shown)], "Feed", "", zone)
    assert read(made, "DTSTART") == starts


def test_1_7_i8_a_feed_is_right_in_each_run_of_an_hour_that_comes_twice() -> None:
    first_run = datetime(2027, 10, 31, 0, 15, tzinfo=UTC)
    starts = [first_run, first_run + timedelta(hours=1), first_run + timedelta(hours=2)]
    shown = [
        content(timezone="Europe/Budapest", start=start, end=start + timedelta(minutes=30))
        for start in starts
    ]
    made = build_feed([FeedEvent(f"{n}@x", 0, NOW, each) for n, each in enumerate(shown)], "F", "", "UTC")
    assert read(made, "DTSTART") == starts
