"""Time and place of planned meetings: the join used by agendas and the calendar status board."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import aliased

from scheduler.storage.models import Hall, Place, PlannedMeeting, Slot

_Last = aliased(Slot)
"""The last slot of a meeting, which gives its end."""

TIME_AND_PLACE = (Slot.start, _Last.end, Place.name, Hall.name)
"""Columns for a query with `with_time_and_place`: start, end, place, hall."""


def with_time_and_place(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join a query of planned meetings with their slots, places and halls."""
    return (
        query.join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(_Last, _Last.id == PlannedMeeting.last_slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .join(Hall, Hall.id == Place.hall_id)
    )
