"""Section 1.7: every VTIMEZONE is right for the times in its calendar, as clients parse it.

It is also right for the event's other emails: some programs keep a definition by its TZID. icalendar uses a
zone's name (I14), so dateutil reads the definitions here, as it does in vobject and so in Radicale.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from io import StringIO
from typing import Any, cast
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.invites.ical.copies import published_copy
from scheduler.invites.ical.feed import FeedEvent, build_feed
from scheduler.invites.ical.lines import is_utc
from tests.unit.invites.builders import NOW, ORGANIZER, calendar, content, only, unfolded, wanted

zones = st.sampled_from(sorted(zone for zone in available_timezones() if not is_utc(zone)))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31)).map(  # noqa: DTZ001 - UTC is put in next
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
lengths = st.integers(5, 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


def definitions(octets: str | bytes) -> list[str]:
    text = "\r\n".join(unfolded(octets))
    return re.findall(r"BEGIN:VTIMEZONE\r\n.*?END:VTIMEZONE", text, re.DOTALL)


@lru_cache(1024)
def known(definition: str) -> tzinfo:
    # A single observance is no zone for dateutil, nor for other programs with clock changes.
    kinds = cast("Any", tzical)(StringIO(definition))
    return cast("tzinfo", kinds.get())


def zones_of(octets: str | bytes) -> dict[str, tzinfo]:
    return {re.findall(r"TZID:(.+)", each)[0].strip(): known(each) for each in definitions(octets)}


def read(octets: str | bytes, name: str, zones: dict[str, tzinfo] | None = None) -> list[datetime]:
    """Return every DTSTART or DTEND of a calendar in UTC, by its or other definitions (RFC 5545 3.6.5)."""
    zones = zones_of(octets) if zones is None else zones
    moments = []
    for line in unfolded(octets):
        if not line.startswith((f"{name}:", f"{name};TZID=")) or ("TZID" not in line and line[-1] != "Z"):
            continue
        zone = line.partition(";TZID=")[2].partition(":")[0]
        local = datetime.strptime(line.rpartition(":")[2].rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        moments.append(local.replace(tzinfo=zones[zone] if zone else UTC).astimezone(UTC))
    return sorted(moments)


@given(zones, moments, lengths)
def test_1_7_a_definition_is_right_for_any_meeting_in_any_zone(
    zone: str, start: datetime, length: timedelta
) -> None:
    made = calendar(only({}, wanted(content(timezone=zone, start=start, end=start + length))))
    assert (read(made, "DTSTART"), read(made, "DTEND")) == ([start], [start + length])


@given(zones, st.integers(2020, 2036), st.tuples(st.integers(0, 364), st.integers(0, 364)))
def test_1_7_two_mails_of_a_year_have_one_definition_that_is_right_for_both(
    zone: str, year: int, days: tuple[int, int]
) -> None:
    begin = datetime(year, 1, 1, 12, tzinfo=ZoneInfo(zone))
    starts = [(begin + timedelta(days=day)).astimezone(UTC) for day in days]
    shown = [content(timezone=zone, start=start, end=start + timedelta(minutes=30)) for start in starts]
    one, other = (calendar(only({}, wanted(each))) for each in shown)
    first = zones_of(one)
    for start, made in zip(starts, (one, other), strict=True):
        assert read(made, "DTSTART", first) == [start]
    assert definitions(one) == definitions(other)


def test_1_7_a_program_that_keeps_zones_by_tzid_is_right_over_a_change_of_clocks() -> None:
    """A meeting moves from Saturday to the Sunday on which Budapest's clocks go forward."""
    zone = ZoneInfo("Europe/Budapest")
    shown = [
        content(timezone=zone.key, start=start, end=start + timedelta(minutes=30))
        for start in (datetime(2027, 3, day, 15, tzinfo=zone) for day in (27, 28))
    ]
    mails = [calendar(only({}, wanted(each))) for each in shown]
    events = [FeedEvent(f"{n}@x", 0, NOW, each) for n, each in enumerate(shown)]
    feed = build_feed(events, "Feed", "", zone.key)
    files = [published_copy(each, ORGANIZER) for each in events]
    kept: dict[str, tzinfo] = {}
    for made, days in zip([*mails, feed, *files], ([0], [1], [0, 1], [0], [1]), strict=True):
        kept = zones_of(made) | kept  # the first definition of a TZID wins
        assert read(made, "DTSTART", kept) == [shown[day].start for day in days]
    assert len({each for made in [*mails, feed, *files] for each in definitions(made)}) == 1


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Africa/Casablanca", "America/Santiago", "Asia/Jerusalem"])
def test_1_7_clocks_without_a_rule_are_written_one_change_after_another(zone: str) -> None:
    start = datetime(2027, 3, 27, 9, tzinfo=UTC)
    shown = content(timezone=zone, start=start, end=start + timedelta(hours=1))
    (made,) = definitions(calendar(only({}, wanted(shown))))
    assert "RRULE" not in made
    assert made.count("BEGIN:STANDARD") + made.count("BEGIN:DAYLIGHT") == 7
    for day in range(3 * 365):
        moment = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        assert moment.astimezone(known(made)).utcoffset() == moment.astimezone(ZoneInfo(zone)).utcoffset()


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


def test_1_7_an_empty_feed_has_the_definition_of_the_mails_to_come() -> None:
    shown = content(
        timezone="America/New_York",
        start=datetime(2027, 3, 27, 15, tzinfo=UTC),
        end=datetime(2027, 3, 27, 16, tzinfo=UTC),
    )
    empty = build_feed([], "Feed", "", "America/New_York")
    assert definitions(empty) == definitions(calendar(only({}, wanted(shown))))
