"""Unscheduled requests of a version for organisers: reason, blockers and suggested fixes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import RequestState
from scheduler.domain.plan import NOT_EXAMINED
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import FirmRef, PersonRef, firm_columns, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import unscheduled, versions
from scheduler.services.text import is_storable
from scheduler.storage.models import Attendee, Firm, Interpreter, MeetingRequest, Slot

GROUPS: Mapping[str, str] = {
    "people-busy": gettext_lazy("Attendees are in other meetings"),
    "displaced-by-weight": gettext_lazy("Requests of higher or equal priority take the times"),
    "no-common-slot": gettext_lazy("No common free time"),
    "no-interpreter": gettext_lazy("No interpreter is free"),
    "no-place": gettext_lazy("No table or booth is free"),
    "no-gain": gettext_lazy("It would cost more idle time and walking than it is worth"),
    "person-cap": gettext_lazy("An attendee has reached the daily limit"),
    "firm-cap": gettext_lazy("An exhibitor has reached the daily limit"),
    "pair-cap": gettext_lazy("Its attendees already meet as often as they may per day"),
    "days-cap": gettext_lazy("An attendee already has meetings on as many days as allowed"),
    "row-cap": gettext_lazy("An attendee would have too many meetings in a row"),
    "walking": gettext_lazy("The walk between halls is too long"),
    "precedence": gettext_lazy("It must take place before or after another meeting"),
    "fixed-clash": gettext_lazy("It can't take place at its fixed time or location"),
    "frozen": gettext_lazy("The remaining times start too soon"),
    "no-people": gettext_lazy("An exhibitor has no attendee for it"),
    "no-colleague": gettext_lazy("No colleague can replace the attendee who declined"),
    "max-moved": gettext_lazy("Published meetings in the way can't be moved"),
    "idle-spread": gettext_lazy("Idle time would be too unequal"),
    "search-ended": gettext_lazy("It fits, but the run didn't get to it"),
    NOT_EXAMINED: gettext_lazy("Reason not found yet"),
    "contradiction": gettext_lazy("Rules contradict each other"),
}
"""Titles by the solver's reason codes."""


@dataclass(frozen=True, slots=True)
class RequestFirms:
    """A request with its two firms."""

    key: str
    sender: FirmRef
    receiver: FirmRef
    priority: int


@dataclass(frozen=True, slots=True)
class InterpreterName:
    """An interpreter with names and languages."""

    key: str
    name: str
    latin_name: str
    languages: Sequence[str]


Thing = PersonRef | FirmRef | InterpreterName | RequestFirms | str
"""A record that a plan refers to, or its key if it was deleted."""


@dataclass(frozen=True, slots=True)
class FixDescription:
    """A fix with names: what to do to schedule the request at `start`. `text` has keys, for unknown kinds.

    `number` is its index among the request's fixes, if it can be applied by a button.
    """

    kind: str
    things: Sequence[Thing]
    start: datetime | None
    text: str
    number: int | None


@dataclass(frozen=True, slots=True)
class UnscheduledDetails:
    """An unscheduled request. `meeting` is None if the request was deleted."""

    key: str
    meeting: RequestFirms | None
    reason: str
    blockers: Sequence[Thing]
    remedies: Sequence[FixDescription]
    locked_to: datetime | None


PRESSED = frozenset(
    {
        "again", "weight", "closed", "fixed", "withdraw", "available", "take-part", "any-place", "shift",
        "person-cap", "firm-cap", "days-cap", "row-cap", "add-place", "add-person", "add-interpreter",
    }
)  # fmt: skip
"""Kinds of fixes that a button applies."""


def describe_answers(
    session: Session, event_id: int, rows: Sequence[Mapping[str, Any]]
) -> list[UnscheduledDetails]:
    """Return stored explanations with names and times. The number of queries is constant."""
    keys = {row["request"] for row in rows}
    for row in rows:
        keys.update(row.get("blockers", ()), *(way["ids"] for way in row.get("ways", ())))
    found = find_things(session, event_id, keys)
    starts = session.execute(select(Slot.key, Slot.start).where(Slot.event_id == event_id))
    slots = {slot: start for slot, start in starts}  # noqa: C416 -- dict(starts) loses the types
    locked = _locked(session, event_id)
    return [_details_of(row, found, slots, locked) for row in rows]


def list_answers(
    session: Session, actor: Actor, number: int, keys: Collection[str]
) -> list[UnscheduledDetails]:
    """Return a version's explanations of some unscheduled requests."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    wanted = [key for key in keys if is_storable(key)]
    return describe_answers(
        session, version.event_id, list(unscheduled.list_answers_about(session, version.id, wanted).values())
    )


def _details_of(
    row: Mapping[str, Any],
    things: Mapping[str, Thing],
    slots: Mapping[str, datetime],
    locked: Mapping[str, datetime],
) -> UnscheduledDetails:
    key = row["request"]
    meeting = things.get(key)
    ways = row.get("ways") or [{"kind": "", "ids": (), "slot": ""} for _ in row["remedies"]]
    return UnscheduledDetails(
        key=key,
        meeting=meeting if isinstance(meeting, RequestFirms) else None,
        reason=row["reason"],
        blockers=[things.get(each, each) for each in row.get("blockers", ())],
        remedies=[
            FixDescription(
                kind=way["kind"],
                things=[things.get(each, each) for each in way["ids"]],
                start=slots.get(way["slot"]),
                text=text,
                number=i if way["kind"] in PRESSED and way["slot"] in slots else None,
            )
            for i, (way, text) in enumerate(zip(ways, row["remedies"], strict=True))
        ],
        locked_to=locked.get(key),
    )


def find_things(session: Session, event_id: int, keys: Collection[str]) -> dict[str, Thing]:
    """Return the event's requests, people, interpreters and firms with these keys."""
    wanted = sorted(keys)
    found: dict[str, Thing] = {}
    firms: Any = select(*firm_columns(Firm)).where(Firm.event_id == event_id, Firm.key.in_(wanted))
    found.update((row[0], FirmRef(*row)) for row in session.execute(firms))
    people: Any = select(*person_columns(Attendee))
    people = people.where(Attendee.event_id == event_id, Attendee.key.in_(wanted))
    found.update((row[0], PersonRef(*row)) for row in session.execute(people))
    interpreters = select(Interpreter.key, Interpreter.name, Interpreter.latin_name, Interpreter.languages)
    interpreters = interpreters.where(Interpreter.event_id == event_id, Interpreter.key.in_(wanted))
    found.update((row[0], InterpreterName(*row)) for row in session.execute(interpreters))
    one, two = aliased(Firm), aliased(Firm)
    requests: Any = (
        select(MeetingRequest.key, *firm_columns(one), *firm_columns(two), MeetingRequest.priority)
        .join(one, one.id == MeetingRequest.from_firm_id)
        .join(two, two.id == MeetingRequest.to_firm_id)
        .where(MeetingRequest.event_id == event_id, MeetingRequest.key.in_(wanted))
    )
    for row in session.execute(requests):
        found[row[0]] = RequestFirms(row[0], FirmRef(*row[1:5]), FirmRef(*row[5:9]), row[9])
    return found


def _locked(session: Session, event_id: int) -> dict[str, datetime]:
    rows = session.execute(
        select(MeetingRequest.key, Slot.start)
        .join(Slot, Slot.id == MeetingRequest.fixed_slot_id)
        .where(
            MeetingRequest.event_id == event_id,
            MeetingRequest.is_locked,
            MeetingRequest.state == RequestState.ACCEPTED,
        )
    )
    return {key: start for key, start in rows}  # noqa: C416 -- dict(rows) loses the types
