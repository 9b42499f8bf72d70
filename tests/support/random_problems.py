"""Random problems with every key of the format, each solved in all ways and judged by an own reading of it.

Command: `python -m tests.support.random_problems --problems 600`. It draws other problems with each `--seed`,
stores those with faults in `build/random_problems/`, and exits with 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import NOT_EXAMINED, Plan, Unscheduled
from scheduler.domain.problem import TERMS, Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.solve import solve
from tests.support import reference_rules
from tests.support.brute_force import meetings_of, plans
from tests.support.builders import documents

Json = dict[str, Any]

MAX_PLANS = 3_000
"""Sets of meetings that are tried. Of a problem with more, only the methods are compared with each other."""
METHODS = {
    "auto": SolveParams(method="auto", workers=1, seconds=30.0),
    "search": SolveParams(method="search", workers=1, iterations=1_000),
}
FITS = frozenset(("search-ended", "no-gain", NOT_EXAMINED))
"""Reasons of a request that could be added to the plan as it is."""
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Best:
    """The most that any feasible plan reaches: its score, the weight scheduled, and the meetings."""

    score: float
    served: int
    meetings: int


@st.composite
def whole_documents(draw: DrawFn, max_requests: int = 3) -> Json:
    """Draw a problem file as `documents` does, with hours of people and factors of any terms besides."""
    document = draw(documents(max_requests))
    for person in document["attendees"]:
        person.update(draw(_hours))
    policy = document["policy"]
    document["policy"] = {**policy, "factors": {**policy.get("factors", {}), **draw(_factors)}}
    return document


_hours = st.sampled_from(
    [{}] * 5 + [{"hours": {"from": "09:30"}}, {"hours": {"from": "09:00", "to": "18:00"}}]
)
_factors = st.dictionaries(st.sampled_from(TERMS), st.sampled_from([100, 1, 0.5, 0]), max_size=4)


def find_faults(document: Json) -> Iterator[str]:
    """Yield a sentence for each claim of a method about a problem that is not true."""
    problem = read_problem(document)
    tried = count_sets(document) <= MAX_PLANS
    best = try_all(document) if tried else None
    exact = solve_exact(problem, 60.0, workers=1)
    found = {name: solve(problem, params).plan for name, params in METHODS.items()}
    is_impossible = best is None if tried else exact.status is PlanStatus.INFEASIBLE
    if tried and (exact.status is PlanStatus.INFEASIBLE) != (best is None):
        yield f"the exact model says {exact.status}, and trying every plan finds {best}"
    if best is not None and exact.meetings is not None:
        score = _score(document, [meeting.to_json() for meeting in exact.meetings])
        if abs(score - best.score) > TOLERANCE:
            yield f"the exact model's plan scores {score}, the best one {best.score}"
    for name, plan in found.items():
        yield from (f"{name}: {fault}" for fault in _faults_of(document, plan, is_impossible))
        if best is not None:
            yield from (f"{name}: {fault}" for fault in _faults_of_bounds(plan, best))
        if plan.is_answer:
            yield from (f"{name}: {fault}" for fault in _faults_of_repairs(document, problem, plan))
    reached = [plan.score for plan in found.values() if plan.is_answer and not plan.not_kept]
    if exact.meetings is not None:
        reached.append(_score(document, [meeting.to_json() for meeting in exact.meetings]))
    for name, plan in found.items():
        claim = plan.score if plan.status is PlanStatus.OPTIMAL else plan.bound
        if claim is not None and not plan.not_kept and max(reached) > claim + TOLERANCE:
            yield f"{name}: no plan is to have more than {claim}, and one has {max(reached)}"


def count_sets(document: Json) -> int:
    """Return how many sets of meetings there are that break no rule each alone."""
    return prod(1 + len(meetings_of(document, row)) for row in document["requests"])


def try_all(document: Json) -> Best | None:
    """Return the most that any plan reaches, by trying every one, or None if none is feasible."""
    weight = {row["id"]: row["weight"] for row in document["requests"]}
    reached = [
        (_score(document, meetings), sum(weight[m["request"]] for m in meetings), len(meetings))
        for meetings in plans(document)
        if not reference_rules.broken_rules(document, meetings)
    ]
    if not reached:
        return None
    return Best(
        max(row[0] for row in reached), max(row[1] for row in reached), max(row[2] for row in reached)
    )


def _score(document: Json, meetings: list[Json]) -> float:
    return float(reference_rules.total(document, reference_rules.terms(document, meetings)))


def _faults_of(document: Json, plan: Plan, is_impossible: bool) -> Iterator[str]:
    """Yield what is wrong with a plan by itself, and with its status."""
    meetings = [meeting.to_json() for meeting in plan.meetings]
    if plan.status is PlanStatus.INFEASIBLE and not is_impossible:
        yield "the problem is called infeasible, and has a plan"
    if not plan.is_answer:
        return
    broken = reference_rules.broken_rules(document, meetings)
    if broken - ({"H1", "H10", "H13"} if plan.not_kept else set()):
        yield f"the plan of status {plan.status} breaks {sorted(broken)}"
    if is_impossible and not plan.not_kept:
        yield f"the plan of status {plan.status} names nothing that it does not keep"
    if abs(plan.score - _score(document, meetings)) > TOLERANCE:
        yield f"the plan says {plan.score} and scores {_score(document, meetings)}"
    if not plan.not_kept:
        for row in plan.unscheduled:
            yield from _faults_of_reason(document, meetings, row, plan.status)


def _faults_of_bounds(plan: Plan, best: Best) -> Iterator[str]:
    """Yield the claims of a plan that the best ones contradict."""
    if plan.status is PlanStatus.OPTIMAL and abs(plan.score - best.score) > TOLERANCE:
        yield f"a plan of {plan.score} is called optimal, and another has {best.score}"
    if plan.is_answer and not plan.not_kept and plan.score > best.score + TOLERANCE:
        yield f"the plan scores {plan.score}, more than the best one, {best.score}"
    if plan.not_kept:
        return
    for name, bound, most in (
        ("bound", plan.bound, best.score),
        ("served_bound", plan.served_bound, best.served),
        ("meetings_bound", plan.meetings_bound, best.meetings),
    ):
        if bound is not None and bound < most - TOLERANCE:
            yield f"{name} is {bound}, and a plan reaches {most}"


def _faults_of_reason(
    document: Json, meetings: list[Json], row: Unscheduled, status: PlanStatus
) -> Iterator[str]:
    """Yield what a reason says of a request that adding its meeting to the plan contradicts."""
    request = next(each for each in document["requests"] if each["id"] == row.request)
    score = _score(document, meetings)
    gains = [
        _score(document, [*meetings, way]) - score
        for way in meetings_of(document, request)
        if not reference_rules.broken_rules(document, [*meetings, way])
    ]
    if gains and row.reason not in FITS:
        yield f"{row.request} is said to be out by {row.reason}, and can be added for {max(gains)}"
    if not gains and row.reason in FITS - {NOT_EXAMINED}:
        yield f"{row.request} is said to fit ({row.reason}), and cannot be added"
    if gains and max(gains) > TOLERANCE and status is PlanStatus.OPTIMAL:
        yield f"{row.request} can be added to an optimal plan for {max(gains)}"
    if gains and row.reason == "no-gain" and max(gains) > TOLERANCE:
        yield f"{row.request} is said to gain nothing, and gains {max(gains)}"


def _faults_of_repairs(document: Json, problem: Problem, plan: Plan) -> Iterator[str]:
    """Yield the rules that repairs of a plan break, which the plan itself keeps."""
    meetings = [meeting.to_json() for meeting in plan.meetings]
    before = reference_rules.broken_rules(document, meetings)
    repairer = Repairer(problem.releasing(plan.not_kept), plan.meetings)
    for request in document["requests"]:
        for repair in repairer.best(request["id"], count=2):
            repairer.apply(repair)
            after = [meeting.to_json() for meeting in repairer.meetings()]
            if broken := reference_rules.broken_rules(document, after) - before:
                yield f"a repair for {request['id']} breaks {sorted(broken)}"
            repairer.undo(repair)


def list_keys(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of each key of a document: `policy.factors.idle`, `attendees.hours.from`.

    A key whose value is what the format takes where it is missing, null or empty, is none.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            if each not in (None, [], {}, False):
                yield f"{path}{key}"
                yield from list_keys(each, f"{path}{key}.")
    elif isinstance(value, list):
        for each in value:
            yield from list_keys(each, path)


def examine_problems(count: int, number: int, folder: Path) -> Counter[str]:
    """Draw problems and examine each. Prints the faults, and stores the problems that have any."""
    outcomes: Counter[str] = Counter()

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(whole_documents(max_requests=5))
    def examine(document: Json) -> None:
        outcomes["problems"] += 1
        outcomes["tried by every plan"] += count_sets(document) <= MAX_PLANS
        faults = list(find_faults(document))
        outcomes["with faults"] += bool(faults)
        if faults:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{number}-{outcomes['problems']}.json"
            path.write_text(json.dumps(document, indent=1), encoding="utf-8")
            sys.stdout.write("\n  ".join((str(path), *faults)) + "\n")

    examine()
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--problems", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    began = time.process_time()
    outcomes = examine_problems(chosen.problems, chosen.seed, Path("build/random_problems"))
    sys.stdout.write(f"{dict(outcomes)}, {time.process_time() - began:.0f} CPU s\n")
    return int(outcomes["with faults"] > 0)


if __name__ == "__main__":
    raise SystemExit(main())
