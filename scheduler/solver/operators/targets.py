"""Which meeting to force where: into a person's gap, beside a meeting in the same hall, or anywhere."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import below, bit, first_set, inlined, kernel, last_set
from scheduler.solver.instance.arrays import (
    FIRM,
    FIRST,
    GROUP0,
    GROUP1,
    HALL,
    LAST,
    LENGTH,
    OPTION0,
    OPTION1,
    PEOPLE0,
    PEOPLE1,
    REQUEST0,
    REQUEST1,
    Data,
)
from scheduler.solver.operators.ejection import (
    force,
    force_cheaply,
    may_move,
    random_group,
    random_option,
    random_start,
)
from scheduler.solver.state.state import GROUP, OPTION, SLOT, UNHELD, State
from scheduler.solver.state.steps import release

LOOKS = 12


@inlined
def random_held(d: Data, s: State) -> int:
    """A random request that is held and may be moved, or -1."""
    for _ in range(LOOKS):
        r = below(s.rng, d.req.shape[0])
        if s.held[r, SLOT] >= 0 and may_move(d, r):
            return r
    return -1


@inlined
def random_member(d: Data, s: State, r: int) -> int:
    """A random attendee of a held request."""
    o = s.held[r, OPTION]
    first = d.option[o, PEOPLE0]
    return d.option_people[first + below(s.rng, d.option[o, PEOPLE1] - first)]


@inlined
def random_meeting(d: Data, s: State, p: int) -> int:
    """A random movable meeting of a person, or -1."""
    slots = d.slot.shape[0]
    u = first_set(s.occupied, p, below(s.rng, slots), slots - 1)
    if u < 0:
        u = first_set(s.occupied, p, 0, slots - 1)
    return s.at[p, u] if u >= 0 and may_move(d, s.at[p, u]) else -1


@inlined
def group_beside(d: Data, s: State, r: int, p: int, t: int) -> int:
    """A group of places for request `r` in the hall of a neighbour of slot `t` in a person's day."""
    first, last = d.req[r, GROUP0], d.req[r, GROUP1]
    if last - first == 1:
        return d.group_list[first]
    before = last_set(s.occupied, p, t, d.slot[t, FIRST])
    after = first_set(s.occupied, p, t + d.req[r, LENGTH], d.slot[t, LAST])
    near = before if after < 0 or (before >= 0 and below(s.rng, 2) == 0) else after
    if near >= 0:
        for k in range(first, last):
            g = d.group_list[k]
            if d.group[g, HALL] == s.hall_at[p, near] and s.room[g, t] > 0:
                return g
    return random_group(d, s, r, t)


@kernel
def move_to(d: Data, s: State, r: int, p: int, t: int, stamp: int) -> bool:
    """Force a held request, with its people, to slot `t`, for the good of person `p`."""
    if t == s.held[r, SLOT]:
        return False
    o = s.held[r, OPTION]
    release(d, s, r)
    g = group_beside(d, s, r, p, t)
    return g >= 0 and force(d, s, r, t, g, o, stamp)


@inlined
def find_gap(d: Data, s: State, p: int, t: int) -> int:
    """An idle slot of a person's day, the one of slot `t`, or -1; a random one of the first few."""
    first = first_set(s.occupied, p, d.slot[t, FIRST], d.slot[t, LAST])
    last = last_set(s.occupied, p, d.slot[t, LAST] + 1, first)
    seen = 0
    found = -1
    for u in range(first + 1, last):
        if s.at[p, u] < 0 and d.avail[p, u >> 6] & bit(u):
            seen += 1
            if seen == 1 or below(s.rng, seen) == 0:
                found = u
    return found


@inlined
def option_with(d: Data, s: State, r: int, p: int) -> int:
    """An option of a request in which a person sits, or -1."""
    n = d.req[r, OPTION1] - d.req[r, OPTION0]
    if n == 0:
        return -1
    turn = below(s.rng, n)
    for step in range(n):
        o = d.req[r, OPTION0] + (turn + step) % n
        for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
            if d.option_people[k] == p:
                return o
    return -1


@kernel
def force_new(d: Data, s: State, p: int, t: int, stamp: int) -> bool:
    """Force a request of a person's firm that is not held into slot `t`."""
    f = d.person[p, FIRM]
    first = d.firm[f, REQUEST0]
    n = d.firm[f, REQUEST1] - first
    for _ in range(LOOKS):
        r = d.firm_requests[first + below(s.rng, n)]
        if s.held[r, SLOT] < 0:
            o = option_with(d, s, r, p)
            if o < 0:
                continue
            g = group_beside(d, s, r, p, t)
            return g >= 0 and force(d, s, r, t, g, o, stamp)
    return False


@kernel
def fill_gap(d: Data, s: State, stamp: int) -> bool:
    """Pull a meeting of a person into an idle slot: from the day's rim, from elsewhere, or a new one."""
    for _ in range(LOOKS):
        r = random_held(d, s)
        if r < 0:
            return False
        p = random_member(d, s, r)
        t = s.held[r, SLOT]
        gap = find_gap(d, s, p, t)
        if gap < 0:
            continue
        kind = below(s.rng, 4)
        if kind == 0:
            r = random_meeting(d, s, p)
        elif kind == 1:
            r = s.at[p, first_set(s.occupied, p, d.slot[t, FIRST], d.slot[t, LAST])]
        elif kind == 2:
            r = s.at[p, last_set(s.occupied, p, d.slot[t, LAST] + 1, d.slot[t, FIRST])]
        else:
            return force_new(d, s, p, gap, stamp)
        return r >= 0 and may_move(d, r) and move_to(d, s, r, p, gap, stamp)
    return False


@kernel
def beside_hall(d: Data, s: State, r: int, p: int, hall: int) -> int:
    """A slot right before or after another meeting of a person in a hall, or -1."""
    slots = d.slot.shape[0]
    turn = below(s.rng, slots)
    for step in range(slots):
        u = turn + step
        if u >= slots:
            u -= slots
        other = s.at[p, u]
        if other < 0 or other == r or s.hall_at[p, u] != hall:
            continue
        goal = s.held[other, SLOT] - d.req[r, LENGTH]
        if below(s.rng, 2) == 0:
            goal = s.held[other, SLOT] + d.req[other, LENGTH]
        if goal >= d.slot[u, FIRST] and goal <= d.slot[u, LAST] and s.at[p, goal] != r:
            return goal
    return -1


@kernel
def join_halls(d: Data, s: State, stamp: int) -> bool:
    """Move a meeting at a hall change next to another one that its person has in its hall."""
    for _ in range(LOOKS):
        r = random_held(d, s)
        if r < 0:
            return False
        p = random_member(d, s, r)
        t = s.held[r, SLOT]
        e = t + d.req[r, LENGTH] - 1
        before = last_set(s.occupied, p, t, d.slot[t, FIRST])
        after = first_set(s.occupied, p, e + 1, d.slot[t, LAST])
        hall = d.group[s.held[r, GROUP], HALL]
        changes = before >= 0 and s.hall_at[p, before] != hall
        changes |= after >= 0 and s.hall_at[p, after] != hall
        if not changes:
            continue
        goal = beside_hall(d, s, r, p, hall)
        return goal >= 0 and move_to(d, s, r, p, goal, stamp)
    return False


@kernel
def force_held(d: Data, s: State, stamp: int) -> bool:
    """Force a random meeting into a random slot."""
    r = random_held(d, s)
    if r < 0:
        return False
    o = random_option(d, s, r)
    t = random_start(d, s, r, o)
    if t < 0 or t == s.held[r, SLOT]:
        return False
    release(d, s, r)
    g = random_group(d, s, r, t)
    return g >= 0 and force(d, s, r, t, g, o, stamp)


@kernel
def force_unheld(d: Data, s: State, stamp: int) -> bool:
    """Force a random request that is not held in where little is in the way."""
    if s.number[UNHELD] == 0:
        return False
    r = s.unheld[below(s.rng, s.number[UNHELD])]
    return force_cheaply(d, s, r, stamp)
