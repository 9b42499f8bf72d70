"""Slots added to a problem or removed from it, and which slots can still change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from scheduler.domain.errors import ChainmeetError
from scheduler.domain.problem import Fixed, Problem, Request, Slot
from scheduler.i18n import gettext_lazy
from scheduler.services.planning.scenarios.scenario_changes import SlotsChange


class ChangeNotPossible(ChainmeetError):
    """Raised if a change matches nothing in the event."""

    code = "cannot-change"


def make_id(taken: Iterable[str], kind: str) -> str:
    """Return an unused id."""
    known = set(taken)
    return next(name for n in count(1) if (name := f"scenario-{kind}-{n}") not in known)


def list_changeable_slots(problem: Problem) -> frozenset[int]:
    """Return positions of slots that are neither frozen nor used by a frozen meeting."""
    until = problem.frozen_until
    if until is None:
        return frozenset(range(len(problem.slots)))
    index, last = problem.index, -1
    for meeting in problem.published:
        start, request = index.slots.get(meeting.slot), index.requests.get(meeting.request)
        if start is not None and request is not None and problem.slots[start].start < until:
            last = max(last, start + problem.requests[request].length - 1)
    return frozenset(i for i, slot in enumerate(problem.slots) if slot.start >= until and i > last)


def unfix_requests(problem: Problem, is_hit: Callable[[Fixed], bool]) -> Problem:
    """Remove fixed times and places from requests where they are no longer possible."""
    requests = tuple(
        replace(request, fixed=None) if request.fixed is not None and is_hit(request.fixed) else request
        for request in problem.requests
    )
    return replace(problem, requests=requests)


def change_slots(problem: Problem, change: SlotsChange) -> Problem:
    """Open or close the slots between two times of a day. Raises ChangeNotPossible if there are none."""
    zone = ZoneInfo(problem.timezone)
    first, last = (datetime.combine(change.day, moment, tzinfo=zone) for moment in (change.start, change.end))
    if change.step == "close":
        may = list_changeable_slots(problem)
        gone = {i for i in may if first <= problem.slots[i].start < last}
        if not gone:
            raise ChangeNotPossible(
                gettext_lazy(
                    "No meeting time that can still change starts from %(start)s to %(end)s on %(day)s.",
                    **_when(change),
                )
            )
        return _replace_slots(problem, [slot for i, slot in enumerate(problem.slots) if i not in gone])
    new = _between(problem, first, last)
    if not new:
        raise ChangeNotPossible(
            gettext_lazy(
                "There is no room for another meeting time from %(start)s to %(end)s on %(day)s.",
                **_when(change),
            )
        )
    return _replace_slots(problem, [*problem.slots, *new])


def _when(change: SlotsChange) -> dict[str, str]:
    return {
        "start": f"{change.start:%H:%M}",
        "end": f"{change.end:%H:%M}",
        "day": change.day.isoformat(),
    }


def _between(problem: Problem, first: datetime, last: datetime) -> list[Slot]:
    """Return new consecutive slots of the event's usual length in the free gaps."""
    lengths = [slot.end - slot.start for slot in problem.slots]
    length = max(set(lengths), key=lengths.count, default=timedelta(minutes=30))
    taken, new = {slot.id for slot in problem.slots}, list[Slot]()
    start = first
    while start + length <= last:
        end = start + length
        over = [slot.end for slot in problem.slots if slot.start < end and start < slot.end]
        if over:
            start = max(over).astimezone(first.tzinfo)
            continue
        name = make_id(taken, "slot")
        taken.add(name)
        new.append(Slot(name, start, end, name))
        start = end
    return new


def _replace_slots(problem: Problem, slots: Iterable[Slot]) -> Problem:
    """Return the problem with these slots in time order. Absences in remaining slots are kept."""
    rows = _blocks(sorted(slots, key=lambda slot: slot.start), ZoneInfo(problem.timezone))
    position = {slot.id: i for i, slot in enumerate(rows)}
    now = {old: position[slot.id] for old, slot in enumerate(problem.slots) if slot.id in position}

    def moved(old: frozenset[int]) -> frozenset[int]:
        return frozenset(now[i] for i in old if i in now)

    def request(row: Request) -> Request:
        allowed = None if row.slots is None else tuple(now[i] for i in row.slots if i in now)
        fixed = row.fixed
        if fixed is not None:
            fixed = replace(fixed, slot=now[fixed.slot]) if fixed.slot in now else None
        return replace(row, slots=allowed, fixed=fixed)

    return replace(
        problem,
        slots=rows,
        places=tuple(replace(row, unavailable=moved(row.unavailable)) for row in problem.places),
        attendees=tuple(
            replace(row, unavailable=_gone(moved(row.unavailable), row.unavailable, problem, rows))
            for row in problem.attendees
        ),
        interpreters=tuple(
            replace(
                row,
                unavailable=_gone(moved(row.unavailable), row.unavailable, problem, rows),
                stations=tuple((now[slot], place) for slot, place in row.stations if slot in now),
            )
            for row in problem.interpreters
        ),
        requests=tuple(request(row) for row in problem.requests),
    )


def _gone(
    now: frozenset[int], before: frozenset[int], problem: Problem, rows: tuple[Slot, ...]
) -> frozenset[int]:
    """Return the absences after the change: a person absent in all slots is absent in the new ones too."""
    return frozenset(range(len(rows))) if len(before) == len(problem.slots) else now


def _blocks(slots: list[Slot], zone: ZoneInfo) -> tuple[Slot, ...]:
    """Reassign blocks: each is a sequence of slots without a break."""
    rows: list[Slot] = []
    taken = set[str]()
    for slot in slots:
        last = rows[-1] if rows else None
        if last is not None and _follows(last, slot, zone):
            rows.append(replace(slot, block=last.block))
            continue
        block = slot.block if slot.block not in taken else make_id(taken, "block")
        taken.add(block)
        rows.append(replace(slot, block=block))
    return tuple(rows)


def _follows(last: Slot, slot: Slot, zone: ZoneInfo) -> bool:
    """Return True if a slot belongs to the block of the previous one."""
    if last.end != slot.start or last.start.astimezone(zone).date() != slot.start.astimezone(zone).date():
        return False
    is_new = last.block.startswith("scenario-") or slot.block.startswith("scenario-")
    return is_new or last.block == slot.block
