"""A meeting takes its place by force; what stood there is queued, to be settled elsewhere."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import (
    ZERO,
    Words,
    below,
    bit,
    chance,
    draw,
    first_set,
    inlined,
    kernel,
    last_set,
    lowest_bit,
)
from scheduler.solver.instance.arrays import (
    AFTER0,
    AFTER1,
    ATTENDEES,
    BEFORE0,
    BEFORE1,
    CAP,
    CLASS,
    DAY,
    DROPPED,
    FIRM_CAP,
    FIRM_CAPS,
    FIRST,
    FLOOR,
    GROUP0,
    GROUP1,
    HALL,
    HOME0,
    HOME1,
    LAST,
    LENGTH,
    LOCKED,
    OPTION0,
    OPTION1,
    PEOPLE0,
    PEOPLE1,
    PUBLISHED,
    RECEIVER,
    REPEATED,
    ROOM,
    ROW,
    SEATS,
    SENDER,
    SHORTFALL,
    Data,
)
from scheduler.solver.state.delta import earliest_start, fits, interpreter_fits
from scheduler.solver.state.placement import interpreter_for
from scheduler.solver.state.state import QUEUED, SLOT, VICTIMS, State, at_home
from scheduler.solver.state.steps import hold, release

MOST_VICTIMS = 12
UNBEARABLE = 1e18


@inlined
def may_move(d: Data, r: int) -> bool:
    """Whether a held request may be moved."""
    return d.req[r, LOCKED] == 0


@kernel
def _eject(d: Data, s: State, r: int, stamp: int) -> bool:
    """Put a held request on the list of victims; whether it may be one."""
    n = s.number[VICTIMS]
    for k in range(n):
        if s.victims[k] == r:
            return True
    if s.mark[r] == stamp or n >= MOST_VICTIMS or not may_move(d, r):
        return False
    s.victims[n] = r
    s.number[VICTIMS] = n + 1
    return True


@kernel
def _eject_person(d: Data, s: State, p: int, t: int, e: int, hall: int, stamp: int) -> bool:
    """Make a person free in [t, e], with time to walk before and after."""
    for u in range(t, e + 1):
        if not (d.avail[p, u >> 6] & bit(u)):
            return False
        if s.at[p, u] >= 0 and not _eject(d, s, s.at[p, u], stamp):
            return False
    before = last_set(s.occupied, p, t, d.slot[t, FIRST])
    if (
        before >= 0
        and earliest_start(d, s.hall_at[p, before], hall, before) > t
        and not _eject(d, s, s.at[p, before], stamp)
    ):
        return False
    after = first_set(s.occupied, p, e + 1, d.slot[t, LAST])
    return (
        after < 0
        or earliest_start(d, hall, s.hall_at[p, after], e) <= after
        or _eject(d, s, s.at[p, after], stamp)
    )


@inlined
def worth(d: Data, s: State, r: int) -> float:
    """What the plan loses with a held request, idle time and walking aside."""
    loss = d.gain[r]
    for side in range(SENDER, RECEIVER + 1):
        f = d.req[r, side]
        if s.firm_count[f] <= d.firm[f, FLOOR]:
            loss += d.factor[SHORTFALL]
    if d.req[r, PUBLISHED]:
        loss += d.factor[DROPPED]
        if at_home(d, s, r):
            for k in range(d.req[r, HOME0], d.req[r, HOME1]):
                loss += d.factor[REPEATED] * s.changed_of[d.home_people[k]]
    return loss


@inlined
def _eject_for_cap(d: Data, s: State, p: int, day: int, t: int, stamp: int) -> bool:
    """Bring a person's day, that is full, below its cap."""
    for k in range(s.number[VICTIMS]):
        r = s.victims[k]
        if d.slot[s.held[r, SLOT], DAY] == day:
            for u in range(s.held[r, SLOT], s.held[r, SLOT] + d.req[r, LENGTH]):
                if s.at[p, u] == r:
                    return True
    lightest = -1
    least = UNBEARABLE
    for u in range(d.slot[t, FIRST], d.slot[t, LAST] + 1):
        r = s.at[p, u]
        if r >= 0:
            loss = worth(d, s, r) * (1.0 + chance(s.rng))
            if loss < least and s.mark[r] != stamp and may_move(d, r):
                least = loss
                lightest = r
    return lightest >= 0 and _eject(d, s, lightest, stamp)


@inlined
def _eject_firm(d: Data, s: State, r: int, t: int) -> bool:
    """Whether the firms' caps leave the day open, victims aside."""
    day = d.slot[t, DAY]
    for side in range(SENDER, RECEIVER + 1):
        f = d.req[r, side]
        n = s.firm_day[f, day]
        for k in range(s.number[VICTIMS]):
            v = s.victims[k]
            if (d.req[v, SENDER] == f or d.req[v, RECEIVER] == f) and d.slot[s.held[v, SLOT], DAY] == day:
                n -= 1
        if n >= d.firm[f, FIRM_CAP]:
            return False
    return True


@inlined
def _eject_seat(d: Data, s: State, g: int, u: int, stamp: int) -> bool:
    """Make room in a group of places in one slot."""
    if s.room[g, u] > 0:
        return True
    if d.seats[g, u] == 0:
        return False
    row = d.group[g, ROW] + u * d.group[g, SEATS]
    for k in range(d.seats[g, u]):
        for v in range(s.number[VICTIMS]):
            if s.victims[v] == s.seated[row + k]:
                return True
    return _eject(d, s, s.seated[row + below(s.rng, d.seats[g, u])], stamp)


@inlined
def _eject_order(d: Data, s: State, r: int, t: int, e: int, stamp: int) -> bool:
    """Take away what precedences forbid beside a meeting in [t, e]."""
    for k in range(d.req[r, BEFORE0], d.req[r, BEFORE1]):
        other = d.before[k]
        start = s.held[other, SLOT]
        if start >= 0 and start + d.req[other, LENGTH] > t and not _eject(d, s, other, stamp):
            return False
    for k in range(d.req[r, AFTER0], d.req[r, AFTER1]):
        other = d.after[k]
        start = s.held[other, SLOT]
        if start >= 0 and start <= e and not _eject(d, s, other, stamp):
            return False
    return True


@kernel
def list_victims(d: Data, s: State, r: int, t: int, g: int, o: int, stamp: int) -> bool:
    """List the meetings in the way of request `r` there; whether all of them may be moved."""
    s.number[VICTIMS] = 0
    e = t + d.req[r, LENGTH] - 1
    if not (d.starts[r, t >> 6] & bit(t)) or d.slot[t, ROOM] < d.req[r, LENGTH]:
        return False
    hall = d.group[g, HALL]
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        if not _eject_person(d, s, d.option_people[k], t, e, hall, stamp):
            return False
    for u in range(t, e + 1):
        if not _eject_seat(d, s, g, u, stamp):
            return False
    if not _eject_order(d, s, r, t, e, stamp):
        return False
    day = d.slot[t, DAY]
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        p = d.option_people[k]
        if s.day_count[p, day] >= d.person[p, CAP] and not _eject_for_cap(d, s, p, day, t, stamp):
            return False
    return not d.rule[FIRM_CAPS] or _eject_firm(d, s, r, t)


@kernel
def _free_interpreter(d: Data, s: State, r: int, o: int, t: int, hall: int, stamp: int) -> int:
    """An interpreter for the meeting, taken from another one if need be; -2 if there is none."""
    e = t + d.req[r, LENGTH] - 1
    i = interpreter_for(d, s, r, o, t, e, hall)
    if i != -2:
        return i
    words = s.interpreters_free.shape[1]
    w = below(s.rng, words)
    able = d.class_words[d.option[o, CLASS], w]
    if able == ZERO:
        return -2
    i = d.rule[ATTENDEES] + (w << 6) + random_bit(s.rng, able)
    s.number[VICTIMS] = 0
    if not _eject_person(d, s, i, t, e, hall, stamp):
        return -2
    _release_victims(d, s)
    return i if interpreter_fits(d, s, i, t, e, hall) else -2


@inlined
def random_bit(rng: Words, word: np.uint64) -> int:
    """The position of a random set bit of a word that is not 0."""
    n = 0
    rest = word
    while rest != ZERO:
        rest &= rest - bit(0)
        n += 1
    rest = word
    for _ in range(below(rng, n)):
        rest &= rest - bit(0)
    return lowest_bit(rest)


@inlined
def _release_victims(d: Data, s: State) -> None:
    for k in range(s.number[VICTIMS]):
        release(d, s, s.victims[k])
        s.queue[s.number[QUEUED]] = s.victims[k]
        s.number[QUEUED] += 1


@kernel
def force(d: Data, s: State, r: int, t: int, g: int, o: int, stamp: int) -> bool:
    """Hold request `r`, not held now, there; what was in the way is queued. False: undo what was done."""
    if not list_victims(d, s, r, t, g, o, stamp):
        return False
    _release_victims(d, s)
    i = _free_interpreter(d, s, r, o, t, d.group[g, HALL], stamp)
    if i == -2 or not fits(d, s, r, t, g, o, i):
        return False
    hold(d, s, r, t, g, o, i)
    s.mark[r] = stamp
    return True


@kernel
def random_start(d: Data, s: State, r: int, o: int) -> int:
    """A random start slot in which the people of an option are available, busy or not; -1 if none."""
    words = s.open.shape[1]
    turn = below(s.rng, words)
    for step in range(words):
        w = turn + step
        if w >= words:
            w -= words
        able = d.starts[r, w]
        for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
            able &= d.avail[d.option_people[k], w]
        if able != ZERO:
            return (w << 6) + random_bit(s.rng, able)
    return -1


@inlined
def random_option(d: Data, s: State, r: int) -> int:
    """A random option of a request, or -1."""
    n = d.req[r, OPTION1] - d.req[r, OPTION0]
    return d.req[r, OPTION0] + below(s.rng, n) if n > 0 else -1


@inlined
def random_group(d: Data, s: State, r: int, t: int) -> int:
    """A random group of places of a request, with room in slot `t` if two draws find one; or -1."""
    n = d.req[r, GROUP1] - d.req[r, GROUP0]
    if n == 0:
        return -1
    g = d.group_list[d.req[r, GROUP0] + below(s.rng, n)]
    if s.room[g, t] <= 0:
        g = d.group_list[d.req[r, GROUP0] + below(s.rng, n)]
    return g


@inlined
def lightest_of_day(d: Data, s: State, p: int, t: int) -> float:
    """The least worth of a person's meetings on the day of slot `t`."""
    least = UNBEARABLE
    for u in range(d.slot[t, FIRST], d.slot[t, LAST] + 1):
        if s.at[p, u] >= 0:
            least = min(least, worth(d, s, s.at[p, u]))
    return least


@kernel
def worth_in_way(d: Data, s: State, r: int, t: int, o: int, g: int, stamp: int, most: float) -> float:
    """The worth of what stands where request `r` would be held, about; UNBEARABLE if it has to stay.

    Adds up no further once it is beyond `most`.
    """
    e = t + d.req[r, LENGTH] - 1
    total = 0.0
    last = -1
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        p = d.option_people[k]
        own = -1
        for u in range(t, e + 1):
            v = s.at[p, u]
            if v >= 0:
                own = v
                if v != last:
                    if s.mark[v] == stamp or not may_move(d, v):
                        return UNBEARABLE
                    total += worth(d, s, v)
                    if total >= most:
                        return total
                    last = v
        if own < 0 and s.day_count[p, d.slot[t, DAY]] >= d.person[p, CAP]:
            total += lightest_of_day(d, s, p, t)
    if s.room[g, t] <= 0:
        v = s.seated[d.group[g, ROW] + t * d.group[g, SEATS]]
        if d.seats[g, t] == 0 or s.mark[v] == stamp or not may_move(d, v):
            return UNBEARABLE
        if v != last:
            total += worth(d, s, v)
    return total


@kernel
def force_cheaply(d: Data, s: State, r: int, stamp: int) -> bool:
    """Force request `r` in where, of a random half of its slots, the least worth is in the way."""
    least = UNBEARABLE
    slot, group, option = -1, -1, -1
    for o in range(d.req[r, OPTION0], d.req[r, OPTION1]):
        for w in range(s.open.shape[1]):
            rest = d.starts[r, w] & draw(s.rng)
            for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
                rest &= d.avail[d.option_people[k], w]
            while rest != ZERO:
                t = (w << 6) + lowest_bit(rest)
                rest &= rest - bit(0)
                g = random_group(d, s, r, t)
                if g < 0:
                    return False
                luck = 1.0 + chance(s.rng)
                cost = worth_in_way(d, s, r, t, o, g, stamp, least / luck) * luck
                if cost < least:
                    least = cost
                    slot, group, option = t, g, o
    return slot >= 0 and force(d, s, r, slot, group, option, stamp)
