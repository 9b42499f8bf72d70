"""Suggested fixes for an unscheduled request that the viewer's side may see and apply.

The solver tried each on the published plan. Fixes that depend on the other firm's people are hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish, RequestState
from scheduler.domain.errors import WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.availability import unavailable_slots
from scheduler.services.directory.references import FirmRef, PersonRef, firm_ref, person_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.transitions import TOLD
from scheduler.services.schedule import unscheduled
from scheduler.storage.models import Attendee, AttendeeBusy, MeetingRequest, ScheduleVersion, Slot

GONE = gettext_lazy("This was already done, or you aren't allowed to do it.")
"""Message for a fix that is not available (any more)."""


class FixKind(StrEnum):
    """Kinds of fix. The values match the solver's."""

    AVAILABLE = "available"
    """A person of the own firm becomes available then."""
    TAKE_PART = "take-part"
    """A person who declined attends after all."""
    ADD_PERSON = "add-person"
    """The own firm adds a person."""
    CLOSED = "closed"
    """The sender allows another time."""
    ANY_PLACE = "any-place"
    """The sender accepts the other kind of place too."""
    WITHDRAW = "withdraw"
    """The own firm withdraws another meeting."""


@dataclass(frozen=True, slots=True)
class ExhibitorFix:
    """A fix by the viewer's firm that lets the meeting take place at `start` (UTC).

    `number` is its index among the request's fixes. `may_press` is True if the viewer can apply it by a
    button. `people` are of the own firm. `is_me` is True if it concerns the viewer alone. `other` is the key
    of the request to withdraw, with firm `partner`.
    """

    kind: FixKind
    number: int
    start: datetime
    people: tuple[PersonRef, ...] = ()
    is_me: bool = False
    may_press: bool = False
    other: str = ""
    partner: FirmRef | None = None


Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Fixes in the solver's explanations, by request key."""


def list_fixes(session: Session, actor: Actor, rows: Rows) -> dict[str, tuple[ExhibitorFix, ...]]:
    """Return the fixes that the viewer's side may see and apply, by request key.

    Empty for organisers, who see all fixes elsewhere.
    """
    if actor.firm_id is None or not any(rows.values()):
        return {}
    reader = _Reader(session, actor)
    reader.read(rows)
    return {key: tuple(reader.own(key, ways)) for key, ways in rows.items()}


def apply_fix(
    session: Session, actor: Actor, version: ScheduleVersion, request: MeetingRequest, number: int
) -> ExhibitorFix:
    """Apply a fix and return it.

    Raises WrongState if it was applied already, or is not available to this viewer.
    """
    if request.state is not RequestState.ACCEPTED:
        raise WrongState("meeting request", request.key, request.state.value, "helped", TOLD[request.state])
    answers = unscheduled.list_answers_about(session, version.id, [request.key])
    ways = answers.get(request.key, {}).get("ways", ())
    own = list_fixes(session, actor, {request.key: ways}).get(request.key, ())
    way = next((each for each in own if each.number == number and each.may_press), None)
    if way is None:
        raise WrongState("remedy", str(number + 1), "done already, or not for you to do", "followed", GONE)
    slot = session.scalars(select(Slot).where(Slot.of(actor.event_id), Slot.start == way.start)).one()
    if way.kind is FixKind.AVAILABLE:
        _open(session, actor, slot, request.length)
    elif way.kind is FixKind.CLOSED:
        request.slots = [*(request.slots or ()), slot.key]
    elif way.kind is FixKind.ANY_PLACE:
        request.place = PlaceWish.ANY
    session.flush()
    return way


@dataclass(slots=True)
class _Reader:
    """All records that the fixes of some requests refer to, read at once."""

    session: Session
    actor: Actor
    people: dict[str, Attendee] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)
    requests: dict[str, MeetingRequest] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    marked: set[int] = field(default_factory=set)

    def read(self, rows: Rows) -> None:
        session, event_id, me = self.session, self.actor.event_id, self.actor.attendee_id
        named = {name for ways in rows.values() for way in ways for name in way["ids"]}
        self.people = {
            row.key: row
            for row in session.scalars(
                select(Attendee).where(Attendee.firm_id == self.actor.firm_id, Attendee.key.in_(named))
            )
        }
        self.slots = list(session.scalars(select(Slot).where(Slot.of(event_id)).order_by(Slot.position)))
        wanted = MeetingRequest.event_id == event_id, MeetingRequest.key.in_({*named, *rows})
        self.requests = {row.key: row for row in session.scalars(select(MeetingRequest).where(*wanted))}
        if me is not None:
            self.busy = unavailable_slots.list_unavailable_slots(session, event_id, [me]).get(me, set())
            self.marked = set(
                session.scalars(select(AttendeeBusy.slot_id).where(AttendeeBusy.attendee_id == me))
            )

    def own(self, key: str, ways: Iterable[Mapping[str, Any]]) -> Iterable[ExhibitorFix]:
        request = self.requests.get(key)
        for number, way in enumerate(ways):
            position = next((i for i, slot in enumerate(self.slots) if slot.key == way["slot"]), None)
            if request is None or position is None or way["kind"] not in set(FixKind):
                continue
            found = self.way(FixKind(way["kind"]), number, tuple(way["ids"]), request, position)
            if found is not None:
                yield found

    def way(
        self, kind: FixKind, number: int, ids: tuple[str, ...], request: MeetingRequest, position: int
    ) -> ExhibitorFix | None:
        start = self.slots[position].start
        if kind is FixKind.WITHDRAW:
            return self.withdrawal(number, ids, start)
        if kind in (FixKind.CLOSED, FixKind.ANY_PLACE):
            asked = self.actor.firm_id == request.from_firm_id
            done = (
                request.place is PlaceWish.ANY
                if kind is FixKind.ANY_PLACE
                else self.allowed(request, position)
            )
            may_press = self.actor.may(Right.REQUEST_MEETINGS, firm_id=self.actor.firm_id)
            return ExhibitorFix(kind, number, start, may_press=may_press) if asked and not done else None
        if not ids or not set(ids) <= self.people.keys():
            return None  # concerns the other firm, or both
        people = tuple(person_ref(self.people[name]) for name in ids)
        is_me = [self.people[name].id for name in ids] == [self.actor.attendee_id]
        run = {slot.id for slot in self.slots[position : position + request.length]}
        if kind is not FixKind.AVAILABLE or not is_me:
            return ExhibitorFix(kind, number, start, people, is_me)
        taken = run & self.busy
        return ExhibitorFix(kind, number, start, people, is_me, taken <= self.marked) if taken else None

    def allowed(self, request: MeetingRequest, position: int) -> bool:
        return request.slots is None or self.slots[position].key in request.slots

    def withdrawal(self, number: int, ids: Sequence[str], start: datetime) -> ExhibitorFix | None:
        """Return the withdrawal of a meeting of the own firm, else None.

        Other firms' meetings are not shown.
        """
        other = self.requests.get(ids[0]) if len(ids) == 1 else None
        firms = (other.from_firm_id, other.to_firm_id) if other is not None else ()
        if other is None or self.actor.firm_id not in firms or other.state is not RequestState.ACCEPTED:
            return None
        partner = other.to_firm if self.actor.firm_id == other.from_firm_id else other.from_firm
        return ExhibitorFix(FixKind.WITHDRAW, number, start, other=other.key, partner=firm_ref(partner))


def _open(session: Session, actor: Actor, slot: Slot, length: int) -> None:
    """Remove the viewer's own absences from the slots of a meeting."""
    run = session.scalars(slot.following(length)).all()
    session.execute(
        delete(AttendeeBusy).where(
            AttendeeBusy.attendee_id == actor.attendee_id, AttendeeBusy.slot_id.in_(run)
        ),
        execution_options={"synchronize_session": False},
    )
