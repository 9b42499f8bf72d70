"""Events whose limits bind: the generated expo with fewer tables or interpreters, favourites, long meetings.

    python -m benchmarks.settings [--full] [--moves N | --seconds S] [--workers W] [--seeds K...]
        [--only WORD...] [--out benchmarks/results]

Each is the expo of `chainmeet generate`, changed by draws from the same seed. Each is solved from several
seeds, and what its plans lack to the bound is written down. By default the events have 60 firms, with --full
620. A number of moves of each thread gives the same plans on every machine, and waits for the LP.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from benchmarks import isolated
from benchmarks.instances import Instance, wanted
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, merged, stem, write_json
from scheduler.domain import rules
from scheduler.domain.entities import PlaceKind
from scheduler.domain.problem import Problem, Request
from scheduler.domain.solving import SolveParams
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.solve import solve

TABLES = 28 / 620  # a firm
INTERPRETERS = 14 / 620
FEW_INTERPRETERS = 5 / 620
BLOCKED = 0.3  # of each attendee's slots
MOST_A_DAY = 8
PARETO = 0.7  # the shape: the smaller, the more requests go to few firms
LENGTHS = (1, 2, 3, 4)
LENGTH_ODDS = (4, 3, 2, 1)
SLACK_SECONDS = 3600.0  # for moves on a busy machine
KEYS = ("instance", "moves", "seconds", "workers")
HEADINGS = ("instance", "moves", "seconds", "workers", "seeds", "bound", "mean gap", "sd", "CPU s", "commit")
WIDTHS = (-28, 10, 7, 7, 5, 10, 9, 7, 7, -10)

T = TypeVar("T")
Change = Callable[[Problem, random.Random], Problem]


def tight(problem: Problem, draws: random.Random) -> Problem:
    """Few tables and interpreters, 30 % of the slots of all attendees blocked, at most 8 meetings a day."""
    slots = range(len(problem.slots))
    tables = [k for k, place in enumerate(problem.places) if place.kind is PlaceKind.TABLE]
    kept = set(evenly(tables, round(TABLES * len(problem.firms))))
    return replace(
        problem,
        places=tuple(
            place for k, place in enumerate(problem.places) if place.kind is not PlaceKind.TABLE or k in kept
        ),
        interpreters=tuple(evenly(problem.interpreters, round(INTERPRETERS * len(problem.firms)))),
        attendees=tuple(
            replace(
                person,
                unavailable=frozenset(draws.sample(slots, round(BLOCKED * len(slots)))),
                max_per_day=MOST_A_DAY,
            )
            for person in problem.attendees
        ),
    )


def skewed(problem: Problem, draws: random.Random) -> Problem:
    """A few favourites get most of the requests: a firm is asked by the odds of a Pareto distribution."""
    firms = range(len(problem.firms))
    odds = [draws.paretovariate(PARETO) for _ in firms]
    taken: set[tuple[int, int]] = set()
    requests: list[Request] = []
    for request in problem.requests:
        while True:
            receiver = draws.choices(firms, odds)[0]
            pair = request.sender, receiver
            if receiver != request.sender and pair not in taken:
                break
        taken.add(pair)
        requests.append(replace(request, receiver=receiver, from_attendees=(), to_attendees=()))
    return replace(problem, requests=tuple(requests))


def few_interpreters(problem: Problem, _: random.Random) -> Problem:
    """Five interpreters at 620 firms."""
    count = max(1, round(FEW_INTERPRETERS * len(problem.firms)))
    return replace(problem, interpreters=tuple(evenly(problem.interpreters, count)))


def mixed_lengths(problem: Problem, draws: random.Random) -> Problem:
    """Meetings of one to four slots."""
    return replace(
        problem,
        requests=tuple(
            replace(request, length=draws.choices(LENGTHS, LENGTH_ODDS)[0]) for request in problem.requests
        ),
    )


def evenly(things: Sequence[T], count: int) -> list[T]:
    """So many of the things, at even distances."""
    return [things[math.floor((k + 0.5) * len(things) / count)] for k in range(min(count, len(things)))]


SETTINGS: Mapping[str, Change] = {
    "tight": tight,
    "skewed": skewed,
    "five interpreters": few_interpreters,
    "mixed lengths": mixed_lengths,
    "normal": lambda problem, _: problem,
}


def make_setting(name: str, firms: int = 620, requests: int = 9000, seed: int = 1) -> Instance:
    """An expo in one of `SETTINGS`: the same for the same arguments."""
    problem = to_problem(make_expo(firms=firms, requests=requests, seed=seed))
    changed = SETTINGS[name](problem, random.Random(f"{name} {seed}"))
    return Instance(f"{name}, {firms} firms", replace(changed, source_fingerprint=None))


def solve_once(problem: Problem, params: SolveParams) -> tuple[float, float, float]:
    """Gap to the bound, bound, and CPU seconds of this process, which does nothing else, and its children."""
    plan = solve(problem, params).plan
    found = rules.violations(problem, plan.meetings)
    if found or plan.bound is None:
        raise ValueError(f"no plan to count: {found[:1]}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return plan.bound - plan.score, plan.bound, sum(row.ru_utime + row.ru_stime for row in used)


def run(instance: Instance, options: argparse.Namespace, how: Json) -> Json:
    """One row: over all seeds, the mean gap with its standard deviation."""
    found: list[tuple[float, float, float]] = []
    for seed in options.seeds:
        params = SolveParams(
            options.seconds or 60.0,
            workers=options.workers,
            seed=seed,
            method="search",
            iterations=None if options.seconds else options.moves,
        )
        outcome = isolated.run(solve_once, instance.problem, params, limit=params.seconds + SLACK_SECONDS)
        if outcome.error is not None:
            raise SystemExit(f"{instance.name}: {outcome.error}")
        found.append(outcome.value)
    gaps = [gap for gap, _, _ in found]
    return {
        "instance": instance.name,
        "moves": None if options.seconds else options.moves,
        "seconds": options.seconds,
        "workers": options.workers,
        "seeds": options.seeds,
        "bound": min(bound for _, bound, _ in found),
        "gap": round(statistics.mean(gaps)),
        "deviation": round(statistics.stdev(gaps)) if len(gaps) > 1 else None,
        "cpu_seconds": round(statistics.mean(cpu for _, _, cpu in found), 1),
        **how,
    }


def shown(row: Json) -> str:
    figures = [row[key] for key in KEYS] + [len(row["seeds"]), row["bound"], row["gap"], row["deviation"]]
    return line([*figures, row["cpu_seconds"], row["commit"]], WIDTHS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="620 firms, about ten minutes of a core")
    parser.add_argument("--moves", type=int, default=2_500_000, help="of each thread")
    parser.add_argument("--seconds", type=float, help="wall seconds of a solve instead, on a quiet machine")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some instances only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.out / f"{stem('settings', options.full)}.json"
    firms, requests = (620, 9000) if options.full else (60, 500)
    print(line(HEADINGS, WIDTHS))
    for name in SETTINGS:
        if wanted(name, options.only):
            row = run(make_setting(name, firms, requests), options, machine())
            print(shown(row), flush=True)
            write_json(path, {"rows": merged(path, [row], KEYS)})


if __name__ == "__main__":
    main()
