"""Where to put a request that is not held: every free place is weighed, one drawn by Boltzmann's odds."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import (
    ZERO,
    below,
    bit,
    first_set,
    inlined,
    kernel,
    last_set,
    lowest_bit,
)
from scheduler.solver.instance.arrays import (
    AFTER0,
    AFTER1,
    BEFORE0,
    BEFORE1,
    CLASS,
    FIRST,
    GROUP0,
    GROUP1,
    HALL,
    HALL_CHANGE,
    HOME_INTERPRETER,
    HOME_SLOT,
    IDLE,
    LAST,
    LENGTH,
    MOVED_OTHERS,
    NONE,
    OPTION0,
    OPTION1,
    PEOPLE0,
    PEOPLE1,
    PUBLISHED,
    RECEIVER,
    ROOM,
    SENDER,
    Data,
)
from scheduler.solver.state.delta import (
    base_gain,
    earliest_start,
    find_interpreter,
    idle_added,
    in_order,
    interpreter_fits,
    is_able,
    published_gain,
)
from scheduler.solver.state.state import (
    CHOSEN_GROUP,
    CHOSEN_INTERPRETER,
    CHOSEN_OPTION,
    CHOSEN_SLOT,
    State,
)

IMPOSSIBLE = -1e18
LATE = -1000
MOST_NOISE = 9.1  # above the largest of Data.noise


@inlined
def free_starts(d: Data, s: State, r: int, o: int, w: int) -> np.uint64:
    """The start slots in word `w` that the request, the firms and the people of the option leave open."""
    rest: np.uint64 = d.starts[r, w]
    rest &= s.firm_open[d.req[r, SENDER], w] & s.firm_open[d.req[r, RECEIVER], w]
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        rest &= s.open[d.option_people[k], w]
    return rest


@inlined
def stays_free(d: Data, s: State, o: int, t: int, e: int) -> bool:
    """Whether the people of an option, free in slot `t`, stay so until slot `e`."""
    for u in range(t + 1, e + 1):
        for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
            if not (s.open[d.option_people[k], u >> 6] & bit(u)):
                return False
    return True


@inlined
def has_room(s: State, g: int, t: int, e: int) -> bool:
    is_open = True
    for u in range(t, e + 1):
        is_open = is_open and (s.group_open[g, u >> 6] & bit(u)) != ZERO
    return is_open


@inlined
def look_around(d: Data, s: State, o: int, t: int, e: int) -> int:
    """The idle slots that a meeting in [t, e] adds for the people of an option.

    Leaves each one's nearest meetings in `near`: their slots, and their halls or -1.
    """
    added = 0
    first = d.option[o, PEOPLE0]
    for row in range(d.option[o, PEOPLE1] - first):
        p = d.option_people[first + row]
        before = last_set(s.occupied, p, t, d.slot[t, FIRST])
        after = first_set(s.occupied, p, e + 1, d.slot[t, LAST])
        added += idle_added(d, p, t, e, before, after)
        s.near[row, 0] = before
        s.near[row, 1] = s.hall_at[p, before] if before >= 0 else -1
        s.near[row, 2] = after
        s.near[row, 3] = s.hall_at[p, after] if after >= 0 else -1
    return added


@inlined
def halls_added(d: Data, s: State, people: int, t: int, e: int, hall: int) -> int:
    """The hall changes that a meeting in a hall adds for those in `near`; LATE if one cannot walk so fast."""
    changes = 0
    for row in range(people):
        there, next_hall = s.near[row, 1], s.near[row, 3]
        if there >= 0 and there != hall:
            if earliest_start(d, there, hall, s.near[row, 0]) > t:
                return LATE
            changes += 1
        if next_hall >= 0:
            if next_hall != hall:
                if earliest_start(d, hall, next_hall, e) > s.near[row, 2]:
                    return LATE
                changes += 1
            if there >= 0 and there != next_hall:
                changes -= 1
    return changes


@kernel
def interpreter_for(d: Data, s: State, r: int, o: int, t: int, e: int, hall: int) -> int:
    """The interpreter of a meeting: -1 if it needs none, -2 if it needs one and none is free."""
    need = d.option[o, CLASS]
    if need < 0:
        return NONE
    home = d.req[r, HOME_INTERPRETER]
    if (
        home >= 0
        and (d.req[r, HOME_SLOT] == t or d.factor[MOVED_OTHERS] > 0.0)
        and is_able(d, o, home)
        and interpreter_fits(d, s, home, t, e, hall)
    ):
        return home
    found = find_interpreter(d, s, need, t, e, hall, below(s.rng, s.interpreters_free.shape[1]))
    return found if found >= 0 else -2


@kernel
def choose(d: Data, s: State, r: int, heat: float) -> float:
    """The gain of the place drawn for request `r`, left in the state's CHOSEN entries; IMPOSSIBLE if none.

    With `heat` 0 it is the best place; else each place is drawn with odds exp(gain / heat).
    """
    base = base_gain(d, s, r)
    best = IMPOSSIBLE
    found = IMPOSSIBLE
    length = d.req[r, LENGTH]
    ordered = d.req[r, BEFORE0] < d.req[r, BEFORE1] or d.req[r, AFTER0] < d.req[r, AFTER1]
    turn = below(s.rng, 4096)
    for o in range(d.req[r, OPTION0], d.req[r, OPTION1]):
        people = d.option[o, PEOPLE1] - d.option[o, PEOPLE0]
        for w in range(s.open.shape[1]):
            rest = free_starts(d, s, r, o, w)
            while rest != ZERO:
                t = (w << 6) + lowest_bit(rest)
                rest &= rest - bit(0)
                e = t + length - 1
                if length > 1 and (d.slot[t, ROOM] < length or not stays_free(d, s, o, t, e)):
                    continue
                if ordered and not in_order(d, s, r, t, e):
                    continue
                idle = base - d.factor[IDLE] * look_around(d, s, o, t, e)
                if idle + heat * MOST_NOISE <= best:
                    continue
                for k in range(d.req[r, GROUP0], d.req[r, GROUP1]):
                    g = d.group_list[k]
                    if not has_room(s, g, t, e):
                        continue
                    hall = d.group[g, HALL]
                    changes = halls_added(d, s, people, t, e, hall)
                    if changes == LATE:
                        continue
                    gain = idle - d.factor[HALL_CHANGE] * changes
                    turn = (turn + 1) & 4095
                    value = gain + heat * d.noise[turn]
                    if value <= best:
                        continue
                    i = interpreter_for(d, s, r, o, t, e, hall)
                    if i == -2:
                        continue
                    if d.req[r, PUBLISHED]:
                        extra = published_gain(d, s, r, t, g, o, i)
                        gain += extra
                        value += extra
                        if value <= best:
                            continue
                    best = value
                    found = gain
                    s.number[CHOSEN_SLOT] = t
                    s.number[CHOSEN_GROUP] = g
                    s.number[CHOSEN_OPTION] = o
                    s.number[CHOSEN_INTERPRETER] = i
    return found
