"""Series keep their local time across clock changes, by a zone's name or its definition."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scheduler.invites import busy

FIRST, LAST = datetime(2026, 10, 19, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
EUROPE = """BEGIN:VTIMEZONE
TZID:Our own
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
OLD = """BEGIN:VTIMEZONE
TZID:Changed once
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
BEGIN:STANDARD
DTSTART:20100101T000000
RDATE:20100101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
"""
ENDED = """BEGIN:VTIMEZONE
TZID:Clocks stay now
BEGIN:DAYLIGHT
DTSTART:20000326T020000
RRULE:FREQ=YEARLY;UNTIL=20150329T010000Z;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20001029T030000
RRULE:FREQ=YEARLY;UNTIL=20141026T000000Z;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
END:VTIMEZONE
"""


def starts(*lines: str) -> list[str]:
    text = "\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""])
    return [f"{each.start:%d %H:%M}" for each in busy.read_busy_times(text.encode(), FIRST, LAST, "UTC").busy]


def weekly(zone: str, *lines: str) -> list[str]:
    event = [f"DTSTART;TZID={zone}:20260907T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", *lines]
    return ["BEGIN:VEVENT", *event, "END:VEVENT"]


@pytest.mark.parametrize(
    "zone", ["Europe/Budapest", "Central Europe Standard Time", "/citadel.org/20210210_1/Europe/Budapest"]
)
def test_a_weekly_event_stays_at_ten_by_the_name_of_its_zone(zone: str) -> None:
    assert starts(*weekly(zone)) == ["19 08:00", "26 09:00", "02 09:00"]


def test_and_by_the_definition_of_a_zone_without_a_name() -> None:
    assert starts(EUROPE, *weekly("Our own")) == ["19 08:00", "26 09:00", "02 09:00"]


def test_a_zone_whose_clocks_changed_long_ago_has_its_last_offset() -> None:
    assert starts(OLD, *weekly("Changed once")) == ["19 04:30", "26 04:30", "02 04:30"]
    assert starts(ENDED, *weekly("Clocks stay now")) == ["19 07:00", "26 07:00", "02 07:00"]


def test_until_in_utc_is_compared_in_the_zone_of_the_series() -> None:
    rule = "RRULE:FREQ=WEEKLY;UNTIL={}"
    event = ["BEGIN:VEVENT", "DTSTART;TZID=Our own:20260907T100000", "DURATION:PT1H"]
    for until, count in (("20261026T090000Z", 2), ("20261026T085959Z", 1), ("20261026", 2)):
        assert len(starts(EUROPE, *event, rule.format(until), "END:VEVENT")) == count


def test_left_out_and_replaced_instances_are_found_whatever_zone_they_are_named_in() -> None:
    left_out = ["EXDATE:20261019T080000Z", "EXDATE;VALUE=DATE:20261102", "UID:1"]
    moved = ["BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20261026T090000Z", "DTSTART:20261027T060000Z",
             "DURATION:PT1H", "END:VEVENT"]  # fmt: skip
    assert starts(*weekly("Europe/Budapest", *left_out), *moved) == ["27 06:00"]


def test_a_cancelled_instance_frees_its_time() -> None:
    off = ["BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20261026T090000Z", "DTSTART:20261026T090000Z",
           "STATUS:CANCELLED", "END:VEVENT"]  # fmt: skip
    assert starts(*weekly("Europe/Budapest", "UID:1"), *off) == ["19 08:00", "02 09:00"]


def test_whole_days_follow_the_calendar_over_a_change_of_clocks() -> None:
    event = ["BEGIN:VEVENT", "DTSTART;VALUE=DATE:20261025", "DTEND;VALUE=DATE:20261026", "END:VEVENT"]
    text = "\n".join(["BEGIN:VCALENDAR", *event, "END:VCALENDAR", ""])
    [day] = busy.read_busy_times(text.encode(), FIRST, LAST, "Europe/Budapest").busy
    assert (day.end - day.start).total_seconds() == 25 * 3600
