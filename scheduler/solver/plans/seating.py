"""Give each meeting its table: published ones keep theirs, long ones before short ones."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from scheduler.domain.plan import Meeting
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.state.columns import held


@dataclass(slots=True)
class Seat:
    """One of the seats of a place. `taken` has a bit for each slot."""

    place: int
    taken: int = 0


def seat_meetings(flat: Flat, table: Int32s) -> tuple[list[Meeting], list[int]]:
    """The meetings of a state's table, and the requests that no table could be found for."""
    by_group: dict[int, list[int]] = defaultdict(list)
    for r in range(table.shape[0]):
        if table[r, held.SLOT] >= 0:
            by_group[int(table[r, held.GROUP])].append(r)
    place_of: dict[int, int] = {}
    for g, requests in by_group.items():
        members = flat.groups.members[g]
        if len(members) == 1:
            place_of.update(dict.fromkeys(requests, members[0]))
        else:
            place_of.update(_seat(flat, table, g, requests))
    failed = [r for requests in by_group.values() for r in requests if r not in place_of]
    return [_meeting(flat, table, r, place_of[r]) for r in sorted(place_of)], failed


def _seat(flat: Flat, table: Int32s, g: int, requests: list[int]) -> dict[int, int]:
    problem = flat.problem
    most = int(flat.groups.seats[g].max(initial=0))
    seats = [Seat(p) for p in flat.groups.members[g] for _ in range(min(problem.places[p].capacity, most))]
    span = {r: ((1 << problem.requests[r].length) - 1) << int(table[r, held.SLOT]) for r in requests}
    placed: dict[int, Seat] = {}
    rest = [r for r in requests if not _seat_as_published(flat, table, r, seats, span[r], placed)]
    rest.sort(key=lambda r: (-problem.requests[r].length, int(table[r, held.SLOT]), r))
    for r in rest:
        seat = next((seat for seat in seats if not seat.taken & span[r]), None)
        if seat is None:
            seat = _make_way(flat, r, seats, span, placed)
        if seat is not None:
            seat.taken |= span[r]
            placed[r] = seat
    return {r: seat.place for r, seat in placed.items()}


def _seat_as_published(
    flat: Flat, table: Int32s, r: int, seats: list[Seat], span: int, placed: dict[int, Seat]
) -> bool:
    """Seat a published meeting that is in its slot and group at its own table."""
    row = flat.published.get(r)
    if row is None or row.slot != table[r, held.SLOT]:
        return False
    for seat in seats:
        if seat.place == row.place and not seat.taken & span:
            seat.taken |= span
            placed[r] = seat
            return True
    return False


def _make_way(
    flat: Flat, r: int, seats: list[Seat], span: dict[int, int], placed: dict[int, Seat]
) -> Seat | None:
    """A seat that becomes free when the meetings on it, none of them frozen, go to other seats."""
    for seat in seats:
        guests = [q for q, at in placed.items() if at is seat and span[q] & span[r]]
        if any(q in flat.published and (flat.published[q].frozen or _is_counted(flat)) for q in guests):
            continue
        moves: list[tuple[int, Seat]] = []
        for q in guests:
            other = next((s for s in seats if s is not seat and not s.taken & span[q]), None)
            if other is None:
                break
            other.taken |= span[q]
            moves.append((q, other))
        if len(moves) == len(guests):
            for q, other in moves:
                seat.taken &= ~span[q]
                placed[q] = other
            return seat
        for q, other in moves:
            other.taken &= ~span[q]
    return None


def _is_counted(flat: Flat) -> bool:
    return flat.problem.policy.max_moved is not None


def _meeting(flat: Flat, table: Int32s, r: int, place: int) -> Meeting:
    problem, options = flat.problem, flat.options
    first, last, _ = options.table[table[r, held.OPTION]]
    interpreter = int(table[r, held.INTERPRETER])
    helper = None if interpreter < 0 else interpreter - len(problem.attendees)
    return problem.meeting(r, table[r, held.SLOT], place, options.people[first:last], helper)
