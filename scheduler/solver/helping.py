"""Improve a part of another's search."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.domain.problem import Problem
from scheduler.solver.arrays import Flat, flatten
from scheduler.solver.loading import load, loading_order
from scheduler.solver.parts import Answer, Part
from scheduler.solver.schedule import Budget
from scheduler.solver.search import Search
from scheduler.solver.shares import only_in
from scheduler.solver.state import new_state
from scheduler.solver.warmup import warm_up


def prepare(problem: Problem) -> Flat:
    """What is needed once for all parts of a problem; compiles the kernels if they are not."""
    warm_up()
    return flatten(problem)


def improve(flat: Flat, content: bytes, threads: int, should_stop: Callable[[], bool]) -> bytes:
    """The answer to a part; when it is told to stop, within a second, as far as it came.

    Raises PartRefused if the bytes are no part of this problem.
    """
    part = Part.from_bytes(flat.data, content)
    plan = new_state(flat.data, part.seed)
    load(flat.data, plan, part.table, loading_order(flat.data))
    search = Search(
        flat,
        part.heat,
        Budget(part.seconds, None, should_stop),
        threads,
        part.seed,
        share=part.share,
        span=(part.begin, part.end),
    )
    search.advance(plan)
    return Answer(search.worth(plan), only_in(part.share.words, plan.held)).to_bytes()
