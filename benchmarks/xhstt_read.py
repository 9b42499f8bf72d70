"""Reader of XHSTT instances (XML), and their costs: lessons without a time, and clashes of resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from benchmarks import uniform
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.files.problem_file import read_problem

KNOWN = {"AssignTimeConstraint", "AvoidClashesConstraint"}
SCHOOL = "school"
PLACE = "Room"

Times = dict[str, list[str]]
"""By event: a time of each of its lessons."""


@dataclass(frozen=True, slots=True)
class Event:
    """A course's lessons: `duration` of them, each with the same people in the same room."""

    id: str
    duration: int
    people: tuple[str, ...]
    room: str


@dataclass(frozen=True, slots=True)
class School:
    """An instance. `unknown` names what a problem file cannot express; `solutions` are those of the file."""

    name: str
    times: tuple[str, ...]
    events: tuple[Event, ...]
    unknown: tuple[str, ...]
    solutions: tuple[Times, ...]

    @property
    def lessons(self) -> int:
        return sum(event.duration for event in self.events)


def read_school(text: str) -> School:
    """Read the first instance of an XHSTT archive, with its solutions."""
    root = ElementTree.fromstring(text)
    instance = root.find("./Instances/Instance")
    if instance is None:
        raise ValueError("an XHSTT archive without an instance")
    events = [_event(node) for node in instance.findall("./Events/Event")]
    kinds = {node.tag for node in instance.findall("./Constraints/*")}
    free = {"Event without its class, teacher and room" for event in events if event is None}
    unknown = tuple(sorted((kinds - KNOWN) | free))
    durations = {event.id: event.duration for event in events if event is not None}
    return School(
        name=instance.findtext("./MetaData/Name", ""),
        times=tuple(node.get("Id", "") for node in instance.findall("./Times/Time")),
        events=tuple(event for event in events if event is not None),
        unknown=unknown,
        solutions=tuple(
            _solution(node, durations)
            for node in root.findall("./SolutionGroups/SolutionGroup/Solution")
            if not unknown and node.get("Reference") == instance.get("Id")
        ),
    )


def _event(node: ElementTree.Element) -> Event | None:
    """Return an event whose resources are all given, one of them a room, else None."""
    found = [(each.findtext("Role"), each.get("Reference")) for each in node.findall("./Resources/Resource")]
    rooms = [name for role, name in found if role == PLACE and name]
    people = tuple(name for role, name in found if role != PLACE and name)
    if len(rooms) != 1 or not people or len(rooms) + len(people) != len(found):
        return None
    return Event(node.get("Id", ""), int(node.findtext("Duration", "1")), people, rooms[0])


def _solution(node: ElementTree.Element, durations: Mapping[str, int]) -> Times:
    """Return the times of a solution. A sub-event without a duration is the whole event."""
    found: Times = {}
    for each in node.findall("./Events/Event"):
        event, time = each.get("Reference", ""), each.find("Time")
        length = int(each.findtext("Duration") or durations.get(event, 1))
        if length != 1:
            raise ValueError(f"{event}: a lesson of {length} times")
        if time is not None:
            found.setdefault(event, []).append(time.get("Reference", ""))
    return found


def as_problem(school: School, *, compulsory: bool) -> Problem:
    """Return the problem: each lesson is a request of its class and teacher for the booth of its room.

    Class and teacher are two people of one firm, named together. Lessons have no gaps or halls to avoid.
    """
    rooms = sorted({event.room for event in school.events})
    people = sorted({name for event in school.events for name in event.people})
    return read_problem(
        uniform.document(
            school.name,
            slots=uniform.slots(school.times),
            halls=["hall"],
            places=[{"id": f"in {room}", "hall": "hall", "kind": "booth", "firm": room} for room in rooms],
            firms=[uniform.firm(name) for name in (SCHOOL, *rooms)],
            attendees=[
                *uniform.attendees(SCHOOL, people),
                *(person for room in rooms for person in uniform.attendees(room, [room])),
            ],
            requests=[
                {
                    "id": f"{event.id} {k}",
                    "from": SCHOOL,
                    "to": event.room,
                    "weight": 1,
                    "place": "booth",
                    "from_attendees": list(event.people),
                }
                for event in school.events
                for k in range(event.duration)
            ],
            policy={"require_all": compulsory, "factors": {"idle": 0, "hall_change": 0}},
        )
    )


def lessons_of(meetings: Iterable[Meeting]) -> Times:
    """Return the times of a plan's lessons."""
    found: Times = {}
    for meeting in meetings:
        found.setdefault(meeting.request.rpartition(" ")[0], []).append(meeting.slot)
    return found


def cost(school: School, times: Mapping[str, list[str]]) -> tuple[int, int]:
    """Return XHSTT's two costs: lessons without a time, and clashes.

    A resource that has n lessons at a time has n - 1 clashes there. Raises ValueError for lessons or times
    that the instance does not have.
    """
    events = {event.id: event for event in school.events}
    taken: Counter[tuple[str, str]] = Counter()
    for name, lessons in times.items():
        event = events[name]
        if len(lessons) > event.duration or not set(lessons) <= set(school.times):
            raise ValueError(f"{name}: not the lessons of the instance")
        taken.update((who, time) for time in lessons for who in (*event.people, event.room))
    assigned = sum(map(len, times.values()))
    return school.lessons - assigned, sum(count - 1 for count in taken.values())
