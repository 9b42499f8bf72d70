"""`hours` of an attendee: the same problem as one in which all other slots are unavailable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scheduler.files.problem_file import read_problem, write_problem
from tests.support.builders import Json, ask, make_document, person, slot

SLOTS = "4|4 4"
"""Half hours from 09:00 UTC, with an hour's break: s0 to s7 on one day, s8 to s11 on the next."""


def document(unavailable: str = "", **hours: Any) -> Json:
    keys: Json = {"hours": hours} if hours else {}
    people = [person("a1", "a", unavailable=unavailable, **keys)]
    return make_document(slots=SLOTS, attendees=people, requests=[ask("r1", "a", "b")])


@pytest.mark.parametrize(
    ("hours", "unavailable"),
    [
        ({"from": "09:30"}, "s0 s8"),
        ({"from": "09:01"}, "s0 s8"),
        ({"from": "09:00"}, ""),
        ({"to": "10:30"}, "s3 s4 s5 s6 s7 s11"),
        ({"to": "10:59"}, "s3 s4 s5 s6 s7 s11"),
        ({"from": "10:00", "to": "12:30"}, "s0 s1 s5 s6 s7 s8 s9"),
        ({"from": None, "to": "13:30"}, "s7"),
        ({"from": "23:00"}, "s0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11"),
    ],
)
def test_slots_outside_of_the_hours_of_a_person_are_unavailable_each_day(
    hours: dict[str, Any], unavailable: str
) -> None:
    assert read_problem(document(**hours)) == read_problem(document(unavailable))


def test_hours_add_to_what_is_unavailable_and_are_written_so() -> None:
    problem = read_problem(document("s2", to="11:00"))
    assert problem == read_problem(document("s2 s4 s5 s6 s7"))
    (row,) = [each for each in write_problem(problem)["attendees"] if each["id"] == "a1"]
    assert row["unavailable"] == ["s2", "s4", "s5", "s6", "s7"]
    assert "hours" not in row


def test_a_file_without_hours_is_written_as_before() -> None:
    assert write_problem(read_problem(document()))["attendees"] == document()["attendees"]


def test_hours_are_those_of_the_events_clocks_also_where_these_change_and_after_midnight() -> None:
    """Berlin is at UTC+2 until 25 October 2026, 03:00, and UTC+1 after that. The last slot ends at 00:15."""

    def at(day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 10, day, hour, minute, tzinfo=UTC)

    times = [(at(24, 8), at(24, 8, 30)), (at(25, 8), at(25, 8, 30)), (at(25, 22, 45), at(25, 23, 15))]
    slots = [slot(f"s{k}", start, end, f"b{k}") for k, (start, end) in enumerate(times)]

    def away(**hours: str) -> list[str]:
        people = [person("a1", "a", hours=hours)]
        found = read_problem(
            make_document(
                slots=slots, attendees=people, requests=[ask("r1", "a", "b")], timezone="Europe/Berlin"
            )
        )
        return [found.slots[k].id for k in sorted(found.attendees[0].unavailable)]

    assert away(**{"from": "10:00"}) == ["s1"]
    assert away(to="10:00") == ["s0", "s2"]
    assert away(to="23:59") == ["s2"]
