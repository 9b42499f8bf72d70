"""Whatever people type, third-party parsers find one event with one attendee, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scheduler.invites.ical.calendar import Party, build_calendar
from tests.interop import readers
from tests.unit.invites.builders import ATTENDEE, ORGANIZER, UID
from tests.unit.invites.injection import Typed, anything, message_of, title_of


@pytest.mark.parametrize("reader", readers.NAMES)
def test_nothing_that_is_typed_is_more_than_a_text_to_others(reader: str) -> None:
    readers.require(reader)

    @settings(max_examples=3, deadline=None, phases=[Phase.generate])
    @given(st.lists(anything, min_size=10, max_size=20))
    def holds(values: list[Typed]) -> None:
        minutes = [(0, 1, 15, 1440)[at % 4] for at in range(len(values))]
        found = readers.read(reader, [calendar_of(*each) for each in zip(values, minutes, strict=True)])
        for value, before, calendar in zip(values, minutes, found, strict=True):
            assert calendar.faults == ()
            (event,) = calendar.events
            assert (event.uid, event.attendees) == (UID, (f"mailto:{ATTENDEE.email}",))
            assert [alarm[:2] for alarm in event.alarms] == [("DISPLAY", -60 * before)][: before > 0]
            if reader == "ical.js":  # others lose blanks, or read a typed backslash and n as a break
                assert event.summary == title_of(value)
                assert all(said == title_of(value) for _, _, said in event.alarms)

    holds()


def calendar_of(value: Typed, remind_minutes: int) -> bytes:
    organizer, attendee = (Party(value.name, party.email) for party in (ORGANIZER, ATTENDEE))
    return build_calendar(message_of(value), organizer, attendee, remind_minutes=remind_minutes)
