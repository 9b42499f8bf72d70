"""Board side panels: the draft with its steps, and one meeting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind, RequestState, VersionState
from scheduler.domain.errors import NotFound
from scheduler.domain.manual_edits import EditStepKind, EditStepState, LockKind
from scheduler.i18n import display_name, place_label, venue_label
from scheduler.services.board.board_cells import request_label, select_requests
from scheduler.services.directory.references import SlotRef, list_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Account,
    Attendee,
    BlockedSlot,
    EditStep,
    Firm,
    Hall,
    Interpreter,
    ManualDraft,
    MeetingLock,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    RequestPerson,
    ScheduleVersion,
    Slot,
)

MAX_STEPS = 8


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step in a draft's history."""

    number: int
    kind: EditStepKind
    pairs: tuple[str, ...]
    """The firms of the first meetings that it changed."""
    count: int
    """How many meetings it changed."""
    is_undone: bool
    by: str
    at: datetime
    is_own: bool = False
    """True if the reader was the last to do or undo it."""


@dataclass(frozen=True, slots=True)
class DraftCard:
    """The version on the board."""

    number: int
    state: VersionState
    revision: int | None
    """None unless it is a manual draft."""
    base: int | None
    """Number of the version that it was created from."""
    done: int
    undone: int
    steps: tuple[StepLine, ...]
    own_done: int
    """The reader's own steps that can be undone."""
    own_undone: int
    to_undo: StepLine | None
    """The step that the reader's *Undo* reverts."""

    @property
    def is_open(self) -> bool:
        """True if it can be edited manually."""
        return self.revision is not None and self.state is VersionState.DRAFT


@dataclass(frozen=True, slots=True)
class PickedSide:
    """One side of a request: its firm, and its people in the meeting."""

    firm: str
    name: str
    person: str


@dataclass(frozen=True, slots=True)
class PickedRequest:
    """An accepted request with its meeting in the draft, if scheduled."""

    key: str
    sender: str
    receiver: str
    length: int
    slot: SlotRef | None
    place: str
    place_name: str
    hall: str
    hall_name: str
    people: tuple[str, ...]
    names: tuple[str, ...]
    interpreter: str
    lock: LockKind | None
    bans: tuple[SlotRef, ...]
    """Manually forbidden slots."""
    sides: tuple[PickedSide, ...]
    """The requesting firm, and the requested firm."""
    names_people: bool
    """The request names its people: no one else can attend."""
    slots: tuple[SlotRef, ...]
    places: tuple[str, ...]
    """Keys of the tables of a hall, and of the requested firm's booths."""


def get_draft(session: Session, actor: Actor, number: int | None) -> DraftCard | None:
    """Return a version: by default the published one, else the newest draft, else None."""
    actor.require(Right.READ_VERSIONS)
    version = _chosen(session, actor.event_id, number)
    if version is None:
        return None
    draft = session.execute(
        select(ManualDraft.revision, ScheduleVersion.number)
        .join(ScheduleVersion, ScheduleVersion.id == ManualDraft.base_id)
        .where(ManualDraft.version_id == version.id)
    ).first()
    is_own = EditStep.changed_by.is_not_distinct_from(actor.account_id)
    own = func.sum(case((is_own, 1), else_=0))
    counts = session.execute(
        select(EditStep.state, func.count(), own)
        .where(EditStep.version_id == version.id)
        .group_by(EditStep.state)
    )
    by_state = {state: (every, mine) for state, every, mine in counts}
    done, own_done = by_state.get(EditStepState.DONE, (0, 0))
    undone, own_undone = by_state.get(EditStepState.UNDONE, (0, 0))
    return DraftCard(
        number=version.number,
        state=version.state,
        revision=draft[0] if draft else None,
        base=draft[1] if draft else None,
        done=done,
        undone=undone,
        steps=_steps(session, version, actor) if draft else (),
        own_done=own_done,
        own_undone=own_undone,
        to_undo=_to_undo(session, version, actor) if own_done else None,
    )


def get_revision(session: Session, actor: Actor, number: int) -> tuple[VersionState, int | None]:
    """Return the state of a version and its revision, None unless it is a manual draft. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    revision = select(ManualDraft.revision).where(ManualDraft.version_id == version.id)
    return version.state, session.scalar(revision)


def get_step(session: Session, actor: Actor, number: int, step_number: int) -> StepLine | None:
    """Return a step of a manual draft, or None. Raises NotFound for an unknown version."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    return next(iter(_steps(session, version, actor, EditStep.number == step_number)), None)


def _to_undo(session: Session, version: ScheduleVersion, actor: Actor) -> StepLine | None:
    own = EditStep.changed_by.is_not_distinct_from(actor.account_id)
    last = session.scalar(
        select(EditStep.number)
        .where(EditStep.version_id == version.id, EditStep.state == EditStepState.DONE, own)
        .order_by(EditStep.revision.desc())
        .limit(1)
    )
    return next(iter(_steps(session, version, actor, EditStep.number == last)), None)


def list_new_steps(session: Session, actor: Actor, number: int, seen: int) -> tuple[StepLine, ...] | None:
    """Return the steps of a manual draft since revision `seen`, or None if nothing changed.

    A draft that was published or discarded has changed without new steps. Raises NotFound.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    revision = session.scalar(select(ManualDraft.revision).where(ManualDraft.version_id == version.id))
    if revision is None or (revision == seen and version.state is VersionState.DRAFT):
        return None
    return _steps(session, version, actor, EditStep.revision > seen)


def _chosen(session: Session, event_id: int, number: int | None) -> ScheduleVersion | None:
    if number is not None:
        return versions.get_version(session, event_id, number)
    published = versions.find_published_version(session, event_id)
    if published is not None:
        return published
    draft = versions.find_newest_draft(session, event_id)
    return versions.get_version(session, event_id, draft) if draft else None


def _steps(session: Session, version: ScheduleVersion, actor: Actor, *which: Any) -> tuple[StepLine, ...]:
    rows = session.execute(
        select(EditStep, Account.email)
        .outerjoin(Account, Account.id == EditStep.changed_by)
        .where(
            EditStep.version_id == version.id,
            EditStep.state != EditStepState.REPLACED,
            *which,
        )
        .order_by(EditStep.number.desc())
        .limit(MAX_STEPS)
    ).all()
    pairs = _pairs(session, version.event_id, {key for step, _ in rows for key in step.changes})
    return tuple(
        StepLine(
            step.number,
            EditStepKind(step.kind),
            tuple(pairs.get(key, key) for key in list(step.changes)[:2]),
            len(step.changes),
            step.state is EditStepState.UNDONE,
            who or "",
            step.changed_at,
            step.changed_by == actor.account_id,
        )
        for step, who in rows
    )


def _pairs(session: Session, event_id: int, keys: Collection[str]) -> dict[str, str]:
    asked = select_requests().where(MeetingRequest.event_id == event_id, in_chunks(MeetingRequest.key, keys))
    return {found[1]: request_label(found) for found in session.execute(asked)}


def get_picked_request(session: Session, actor: Actor, number: int, key: str, hall: str) -> PickedRequest:
    """Return a request and its meeting in a version, with the places of a hall. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    found = session.execute(
        select_requests()
        .add_columns(MeetingRequest)
        .where(
            MeetingRequest.event_id == actor.event_id,
            MeetingRequest.key == (key if is_storable(key) else ""),
            MeetingRequest.state == RequestState.ACCEPTED,
        )
    ).first()
    if found is None:
        raise NotFound("accepted meeting request", key)
    request: MeetingRequest = found[6]
    held = session.execute(
        select(PlannedMeeting.id, Slot.key, Place, Hall, Interpreter.name, Interpreter.latin_name)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .join(Hall, Hall.id == Place.hall_id)
        .outerjoin(Interpreter, Interpreter.id == PlannedMeeting.interpreter_id)
        .where(PlannedMeeting.version_id == version.id, PlannedMeeting.request_id == request.id)
    ).first()
    people = _people(session, held[0]) if held else []
    slots = list_slots(session, actor.event_id)
    lock = session.scalar(
        select(MeetingLock.kind).where(
            MeetingLock.version_id == version.id, MeetingLock.request_id == request.id
        )
    )
    banned = set(
        session.scalars(
            select(Slot.key)
            .join(BlockedSlot, BlockedSlot.slot_id == Slot.id)
            .where(BlockedSlot.version_id == version.id, BlockedSlot.request_id == request.id)
        )
    )
    return PickedRequest(
        key=request.key,
        sender=display_name(*found[2:4]),
        receiver=display_name(*found[4:6]),
        length=request.length,
        slot=next((slot for slot in slots if held and slot.key == held[1]), None),
        place=held[2].key if held else "",
        place_name=place_label(held[2].name) if held else "",
        hall=held[3].key if held else "",
        hall_name=venue_label(held[3].name, held[3].names) if held else "",
        people=tuple(person for person, _, _ in people),
        names=tuple(name for _, name, _ in people),
        interpreter=display_name(*held[4:6]) if held and held[4] else "",
        lock=lock,
        bans=tuple(slot for slot in slots if slot.key in banned),
        sides=_sides(session, request, people),
        names_people=session.scalar(
            select(RequestPerson.attendee_id).where(RequestPerson.request_id == request.id).limit(1)
        )
        is not None,
        slots=tuple(slots),
        places=_places(session, actor.event_id, request, hall),
    )


def _people(session: Session, meeting_id: int) -> list[tuple[str, str, int]]:
    """Return key, name and firm id of the people in a meeting."""
    rows = session.execute(
        select(Attendee.key, Attendee.name, Attendee.latin_name, Attendee.firm_id)
        .join(PlannedAttendee, PlannedAttendee.attendee_id == Attendee.id)
        .where(PlannedAttendee.meeting_id == meeting_id)
        .order_by(Attendee.key)
    )
    return [(key, display_name(name, latin), firm) for key, name, latin, firm in rows]


def _sides(
    session: Session, request: MeetingRequest, people: Sequence[tuple[str, str, int]]
) -> tuple[PickedSide, ...]:
    ids = (request.from_firm_id, request.to_firm_id)
    rows = session.execute(
        select(Firm.id, Firm.key, Firm.name, Firm.latin_name).where(in_chunks(Firm.id, ids))
    )
    firms = {firm_id: (key, display_name(*names)) for firm_id, key, *names in rows}
    sitting = {firm: key for key, _, firm in people}
    return tuple(PickedSide(*firms[firm], sitting.get(firm, "")) for firm in ids)


def _places(session: Session, event_id: int, request: MeetingRequest, hall: str) -> tuple[str, ...]:
    tables = (Place.kind == PlaceKind.TABLE) & (Hall.key == hall)
    rows = session.scalars(
        select(Place.key)
        .join(Hall, Hall.id == Place.hall_id)
        .where(
            Place.event_id == event_id,
            Place.is_retired.is_(False),
            or_(tables, Place.firm_id == request.to_firm_id),
        )
        .order_by(Place.kind, Place.name, Place.id)
        .limit(300)
    )
    return tuple(rows)
