"""Remedies where a single condition is in the way of a request."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from scheduler.domain.entities import PlaceWish
from scheduler.domain.problem import Attendee, Firm
from scheduler.domain.rules.resolved import ResolvedMeeting
from scheduler.solver.explain.conditions import Condition, MeetingParty
from scheduler.solver.explain.fix import Fix, fix_at, only_if_gaining, slot_labels
from scheduler.solver.explain.insertion import MAX_STARTS, find_best_insertion
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.instance.choices import mask_slots, run_starts

MAX_CONDITIONS = 64  # starts, to find out whether there is any
CAPS = ("person-cap", "days-cap", "firm-cap")


def single_condition_fixes(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> Iterator[Fix]:
    """Remedies where a single condition is in the way: one per condition, the commonest condition first."""
    opened: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], tuple[MeetingParty, Condition, int]] = {}
    for party in parties:
        for condition, starts in party.blocked_by_one():
            starts &= occupancy.choices.all_slots
            key = (condition.what, condition.who)
            opened[key] += starts.bit_count()
            if starts and key not in where:
                where[key] = (party, condition, starts)
    for key, _ in opened.most_common():
        if key in where and key[0] in _WAYS:
            yield from _WAYS[key[0]](occupancy, r, *where[key])


FixFinder = Callable[[Occupancy, int, MeetingParty, Condition, int], Iterator[Fix]]


def _plainly(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Fix]:
    """That the condition is given up."""
    held = only_if_gaining(find_best_insertion(occupancy, r, party, starts))
    if held is not None:
        kind, sentence = _SENTENCES[condition.what]
        who = [condition.who] if condition.who else []
        if kind in CAPS:
            who.append(str(_raised(occupancy, condition)))
        yield fix_at(sentence(occupancy, condition, held), kind, held, *who)


def _away(occupancy: Occupancy, condition: Condition, held: ResolvedMeeting) -> str:
    return f"Make {condition.who} available in {slot_labels(occupancy, held)}"


def _cap(occupancy: Occupancy, condition: Condition, _held: ResolvedMeeting) -> str:
    return f"Let {condition.who} have {_raised(occupancy, condition)} meetings a day (max_per_day)"


def _days(occupancy: Occupancy, condition: Condition, _held: ResolvedMeeting) -> str:
    return f"Let {condition.who} have meetings on {_raised(occupancy, condition)} days (max_days)"


def _raised(occupancy: Occupancy, condition: Condition) -> int:
    """One meeting a day, or one day, more than the person or the firm may have."""
    problem = occupancy.problem
    if condition.what == "days-cap":
        return 1 + (problem.most_days[problem.index.attendees[condition.who]] or 0)
    rows: Sequence[Attendee | Firm] = problem.attendees if condition.what == "person-cap" else problem.firms
    return 1 + next(row.max_per_day or 0 for row in rows if row.id == condition.who)


def _row(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Fix]:
    """More meetings in a row, as few as give it a time: it may join two rows."""
    a, length = occupancy.problem.index.attendees[condition.who], occupancy.problem.requests[r].length
    by_count: dict[int, int] = defaultdict(int)
    for start, count in occupancy.rows_with(a, length, starts):
        by_count[count] |= 1 << start
    for count, wanted in sorted(by_count.items()):
        held = only_if_gaining(find_best_insertion(occupancy, r, party, wanted))
        if held is not None:
            text = f"Let {condition.who} have {count} meetings in a row (max_in_row)"
            yield fix_at(text, "row-cap", held, condition.who, str(count))
            return


def _precedence(_occupancy: Occupancy, condition: Condition, _held: ResolvedMeeting) -> str:
    return f"Drop the precedence with request {condition.who}"


def _closed(_occupancy: Occupancy, _condition: Condition, held: ResolvedMeeting) -> str:
    return f"Allow it to start in {held.meeting.slot}"


def _fixed(_occupancy: Occupancy, _condition: Condition, held: ResolvedMeeting) -> str:
    return f"Fix it in {held.meeting.slot}"


_SENTENCES: Mapping[str, tuple[str, Callable[[Occupancy, Condition, ResolvedMeeting], str]]] = {
    # condition: (kind of remedy, sentence)
    "away": ("available", _away),
    "person-cap": ("person-cap", _cap),
    "days-cap": ("days-cap", _days),
    "firm-cap": ("firm-cap", _cap),
    "precedence": ("precedence", _precedence),
    "closed": ("closed", _closed),
    "fixed": ("fixed", _fixed),
}


def _place(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Fix]:
    """Another kind of place that has room, or one more table."""
    request, choices = occupancy.problem.requests[r], occupancy.choices
    length = request.length
    if request.fixed is not None and request.fixed.place is not None:
        return
    other = choices.tables if request.place is PlaceWish.BOOTH else choices.booths[request.receiver]
    if request.place is not PlaceWish.ANY:
        for start in mask_slots(starts & occupancy.room_in(other, length)):
            free = [p for p in other if choices.starts(occupancy.space[p], length) >> start & 1]
            held = only_if_gaining(find_best_insertion(occupancy, r, party, 1 << start, places=free))
            if held is not None:
                kind = "a table" if request.place is PlaceWish.BOOTH else "the booth"
                yield fix_at(f"Accept {kind} too (place: any)", "any-place", held)
                break
    stand_ins = choices.tables if request.place is not PlaceWish.BOOTH else choices.booths[request.receiver]
    held = only_if_gaining(find_best_insertion(occupancy, r, party, starts, places=stand_ins, imagined=True))
    if held is not None:
        what = "booth place" if request.place is PlaceWish.BOOTH else "table"
        hall = occupancy.problem.halls[held.hall]
        text = f"Add one more {what} in hall {hall} in {slot_labels(occupancy, held)}"
        yield fix_at(text, "add-place", held, hall)


def _interpreter(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Fix]:
    """A longer shift of an interpreter who is there, else one more interpreter."""
    held = _in_a_longer_shift(occupancy, r, party, starts)
    if held is not None and held.interpreter is not None:
        who = occupancy.problem.interpreters[held.interpreter].id
        text = f"Let interpreter {who} have a shift in {slot_labels(occupancy, held)}"
        yield fix_at(text, "shift", held, who)
    held = only_if_gaining(
        find_best_insertion(occupancy, r, party, starts, interpreters=(None,), imagined=True)
    )
    if held is not None:
        spoken = [sorted(occupancy.choices.languages(side)) for side in (party.asking, party.asked)]
        one, two = (" or ".join(languages) for languages in spoken)
        text = f"Add an interpreter between {one} and {two} in {slot_labels(occupancy, held)}"
        yield fix_at(text, "add-interpreter", held, *(languages[0] for languages in spoken))


def _in_a_longer_shift(
    occupancy: Occupancy, r: int, party: MeetingParty, starts: int
) -> ResolvedMeeting | None:
    """A meeting with an interpreter who has no shift then and no meeting, and time to walk there and on."""
    length = occupancy.problem.requests[r].length
    for i in party.interpreters or ():
        person = ("interpreter", i)
        idle = run_starts(occupancy.choices.all_slots & ~occupancy.busy[person], length)
        for start in islice(mask_slots(starts & idle), MAX_STARTS):
            ways = find_best_insertion(occupancy, r, party, 1 << start, interpreters=(i,))
            held = only_if_gaining(ways)
            if held is not None and occupancy.can_walk(person, held.start, held.stop, held.hall):
                return held
    return None


def add_interpreter(occupancy: Occupancy, r: int, ways: Iterable[tuple[MeetingParty, int]]) -> list[Fix]:
    """One more interpreter, where all that are free are too far away."""
    condition = Condition("interpreter-busy", 0)
    found = (remedy for way in ways if way[0].interpreters is not None
             for remedy in _interpreter(occupancy, r, way[0], condition, way[1]))  # fmt: skip
    return list(islice(found, 1))


def lacks_interpreter(occupancy: Occupancy, r: int, ways: Iterable[tuple[MeetingParty, int]]) -> bool:
    """Whether only an interpreter who is free and near is missing: one who existed nowhere else would do."""
    return any(
        find_best_insertion(
            occupancy, r, party, starts, interpreters=(None,), imagined=True, most=MAX_CONDITIONS
        )
        for party, starts in ways
        if party.interpreters is not None
    )


_WAYS: Mapping[str, FixFinder] = {
    **dict.fromkeys(_SENTENCES, _plainly),
    "row-cap": _row,
    "place-full": _place,
    "place-kind": _place,
    "interpreter-busy": _interpreter,
    "language": _interpreter,
}
