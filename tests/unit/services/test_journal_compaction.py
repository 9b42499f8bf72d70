"""Compaction of the journal keeps what a restored database needs, and nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.services.operations.restored_copy import RETENTION, compacted
from scheduler.storage.send_journal import Line
from tests.support.factories import NOW

DAY = timedelta(days=1)
OLD = NOW - RETENTION - DAY


def entry(
    message: str, sequence: int, *, uid: str = "u1", sent: datetime = NOW, ends: datetime = NOW
) -> Line:
    """Return a line about a calendar entry of one attendee."""
    return {
        "e": 1,
        "t": sent.isoformat(),
        "m": message,
        "u": uid,
        "a": 7,
        "h": "address",
        "s": sequence,
        "d": sent.isoformat(),
        "z": ends.isoformat(),
    }


def short(message: str) -> Line:
    return {"e": 1, "t": NOW.isoformat(), "m": message}


def test_of_an_entry_the_newest_line_is_kept_and_of_the_others_the_message() -> None:
    lines = [entry("first", 0), entry("second", 1), entry("other", 0, uid="u2")]
    assert compacted(iter(lines), now=NOW) == [lines[1], lines[2], short("first")]
    assert compacted(iter(compacted(iter(lines), now=NOW)), now=NOW) == [lines[1], lines[2], short("first")]


def test_a_line_that_arrives_late_does_not_replace_a_newer_one() -> None:
    late, new = entry("late", 0), entry("new", 2)
    assert compacted(iter([new, late]), now=NOW) == [new, short("late")]


def test_what_ended_long_ago_is_removed_and_what_is_still_to_come_stays() -> None:
    over = entry("over", 0, sent=OLD, ends=OLD)
    ahead = entry("ahead", 0, uid="u2", sent=OLD, ends=NOW + DAY)
    forgotten = {"e": 1, "t": OLD.isoformat(), "m": "sign-in"}
    epoch = {"e": 4, "t": NOW.isoformat()}
    assert compacted(iter([over, ahead, forgotten, short("kept"), epoch]), now=NOW) == [ahead, short("kept")]
