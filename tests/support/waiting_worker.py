"""A worker whose solver waits until another worker can help."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from scheduler.domain.problem import Problem
from scheduler.domain.solving import Helpers, Phase, Progress, Result, SolveParams
from scheduler.services.planning.runs import execution
from scheduler.solver.solve import solve
from workers.celery_app import app

__all__ = ["app"]


def solve_in_company(
    problem: Problem,
    params: SolveParams,
    *,
    helpers: Helpers,
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
    **others: Any,
) -> Result:
    while not helpers.size(nearby=True) and not should_stop():
        on_progress(Progress(0.0, Phase.COMPILING))  # is not counted as the solve's time
        time.sleep(0.05)
    return solve(problem, params, helpers=helpers, on_progress=on_progress, should_stop=should_stop, **others)


execution.execute_run = partial(execution.execute_run, solve=solve_in_company)
