"""A corpus of calendars as real programs write them, with the expected result of each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.invites import busy
from scheduler.invites.busy import BusyTimes

CORPUS = Path(__file__).parent / "corpus"
FIRST = datetime(2026, 12, 7, 0, tzinfo=UTC)  # 08:00 in Shanghai
LAST = datetime(2026, 12, 9, 10, tzinfo=UTC)


def read(name: str, **options: object) -> BusyTimes:
    octets = (CORPUS / f"{name}.ics").read_bytes().replace(b"\n", b"\r\n")
    return busy.read_busy_times(octets, FIRST, LAST, "Asia/Shanghai", **options)


def times(found: BusyTimes) -> list[str]:
    """Return each busy time in UTC with its title."""
    return [f"{b.start:%d %H:%M}-{b.end:%d %H:%M} {b.title or b.kind}" for b in found.busy]


def test_google_series_moved_left_out_and_declined_events() -> None:
    found = read("google", own_uids={"6f4b1d3e@expo.example"}, own_addresses={"li.wei@example.cn"})
    assert times(found) == [
        "07 01:00-07 01:30 Call with the bank, short",
        "07 06:30-07 07:00 Team (moved)",
    ]
    assert found.counts == {
        "events": 3, "recurring": 1, "all_day": 0, "free": 1, "declined": 1, "cancelled": 1, "own": 1,
    }  # fmt: skip


def test_a_published_meeting_of_ours_does_not_block_itself() -> None:
    assert "07 01:00-07 01:30 Meeting with Firm 1" in times(read("google"))
    assert "Meeting with Firm 1" not in str(read("google", own_uids={"6f4b1d3e@expo.example"}))


def test_outlook_windows_zones_and_zones_of_its_own_and_its_own_way_to_say_free() -> None:
    found = read("outlook")
    assert times(found) == [
        "07 02:00-07 03:00 Call in Budapest's hours",
        "07 03:30-07 04:00 与客户共进午餐",
    ]
    assert found.counts["free"] == 1 and found.notes == ()


def test_apple_floating_times_and_whole_days_are_read_in_the_assumed_zone() -> None:
    found = read("apple")
    assert times(found) == [
        "07 01:30-07 02:30 Early call",
        "07 07:00-07 07:30 Floating: wherever I am",
        "08 16:00-09 10:00 Travel",
    ]
    assert found.notes == ("Dates and times without a time zone were read in Asia/Shanghai.",)


def test_another_assumed_zone_moves_only_what_has_none() -> None:
    octets = (CORPUS / "apple.ics").read_bytes()
    assert times(busy.read_busy_times(octets, FIRST, LAST, "Europe/Budapest")) == [
        "07 01:30-07 02:30 Early call",
        "07 14:00-07 14:30 Floating: wherever I am",
        "08 23:00-09 10:00 Travel",
    ]


def test_thunderbird_zones_go_by_their_name_and_rdate_adds_to_a_count() -> None:
    assert times(read("thunderbird")) == [
        "07 01:00-07 01:30 Wrong definition, right name",
        "07 08:00-07 08:30 Wrong definition, right name",
    ]


def test_nextcloud_availability_is_busy_outside_available_and_the_higher_priority_holds() -> None:
    found = read("nextcloud-availability")
    assert times(found) == ["07 00:00-07 01:30 unavailable", "07 02:00-07 03:00 unavailable",
                            "07 04:00-09 10:00 unavailable"]  # fmt: skip
    assert found.counts["availability"] == 2


def test_free_busy_periods_of_every_type_but_free() -> None:
    assert times(read("exchange-free-busy")) == [
        "07 01:00-07 01:30 free_busy",
        "07 02:00-07 02:30 free_busy",
        "07 06:00-07 07:00 free_busy",
        "07 08:00-07 08:30 free_busy",
    ]


@pytest.mark.parametrize("charset", ["utf-16", "gb18030", "utf-8-sig"])
def test_the_charset_is_found_out(charset: str) -> None:
    text = (CORPUS / "outlook.ics").read_text("utf-8")
    assert "与客户共进午餐" in str(busy.read_busy_times(text.encode(charset), FIRST, LAST, "Asia/Shanghai"))


@pytest.mark.parametrize("name", sorted(path.stem for path in CORPUS.glob("*.ics")))
def test_line_ends_and_text_around_a_calendar_change_nothing(name: str) -> None:
    octets = (CORPUS / f"{name}.ics").read_bytes()
    for other in (octets.replace(b"\n", b"\r"), b"Sent by a list\n\n" + octets + b"\n-- \nfooter: x\n"):
        assert busy.read_busy_times(other, FIRST, LAST, "Asia/Shanghai") == read(name)


def test_several_calendars_in_one_file_are_all_read() -> None:
    octets = b"".join((CORPUS / f"{name}.ics").read_bytes() for name in ("apple", "exchange-free-busy"))
    found = busy.read_busy_times(octets, FIRST, LAST, "Asia/Shanghai")
    assert len(found.busy) == 7 and found.counts["events"] == 3 and found.counts["free_busy"] == 4
