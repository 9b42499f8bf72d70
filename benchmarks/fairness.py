"""Fairness priority: five plans of an expo from most weight to fairest, each with bounds.

    python -m benchmarks.fairness [FILE] [--full] [--home CN] [--out benchmarks/results]

FILE is a problem file. Without one, an expo is generated: 60 firms and 8 seconds a point, or with --full
620 firms and 60 seconds a point. The bounds have unlimited time.

gap: distance of the score to its bound, relative to the bound's gain over the empty plan. The term `unfair`
counts missing shares, so the zero of the score has no meaning; the score of the empty plan is the common
reference of all five.

worst: the smallest share of a firm, followed by its upper bound, which follows from the available time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import contestants
from benchmarks.instances import Instance, generated, read_instances
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.fairness import (
    FAIRNESS_PRICES,
    Fairness,
    firm_shares,
    set_fairness,
    summarize_fairness,
)
from scheduler.solver.bounds.closed_form import meeting_capacities

QUICK, FULL = (60, 800, 8.0), (620, 9000, 60.0)
"""Firms, requests, and seconds per point."""
BOUND_SECONDS = 120.0
HEADINGS = (
    "point", "meetings", "bound", "weight", "bound", "worst", "bound", "twentieth", "mean", "Gini", "home",
    "overseas", "gap",
)  # fmt: skip
WIDTHS = (5, 9, 7, 8, 8, 7, 7, 9, 7, 7, 7, 8, 9)


def measure(instance: Instance, point: int, seconds: float, home: str) -> Json:
    """Return one point of the curve: its plan checked by the rules, and the bounds."""
    policy = set_fairness(instance.problem.policy, point)
    problem = replace(instance.problem, policy=policy)
    outcome = contestants.run(contestants.chainmeet, problem, seconds)
    if outcome.error is not None:
        raise RuntimeError(outcome.error)
    meetings = contestants.meetings_of(outcome)
    if rules.violations(problem, meetings):
        raise RuntimeError("the plan breaks a rule")
    bounds = contestants.bounds_of(problem, BOUND_SECONDS)
    score = rules.score(problem, meetings)
    nothing = rules.score(problem, ()).total
    return {
        "point": point,
        "price": FAIRNESS_PRICES[point],
        "meetings": len(meetings),
        "meetings_bound": bounds.meetings,
        "weight": score.terms["served"],
        "weight_bound": bounds.served,
        "score": score.total,
        "score_bound": bounds.score,
        "gap": round(100 * (bounds.score - score.total) / (bounds.score - nothing), 3),
        "worst_bound": round(worst_bound(problem), 4),
        **figures(problem, meetings, home),
    }


def worst_bound(problem: Problem) -> float:
    """Return an upper bound of the smallest share of any firm."""
    firms = zip(meeting_capacities(problem), problem.request_counts, strict=True)
    return min((min(1.0, most / n) for most, n in firms if n), default=1.0)


def figures(problem: Problem, meetings: Sequence[Meeting], home: str) -> Json:
    """Return fairness statistics of all firms, and of home and overseas firms."""
    shares = firm_shares(problem, meetings)
    here = [row for row in shares if problem.firms[row.firm].country == home]
    abroad = [row for row in shares if problem.firms[row.firm].country != home]
    groups = {
        "all": summarize_fairness(shares),
        "home": summarize_fairness(here),
        "overseas": summarize_fairness(abroad),
    }
    return {name: None if found is None else rounded(found) for name, found in groups.items()}


def rounded(found: Fairness) -> Json:
    return {key: round(value, 4) for key, value in asdict(found).items()}


def shown(row: Json) -> str:
    means = [f"{row[group]['mean']:.4f}" if row[group] else None for group in ("home", "overseas")]
    every = row["all"]
    shares = [f"{every[key]:.4f}" for key in ("twentieth", "mean", "gini")]
    return line(
        (
            row["point"], row["meetings"], row["meetings_bound"], row["weight"], row["weight_bound"],
            f"{every['worst']:.3f}", f"{row['worst_bound']:.3f}", *shares, *means, f"{row['gap']:.3f} %",
        ),
        WIDTHS,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE")
    parser.add_argument("--full", action="store_true", help="620 firms, about ten minutes")
    parser.add_argument("--home", default="CN", metavar="COUNTRY", help="whose firms are at home")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    firms, requests, seconds = FULL if options.full else QUICK
    instance = read_instances([options.file])[0] if options.file else generated(firms, requests)
    how = {"instance": instance.name, "seconds": seconds, "workers": 2, **machine()}
    print(f"{instance.name}, {seconds:g} s a point\n{line(HEADINGS, WIDTHS)}")
    rows: list[Json] = []
    for point in range(len(FAIRNESS_PRICES)):
        rows.append(measure(instance, point, seconds, options.home))
        print(shown(rows[-1]), flush=True)
        write_json(options.out / f"{stem('fairness', options.full)}.json", {"how": how, "rows": rows})


if __name__ == "__main__":
    main()
