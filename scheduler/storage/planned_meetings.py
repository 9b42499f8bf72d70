"""When and where a planned meeting is: the join that agendas and the calendar health board read it by."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import aliased

from scheduler.storage.models import Hall, Place, PlannedMeeting, Slot

_Last = aliased(Slot)
"""The last slot of a meeting, which ends with it."""

TIME_AND_PLACE = (Slot.start, _Last.end, Place.name, Hall.name)
"""What a query has of `with_time_and_place`: start, end, place, hall."""


def with_time_and_place(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A query of planned meetings, joined with their slots, places and halls."""
    return (
        query.join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(_Last, _Last.id == PlannedMeeting.last_slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .join(Hall, Hall.id == Place.hall_id)
    )
