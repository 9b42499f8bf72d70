"""What a reason costs, in checks of a meeting: how much time a search keeps back for the reasons of its plan.

    python -m benchmarks.reasons [--full] [--only WORD...]

For the events of `benchmarks.settings`: the plan of a short search is checked by the rules, and each request
without a meeting gets its reason, without fixes. **index** is what is looked up before the first reason, in
checks of the plan. **a reason** is the CPU time of one, in that of the check of one meeting. These two are
`INDEX_SHARE` and `REASON_CHECKS` of `search_strategy`. By default the events have 60 firms, with --full 620.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.instances import Instance, wanted
from benchmarks.report import line
from benchmarks.settings import SETTINGS, make_setting
from scheduler.domain.rules.resolved import Schedule
from scheduler.domain.solving import SolveParams
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.clock import SolveClock
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.explain.reasons import explain_request
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.instance.choices import Choices
from scheduler.solver.plans.incumbent import Incumbent
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve

MOVES, SECONDS = 500_000, 60.0
REPEATS = 3
HEADINGS = ("instance", "meetings", "reasons", "check ms", "index", "a reason")
WIDTHS = (-28, 9, 8, 9, 7, 9)


def measure(instance: Instance) -> tuple[int, int, float, float, float]:
    """Meetings, reasons, CPU seconds of the check, and index and reason in checks: the least of some runs."""
    problem, flat = instance.problem, flatten(instance.problem)
    params = SolveParams(SECONDS, workers=1, seed=1, method="search", iterations=MOVES)
    table = build_start_state(flat, solve(problem, params).plan.meetings, 1).held
    incumbent = Incumbent(flat, SolveClock(3600.0))
    checks, indexes, reasons = [], [], []
    for _ in range(REPEATS):
        meetings = incumbent.check(table) or ()
        checks.append(incumbent.spent)
        began = time.thread_time()
        occupancy = Occupancy(problem, Choices(problem), Schedule.of(problem, meetings))
        indexed = time.thread_time()
        left = [r for r in range(len(problem.requests)) if r not in occupancy.held]
        for r in left:
            explain_request(occupancy, r, cured=False)
        indexes.append(indexed - began)
        reasons.append(time.thread_time() - indexed)
    check = min(checks)
    a_reason = min(reasons) / max(1, len(left)) / (check / max(1, len(meetings)))
    return len(meetings), len(left), check, min(indexes) / check, a_reason


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="620 firms, about two minutes")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some instances only")
    options = parser.parse_args()
    firms, requests = (620, 9000) if options.full else (60, 500)
    warm_up()
    print(line(HEADINGS, WIDTHS))
    for name in SETTINGS:
        if wanted(name, options.only):
            instance = make_setting(name, firms, requests)
            meetings, left, check, index, a_reason = measure(instance)
            figures = [meetings, left, round(1000 * check), round(index, 2), round(a_reason, 1)]
            print(line([instance.name, *figures], WIDTHS), flush=True)


if __name__ == "__main__":
    main()
