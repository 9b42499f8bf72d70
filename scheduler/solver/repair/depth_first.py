"""Where a search within a budget of people stands: its frames, what waits, who moves, the best answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from scheduler.solver.compiled.kernels import Count, FloatRow, IntRow, IntTable, Score, inlined, kernel
from scheduler.solver.compiled.records import Record
from scheduler.solver.instance.arrays import Data
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import undo

MAX_WAITING = 8
"""The request and the meetings that give way, at most."""
MAX_FRAMES = 3 * MAX_WAITING
"""A meeting that waits has one frame, one for its place, and one more where it gives way for another."""
MAX_SOLUTIONS = 12
"""Answers that are kept."""

ROW = 1 + held.WIDTH
"""A meeting of an answer: the request, and its row of `State.held`."""

WIDTH = 8
TURN, START, GROUP, OPTION, NEXT, MARK, WAITING, MOVING = range(WIDTH)
"""A frame: the number of the meeting that waits; where it is to be held, a start of -1 while that is chosen;
what is tried next; the plan that it goes back to, by the log and the lengths of `waiting` and `moving`."""

HELD = -3
"""In NEXT: the meeting is held there, and those that wait after it were tried."""


@dataclass(slots=True)
class DepthFirst:
    """The stack of a search, and the best answers so far, each at another start or in another group."""

    frames: IntTable  # a row a choice that is open: see the columns above
    scores: FloatRow  # frames: the score of the plan that each goes back to
    waiting: IntRow  # the request, then the meetings that gave way, in the order in which they are held
    moving: IntRow  # the attendees who move
    was: IntRow  # the start, group and option at which the request may not be held
    answers: IntTable  # answers x (waiting x ROW)
    gains: FloatRow  # answers: the score that each gains
    sizes: IntRow  # answers: how many meetings each has
    begun: Score = 0.0
    """The score before."""
    budget: Count = 0
    """How many people may move."""
    steps: Count = 0
    """Places that may still be tried."""
    waiting_count: Count = 0
    """The length of `waiting`."""
    moving_count: Count = 0
    """The length of `moving`."""
    answer_count: Count = 0
    """The length of `answers`."""


def new_search(max_people: int) -> DepthFirst:
    """An empty one, in which at most so many people move."""
    search = DepthFirst(
        frames=np.zeros((MAX_FRAMES, WIDTH), np.int32),
        scores=np.zeros(MAX_FRAMES),
        waiting=np.zeros(MAX_WAITING, np.int32),
        moving=np.zeros(max(max_people, 1), np.int32),
        was=np.full(3, -1, np.int32),
        answers=np.zeros((MAX_SOLUTIONS, MAX_WAITING * ROW), np.int32),
        gains=np.zeros(MAX_SOLUTIONS),
        sizes=np.zeros(MAX_SOLUTIONS, np.int32),
    )
    record: Any = Record(search)
    return cast(DepthFirst, record)


@kernel
def push_frame(
    state: State, search: DepthFirst, depth: int, turn: int, start: int, group: int, option: int
) -> None:
    """Begin a frame at the plan as it is now."""
    search.frames[depth, TURN] = turn
    search.frames[depth, START] = start
    search.frames[depth, GROUP] = group
    search.frames[depth, OPTION] = option
    search.frames[depth, NEXT] = -1 if start >= 0 else 0
    set_resume_point(state, search, depth)


@inlined
def set_resume_point(state: State, search: DepthFirst, depth: int) -> None:
    """Have a frame go back to the plan as it is now."""
    search.frames[depth, MARK] = state.logged
    search.frames[depth, WAITING] = search.waiting_count
    search.frames[depth, MOVING] = search.moving_count
    search.scores[depth] = state.score


@inlined
def backtrack(data: Data, state: State, search: DepthFirst, depth: int) -> None:
    undo(data, state, search.frames[depth, MARK], search.scores[depth])
    search.waiting_count = search.frames[depth, WAITING]
    search.moving_count = search.frames[depth, MOVING]


@inlined
def record_solution(data: Data, state: State, search: DepthFirst) -> None:
    """Keep an answer, in the place of one at the same start and group, or of the worst if there are many."""
    gain, n = state.score - search.begun, search.answer_count
    row, request = n, search.waiting[0]
    worst = 0
    for k in range(n):
        if (
            search.answers[k, 1 + held.SLOT] == state.held[request, held.SLOT]
            and search.answers[k, 1 + held.GROUP] == state.held[request, held.GROUP]
        ):
            row = k
        if search.gains[k] < search.gains[worst]:
            worst = k
    if row == search.gains.shape[0]:
        row = worst
    if row < n and search.gains[row] >= gain:
        return
    search.answer_count = max(n, row + 1)
    search.gains[row] = gain
    search.sizes[row] = search.waiting_count
    for k in range(search.waiting_count):
        search.answers[row, k * ROW] = search.waiting[k]
        for column in range(held.WIDTH):
            search.answers[row, k * ROW + 1 + column] = state.held[search.waiting[k], column]
