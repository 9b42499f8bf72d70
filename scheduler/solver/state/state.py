"""The state of a search: who is where, in bit words and tables; meetings are linked and unlinked."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from scheduler.solver.compiled.kernels import (
    FloatRow,
    IntRow,
    IntTable,
    LongRow,
    ShortTable,
    WordRow,
    WordTable,
    bit,
    entry,
    inlined,
    kernel,
    make_ready,
)
from scheduler.solver.compiled.records import Pack
from scheduler.solver.instance.arrays import (
    ATTENDEES,
    CAP,
    COUNTED,
    DAY,
    DROPPED,
    FIRM_CAP,
    FIRM_CAPS,
    FLOOR,
    HALL,
    HOME0,
    HOME1,
    HOME_GROUP,
    HOME_INTERPRETER,
    HOME_OPTION,
    HOME_SLOT,
    LENGTH,
    PEOPLE0,
    PEOPLE1,
    PUBLISHED,
    RECEIVER,
    REPEATED,
    ROW,
    SEATS,
    SENDER,
    SHORTFALL,
    Data,
)

# columns of State.held and of State.log
SLOT, GROUP, OPTION, INTERPRETER = range(4)
REQUEST, LINKED = 4, 5
# entries of State.number
(
    UNHELD,
    LOGGED,
    CHANGED,
    STAMP,
    CHOSEN_SLOT,
    CHOSEN_GROUP,
    CHOSEN_OPTION,
    CHOSEN_INTERPRETER,
    VICTIMS,
    QUEUED,
) = range(10)

LOG_ROWS = 512


class State(NamedTuple):
    """A plan in the making. `held` has slot -1 for a request that is not held."""

    held: IntTable  # requests x (slot, group, option, interpreter)
    at: IntTable  # people x slots: request or -1
    hall_at: ShortTable  # people x slots, where busy
    occupied: WordTable  # people x words
    open: WordTable  # people x words: available, not busy, the day not full
    full: WordTable  # people x words: the days that are full
    day_count: IntTable  # people x days
    firm_day: IntTable  # firms x days
    firm_open: WordTable  # firms x words: days that are not full
    firm_count: IntRow
    room: IntTable  # groups x slots: seats left
    group_open: WordTable  # groups x words
    seated: IntRow  # rows of each group, slot by slot: the meetings there
    interpreters_free: WordTable  # slots x words over interpreters
    unheld: IntRow  # the requests that are not held, in no order
    unheld_at: IntRow  # where each stands there, or -1
    mark: LongRow  # requests: the last chain that placed it
    near: IntTable  # those around a place that is weighed
    victims: IntRow
    queue: IntRow
    idle_of: IntRow  # attendees: idle figure, kept for `max_idle_spread` only
    idle_count: IntRow  # figures: how many attendees have it
    changed_of: IntRow  # attendees: how many of their published meetings are changed
    log: IntTable
    number: LongRow
    score: FloatRow  # (score of the plan; what a move may lose)
    rng: WordRow


def new_state(d: Data, seed: int) -> State:
    """The empty plan."""
    requests, slots = d.req.shape[0], d.slot.shape[0]
    people, words = d.avail.shape
    interpreters = people - int(d.rule[ATTENDEES])
    rows = int((d.group[:, SEATS].astype(np.int64) * slots).sum())
    state = State(
        held=np.full((requests, 4), -1, np.int32),
        at=np.full((people, slots), -1, np.int32),
        hall_at=np.zeros((people, slots), np.int16),
        occupied=np.zeros((people, words), np.uint64),
        open=d.avail.copy(),
        full=np.zeros((people, words), np.uint64),
        day_count=np.zeros((people, d.day_words.shape[0]), np.int32),
        firm_day=np.zeros((d.firm.shape[0], d.day_words.shape[0]), np.int32),
        firm_open=np.full((d.firm.shape[0], words), np.iinfo(np.uint64).max, np.uint64),
        firm_count=np.zeros(d.firm.shape[0], np.int32),
        room=d.seats.copy(),
        group_open=np.zeros((d.group.shape[0], words), np.uint64),
        seated=np.full(max(rows, 1), -1, np.int32),
        interpreters_free=np.zeros((slots, (interpreters + 63) // 64 or 1), np.uint64),
        unheld=np.arange(requests, dtype=np.int32),
        unheld_at=np.arange(requests, dtype=np.int32),
        mark=np.zeros(requests, np.int64),
        near=np.zeros((most_people(d), 4), np.int32),
        victims=np.zeros(256, np.int32),
        queue=np.zeros(512, np.int32),
        idle_of=np.zeros(int(d.rule[ATTENDEES]), np.int32),
        idle_count=np.zeros(slots + 1, np.int32),
        changed_of=np.zeros(int(d.rule[ATTENDEES]), np.int32),
        log=np.zeros((LOG_ROWS, 6), np.int32),
        number=np.zeros(10, np.int64),
        score=np.zeros(2, np.float64),
        rng=np.array([_scramble(seed)], np.uint64),
    )
    make_ready()
    pack: Any = Pack(state)
    reset(d, pack)
    return cast(State, pack)


def most_people(d: Data) -> int:
    """The largest number of attendees in one meeting."""
    return int((d.option[:, PEOPLE1] - d.option[:, PEOPLE0]).max(initial=1))


def _scramble(seed: int) -> int:
    """A seed whose bits are well mixed and never 0 (splitmix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) % 2**64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    return x ^ (x >> 27) or 1


@entry
def reset(d: Data, s: State) -> None:
    """Empty the plan; the score is that of holding nothing."""
    attendees = d.rule[ATTENDEES]
    s.held[:] = -1
    s.at[:] = -1
    s.occupied[:] = np.uint64(0)
    s.full[:] = np.uint64(0)
    s.day_count[:] = 0
    s.firm_day[:] = 0
    s.firm_count[:] = 0
    s.idle_of[:] = 0
    s.changed_of[:] = 0
    s.idle_count[:] = 0
    s.idle_count[0] = attendees
    s.interpreters_free[:] = np.uint64(0)
    s.group_open[:] = np.uint64(0)
    s.firm_open[:] = ~np.uint64(0)
    slots = d.slot.shape[0]
    for p in range(d.avail.shape[0]):
        if d.person[p, CAP] <= 0:
            s.full[p] = ~np.uint64(0)
        for w in range(d.avail.shape[1]):
            s.open[p, w] = d.avail[p, w] & ~s.full[p, w]
    for i in range(d.avail.shape[0] - attendees):
        for t in range(slots):
            if d.avail[attendees + i, t >> 6] & bit(t):
                s.interpreters_free[t, i >> 6] |= bit(i)
    for f in range(d.firm.shape[0]):
        if d.firm[f, FIRM_CAP] <= 0:
            s.firm_open[f] = np.uint64(0)
    for g in range(d.group.shape[0]):
        for t in range(slots):
            s.room[g, t] = d.seats[g, t]
            if s.room[g, t] > 0:
                s.group_open[g, t >> 6] |= bit(t)
    for r in range(d.req.shape[0]):
        s.unheld[r] = r
        s.unheld_at[r] = r
    s.number[CHANGED] = 0
    s.number[LOGGED] = 0
    s.number[QUEUED] = 0
    s.number[UNHELD] = d.req.shape[0]
    s.score[0] = _nothing_held(d, s)


@inlined
def _nothing_held(d: Data, s: State) -> float:
    score = 0.0
    for f in range(d.firm.shape[0]):
        score -= d.factor[SHORTFALL] * d.firm[f, FLOOR]
    for r in range(d.req.shape[0]):
        if d.req[r, PUBLISHED]:
            score -= d.factor[DROPPED]
            s.number[CHANGED] += d.req[r, COUNTED]
            for k in range(d.req[r, HOME0], d.req[r, HOME1]):
                score -= d.factor[REPEATED] * s.changed_of[d.home_people[k]]
                s.changed_of[d.home_people[k]] += 1
    return score


@inlined
def at_home(d: Data, s: State, r: int) -> bool:
    """Whether a held request is as it was published (its table is settled when seats are given)."""
    return (
        d.req[r, HOME_SLOT] == s.held[r, SLOT]
        and d.req[r, HOME_GROUP] == s.held[r, GROUP]
        and d.req[r, HOME_OPTION] == s.held[r, OPTION]
        and d.req[r, HOME_INTERPRETER] == s.held[r, INTERPRETER]
    )


@inlined
def _busy(d: Data, s: State, p: int, r: int, t: int, e: int, hall: int) -> None:
    for u in range(t, e + 1):
        s.at[p, u] = r
        s.hall_at[p, u] = hall
        s.occupied[p, u >> 6] |= bit(u)
        s.open[p, u >> 6] &= ~bit(u)
    day = d.slot[t, DAY]
    s.day_count[p, day] += 1
    if s.day_count[p, day] == d.person[p, CAP]:
        for w in range(d.avail.shape[1]):
            s.full[p, w] |= d.day_words[day, w]
            s.open[p, w] &= ~d.day_words[day, w]


@inlined
def _free(d: Data, s: State, p: int, t: int, e: int) -> None:
    for u in range(t, e + 1):
        s.at[p, u] = -1
        s.occupied[p, u >> 6] &= ~bit(u)
    day = d.slot[t, DAY]
    if s.day_count[p, day] == d.person[p, CAP]:
        for w in range(d.avail.shape[1]):
            s.full[p, w] &= ~d.day_words[day, w]
            s.open[p, w] = d.avail[p, w] & ~s.occupied[p, w] & ~s.full[p, w]
    else:
        for u in range(t, e + 1):
            s.open[p, u >> 6] |= bit(u) & ~s.full[p, u >> 6]
    s.day_count[p, day] -= 1


@inlined
def _take_seat(d: Data, s: State, g: int, r: int, t: int, e: int) -> None:
    seats = d.group[g, SEATS]
    for u in range(t, e + 1):
        taken = d.seats[g, u] - s.room[g, u]
        s.seated[d.group[g, ROW] + u * seats + taken] = r
        s.room[g, u] -= 1
        if s.room[g, u] == 0:
            s.group_open[g, u >> 6] &= ~bit(u)


@inlined
def _leave_seat(d: Data, s: State, g: int, r: int, t: int, e: int) -> None:
    seats = d.group[g, SEATS]
    for u in range(t, e + 1):
        row = d.group[g, ROW] + u * seats
        last = row + d.seats[g, u] - s.room[g, u] - 1
        for k in range(row, last):
            if s.seated[k] == r:
                s.seated[k] = s.seated[last]
                break
        s.room[g, u] += 1
        s.group_open[g, u >> 6] |= bit(u)


@inlined
def _count_change(d: Data, s: State, r: int, step: int) -> None:
    """Published meeting `r` is changed, or no longer."""
    s.number[CHANGED] += step * d.req[r, COUNTED]
    for k in range(d.req[r, HOME0], d.req[r, HOME1]):
        s.changed_of[d.home_people[k]] += step


@kernel
def link(d: Data, s: State, r: int, t: int, g: int, o: int, i: int) -> None:
    """Hold request `r` from slot `t` in group `g` with the people of option `o` and interpreter `i`."""
    e = t + d.req[r, LENGTH] - 1
    hall = d.group[g, HALL]
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        _busy(d, s, d.option_people[k], r, t, e, hall)
    if i >= 0:
        _busy(d, s, i, r, t, e, hall)
        number = i - d.rule[ATTENDEES]
        for u in range(t, e + 1):
            s.interpreters_free[u, number >> 6] &= ~bit(number)
    _take_seat(d, s, g, r, t, e)
    _count_firms(d, s, r, t, 1)
    last = s.unheld[s.number[UNHELD] - 1]
    s.unheld[s.unheld_at[r]] = last
    s.unheld_at[last] = s.unheld_at[r]
    s.unheld_at[r] = -1
    s.number[UNHELD] -= 1
    s.held[r, SLOT] = t
    s.held[r, GROUP] = g
    s.held[r, OPTION] = o
    s.held[r, INTERPRETER] = i
    if d.req[r, PUBLISHED] and at_home(d, s, r):
        _count_change(d, s, r, -1)


@kernel
def unlink(d: Data, s: State, r: int) -> None:
    """Hold request `r` no longer."""
    t = s.held[r, SLOT]
    e = t + d.req[r, LENGTH] - 1
    i = s.held[r, INTERPRETER]
    o = s.held[r, OPTION]
    if d.req[r, PUBLISHED] and at_home(d, s, r):
        _count_change(d, s, r, 1)
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        _free(d, s, d.option_people[k], t, e)
    if i >= 0:
        _free(d, s, i, t, e)
        number = i - d.rule[ATTENDEES]
        for u in range(t, e + 1):
            s.interpreters_free[u, number >> 6] |= bit(number)
    _leave_seat(d, s, s.held[r, GROUP], r, t, e)
    _count_firms(d, s, r, t, -1)
    s.unheld_at[r] = s.number[UNHELD]
    s.unheld[s.number[UNHELD]] = r
    s.number[UNHELD] += 1
    s.held[r, SLOT] = -1


@inlined
def _count_firms(d: Data, s: State, r: int, t: int, step: int) -> None:
    day = d.slot[t, DAY]
    for side in range(SENDER, RECEIVER + 1):
        f = d.req[r, side]
        s.firm_count[f] += step
        if d.rule[FIRM_CAPS]:
            s.firm_day[f, day] += step
            for w in range(d.avail.shape[1]):
                if s.firm_day[f, day] >= d.firm[f, FIRM_CAP]:
                    s.firm_open[f, w] &= ~d.day_words[day, w]
                else:
                    s.firm_open[f, w] |= d.day_words[day, w]
