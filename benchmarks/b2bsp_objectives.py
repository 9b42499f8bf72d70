"""B2BSP by the objectives of 2026: fewest breaks within a range of 2, and (range, most, sum) of idle slots.

    python -m benchmarks.b2bsp_objectives DIR [--seconds 60] [--workers 2] [--only WORD...]
        [--out benchmarks/results]

DIR contains the original instances (`*.original.dzn`) of JAIR 74 (2022) 263-301, unchanged. The published
figures are in benchmarks/b2bsp_2026.json. The objectives, for people with two meetings or more:

bg_d2       the sum of their breaks (runs of idle slots), where breaks of two people differ by 2 at most
ir_im_is    first the range of their idle slots, then the most idle slots of a person, then the sum of all

The second one is a series of solves: `max_idle_spread` is 0, then 1 and so on, until there is a plan. One
more person, without a meeting, makes it a limit of the most idle slots as well. That is exact where
everyone has two meetings, if a plan of the least range has a person without an idle slot. Where someone
has fewer, the problem file counts an idle figure of 0 for them, and cannot express that all others wait
equally long: such a row is "another range" if its range is wider. Nor can it express the objectives of
2026 with squares of idle slots, or with the most idle slots before breaks. Plans are checked, and their
objectives computed, from the instance alone.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import solved
from benchmarks.b2bsp_read import AFTERNOON, MORNING, as_document, read_dzn
from benchmarks.instances import wanted
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, merged, write_json
from benchmarks.solved import Solved
from scheduler.domain.entities import PlanStatus
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem

PUBLISHED = Path(__file__).parent / "b2bsp_2026.json"
BREAKS, IDLE = "bg_d2", "ir_im_is"
MOST_BREAK_RANGE = 2
IDLER = "idler"
KEYS = ("instance", "objective", "workers")
HEADINGS = ("instance", "objective", "ours", "published", "", "CPU s", "published s")
WIDTHS = (-28, -10, -14, -14, -13, 8, 11)

Slots = Mapping[int, int]
"""By meeting, its slot; both from 1."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Objectives of a plan. `breaks` and `idle` are of the people with two meetings or more."""

    breaks: tuple[int, ...]
    idle: tuple[int, ...]

    def objective(self, name: str) -> list[int]:
        if name == BREAKS:
            return [sum(self.breaks)]
        return [max(self.idle) - min(self.idle), max(self.idle), sum(self.idle)]


def figures(data: Mapping[str, Any], slots: Slots) -> Figures:
    """Return the objectives of a plan. Raises ValueError if it breaks a rule of the problem."""
    wrong = faults(data, slots)
    if wrong:
        raise ValueError("; ".join(wrong[:3]))
    breaks, idle = [], []
    for person in range(1, data["nBusiness"] + 1):
        busy = sorted(slots[m] for m, row in enumerate(data["requested"], 1) if person in row[:2])
        if len(busy) > 1:
            gaps = [after - before - 1 for before, after in pairwise(busy)]
            breaks.append(sum(gap > 0 for gap in gaps))
            idle.append(sum(gaps))
    return Figures(tuple(breaks), tuple(idle))


def faults(data: Mapping[str, Any], slots: Slots) -> list[str]:
    """Return the rules of the problem that a plan breaks."""
    wrong: list[str] = []
    total, tables = data["nTotalSlots"], data["nTables"]
    sessions = {
        MORNING: range(1, data["nMorningSlots"] + 1),
        AFTERNOON: range(data["nMorningSlots"] + 1, total + 1),
    }
    seen: dict[tuple[int, int], int] = {}
    for m, (one, other, session) in enumerate(data["requested"], 1):
        slot = slots.get(m, 0)
        if slot not in sessions.get(session, range(1, total + 1)):
            wrong.append(f"meeting {m} is not in its session")
        if m <= len(data["fixed"]) and data["fixed"][m - 1] not in (0, slot):
            wrong.append(f"meeting {m} is not where it is fixed")
        for person in (one, other):
            if slot in data["forbidden"][person - 1] - {0}:
                wrong.append(f"meeting {m}: slot {slot} is forbidden for {person}")
            if (person, slot) in seen:
                wrong.append(f"meetings {seen[person, slot]} and {m} of {person} are in one slot")
            seen[person, slot] = m
    taken = list(slots.values())
    wrong += [f"slot {slot} has too many meetings" for slot in set(taken) if taken.count(slot) > tables]
    for after, befores in enumerate(data.get("precedences", []), 1):
        wrong += [
            f"{m} is not before {after}" for m in befores - {0} if slots.get(m, 0) >= slots.get(after, 0)
        ]
    return wrong


def solve(
    data: dict[str, Any], name: str, policy: Json, params: SolveParams, *, idler: bool = False
) -> Solved:
    """Solve with this policy. With `idler` one more person, without meetings, has the idle figure 0."""
    document = as_document(data, name, policy, waits=policy.get("idle_counts") != "breaks")
    if idler:
        document["firms"].append({**document["firms"][0], "id": IDLER})
        document["attendees"].append({"id": IDLER, "firm": IDLER, "languages": ["en"]})
    return solved.run(read_problem(document), params)


def fewest_breaks(data: dict[str, Any], name: str, params: SolveParams) -> list[Solved]:
    """Return the solve of `bg_d2`."""
    return [solve(data, name, {"idle_counts": "breaks", "max_idle_spread": MOST_BREAK_RANGE}, params)]


def least_idle(data: dict[str, Any], name: str, params: SolveParams) -> list[Solved]:
    """Return the solves of `ir_im_is`: the last one has the plan, unless the time of one ran out."""
    found: list[Solved] = []
    for spread in range(data["nTotalSlots"]):
        limited = solve(data, name, {"max_idle_spread": spread}, params, idler=True)
        found.append(limited)
        if limited.status is not PlanStatus.INFEASIBLE:
            break
        if all_have_two(data):
            ranged = solve(data, name, {"max_idle_spread": spread}, params)
            found.append(ranged)
            if ranged.status is PlanStatus.UNKNOWN:
                break
            if ranged.status is not PlanStatus.INFEASIBLE:
                raise ValueError(f"{name}: in plans of the least range everyone has an idle slot")
    return found


def all_have_two(data: Mapping[str, Any]) -> bool:
    """Whether everyone has two meetings or more."""
    count = Counter(person for row in data["requested"] for person in row[:2])
    return all(count[person] > 1 for person in range(1, data["nBusiness"] + 1))


OBJECTIVES = {BREAKS: fewest_breaks, IDLE: least_idle}


def outcome(status: PlanStatus, ours: list[int] | None, published: list[int] | None, *, exact: bool) -> str:
    """Return how a result compares with the published one. If it is not `exact`, its range may be wider."""
    if status is not PlanStatus.OPTIMAL:
        return "open"
    if published is None:
        return "new"
    if ours == published:
        return "agrees"
    return "another range" if not exact and ours and ours[0] > published[0] else "disagrees"


def run(file: Path, objective: str, options: argparse.Namespace) -> Json:
    """Return a row."""
    name = file.name.removesuffix(".dzn")
    data = read_dzn(file.read_text())
    solves = OBJECTIVES[objective](data, name, SolveParams(options.seconds, workers=options.workers))
    last = solves[-1]
    slots = {int(m.request.removeprefix("m")): int(m.slot.removeprefix("s")) for m in last.meetings}
    ours = figures(data, slots).objective(objective) if len(slots) == data["nMeetings"] else None
    published, seconds = json.loads(PUBLISHED.read_text("utf-8"))[objective].get(name, (None, None))
    exact = objective == BREAKS or all_have_two(data) or not ours or not any(ours)
    return {
        "instance": name,
        "objective": objective,
        "workers": options.workers,
        "ours": ours,
        "status": str(last.status),
        "published": published,
        "outcome": outcome(last.status, ours, published, exact=exact),
        "solves": len(solves),
        "seconds": round(sum(each.seconds for each in solves), 2),
        "cpu_seconds": round(sum(each.cpu_seconds for each in solves), 2),
        "published_seconds": seconds,
        **machine(),
    }


def shown(row: Json) -> str:
    ours, published = (None if row[key] is None else str(row[key]) for key in ("ours", "published"))
    return line(
        [
            row["instance"],
            row["objective"],
            ours,
            published,
            row["outcome"],
            row["cpu_seconds"],
            row["published_seconds"],
        ],
        WIDTHS,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=60.0, help="at most so long a solve")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD", help="some instances or objectives only"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.out / "b2bsp_objectives.json"
    print(line(HEADINGS, WIDTHS))
    for file in sorted(options.folder.glob("*.original.dzn")):
        for objective in OBJECTIVES:
            if wanted(f"{file.name} {objective}", options.only):
                row = run(file, objective, options)
                print(shown(row), flush=True)
                write_json(path, {"rows": merged(path, [row], KEYS)})


if __name__ == "__main__":
    main()
