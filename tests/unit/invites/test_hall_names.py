"""A hall counts as changed if its canonical and its localised name both differ."""

from __future__ import annotations

import pytest

from scheduler.invites.ical.content import ATTENDANCE, DETAILS, changed_fields
from tests.unit.invites.builders import content

HALL = {"hall": "Hall 3", "directions": "Hall 3, by the south entrance"}
CHINESE = {"language": "zh", "hall": "3号馆", "own_hall": "Hall 3", "directions": "3号馆，南门"}

HUNGARIAN = {"hall": "3. csarnok", "own_hall": "Hall 3", "directions": "3. csarnok, by the south entrance"}
MOVED = CHINESE | {"hall": "4号馆", "own_hall": "Hall 4", "directions": "4号馆，南门"}


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        (HALL, CHINESE, ()),
        (CHINESE, HALL | {"language": "en"}, ()),
        (HALL, HALL | HUNGARIAN, ()),
        (CHINESE, CHINESE | {"own_hall": "Hall East"}, ()),
        (CHINESE, CHINESE | {"hall": "三号馆", "directions": "三号馆，南门"}, ()),
        (CHINESE, MOVED, ("hall", "directions")),
        (HALL, CHINESE | {"hall": "4号馆", "own_hall": "Hall 4"}, ("hall",)),
        (HALL, HALL | {"hall": "Hall 4"}, ("hall",)),
        (HALL, HALL | {"directions": "Hall 3, by the north entrance"}, ("directions",)),
    ],
)  # fmt: skip
def test_what_is_another_hall(old: dict[str, str], new: dict[str, str], fields: tuple[str, ...]) -> None:
    assert changed_fields(content(**old), content(**new), ATTENDANCE + DETAILS) == fields


def test_what_was_told_before_halls_had_several_names_is_the_venue_s_name() -> None:
    values = content(**HALL).to_json()
    del values["own_hall"]
    assert changed_fields(type(content()).from_json(values), content(**CHINESE), ATTENDANCE + DETAILS) == ()
