"""Repair search: latency, and number of people who move, over random disruptions of a plan.

    python -m benchmarks.repair [FILE...] [--count 100] [--full] [--seconds 5] [--exact 5] [--limit 10]

FILE is a problem file. Without one, an expo of 60 firms is generated, or with --full one of 620 and one of
3,000. It is solved for `--seconds` first. Disruptions are, in turn: a meeting that has to move, an
unscheduled request, a person absent for half a day, a table closed for half a day. Each starts from the plan
that the previous ones left: lost meetings are rescheduled in the best way that the repair search finds. Times
are CPU milliseconds of one core. The first answer is not counted. Every tenth plan is checked by the rules.

--exact N gives N random questions to CP-SAT with the full minimum-change model, --limit seconds each: how
many
people have to move so that the request and all other meetings are scheduled? It is compared with the
repair search's best answer without dropped meetings that moves the fewest people.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.infeasibility import is_infeasible
from benchmarks.instances import Instance, generated, read_instances, wanted
from benchmarks.machine import RESULTS, commit, machine
from benchmarks.repair_compared import Question, compared
from benchmarks.report import Json, line, merged, stem, write_json
from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.solve import solve

KINDS = ("move", "hold", "person out", "place closes")
JUDGED, LARGE = 10, 20_000
HOPELESS_SECONDS = 10.0
FULL, QUICK = ((620, 9000), (3000, 45000)), ((60, 870),)
HEADINGS = ("instance", "kind", "questions", "p50 ms", "p95 ms", "answered", "no way", "people", "gain")
WIDTHS = (-24, -13, 10, 8, 8, 9, 7, 7, 9)


@dataclass
class Asked:
    """Questions of one kind: milliseconds, people and gain of the best answer, or -1 without one.

    `hopeless` counts questions without an answer that are proven infeasible.
    """

    ms: list[float] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    hopeless: int = 0

    def row(self, instance: str, kind: str) -> Json:
        moved = [n for n in self.people if n >= 0]
        p50, p95 = np.quantile(self.ms, [0.5, 0.95])
        return {
            "instance": instance, "kind": kind, "questions": len(self.ms), "p50 ms": round(float(p50), 1),
            "p95 ms": round(float(p95), 1), "answered": len(moved),
            "no way": self.hopeless,
            "people": round(float(np.mean(moved)), 2) if moved else 0,
            "gain": round(float(np.mean(self.gains)), 1) if moved else 0,
        }  # fmt: skip


def half_day(problem: Problem, draws: random.Random) -> list[str]:
    """Return the slots of a random half-day."""
    block = draws.choice(problem.slots).block
    return [slot.id for slot in problem.slots if slot.block == block]


def disrupted(repairer: Repairer, kind: str, draws: random.Random) -> list[str]:
    """Return the requests to ask about after a random disruption of a kind."""
    problem, held = repairer.problem, repairer.places.place_of
    if kind == "person out":
        return repairer.lose_person(draws.choice(problem.attendees).id, half_day(problem, draws))
    if kind == "place closes":
        return repairer.close_place(draws.choice(problem.places).id, half_day(problem, draws))
    wanted = [row.id for r, row in enumerate(problem.requests) if (r in held) == (kind == "move")]
    return draws.sample(wanted, min(1, len(wanted)))


def fewest_moved(repairer: Repairer, request: str) -> int | None:
    """Return the fewest people who move in answers without dropped meetings, or None without one."""
    return min((len(each.people) for each in repairer.best(request, most_dropped=0)), default=None)


def disrupt(
    problem: Problem, meetings: Sequence[Meeting], count: int, sample: int = 0, seed: int = 1
) -> tuple[dict[str, Asked], list[Question]]:
    """Ask about `count` random disruptions, and apply the best answers. Also return a random sample."""
    repairer, draws = Repairer(problem, meetings), random.Random(seed)
    repairer.best(problem.requests[0].id)
    asked = {kind: Asked() for kind in KINDS}
    kept: list[Question] = []
    chosen = set(random.Random(seed + 1).sample(range(count), min(sample, count)))
    wanted = 0  # pending questions of the sample: a disruption may have no question, and the next one two
    for n in range(count):
        kind = KINDS[n % len(KINDS)]
        wanted += n in chosen
        for request in disrupted(repairer, kind, draws):
            began = time.thread_time()
            answers = repairer.best(request)
            took = 1000 * (time.thread_time() - began)
            if wanted:
                wanted -= 1
                people = fewest_moved(repairer, request)
                kept.append(Question(kind, repairer.problem, repairer.meetings(), request, people))
            asked[kind].ms.append(took)
            asked[kind].people.append(len(answers[0].people) if answers else -1)
            if answers:
                asked[kind].gains.append(answers[0].gain)
                repairer.apply(answers[0])
            elif is_infeasible(repairer.problem, repairer.meetings(), request, HOPELESS_SECONDS):
                asked[kind].hopeless += 1
        if n % (JUDGED if len(problem.requests) < LARGE else 10 * JUDGED) == 0:
            judge(repairer)
            print(f"{n + 1} of {count} disruptions", file=sys.stderr, flush=True)
    judge(repairer)
    return asked, kept


def judge(repairer: Repairer) -> None:
    if found := rules.violations(repairer.problem, repairer.meetings()):
        raise SystemExit(f"the oracle broke a rule: {found[0].detail}")


def rows(instance: Instance, count: int, seconds: float, sample: int) -> tuple[list[Json], list[Question]]:
    plan = solve(instance.problem, SolveParams(seconds, 1, 1, "search")).plan
    print(f"{instance.name}: {len(plan.meetings)} meetings", file=sys.stderr, flush=True)
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
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD")
    options = parser.parse_args()
    sizes = FULL if options.full else QUICK
    sample = options.exact if options.exact is not None else (50 if options.full else 5)
    limit = options.limit or (60.0 if options.full else 10.0)
    made = read_instances(options.files) if options.files else [generated(*size) for size in sizes]
    path = options.out / f"{stem('repair', options.full)}.json"
    print(line(HEADINGS, WIDTHS))
    for instance in made:
        if not wanted(instance.name, options.only):
            continue
        new, questions = rows(
            instance, options.count or (1000 if options.full else 100), options.seconds, sample
        )
        for row in new:
            print(line([row[key] for key in HEADINGS], WIDTHS), flush=True)
        keep(path, new, [])
        for row in compared(instance.name, questions, limit):
            keep(path, [], [row])
            print(", ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr, flush=True)


def keep(path: Path, rows: Sequence[Json], exact: Sequence[Json]) -> None:
    """Write rows into the file. Replace those with the same instance and kind."""
    beside = json.loads(path.read_text("utf-8"))["exact"] if path.exists() else []
    same = {row["instance"] for row in exact}
    document = {
        "machine": machine(), "commit": commit(), "rows": merged(path, rows, ("instance", "kind")),
        "exact": [*(row for row in beside if row["instance"] not in same), *exact],
    }  # fmt: skip
    write_json(path, document)


if __name__ == "__main__":
    main()
