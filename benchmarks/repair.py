"""The repair oracle: milliseconds an answer, and how many people move, over random disruptions of a plan.

    python -m benchmarks.repair [FILE...] [--count 100] [--full] [--seconds 5] [--exact 5] [--limit 10]

FILE is a problem file. Without one, an expo of 60 firms is made, with --full one of 620 and one of 3,000. It
is solved for so many seconds first. A disruption is, in turn: a meeting that has to move, a request that is
not held, a person who is out for half a day, a table that closes for one. Each meets the plan as those before
it left it: what is lost is held again in the best way that the oracle knows. Milliseconds are processor time
of one core. The first answer is not counted. Every tenth plan is judged by the rules.

--exact N then takes N of the questions, drawn at random, to CP-SAT on the whole minimum-change model, --limit
seconds each: how many people have to move so that the request is held, and every other meeting too. Of the
oracle it is the answer of ten that moves the fewest people and drops nothing.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.fewest import fewest
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
FULL, QUICK = ((620, 9000), (3000, 45000)), ((60, 870),)
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


@dataclass(frozen=True)
class Question:
    """A question of the sample, the plan as it was, and the fewest people whom an answer moves."""

    problem: Problem
    meetings: Sequence[Meeting]
    request: str
    people: int | None


def disrupt(
    problem: Problem, meetings: Sequence[Meeting], count: int, sample: int = 0, seed: int = 1
) -> tuple[dict[str, Asked], list[Question]]:
    """Ask about so many random disruptions, and take the best answer each time. A sample is kept."""
    oracle, draws = RepairOracle(problem, meetings), random.Random(seed)
    oracle.best(problem.requests[0].id)
    asked = {kind: Asked() for kind in KINDS}
    kept: list[Question] = []
    chosen = set(random.Random(seed + 1).sample(range(count), min(sample, count)))
    for n in range(count):
        kind = KINDS[n % len(KINDS)]
        for request in disrupted(oracle, kind, draws):
            began = time.thread_time()
            answers = oracle.best(request)
            took = 1000 * (time.thread_time() - began)
            if n in chosen:
                chosen.discard(n)
                fewest_people = min((len(a.people) for a in answers if not a.dropped), default=None)
                kept.append(Question(oracle.problem, oracle.meetings(), request, fewest_people))
            asked[kind].ms.append(took)
            asked[kind].people.append(len(answers[0].people) if answers else -1)
            if answers:
                asked[kind].gains.append(answers[0].gain)
                oracle.apply(answers[0])
        if n % JUDGED == 0 and (found := rules.violations(oracle.problem, oracle.meetings())):
            raise SystemExit(f"the oracle broke a rule: {found[0].detail}")
    return asked, kept


def compared(instance: str, questions: Sequence[Question], limit: float) -> Iterator[Json]:
    """How often the oracle moves as few people as CP-SAT, of the questions that it answers in the limit.

    A row after each question, with all until then.
    """
    known = proved = as_few = 0
    more: list[int] = []
    for asked, question in enumerate(questions, start=1):
        found = fewest(question.problem, question.meetings, question.request, limit)
        proved += found.is_proved
        known += found.is_proved or found.people is not None
        if found.people is not None and question.people is not None and question.people > found.people:
            more.append(question.people - found.people)
        elif found.is_proved or (found.people is not None and question.people is not None):
            as_few += 1
        percent = round(100 * as_few / known, 1) if known else None
        yield {
            "instance": instance, "questions": asked, "limit": limit, "known": known, "proved": proved,
            "as few": as_few, "percent": percent, "people more": list(more),
        }  # fmt: skip


def rows(instance: Instance, count: int, seconds: float, sample: int) -> tuple[list[Json], list[Question]]:
    plan = solve(instance.problem, SolveParams(seconds, 1, 1, "search")).plan
    asked, kept = disrupt(instance.problem, plan.meetings, count, sample)
    return [each.row(instance.name, kind) for kind, each in asked.items() if each.ms], kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--count", type=int)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--exact", type=int, metavar="N", help="questions that CP-SAT answers too")
    parser.add_argument("--limit", type=float, metavar="S", help="seconds of CP-SAT a question")
    options = parser.parse_args()
    sizes = FULL if options.full else QUICK
    sample = options.exact if options.exact is not None else (50 if options.full else 5)
    limit = options.limit or (60.0 if options.full else 10.0)
    made = read_instances(options.files) if options.files else [generated(*size) for size in sizes]
    path = options.out / f"{stem('repair', options.full)}.json"
    found: list[Json] = []
    exact: list[Json] = []
    print(line(HEADINGS, WIDTHS))
    for instance in made:
        new, questions = rows(
            instance, options.count or (1000 if options.full else 100), options.seconds, sample
        )
        for row in new:
            print(line([row[key] for key in HEADINGS], WIDTHS), flush=True)
        found += new
        write_json(path, {"machine": machine(), "commit": commit(), "rows": found, "exact": exact})
        last: Json = {}
        for last in compared(instance.name, questions, limit):
            kept = {"machine": machine(), "commit": commit(), "rows": found, "exact": [*exact, last]}
            write_json(path, kept)
        if last:
            exact.append(last)
            print(", ".join(f"{key} {value}" for key, value in last.items()), flush=True)


if __name__ == "__main__":
    main()
