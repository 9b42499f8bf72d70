"""Application of a fix as one step: change the event, and lock the unscheduled request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import names
from scheduler.domain.entities import Side
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import SlotRef, slot_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants import journal
from scheduler.services.participants.cancellations import cancel_request
from scheduler.services.participants.journal import StepCard, StepKind, record_step
from scheduler.services.planning.change_review import locking
from scheduler.services.planning.fixes import event_changes, unscheduled_groups
from scheduler.services.planning.fixes.event_changes import NewPerson
from scheduler.services.requests import locks, unscheduled_requests
from scheduler.services.requests.locks import FixNotApplied
from scheduler.services.schedule import unscheduled, versions
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, ExcludedPerson, Firm, MeetingRequest, Slot

NEEDS_PERSON: Final = frozenset({"add-person", "add-interpreter"})
"""Fixes that need a person's name and email address."""


@dataclass(frozen=True, slots=True)
class _FixApplication:
    """A fix that is being applied: the request, the change, and the slot."""

    session: Session
    actor: Actor
    request: MeetingRequest
    ids: tuple[str, ...]
    slot: Slot
    people: Sequence[NewPerson]
    settings: Settings
    now: datetime

    @property
    def slots(self) -> set[int]:
        return set(self.session.scalars(self.slot.following(self.request.length)))


def apply_request_fix(
    session: Session,
    actor: Actor,
    version: int,
    key: str,
    number: int,
    *,
    people: Sequence[NewPerson] = (),
    settings: Settings,
    now: datetime,
) -> SlotRef:
    """Apply fix `number` of an unscheduled request and lock it to the fix's slot. Return the slot.

    The next run keeps the lock, or reports that it cannot. `people` are those whom the fix adds. The step can
    be undone. Raises NotFound, WrongState, FixNotApplied, and InvalidInput by field of a person.
    """
    actor.require(Right.LOCK_REQUESTS)
    actor.require(Right.MANAGE_PARTICIPANTS)
    actor.require(Right.CHANGE_VENUE)
    session.execute(select(Event.id).where(Event.id == actor.event_id).with_for_update(key_share=True))
    way = get_request_fix(session, actor, version, key, number)
    request = locks.find_lockable(session, actor, key)
    slot = session.scalar(select(Slot).where(Slot.of(actor.event_id), Slot.key == str(way.get("slot"))))
    if slot is None:
        raise FixNotApplied(gettext_lazy("This fix has no time that exists in this event."))
    if slot.start <= now:
        raise FixNotApplied(gettext_lazy("That time has passed."))
    if way["kind"] not in APPLIERS:
        raise FixNotApplied(
            gettext_lazy(
                "This fix needs a change that can't be made on these pages. Make it first, then"
                " lock the request."
            )
        )
    press = _FixApplication(session, actor, request, tuple(way["ids"]), slot, people, settings, now)
    subject = _subject(session, request)
    with record_step(session, actor, StepKind.FIX, ImportKind.REQUESTS, subject, note=way["kind"], now=now):
        APPLIERS[way["kind"]](press)
        locking.lock_to_slot(session, actor, request, slot, now=now)
    return slot_ref(slot)


def apply_group_fix(
    session: Session,
    actor: Actor,
    version: int,
    group: int,
    *,
    people: Sequence[NewPerson] = (),
    settings: Settings,
    now: datetime,
) -> None:
    """Apply the best fix of a group of requests as one step. The next run schedules what becomes possible.

    Raises NotFound, FixNotApplied, and InvalidInput by field of a person.
    """
    actor.require(Right.LOCK_REQUESTS)
    actor.require(Right.MANAGE_PARTICIPANTS)
    actor.require(Right.CHANGE_VENUE)
    session.execute(select(Event.id).where(Event.id == actor.event_id).with_for_update(key_share=True))
    fix = unscheduled_groups.get_group_fix(session, actor, version, group)
    kind, ids = fix["kind"], tuple(fix["ids"])
    if kind in unscheduled_groups.ADDING_FIXES and len(people) != 1:
        raise InvalidInput([Fault("people", gettext_lazy("enter one person"))])
    subject = _subject_of(session, actor, ids)
    with record_step(session, actor, StepKind.FIX, ImportKind.REQUESTS, subject, note=kind, now=now):
        match kind:
            case "person-cap" | "firm-cap":
                _raise_cap(session, actor.event_id, kind, ids)
            case "days-cap":
                event_changes.raise_own_limit(session, actor.event_id, "max_days", ids)
            case "row-cap":
                event_changes.raise_own_limit(session, actor.event_id, "max_in_row", ids)
            case "available":
                event_changes.free_people(session, actor.event_id, ids, _slots(session, actor, fix["slots"]))
            case "shift":
                event_changes.open_shifts(session, actor.event_id, ids, _slots(session, actor, fix["slots"]))
            case "add-table":
                event_changes.add_table(session, session.get_one(Event, actor.event_id), ids[0])
            case "add-booth":
                event_changes.widen_booth(session, actor.event_id, ids[0])
            case "add-person":
                event_changes.add_person(session, actor, ids[0], people[0], settings=settings, now=now)
            case "add-interpreter":
                event_changes.add_interpreter(session, actor, ids, people[0], now=now)
            case "any-place":
                for request in locks.find_lockables(session, actor, ids):
                    event_changes.allow_any_place(request)
            case _:
                raise FixNotApplied(gettext_lazy("This needs a change that can't be made on these pages."))


def list_applied_fixes(session: Session, actor: Actor, *, most: int) -> tuple[StepCard, ...]:
    """Return the latest applied fixes that were not undone, newest first."""
    found = (each for each in journal.list_steps(session, actor) if each.kind is StepKind.FIX)
    return tuple(islice((each for each in found if each.undone_at is None), most))


def _slots(session: Session, actor: Actor, keys: Sequence[str]) -> set[int]:
    return set(session.scalars(select(Slot.id).where(Slot.of(actor.event_id), in_chunks(Slot.key, keys))))


def _subject_of(session: Session, actor: Actor, ids: Sequence[str]) -> str:
    """Return the name of the fix's subject, or its key."""
    found = unscheduled_requests.find_things(session, actor.event_id, ids[:1])
    named = [found.get(key, key) for key in ids[:1]]
    return ", ".join(each if isinstance(each, str) else _noted(each, ids[0]) for each in named)


def _noted(thing: Any, key: str) -> str:
    latin = getattr(thing, "latin_name", "")
    return names.record_name(thing.name, latin) if latin else key


def get_request_fix(session: Session, actor: Actor, version: int, key: str, number: int) -> Mapping[str, Any]:
    """Return a fix of a request as stored with the plan: kind, ids, slot. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    found = versions.get_version(session, actor.event_id, version)
    answers = unscheduled.list_answers_about(session, found.id, [key] if is_storable(key) else [])
    ways: Sequence[Mapping[str, Any]] = answers.get(key, {}).get("ways", ())
    if not 0 <= number < len(ways):
        raise NotFound("remedy", number)
    return ways[number]


def _subject(session: Session, request: MeetingRequest) -> str:
    firms = [session.get_one(Firm, firm_id) for firm_id in (request.from_firm_id, request.to_firm_id)]
    return " and ".join(names.record_name(firm.name, firm.latin_name) for firm in firms)


def _nothing(_press: _FixApplication) -> None:
    """Change nothing: the lock is enough."""


def _withdraw(press: _FixApplication) -> None:
    for key in press.ids:
        other = locks.find_lockable(press.session, press.actor, key)
        cancel_request(press.session, press.actor, other, Side.FROM, "", now=press.now)


def _available(press: _FixApplication) -> None:
    event_changes.free_people(press.session, press.actor.event_id, press.ids, press.slots)


def _shift(press: _FixApplication) -> None:
    event_changes.open_shifts(press.session, press.actor.event_id, press.ids, press.slots)


def _take_part(press: _FixApplication) -> None:
    session, request = press.session, press.request
    people = select(Attendee.id).where(Attendee.event_id == press.actor.event_id, Attendee.key.in_(press.ids))
    excluded = select(ExcludedPerson).where(
        ExcludedPerson.request_id == request.id, ExcludedPerson.attendee_id.in_(people)
    )
    for row in session.scalars(excluded):
        session.delete(row)


def _any_place(press: _FixApplication) -> None:
    event_changes.allow_any_place(press.request)


def _person_cap(press: _FixApplication) -> None:
    _raise_cap(press.session, press.actor.event_id, "person-cap", press.ids)


def _firm_cap(press: _FixApplication) -> None:
    _raise_cap(press.session, press.actor.event_id, "firm-cap", press.ids)


def _days_cap(press: _FixApplication) -> None:
    event_changes.raise_own_limit(press.session, press.actor.event_id, "max_days", press.ids)


def _row_cap(press: _FixApplication) -> None:
    event_changes.raise_own_limit(press.session, press.actor.event_id, "max_in_row", press.ids)


def _raise_cap(session: Session, event_id: int, kind: str, ids: Sequence[str]) -> None:
    row: Attendee | Firm | None
    if kind == "person-cap":
        row = session.scalar(select(Attendee).where(Attendee.event_id == event_id, Attendee.key == ids[0]))
    else:
        row = session.scalar(select(Firm).where(Firm.event_id == event_id, Firm.key == ids[0]))
    event_changes.raise_cap(row, ids)


def _place(press: _FixApplication) -> None:
    event_changes.add_place(press.session, press.actor.event_id, press.request, press.ids)


def _person(press: _FixApplication) -> None:
    """Add a person to each firm that the fix names."""
    if len(press.people) != len(press.ids):
        raise InvalidInput(
            [Fault("people", gettext_lazy("enter one person for each exhibitor that adds an attendee"))]
        )
    for at, (like, person) in enumerate(zip(press.ids, press.people, strict=True)):
        event_changes.add_person(
            press.session, press.actor, like, person, at=at, settings=press.settings, now=press.now
        )


def _interpreter(press: _FixApplication) -> None:
    if len(press.people) != 1:
        raise InvalidInput([Fault("people", gettext_lazy("enter one interpreter"))])
    event_changes.add_interpreter(press.session, press.actor, press.ids, press.people[0], now=press.now)


APPLIERS: Final[Mapping[str, Callable[[_FixApplication], None]]] = {
    "again": _nothing,
    "weight": _nothing,
    "closed": _nothing,
    "fixed": _nothing,
    "withdraw": _withdraw,
    "available": _available,
    "take-part": _take_part,
    "any-place": _any_place,
    "shift": _shift,
    "person-cap": _person_cap,
    "firm-cap": _firm_cap,
    "days-cap": _days_cap,
    "row-cap": _row_cap,
    "add-place": _place,
    "add-person": _person,
    "add-interpreter": _interpreter,
}
"""Functions that apply a fix, by kind. A lock adds its time to the allowed ones, whatever the priority."""
