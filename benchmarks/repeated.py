"""Nights of churn: how often one person's meetings change, without and with a memory of earlier changes.

    python -m benchmarks.repeated [--full] [--firms N --requests N --moves N] [--nights 10] [--seed 1]
        [--price 40] [--only with] [--out benchmarks/results]

An expo of 60 firms, or 620 with 9,000 requests with --full, is solved and published. Each night 5 % of the
requests are withdrawn, as many are new, 2 % of the people and of the places lose a day, and the published
plan is solved again by a fixed number of moves on one thread (so that figures do not depend on the machine),
with the factors of an installation's events. Both runs have the same churn. "without": each night only knows
the last plan. "with": each person's changes so far are in `changed_before`.

A change of a person counts as uninvolved on a night on which none of their own published meetings was forced
to change. `most` is the greatest number of these that one person has over all nights, `over 3` the people
with more than three. `never forced` is the same of the people whose meetings were never forced to change.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.disruptions import disrupt_problem
from benchmarks.instances import generated
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from scheduler.domain import rules
from scheduler.domain.problem import ANY_START, EVENT_FACTORS, Problem
from scheduler.domain.rules.resolved import Schedule
from scheduler.domain.rules.stability import count_attendee_changes, published_changes
from scheduler.domain.solving import SolveParams
from scheduler.solver.solve import solve

QUICK, FULL = (60, 700, 100_000), (620, 9_000, 500_000)
"""Firms, requests, and moves a solve."""
HEADINGS = ("memory", "nights", "forced", "voluntary", "most", "over 3", "never forced", "mean score")
WIDTHS = (-8, 6, 7, 9, 5, 6, 12, 12)
LIMIT = 3
"""More changes of an uninvolved person than this are too many."""


@dataclass(slots=True)
class Tally:
    """What people were told so far: `every` change, and those on nights without a forced one of theirs."""

    every: Counter[str] = field(default_factory=Counter)
    uninvolved: Counter[str] = field(default_factory=Counter)
    forced: Counter[str] = field(default_factory=Counter)

    def add(self, changes: Mapping[str, int], forced: Mapping[str, int]) -> None:
        self.every.update(changes)
        self.forced.update(forced)
        self.uninvolved.update({person: n for person, n in changes.items() if not forced.get(person)})

    @property
    def figures(self) -> Json:
        never_forced = [n for person, n in self.every.items() if not self.forced[person]]
        return {
            "most": max(self.uninvolved.values(), default=0),
            "over_3": sum(n > LIMIT for n in self.uninvolved.values()),
            "never_forced": max(never_forced, default=0),
            "people_by_changes": dict(sorted(Counter(self.uninvolved.values()).items())),
        }


def run_nights(
    problem: Problem, nights: int, params: SolveParams, *, remembers: bool, told: Callable[[Json], None]
) -> Json:
    """Solve and publish a problem, then again each night after churn. Return the changes of all nights."""
    meetings = solve(problem, params).plan.meetings
    tally, rows = Tally(), []
    for night in range(1, nights + 1):
        problem = disrupt_problem(problem, meetings, seed=night, prefix=f"night{night}-")
        if remembers:
            problem = remember(problem, tally.every)
        plan = solve(problem, params, is_changed=True).plan
        if rules.violations(problem, plan.meetings):
            raise RuntimeError("the plan breaks a rule")
        changes, meetings = published_changes(problem, plan.meetings), plan.meetings
        people = {meeting.request: set(meeting.attendees) for meeting in problem.published}
        forced = Counter(person for request in changes.forced for person in people[request])
        tally.add(count_attendee_changes(Schedule.of(problem, meetings)), forced)
        rows.append(
            {
                "night": night,
                "held": len(meetings),
                "forced": len(changes.forced),
                "voluntary": len(changes.voluntary),
                "value": rules.score(replace(problem, published=()), meetings).total,
                **tally.figures,
            }
        )
        told(rows[-1])
    return {"memory": "with" if remembers else "without", "nights": rows, **summarize(rows)}


def priced(problem: Problem, price: float) -> Problem:
    """Return the problem with an event's factors, and this price of repeated changes."""
    factors = {**problem.policy.factors, **EVENT_FACTORS, "repeated": price}
    policy = replace(problem.policy, factors=factors, reassigned_counts=ANY_START)
    return replace(problem, policy=policy, source_fingerprint=None)


def remember(problem: Problem, changes: Mapping[str, int]) -> Problem:
    """Return the problem with each person's changes so far."""
    people = (replace(person, changed_before=changes.get(person.id, 0)) for person in problem.attendees)
    return replace(problem, attendees=tuple(people))


def summarize(rows: list[Json]) -> Json:
    """Return the sums over all nights, and the mean worth of the plans without the price of changes."""
    last = rows[-1]
    return {
        "forced": sum(row["forced"] for row in rows),
        "voluntary": sum(row["voluntary"] for row in rows),
        "value": round(sum(row["value"] for row in rows) / len(rows)),
        **{name: last[name] for name in ("most", "over_3", "never_forced", "people_by_changes")},
    }


def shown(row: Json) -> str:
    names = ("forced", "voluntary", "most", "over_3", "never_forced", "value")
    return line([row["memory"], len(row["nights"]), *(row[name] for name in names)], WIDTHS)


def print_night(night: Json) -> None:
    names = ("night", "forced", "voluntary", "most", "over_3")
    print(" ", *(f"{name} {night[name]}" for name in names), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="620 firms instead of 60")
    parser.add_argument("--firms", type=int)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--moves", type=int, help="moves a solve")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--price", type=float, default=EVENT_FACTORS["repeated"], help="of the term repeated")
    parser.add_argument("--only", choices=("without", "with"), help="one of the two runs")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    size = FULL if options.full else QUICK
    given = (options.firms, options.requests, options.moves)
    firms, requests, moves = (one or other for one, other in zip(given, size, strict=True))
    params = SolveParams(workers=1, method="search", iterations=moves)
    instance = generated(firms, requests, options.seed)
    problem = priced(instance.problem, options.price)
    how = {
        "instance": instance.name,
        "moves": moves,
        "seed": options.seed,
        "price": options.price,
        **machine(),
    }
    rows: list[Json] = []
    print(line(HEADINGS, WIDTHS))
    for memory in ("without", "with") if options.only is None else (options.only,):
        found = run_nights(problem, options.nights, params, remembers=memory == "with", told=print_night)
        rows.append(found)
        print(shown(rows[-1]), flush=True)
        write_json(options.out / f"{stem('repeated', options.full)}.json", {"how": how, "rows": rows})


if __name__ == "__main__":
    main()
