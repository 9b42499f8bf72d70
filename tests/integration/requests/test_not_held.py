"""What a version does not hold: by reason, with what would help most of a reason's requests."""

from __future__ import annotations

from typing import Any

from scheduler.domain.entities import VersionState
from scheduler.services.requests import not_held
from scheduler.services.requests.not_held import NamedMeeting
from scheduler.services.schedule import unscheduled
from scheduler.storage.database import Database
from tests.support.factories import make_event, make_request, make_version


def answer(key: str, reason: str, *ways: tuple[str, list[str], str]) -> dict[str, Any]:
    return {
        "request": key, "reason": reason, "detail": "", "blockers": [], "remedies": ["x"] * len(ways),
        "ways": [{"kind": kind, "ids": ids, "slot": slot} for kind, ids, slot in ways],
    }  # fmt: skip


def test_a_reason_says_what_would_help_most_of_its_requests(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4, slots="4")
        one, two, three, other = (
            make_request(session, expo, *pair) for pair in ((0, 1), (0, 2), (0, 3), (1, 2))
        )
        person, slots = expo.people[0][0], [slot.key for slot in expo.slots]
        version = make_version(session, expo, [], state=VersionState.DRAFT)
        rows = [
            answer(
                one.key,
                "no-common-slot",
                ("available", [person.key], slots[0]),
                ("add-person", ["x"], slots[1]),
            ),
            answer(two.key, "no-common-slot", ("available", [person.key], slots[0])),
            answer(
                three.key, "no-common-slot", ("available", [person.key], slots[2]), ("closed", [], slots[3])
            ),
            answer(other.key, "no-place", ("add-place", ["h"], slots[1])),
        ]
        unscheduled.store(session, version.id, rows)
        found = not_held.helps(session, version)
    assert set(found) == {"no-common-slot"}, "what helps one request alone helps no group"
    help_ = found["no-common-slot"]
    assert (help_.kind, help_.requests) == ("available", 3)
    assert list(help_.starts) == [expo.slots[0].start, expo.slots[2].start]
    assert not isinstance(help_.thing, NamedMeeting | str | None)
    assert help_.thing.key == person.key


def test_a_meeting_in_the_way_of_several_is_named(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, slots="2")
        held, one, two = (make_request(session, expo, *pair) for pair in ((0, 1), (0, 2), (1, 2)))
        version = make_version(session, expo, [], state=VersionState.DRAFT)
        way = ("withdraw", [held.key], expo.slots[0].key)
        unscheduled.store(session, version.id, [answer(each.key, "people-busy", way) for each in (one, two)])
        found = not_held.helps(session, version)["people-busy"]
    assert (found.requests, len(found.starts)) == (2, 1)
    assert isinstance(found.thing, NamedMeeting)
    assert found.thing.key == held.key
