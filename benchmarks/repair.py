"""The repair oracle: milliseconds an answer, and how many people move, over random disruptions of a plan.

    python -m benchmarks.repair [FILE...] [--count 100] [--full] [--seconds 5] [--out benchmarks/results]

FILE is a problem file. Without one, an expo of 60 firms is made, with --full one of 620. It is solved for so
many seconds first. A disruption is, in turn: a meeting that has to move, a request that is not held, a person
who is out for half a day, a table that closes for one. Each meets the plan as those before it left it: what
is lost is held again in the best way that the oracle knows. Milliseconds are processor time of one core. The
first answer is not counted. Every tenth plan is judged by the rules.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.instances import Instance, generated, read_instances
from benchmarks.machine import RESULTS, commit, machine
from benchmarks.report import Json, line, stem, write_json
from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.oracle.oracle import RepairOracle
from scheduler.solver.solve import solve

KINDS = ("move", "hold", "person out", "place closes")
JUDGED = 10
HEADINGS = ("instance", "kind", "questions", "p50 ms", "p95 ms", "answered", "people", "gain")
WIDTHS = (-24, -13, 10, 8, 8, 9, 7, 9)


@dataclass
class Asked:
    """What was asked of one kind: milliseconds, and people and gain of the best answer, -1 without one."""

    ms: list[float] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)

    def row(self, instance: str, kind: str) -> Json:
        moved = [n for n in self.people if n >= 0]
        p50, p95 = np.quantile(self.ms, [0.5, 0.95])
        return {
            "instance": instance, "kind": kind, "questions": len(self.ms), "p50 ms": round(float(p50), 1),
            "p95 ms": round(float(p95), 1), "answered": len(moved),
            "people": round(float(np.mean(moved)), 2) if moved else 0,
            "gain": round(float(np.mean(self.gains)), 1) if moved else 0,
        }  # fmt: skip


def half_day(problem: Problem, draws: random.Random) -> list[str]:
    """The slots of a random block."""
    block = draws.choice(problem.slots).block
    return [slot.id for slot in problem.slots if slot.block == block]


def disrupted(oracle: RepairOracle, kind: str, draws: random.Random) -> list[str]:
    """The requests to ask about after a random disruption of a kind."""
    problem = oracle.problem
    held = {meeting.request for meeting in oracle.meetings()}
    if kind == "person out":
        return oracle.lose_person(draws.choice(problem.attendees).id, half_day(problem, draws))
    if kind == "place closes":
        return oracle.close_place(draws.choice(problem.places).id, half_day(problem, draws))
    wanted = [row.id for row in problem.requests if (row.id in held) == (kind == "move")]
    return draws.sample(wanted, min(1, len(wanted)))


def disrupt(problem: Problem, meetings: Sequence[Meeting], count: int, seed: int = 1) -> dict[str, Asked]:
    """Ask about so many random disruptions, and take the best answer each time."""
    oracle, draws = RepairOracle(problem, meetings), random.Random(seed)
    oracle.best(problem.requests[0].id)
    asked = {kind: Asked() for kind in KINDS}
    for n in range(count):
        kind = KINDS[n % len(KINDS)]
        for request in disrupted(oracle, kind, draws):
            began = time.thread_time()
            answers = oracle.best(request)
            asked[kind].ms.append(1000 * (time.thread_time() - began))
            asked[kind].people.append(len(answers[0].people) if answers else -1)
            if answers:
                asked[kind].gains.append(answers[0].gain)
                oracle.apply(answers[0])
        if n % JUDGED == 0 and (found := rules.violations(oracle.problem, oracle.meetings())):
            raise SystemExit(f"the oracle broke a rule: {found[0].detail}")
    return asked


def rows(instance: Instance, count: int, seconds: float) -> Iterator[Json]:
    plan = solve(instance.problem, SolveParams(seconds, 1, 1, "search")).plan
    for kind, asked in disrupt(instance.problem, plan.meetings, count).items():
        if asked.ms:
            yield asked.row(instance.name, kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--count", type=int)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    small = [generated(620, 9000) if options.full else generated(60, 870)]
    found: list[Json] = []
    print(line(HEADINGS, WIDTHS))
    for instance in read_instances(options.files) if options.files else small:
        for row in rows(instance, options.count or (1000 if options.full else 100), options.seconds):
            found.append(row)
            print(line([row[key] for key in HEADINGS], WIDTHS))
    path = options.out / f"{stem('repair', options.full)}.json"
    write_json(path, {"machine": machine(), "commit": commit(), "rows": found})


if __name__ == "__main__":
    main()
