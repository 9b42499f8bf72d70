"""Merging of duplicate firms, people or interpreters. The old record is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Side
from scheduler.domain.errors import Fault, InvalidInput, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.affected_meetings import count_affected
from scheduler.services.participants.cancellations import cancel_request
from scheduler.services.participants.editing import RECORD_TABLES
from scheduler.services.participants.journal import StepKind, record_step
from scheduler.services.participants.withdrawals import list_names, load_rows
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Firm,
    Interpreter,
    InterpreterAssignment,
    InterpreterBusy,
    MeetingRequest,
    Place,
    RequestPerson,
)

_FILLED: Final = {
    Firm: (
        "description",
        "website",
        "offers",
        "needs",
        "products",
        "unwanted",
        "pavilion",
        "hall_id",
        "max_per_day",
    ),
    Attendee: ("title", "phone", "mail_language", "timezone", "max_per_day", "max_in_row", "max_days"),
    Interpreter: (),
}
"""Values that the remaining record takes from the other if it has none."""
_Row = Firm | Attendee | Interpreter
_LISTS: Final = {Firm: ("areas",), Attendee: ("languages",), Interpreter: ("languages",)}


@dataclass(frozen=True, slots=True)
class MergedRecord:
    """One of the two records before a merge.

    `meetings` counts upcoming published ones, `requests` open ones.
    """

    key: str
    name: str
    booths: tuple[str, ...]
    people: tuple[str, ...]
    requests: int
    meetings: int


@dataclass(frozen=True, slots=True)
class MergePreview:
    """Effects of a merge. `old` is withdrawn. `ended` counts duplicate requests that end."""

    old: MergedRecord
    new: MergedRecord
    ended: int

    @property
    def booths_gone(self) -> tuple[str, ...]:
        """Booths that are left without a firm after the merge."""
        return self.old.booths if self.new.booths else ()


def preview_merge(
    session: Session, actor: Actor, kind: ImportKind, key: str, into: str, *, now: datetime
) -> MergePreview:
    """Preview a merge by executing it. The caller must roll back. Raises like `merge_records`."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    table = RECORD_TABLES[kind]
    before = {
        each: _record(session, actor, kind, row, now)
        for each in (key, into)
        if is_storable(each)
        and (row := session.scalar(select(table).where(table.event_id == actor.event_id, table.key == each)))
    }
    ended = merge_records(session, actor, kind, key, into, now=now)
    return MergePreview(before[key], before[into], ended)


def _record(session: Session, actor: Actor, kind: ImportKind, row: _Row, now: datetime) -> MergedRecord:
    touches = count_affected(session, actor, kind, [row.key], now=now)
    booths = select(Place.name).where(Place.firm_id == row.id, ~Place.is_retired).order_by(Place.id)
    people = select(Attendee.name, Attendee.latin_name).where(
        Attendee.firm_id == row.id, Attendee.withdrawn_at.is_(None)
    )
    is_firm = isinstance(row, Firm)
    return MergedRecord(
        row.key,
        list_names([row]),
        tuple(session.scalars(booths)) if is_firm else (),
        tuple(names.record_name(*both) for both in session.execute(people.order_by(Attendee.id)))
        if is_firm
        else (),
        touches.requests,
        touches.meetings,
    )


def merge_records(
    session: Session, actor: Actor, kind: ImportKind, key: str, into: str, *, now: datetime
) -> int:
    """Merge record `key` into record `into`.

    A firm's people move to the other firm. If both have a request with the same third firm, the accepted one
    is kept, otherwise the older one. Return the number of ended requests. Raises NotFound, InvalidInput, and
    WrongState if a record is withdrawn.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    if key == into:
        raise InvalidInput([Fault("into", gettext_lazy("choose a different record"))])
    table = RECORD_TABLES[kind]
    known = select(table.id).where(table.event_id == actor.event_id, table.key == into)
    if not (into and is_storable(into)) or session.scalar(known) is None:
        raise InvalidInput(
            [
                Fault(
                    "into",
                    gettext_lazy(
                        "enter the ID of a record of this event, because the name is unknown or not unique"
                    ),
                )
            ]
        )
    by_key = {row.key: row for row in load_rows(session, actor, kind, [key, into])}
    old, new = by_key[key], by_key[into]
    for row in (old, new):
        if row.withdrawn_at is not None:
            raise WrongState("record", row.key, "withdrawn", "merged")
    if isinstance(old, Attendee) and isinstance(new, Attendee) and old.firm_id != new.firm_id:
        raise InvalidInput(
            [
                Fault(
                    "into",
                    gettext_lazy(
                        "choose a person of the same exhibitor, or change the exhibitor of one of them first"
                    ),
                )
            ]
        )
    ended = 0
    with record_step(
        session, actor, StepKind.MERGE, kind, f"{list_names([old])} → {list_names([new])}", now=now
    ):
        _fill_empty_values(old, new)
        if isinstance(old, Firm) and isinstance(new, Firm):
            ended = _merge_firms(session, actor, old, new, now)
        elif isinstance(old, Attendee) and isinstance(new, Attendee):
            _merge_people(session, old, new)
        else:
            _merge_shifts(session, old.id, new.id)
        old.withdrawn_at, old.merged_into_id = now, new.id
    return ended


def _fill_empty_values(old: Firm | Attendee | Interpreter, new: Firm | Attendee | Interpreter) -> None:
    for name in _FILLED[type(new)]:
        if getattr(new, name) in (None, "", []):
            setattr(new, name, getattr(old, name))
    for name in _LISTS[type(new)]:
        both = list(dict.fromkeys([*getattr(new, name), *getattr(old, name)]))
        if both != getattr(new, name):
            setattr(new, name, both)
    if isinstance(old, Attendee) and isinstance(new, Attendee):
        new.is_exhibitor = new.is_exhibitor or old.is_exhibitor


def _merge_firms(session: Session, actor: Actor, old: Firm, new: Firm, now: datetime) -> int:
    ended = _move_requests(session, actor, old.id, new.id, now)
    for person in session.scalars(select(Attendee).where(Attendee.firm_id == old.id)):
        person.firm_id, person.quiet_until = new.id, now
    session.flush()
    stands = session.scalars(
        select(Place).where(in_chunks(Place.firm_id, [old.id, new.id]), ~Place.is_retired).order_by(Place.id)
    ).all()
    has_booth = any(place.firm_id == new.id for place in stands)
    for place in stands:
        if place.firm_id == old.id and has_booth:
            place.is_retired = True
        elif place.firm_id == old.id:
            place.firm_id = new.id
    session.flush()
    return ended


def _move_requests(session: Session, actor: Actor, old: int, new: int, now: datetime) -> int:
    """Move requests from the old firm to the new one.

    Return the number of requests that ended as duplicates.
    """
    firms = [old, new]
    rows = session.scalars(
        select(MeetingRequest)
        .where(
            or_(in_chunks(MeetingRequest.from_firm_id, firms), in_chunks(MeetingRequest.to_firm_id, firms))
        )
        .order_by(MeetingRequest.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    ended = 0
    best: dict[int, MeetingRequest] = {}
    for request in rows:
        if request.state not in OPEN_REQUESTS:
            continue
        partners = {request.from_firm_id, request.to_firm_id} - set(firms)
        rival = best.get(min(partners, default=0))
        if not partners:
            loser = request
        elif rival is None:
            best[min(partners)] = request
            continue
        else:
            agreed = request.state is RequestState.ACCEPTED and rival.state is not RequestState.ACCEPTED
            best[min(partners)], loser = (request, rival) if agreed else (rival, request)
        side = Side.FROM if loser.from_firm_id in firms else Side.TO
        # The partner keeps the other request, so no one is notified.
        cancel_request(session, actor, loser, side, "", quiet=True, now=now)
        ended += 1
    session.flush()
    for request in rows:
        if old in (request.from_firm_id, request.to_firm_id):
            _readdress(request, old, new)
    session.flush()
    return ended


def _readdress(request: MeetingRequest, old: int, new: int) -> None:
    """Replace one firm by the other, unless the request is between the two."""
    pair = [new if firm == old else firm for firm in (request.from_firm_id, request.to_firm_id)]
    if pair[0] == pair[1]:
        return
    request.from_firm_id, request.to_firm_id = pair
    request.lower_firm_id, request.upper_firm_id = min(pair), max(pair)


def _merge_people(session: Session, old: Attendee, new: Attendee) -> None:
    named = session.scalars(select(RequestPerson).where(RequestPerson.attendee_id == old.id)).all()
    known = set(session.scalars(select(RequestPerson.request_id).where(RequestPerson.attendee_id == new.id)))
    for seat in named:
        session.delete(seat)
        if seat.request_id not in known:
            session.add(RequestPerson(request_id=seat.request_id, attendee_id=new.id, side=seat.side))
    session.flush()
    marked = set(session.scalars(select(AttendeeBusy.slot_id).where(AttendeeBusy.attendee_id == new.id)))
    theirs = session.scalars(select(AttendeeBusy.slot_id).where(AttendeeBusy.attendee_id == old.id))
    session.add_all(AttendeeBusy(attendee_id=new.id, slot_id=slot) for slot in _other(theirs, marked))
    session.flush()


def _merge_shifts(session: Session, old_id: int, new_id: int) -> None:
    marked = set(
        session.scalars(select(InterpreterBusy.slot_id).where(InterpreterBusy.interpreter_id == new_id))
    )
    theirs = session.scalars(select(InterpreterBusy.slot_id).where(InterpreterBusy.interpreter_id == old_id))
    session.add_all(InterpreterBusy(interpreter_id=new_id, slot_id=slot) for slot in _other(theirs, marked))
    seated = {
        whose: session.scalars(
            select(InterpreterAssignment).where(InterpreterAssignment.interpreter_id == whose)
        ).all()
        for whose in (old_id, new_id)
    }
    known = {row.slot_id for row in seated[new_id]}
    session.add_all(
        InterpreterAssignment(interpreter_id=new_id, slot_id=row.slot_id, place_id=row.place_id)
        for row in seated[old_id]
        if row.slot_id not in known
    )
    session.flush()


def _other(slots: Iterable[int], known: set[int]) -> list[int]:
    return sorted(set(slots) - known)
