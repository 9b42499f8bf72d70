"""Snapshot of an event as a problem: accepted requests, people, places and published meetings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from scheduler.domain import problem as domain
from scheduler.domain.entities import RequestState, Side
from scheduler.domain.errors import NotFound
from scheduler.domain.firm_groups import FirmGroup, GroupBy
from scheduler.domain.problem import Policy, Problem
from scheduler.services.availability import unavailable_slots
from scheduler.services.problems import frozen, manual_edits
from scheduler.services.problems.policy import event_policy
from scheduler.services.problems.scope import Scope
from scheduler.services.problems.table_assignments import read_table_assignments
from scheduler.services.replies import counter_proposals
from scheduler.services.schedule import notified_changes
from scheduler.storage.models import (
    Attendee,
    Delegation,
    DelegationFirm,
    Event,
    ExcludedPerson,
    Firm,
    Hall,
    Interpreter,
    InterpreterBusy,
    MeetingRequest,
    Place,
    PlaceClosure,
    RequestPerson,
    Slot,
    WalkingTime,
)
from scheduler.storage.rows import rows_of

_REQUEST = (
    MeetingRequest.id, MeetingRequest.key, MeetingRequest.from_firm_id, MeetingRequest.to_firm_id,
    MeetingRequest.weight.label("weight"), MeetingRequest.length, MeetingRequest.place, MeetingRequest.slots,
    MeetingRequest.fixed_slot_id, MeetingRequest.fixed_place_id, MeetingRequest.is_locked,
)  # fmt: skip
"""Columns of a request that a problem needs. Tens of thousands are read, and ORM objects take 4 KB each."""
Busy = Mapping[int, frozenset[int]]
"""Slot indices by row id."""


def build_problem(
    session: Session,
    event_id: int,
    *,
    now: datetime | None,
    max_moved: int | None = None,
    scope: Scope | None = None,
    as_put_by_hand: bool = True,
    manual_draft: int | None = None,
    is_by_hand: bool = False,
    with_preferences: bool = True,
) -> Problem:
    """Build the event's problem at `now`, with keys as ids and Latin names. Raises NotFound.

    Without `now` nothing is frozen.

    Only accepted requests are included. A published meeting that starts before `frozen_until` is kept, so
    unavailability that contradicts it is ignored. With `max_moved`, the run improves the published plan by at
    most that many changes. Manual edits are fixed, unless `as_put_by_hand` is False: those of the version
    with the number `manual_draft`, by default those that the published version keeps. With `is_by_hand`, for
    manual changes, only meetings that have started are frozen. Without `with_preferences`, requests have the
    allowed slots of their rows and ignore counter-proposals. With `scope`, only that part of the problem is
    built.
    """
    event = session.get(Event, event_id)
    if event is None:
        raise NotFound("event", event_id)
    problem = _Snapshot(session, event, scope or Scope(), is_by_hand, with_preferences).take(now)
    if as_put_by_hand:
        problem = manual_edits.fix_manual_meetings(session, event_id, problem, manual_draft)
    return replace(problem, policy=problem.policy.improving(max_moved)) if max_moved else problem


def _compares_delegations(policy: Policy) -> bool:
    return policy.group_by is GroupBy.LIST and policy.factors.get("group_gap", 0) > 0


@dataclass(slots=True)
class _Snapshot:
    """Reads one event. The dicts map row ids to the problem's indices."""

    session: Session
    event: Event
    scope: Scope
    is_by_hand: bool
    with_preferences: bool
    slots: dict[int, int] = field(default_factory=dict)
    halls: dict[int, int] = field(default_factory=dict)
    firms: dict[int, int] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    attendees: dict[int, int] = field(default_factory=dict)
    partners: dict[int | None, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Indices of the guest firms at a firm's booth, by the host's row id."""

    def take(self, now: datetime | None) -> Problem:
        event, zone = self.event, ZoneInfo(self.event.timezone)
        slots = self.read_slots(zone)
        halls = self.rows(Hall, Hall.position, Hall.id)
        self.halls = _indices(halls)
        firms = self.rows(Firm, Firm.id)
        self.firms = _indices(firms)
        for firm in firms:
            if firm.host_id is not None:
                self.partners[firm.host_id].add(self.firms[firm.id])
        published = frozen.list_published_meetings(self.session, event.id, self.scope)
        frozen_until = None
        if now is not None:
            frozen_until = frozen.frozen_until(event, slots, now, zone, is_by_hand=self.is_by_hand)
        holding = frozen.held_until(self.session, event.id, frozen_until, published, slots)
        policy = event_policy(event.policy)
        return Problem(
            name=event.name,
            timezone=event.timezone,
            slots=slots,
            halls=tuple(hall.key for hall in halls),
            walking=self.read_walking(),
            firms=tuple(_firm(row) for row in firms),
            places=self.read_places(holding),
            attendees=self.read_attendees(holding),
            interpreters=self.read_interpreters(holding),
            requests=self.read_requests(slots, holding),
            published=published,
            frozen_until=frozen_until,
            policy=policy,
            named_groups=self.read_delegations() if _compares_delegations(policy) else (),
        )

    def read_delegations(self) -> tuple[FirmGroup, ...]:
        """Return the delegations with their firms, as groups whose shares are compared."""
        rows = self.session.execute(
            select(Delegation.key, DelegationFirm.firm_id)
            .join(DelegationFirm, DelegationFirm.delegation_id == Delegation.id)
            .where(Delegation.event_id == self.event.id)
            .order_by(Delegation.id, DelegationFirm.firm_id)
        )
        members: dict[str, list[int]] = {}
        for key, firm_id in rows:
            if firm_id in self.firms:  # others are out of the scope
                members.setdefault(key, []).append(self.firms[firm_id])
        return tuple(FirmGroup(key, tuple(firms)) for key, firms in members.items())

    def rows(self, table: Any, *order: Any) -> list[Any]:
        """Return the rows of one of the event's tables that are in the scope."""
        mine = select(table).where(table.event_id == self.event.id, self.scope.of(table)).order_by(*order)
        return list(self.session.scalars(mine))

    def read_slots(self, zone: ZoneInfo) -> tuple[domain.Slot, ...]:
        rows = [row for row in self.rows(Slot, Slot.position) if not row.is_retired]
        self.slots = _indices(rows)
        return tuple(
            domain.Slot(row.key, row.start.astimezone(zone), row.end.astimezone(zone), row.block)
            for row in rows
        )

    def read_walking(self) -> tuple[tuple[float, ...], ...]:
        minutes: list[list[float]] = [[0] * len(self.halls) for _ in self.halls]
        for walk in self.session.scalars(select(WalkingTime).join(Hall, Hall.id == WalkingTime.from_hall_id)
                                         .where(Hall.event_id == self.event.id)):  # fmt: skip
            a, b = self.halls[walk.from_hall_id], self.halls[walk.to_hall_id]
            minutes[a][b] = minutes[b][a] = walk.minutes
        return tuple(tuple(row) for row in minutes)

    def read_places(self, holding: frozen.Holding) -> tuple[domain.Place, ...]:
        """Read the places. Retired booths are left out, unless a frozen meeting is there."""
        rows = [row for row in self.rows(Place, Place.id) if not row.is_retired or row.key in holding.places]
        self.places = _indices(rows)
        closed = self.busy(PlaceClosure, PlaceClosure.place_id)
        return tuple(
            domain.Place(
                id=row.key,
                hall=self.halls[row.hall_id],
                kind=row.kind,
                firm=None if row.firm_id is None else self.firms[row.firm_id],
                partners=frozenset(self.partners.get(row.firm_id, ())),
                capacity=row.capacity,
                unavailable=closed.get(row.id, frozenset()) - holding.places[row.key],
            )
            for row in rows
        )

    def read_attendees(self, holding: frozen.Holding) -> tuple[domain.Attendee, ...]:
        rows = self.rows(Attendee, Attendee.id)
        self.attendees = _indices(rows)
        busy = {
            attendee_id: frozenset(self.slots[slot_id] for slot_id in slot_ids)
            for attendee_id, slot_ids in unavailable_slots.list_unavailable_slots(
                self.session, self.event.id, None if self.scope.is_whole else self.attendees
            ).items()
        }
        away = self.withdrawn_firms()
        changes = notified_changes.count_notified_changes(
            self.session, self.event.id, None if self.scope.is_whole else self.attendees
        )
        return tuple(
            domain.Attendee(
                id=row.key,
                firm=self.firms[row.firm_id],
                languages=frozenset(row.languages),
                unavailable=self.not_there(row, busy, is_away=row.firm_id in away) - holding.people[row.key],
                max_per_day=row.max_per_day,
                max_in_row=row.max_in_row,
                max_days=row.max_days,
                changed_before=changes.get(row.id, 0),
            )
            for row in rows
        )

    def read_interpreters(self, holding: frozen.Holding) -> tuple[domain.Interpreter, ...]:
        busy = self.busy(InterpreterBusy, InterpreterBusy.interpreter_id)
        stations = read_table_assignments(self.session, self.event.id, self.slots, self.places)
        return tuple(
            domain.Interpreter(
                id=row.key,
                languages=frozenset(row.languages),
                unavailable=self.not_there(row, busy) - holding.interpreters[row.key],
                stations=stations.without(row, holding.interpreters[row.key]),
            )
            for row in self.rows(Interpreter, Interpreter.id)
        )

    def not_there(self, row: Attendee | Interpreter, busy: Busy, *, is_away: bool = False) -> frozenset[int]:
        """Return the slots in which a person is unavailable: all if withdrawn, because older plans still
        refer to the person.
        """
        if is_away or row.withdrawn_at is not None:
            return frozenset(self.slots.values())
        return busy.get(row.id, frozenset())

    def withdrawn_firms(self) -> frozenset[int]:
        of_event = select(Firm.id).where(Firm.event_id == self.event.id)
        return frozenset(self.session.scalars(of_event.where(Firm.withdrawn_at.is_not(None))))

    def busy(self, table: Any, owner: Any) -> Busy:
        """Return the unavailable slots by owner id, for owners that have some."""
        found: dict[int, set[int]] = defaultdict(set)
        in_event = select(owner, table.slot_id).join(Slot, Slot.id == table.slot_id)
        mine = in_event.where(Slot.of(self.event.id), self.scope.of(owner))
        for owner_id, slot_id in self.session.execute(mine):
            found[owner_id].add(self.slots[slot_id])
        return {owner_id: frozenset(slots) for owner_id, slots in found.items()}

    def read_requests(
        self, slots: tuple[domain.Slot, ...], holding: frozen.Holding
    ) -> tuple[domain.Request, ...]:
        keys = {slot.id: i for i, slot in enumerate(slots)}
        wishes: Mapping[int, list[str]] = {}
        if self.with_preferences:
            wishes = counter_proposals.list_proposed_slots(self.session, self.event.id, self.scope.requests)
        people = self.named_people()
        excluded = self.excluded_people()
        accepted = select(*_REQUEST).where(self.accepted()).order_by(MeetingRequest.id)
        return tuple(
            domain.Request(
                id=row.key,
                sender=self.firms[row.from_firm_id],
                receiver=self.firms[row.to_firm_id],
                weight=row.weight,
                length=row.length,
                from_attendees=tuple(people[row.id, Side.FROM]),
                to_attendees=tuple(people[row.id, Side.TO]),
                place=row.place,
                slots=_start_slots(row, wishes.get(row.id, ()), holding, keys),
                fixed=self.fixed(row),
                excluded=excluded[row.id] if row.key not in holding.requests else frozenset(),
            )
            for row in rows_of(self.session, accepted)
        )

    def named_people(self) -> Mapping[tuple[int, Side], list[int]]:
        named: dict[tuple[int, Side], list[int]] = defaultdict(list)
        rows = self.session.execute(
            select(RequestPerson.request_id, RequestPerson.side, RequestPerson.attendee_id)
            .join(MeetingRequest, MeetingRequest.id == RequestPerson.request_id)
            .where(self.accepted())
            .order_by(RequestPerson.attendee_id)
        )
        for request_id, side, attendee_id in rows:
            named[request_id, side].append(self.attendees[attendee_id])
        return named

    def excluded_people(self) -> Mapping[int, frozenset[int]]:
        """Return the people who declined a meeting that still takes place, by request."""
        rows = self.session.execute(
            select(ExcludedPerson.request_id, ExcludedPerson.attendee_id)
            .join(MeetingRequest, MeetingRequest.id == ExcludedPerson.request_id)
            .where(self.accepted())
        )
        excluded: dict[int, frozenset[int]] = defaultdict(frozenset)
        for request_id, attendee_id in rows:
            excluded[request_id] |= {self.attendees[attendee_id]}
        return excluded

    def accepted(self) -> ColumnElement[bool]:
        return and_(
            MeetingRequest.event_id == self.event.id,
            MeetingRequest.state == RequestState.ACCEPTED,
            self.scope.of(MeetingRequest),
        )

    def fixed(self, row: Any) -> domain.Fixed | None:
        if row.fixed_slot_id is None or row.fixed_slot_id not in self.slots:
            return None
        place = None if row.fixed_place_id is None else self.places.get(row.fixed_place_id)
        return domain.Fixed(self.slots[row.fixed_slot_id], place, row.is_locked)


def _indices(rows: Iterable[Any]) -> dict[int, int]:
    return {row.id: i for i, row in enumerate(rows)}


def _start_slots(
    row: Any, wished: Iterable[str], holding: frozen.Holding, keys: Mapping[str, int]
) -> tuple[int, ...] | None:
    """Return the allowed start slots, narrowed to those of a counter-proposal. None means any."""
    chosen = [key for key in wished if key in keys and (row.slots is None or key in row.slots)]
    listed = row.slots if not chosen or row.key in holding.requests else chosen
    return None if listed is None else tuple(keys[key] for key in listed if key in keys)


def _firm(row: Firm) -> domain.Firm:
    return domain.Firm(
        id=row.key,
        name=row.latin_name,
        tier=row.tier,
        areas=tuple(row.areas),
        country=row.country,
        max_per_day=row.max_per_day,
        min_meetings=row.min_meetings,
    )
