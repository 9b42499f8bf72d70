"""Hostile calendars: rejected with a message or skipped, at a bounded cost, without other errors."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.invites import busy
from scheduler.invites.busy import BusyTimes, UnusableCalendar, recurrence
from scheduler.invites.busy.components import MAX_COMPONENTS, MAX_LINE, parse_calendars
from scheduler.invites.busy.model import StepBudget
from scheduler.invites.busy.series import SeriesReader
from scheduler.invites.busy.zones import UTC_ZONE, Zones

FIRST, LAST = datetime(2026, 12, 7, tzinfo=UTC), datetime(2026, 12, 9, 12, tzinfo=UTC)
CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.ics"))


def read(octets: bytes, budget: StepBudget | None = None) -> BusyTimes:
    return busy.read_busy_times(octets, FIRST, LAST, "Asia/Shanghai", budget=budget)


def event(*lines: str, uid: str = "1") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def calendar(*parts: str) -> bytes:
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "".join(parts) + "END:VCALENDAR\r\n").encode()


def refused(octets: bytes) -> str:
    with pytest.raises(UnusableCalendar) as raised:
        read(octets)
    assert str(raised.value)[0].isupper() and str(raised.value).endswith((".", "!"))
    return str(raised.value)


@pytest.mark.parametrize("octets", [b"", b"PK\x03\x04", b"<html>", b"BEGIN:VEVENT\nEND:VEVENT\n"])
def test_what_is_no_calendar_is_refused(octets: bytes) -> None:
    assert "not a calendar" in refused(octets)


def test_a_calendar_that_is_cut_off_is_refused() -> None:
    assert "incomplete" in refused(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261207T010000Z\n")


def test_components_that_end_in_each_other_are_refused() -> None:
    assert "damaged" in refused(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VEVENT\n")


def test_a_calendar_that_is_too_large_is_refused() -> None:
    assert "larger than 10 MB" in refused(calendar("X:" + "x" * busy.MAX_OCTETS))


def test_too_many_events_are_refused() -> None:
    assert "more than 60,000" in refused(calendar("BEGIN:VEVENT\nEND:VEVENT\n" * (MAX_COMPONENTS + 1)))


def test_components_inside_components_without_end_are_refused() -> None:
    assert "nested too deeply" in refused(b"BEGIN:VCALENDAR\n" * 5000)


def test_an_unknown_zone_is_refused_by_its_name() -> None:
    said = refused(calendar(event("DTSTART;TZID=Nowhere/Town:20261207T090000", "DURATION:PT1H")))
    assert "Nowhere/Town" in said


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "garbage"])
def test_the_rules_of_a_zone_are_bounded_as_well(rule: str) -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        f"RRULE:{rule}\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    octets = calendar(zone, event("DTSTART;TZID=Own:20261207T090000", "DURATION:PT1H"))
    if "YEARLY" in rule:
        assert read(octets).busy[0].start == datetime(2026, 12, 7, 8, tzinfo=UTC)
    else:
        refused(octets)


@pytest.mark.parametrize(
    "part", ["BYDAY=" + ",".join(["5MO"] * 2_000), "BYMONTHDAY=" + ",".join(["7"] * 4_000)]
)
def test_what_a_rule_lists_again_and_again_counts_once(part: str) -> None:
    rule = recurrence.parse_rule(f"FREQ=DAILY;COUNT=100000;{part}")
    assert len(rule.by_day) + sum(map(len, rule.by.values())) == 1


def test_a_rule_is_no_longer_than_all_that_it_can_say() -> None:
    every = ",".join(map(str, [*range(-366, 0), *range(1, 367)]))
    assert len(recurrence.parse_rule(f"FREQ=YEARLY;BYYEARDAY={every};BYHOUR=1").by["BYYEARDAY"]) == 732
    with pytest.raises(ValueError, match="FREQ"):
        recurrence.parse_rule("FREQ=DAILY;BYDAY=" + ",".join(["5MO"] * 500_000))


@pytest.mark.parametrize(
    "part",
    [
        "BYSETPOS=" + ",".join(map(str, range(1, 367))),
        "BYHOUR={h};BYMINUTE={m};BYSECOND={m}".format(
            h=",".join(map(str, range(24))), m=",".join(map(str, range(60)))
        ),
    ],
)
def test_lists_of_a_rule_are_paid_from_the_budget(part: str) -> None:
    """One series of thousands in a file: its cost beyond the days is counted too."""
    budget = StepBudget(10**9)
    series = event("DTSTART:20261207T010000Z", "DURATION:PT1S", f"RRULE:FREQ=DAILY;BYDAY=SU;{part}")
    read(calendar(series), budget)
    assert 10**9 - budget.left > 1_000


def test_a_zone_with_more_offsets_than_any_has_had_is_refused() -> None:
    """Each offset is tried for each time of the calendar."""
    observances = "".join(
        f"BEGIN:STANDARD\nDTSTART:1970{i % 12 + 1:02}01T0000{i % 60:02}\nTZOFFSETFROM:+0000\n"
        f"TZOFFSETTO:+00{i // 60:02}{i % 60:02}\nEND:STANDARD\n"
        for i in range(1_000)
    )
    zone = f"BEGIN:VTIMEZONE\nTZID:Own\n{observances}END:VTIMEZONE\n"
    lines = ("DTSTART;TZID=Own:20261207T090000", "DURATION:PT1H")
    assert "without defining it" in refused(calendar(zone, event(*lines)))


def test_events_without_a_uid_cost_no_more_than_those_with_one() -> None:
    """Replaced instances are not copied for each event."""
    replaced = [
        event(
            "DTSTART:20261207T010000Z",
            f"RECURRENCE-ID:202612{i % 28 + 1:02}T01{i % 60:02}{i // 60:02}Z",
            uid="",
        )
        for i in range(2_000)
    ]
    copies: list[int] = []

    class Counted(frozenset[datetime]):
        def __iter__(self) -> Iterator[datetime]:
            copies.append(len(self))
            return super().__iter__()

    reader = SeriesReader(Zones((), FIRST, LAST, StepBudget()), UTC_ZONE, FIRST, LAST, StepBudget())
    (component,) = parse_calendars(calendar(*replaced))
    starts = Counted(reader.replaced(component.children)[""])
    assert len(starts) == 2_000
    assert reader.instances(component.children[0], starts) == [] and copies == []


def test_a_line_of_2_mb_is_refused_and_one_within_the_limit_costs_little_memory() -> None:
    long = calendar(event("DTSTART:20261207T010000Z", "ATTENDEE;X=" + "a" * 2_000_000))
    assert "a line longer than 128 KB (ATTENDEE)" in refused(long)
    octets = calendar(event("DTSTART:20261207T010000Z", "ATTENDEE;X=" + "a" * (MAX_LINE - 20) + ":b"))
    tracemalloc.start()
    try:
        read(octets)
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_LINE
    finally:
        tracemalloc.stop()


def test_many_dense_series_use_up_the_budget_and_no_more() -> None:
    every = ",".join(map(str, range(60)))
    dense = [
        event("DTSTART:20200101T000000Z", "DURATION:PT1M", f"RRULE:FREQ=DAILY;BYMINUTE={every}", uid=str(i))
        for i in range(5000)
    ]
    budget = StepBudget(50_000)
    with pytest.raises(UnusableCalendar, match="too often"):
        read(calendar(*dense), budget)
    assert budget.left > -1000


def test_a_count_from_long_ago_is_paid_for() -> None:
    far = [event("DTSTART:00010101T000000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=999999999", uid=str(i))
           for i in range(20)]  # fmt: skip
    assert "too often" in refused(calendar(*far))


def test_more_busy_times_than_a_person_has_are_refused() -> None:
    periods = ",".join(f"20261207T01{m:02}{s:02}Z/PT1S" for m in range(60) for s in range(60))
    assert "more than 2,000" in refused(calendar(f"BEGIN:VFREEBUSY\nFREEBUSY:{periods}\nEND:VFREEBUSY\n"))


def test_five_hundred_birthdays_and_ten_years_of_meetings_are_no_bomb() -> None:
    birthdays = [
        event(f"DTSTART;VALUE=DATE:1980{i % 12 + 1:02}{i % 28 + 1:02}", "RRULE:FREQ=YEARLY", uid=f"b{i}")
        for i in range(500)
    ]
    weekly = [
        event("DTSTART:20160104T010000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", uid=f"w{i}")
        for i in range(500)
    ]
    single = [event(f"DTSTART:20200101T{i % 24:02}0000Z", "DURATION:PT1H", uid=f"s{i}") for i in range(5000)]
    budget = StepBudget()
    found = read(calendar(*birthdays, *weekly, *single), budget)
    assert found.counts["events"] == 6000
    assert budget.left > 4 * StepBudget().left / 5


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:garbage",),
        ("SUMMARY:no start",),
        ("DTSTART:20261332T990000Z",),
        ("DTSTART:20261207T100000Z", "DTEND:20261207T090000Z"),
        ("DTSTART:20261207T100000Z", "DURATION:P"),
        ("DTSTART:20261207T100000Z", "RRULE:FREQ=OFTEN"),
        ("DTSTART:٢٠٢٦١٢٠٧T100000Z",),
        ("DTSTART:99991231T235959Z", "DURATION:P999999D"),
    ],
)
def test_one_broken_event_is_left_out_and_said(lines: tuple[str, ...]) -> None:
    good = event("DTSTART:20261207T010000Z", "DURATION:PT1H", uid="good")
    found = read(calendar(event(*lines), good))
    assert len(found.busy) == 1
    if found.counts["unreadable"]:
        assert "could not be read" in found.notes[-1]
        assert "its times are invalid" in refused(calendar(event(*lines)))
    else:
        assert lines[0].startswith("DTSTART:9999")


def test_events_without_length_and_an_empty_calendar_take_no_time() -> None:
    assert read(calendar(event("DTSTART:20261207T010000Z"))).busy == ()
    assert read(calendar()).busy == ()


def only_the_clear_error(octets: bytes) -> None:
    try:
        found = read(octets, StepBudget(20_000))
    except UnusableCalendar as error:
        assert str(error).endswith(".")
    else:
        assert all(FIRST <= each.start < each.end <= LAST for each in found.busy)


@given(st.binary(max_size=2000))
def test_any_octets_give_busy_times_or_the_clear_error(octets: bytes) -> None:
    only_the_clear_error(octets)
    only_the_clear_error(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + octets + b"\nEND:VEVENT\nEND:VCALENDAR\n")


NAMES = (
    "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "TRANSP", "UID",
    "DTSTART;VALUE=DATE", "DTSTART;TZID=Asia/Tokyo", "EXDATE;TZID=Own", "FREEBUSY", "PRIORITY",
)  # fmt: skip
VALUES = (
    "20261207T010000Z", "20261207", "20261208T093000", "00010101T000000", "99991231T235959Z", "PT1H", "-P1D",
    "P999999W", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,-1TU;COUNT=9", "FREQ=YEARLY;BYWEEKNO=1;UNTIL=20261231",
    "FREQ=MONTHLY;BYSETPOS=-1;BYDAY=FR;INTERVAL=1000000", "20261207T010000Z/PT1H",
    "20261207/20261208,20261209T000000Z", "", "١",
)  # fmt: skip
LINES = st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=12)).map(":".join)


@settings(max_examples=300)
@given(st.lists(LINES, max_size=8), st.sampled_from(["VEVENT", "VFREEBUSY", "VAVAILABILITY", "AVAILABLE"]))
def test_any_lines_of_the_right_names_do_as_well(lines: list[str], name: str) -> None:
    inner = [f"BEGIN:{name}", *lines, f"END:{name}"]
    if name == "AVAILABLE":
        inner = ["BEGIN:VAVAILABILITY", *inner, "END:VAVAILABILITY"]
    only_the_clear_error(calendar("\n".join(inner).encode("utf-8", "replace").decode() + "\n"))


@given(st.sampled_from(CORPUS), st.data())
def test_a_calendar_with_lines_lost_or_doubled_does_as_well(path: Path, data: st.DataObject) -> None:
    lines = path.read_bytes().split(b"\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    only_the_clear_error(b"\n".join(lines[:at] + lines[at + 1 :]))
    only_the_clear_error(b"\n".join([*lines[: at + 1], *lines[at:]]))
