"""Fairness priorities: five plans of an expo from most weight to fairest, each with bounds.

    python -m benchmarks.fairness [FILE] [--full] [--home CN] [--only WORD...] [--out benchmarks/results]

`firms` compares single firms. FILE is a problem file. Without one, an expo is generated: 60 firms and 8
seconds a point, or with --full 620 firms and 60 seconds a point. The bounds have 120 seconds each.

`groups` compares home and overseas firms (`benchmarks.group_fairness`), in FILE or the event with five
interpreters of `benchmarks.settings`, in the same sizes and times.

gap: distance of the score to its bound, relative to the bound's gain over the empty plan. The term `unfair`
counts missing shares, so the zero of the score has no meaning; the score of the empty plan is the common
reference of all five.

worst: the smallest share of a firm, followed by its upper bound, which follows from the available time.
below: the number of firms with less than a fifth of their requests, which the rows name.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import contestants, group_fairness
from benchmarks.instances import Instance, generated, read_instances, wanted
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from benchmarks.settings import make_setting
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
    "overseas", "gap", "below",
)  # fmt: skip
WIDTHS = (5, 9, 7, 8, 8, 7, 7, 9, 7, 7, 7, 8, 9, 5)


def measure(instance: Instance, point: int, seconds: float, home: str) -> Json:
    """Return one point of the curve: its plan checked by the rules, and the bounds."""
    policy = set_fairness(instance.problem.policy, point)
    problem = replace(instance.problem, policy=policy)
    meetings = contestants.solve_checked(problem, seconds)
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
        "below_a_fifth": group_fairness.below_a_fifth(problem, meetings),
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
            len(row["below_a_fifth"]),
        ),
        WIDTHS,
    )  # fmt: skip


def measure_firms(options: argparse.Namespace, path: Path, seconds: float, instance: Instance) -> None:
    """Print and store the points of the fairness of single firms."""
    how = {"instance": instance.name, "seconds": seconds, "workers": 2, **machine()}
    print(f"{instance.name}, {seconds:g} s a point\n{line(HEADINGS, WIDTHS)}")
    rows: list[Json] = []
    for point in range(len(FAIRNESS_PRICES)):
        rows.append(measure(instance, point, seconds, options.home))
        print(shown(rows[-1]), flush=True)
        store(path, {"how": how, "rows": rows, "missed": missed(rows)})
    print_missed(missed(rows))


def measure_groups(path: Path, seconds: float, instance: Instance) -> None:
    """Print and store the settings of the fairness between groups."""
    how = {"instance": instance.name, "seconds": seconds, "workers": 2, **machine()}
    print(f"{instance.name}, home and overseas, {seconds:g} s a setting", flush=True)
    rows: list[Json] = []
    for rows in group_fairness.rows_of(instance, seconds):
        faults = group_fairness.missed(rows)
        store(path, {"groups": {"how": how, "rows": rows, "missed": faults}})
    print(line(group_fairness.HEADINGS, group_fairness.WIDTHS))
    for row in rows:
        print(group_fairness.shown(row))
    print_missed(group_fairness.missed(rows))


def missed(rows: Sequence[Json]) -> list[str]:
    """Return sentences about what the names of the ends promise, and a plan does not keep."""
    first, last = rows[0], rows[-1]
    faults = []
    if first["weight"] < max(row["weight"] for row in rows):
        faults.append("the first point does not have the most priority points")
    if last["all"]["gini"] > min(row["all"]["gini"] for row in rows):
        faults.append("the last point does not have the most equal shares")
    return faults


def print_missed(faults: Sequence[str]) -> None:
    for fault in faults:
        print(f"MISSED: {fault}")


def store(path: Path, part: Json) -> None:
    """Write a part of the document, and keep the others of the file."""
    old: Json = json.loads(path.read_text("utf-8")) if path.exists() else {}
    write_json(path, {**old, **part})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE")
    parser.add_argument("--full", action="store_true", help="620 firms, about twenty minutes")
    parser.add_argument("--home", default="CN", metavar="COUNTRY", help="whose firms are at home (firms)")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="firms or groups only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    firms, requests, seconds = FULL if options.full else QUICK
    given = read_instances([options.file])[0] if options.file else None
    path = options.out / f"{stem('fairness', options.full)}.json"
    if wanted("firms", options.only):
        measure_firms(options, path, seconds, given or generated(firms, requests))
    if wanted("groups", options.only):
        measure_groups(path, seconds, given or make_setting(group_fairness.SETTING, firms, requests))


if __name__ == "__main__":
    main()
