"""What a meeting would add to the score where it is put, from the nearest busy slots of its people."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import ZERO, bit, first_set, inlined, kernel, last_set, lowest_bit
from scheduler.solver.instance.arrays import (
    AFTER0,
    AFTER1,
    ATTENDEES,
    BEFORE0,
    BEFORE1,
    BREAKS,
    CLASS,
    DROPPED,
    FIRST,
    FLOOR,
    HALL,
    HALL_CHANGE,
    HALLS,
    HOME0,
    HOME1,
    HOME_GROUP,
    HOME_INTERPRETER,
    HOME_OPTION,
    HOME_SLOT,
    IDLE,
    LAST,
    LENGTH,
    MOVED,
    MOVED_OTHERS,
    PEOPLE0,
    PEOPLE1,
    PUBLISHED,
    REASSIGNED,
    RECEIVER,
    RELOCATED,
    REPEATED,
    SENDER,
    SHORTFALL,
    Data,
)
from scheduler.solver.state.state import SLOT, State


@inlined
def earliest_start(d: Data, hall: int, other: int, e: int) -> int:
    """The first slot in which one can be in another hall after a meeting that ends with slot `e`."""
    return d.earliest[hall * d.rule[HALLS] + other, e]


@inlined
def idle_added(d: Data, p: int, t: int, e: int, before: int, after: int) -> int:
    """The change of a person's idle figure by a meeting in [t, e] between busy slots, -1 for none."""
    if d.rule[BREAKS]:
        added = 0
        if before >= 0 and before + 1 < t:
            added += 1
        if after >= 0 and e + 1 < after:
            added += 1
        if before >= 0 and after >= 0:
            added -= 1
        return added
    if before >= 0:
        if after >= 0:
            return t - e - 1
        return d.avail_before[p, t] - d.avail_before[p, before + 1]
    if after >= 0:
        return d.avail_before[p, after] - d.avail_before[p, e + 1]
    return 0


@inlined
def person_gain(d: Data, s: State, p: int, t: int, e: int, hall: int) -> float:
    """The score of idle slots and hall changes that a meeting in [t, e] adds for a person."""
    before = last_set(s.occupied, p, t, d.slot[t, FIRST])
    after = first_set(s.occupied, p, e + 1, d.slot[t, LAST])
    changes = 0
    if before >= 0 and s.hall_at[p, before] != hall:
        changes += 1
    if after >= 0:
        if s.hall_at[p, after] != hall:
            changes += 1
        if before >= 0 and s.hall_at[p, after] != s.hall_at[p, before]:
            changes -= 1
    return -d.factor[IDLE] * idle_added(d, p, t, e, before, after) - d.factor[HALL_CHANGE] * changes


@inlined
def can_walk(d: Data, s: State, p: int, t: int, e: int, hall: int) -> bool:
    """Whether a person gets to a meeting in [t, e] and on to the next one."""
    before = last_set(s.occupied, p, t, d.slot[t, FIRST])
    if before >= 0 and earliest_start(d, s.hall_at[p, before], hall, before) > t:
        return False
    after = first_set(s.occupied, p, e + 1, d.slot[t, LAST])
    return after < 0 or earliest_start(d, hall, s.hall_at[p, after], e) <= after


@inlined
def repeated_gain(d: Data, s: State, r: int) -> float:
    """What it spares its people that a published request, changed now, is held as published."""
    others = 0
    for k in range(d.req[r, HOME0], d.req[r, HOME1]):
        others += s.changed_of[d.home_people[k]] - 1
    return d.factor[REPEATED] * others


@inlined
def published_gain(d: Data, s: State, r: int, t: int, g: int, o: int, i: int) -> float:
    """What a published request, not held, loses by being held there rather than as published; 0 or less."""
    relocated = d.req[r, HOME_GROUP] != g
    reassigned = d.req[r, HOME_OPTION] != o or d.req[r, HOME_INTERPRETER] != i
    cost = 0.0
    if d.req[r, HOME_SLOT] != t:
        cost += d.factor[MOVED]
        if reassigned:
            cost += d.factor[MOVED_OTHERS]
    else:
        if relocated:
            cost += d.factor[RELOCATED]
        if reassigned:
            cost += d.factor[REASSIGNED]
        if not relocated and not reassigned:
            return 0.0
    return -cost - repeated_gain(d, s, r)


@inlined
def base_gain(d: Data, s: State, r: int) -> float:
    """The most that holding a request adds: weight, floors, not being dropped, being held as published."""
    gain = d.gain[r]
    if s.firm_count[d.req[r, SENDER]] < d.firm[d.req[r, SENDER], FLOOR]:
        gain += d.factor[SHORTFALL]
    if s.firm_count[d.req[r, RECEIVER]] < d.firm[d.req[r, RECEIVER], FLOOR]:
        gain += d.factor[SHORTFALL]
    if d.req[r, PUBLISHED]:
        gain += d.factor[DROPPED] + repeated_gain(d, s, r)
    return gain


@kernel
def gain_of(d: Data, s: State, r: int, t: int, g: int, o: int, i: int) -> float:
    """The score that holding request `r`, which is not held, so would add."""
    gain = base_gain(d, s, r)
    e = t + d.req[r, LENGTH] - 1
    hall = d.group[g, HALL]
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        gain += person_gain(d, s, d.option_people[k], t, e, hall)
    if d.req[r, PUBLISHED]:
        gain += published_gain(d, s, r, t, g, o, i)
    return gain


@inlined
def in_order(d: Data, s: State, r: int, t: int, e: int) -> bool:
    """Whether a request held in [t, e] keeps its precedences."""
    for k in range(d.req[r, BEFORE0], d.req[r, BEFORE1]):
        other = d.before[k]
        if s.held[other, SLOT] >= 0 and s.held[other, SLOT] + d.req[other, LENGTH] > t:
            return False
    for k in range(d.req[r, AFTER0], d.req[r, AFTER1]):
        other = d.after[k]
        if s.held[other, SLOT] >= 0 and s.held[other, SLOT] <= e:
            return False
    return True


@inlined
def interpreter_fits(d: Data, s: State, i: int, t: int, e: int, hall: int) -> bool:
    for u in range(t, e + 1):
        if not s.open[i, u >> 6] & bit(u):
            return False
    return can_walk(d, s, i, t, e, hall)


@inlined
def is_able(d: Data, o: int, i: int) -> bool:
    """Whether interpreter `i`, or none (-1), is what the people of option `o` need."""
    need = d.option[o, CLASS]
    if need < 0 or i < 0:
        return need < 0 and i < 0
    number = i - d.rule[ATTENDEES]
    return (d.class_words[need, number >> 6] & bit(number)) != ZERO


@inlined
def find_interpreter(d: Data, s: State, need: int, t: int, e: int, hall: int, start: int) -> int:
    """A free interpreter of a class who gets there in time, or -1; the search begins at word `start`."""
    words = s.interpreters_free.shape[1]
    for step in range(words):
        w = start + step
        if w >= words:
            w -= words
        rest = d.class_words[need, w]
        for u in range(t, e + 1):
            rest &= s.interpreters_free[u, w]
        while rest != ZERO:
            i = d.rule[ATTENDEES] + (w << 6) + lowest_bit(rest)
            if can_walk(d, s, i, t, e, hall):
                return i
            rest &= rest - bit(0)
    return -1


@kernel
def fits(d: Data, s: State, r: int, t: int, g: int, o: int, i: int) -> bool:
    """Whether request `r`, which is not held, can be held so without breaking a hard rule."""
    e = t + d.req[r, LENGTH] - 1
    hall = d.group[g, HALL]
    if not (d.starts[r, t >> 6] & bit(t)):
        return False
    for u in range(t, e + 1):
        if s.room[g, u] <= 0:
            return False
    for side in range(SENDER, RECEIVER + 1):
        if not (s.firm_open[d.req[r, side], t >> 6] & bit(t)):
            return False
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        p = d.option_people[k]
        for u in range(t, e + 1):
            if not (s.open[p, u >> 6] & bit(u)):
                return False
        if not can_walk(d, s, p, t, e, hall):
            return False
    if i >= 0 and not interpreter_fits(d, s, i, t, e, hall):
        return False
    return in_order(d, s, r, t, e)
