"""Suggested fixes of unscheduled requests: a random sample is applied, and the plan solved again.

    python -m benchmarks.fixes [FILE] [--count 50] [--seconds 20] [--full]

FILE is a problem file. Without one, an expo of 60 firms is generated, or with --full one of 620. It is solved
for `--seconds`. Fixes are drawn at random, at most one for each firm and time, so that they do not compete.
All are applied at once, and each request is locked to its time. The plan is solved again as a rerun. A fix
holds if its request is scheduled at its time.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.instances import generated, read_instances
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from scheduler.domain.plan import EventFix, FixAction, Unscheduled
from scheduler.domain.problem import Fixed, Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.explain.event_fixes import KINDS, apply_event_fix
from scheduler.solver.explain.reasons import explain_unscheduled
from scheduler.solver.solve import solve

NOTHING_TO_CHANGE = ("again", "closed")
"""Fixes that only lock the request: at a time that the search did not use, or that was excluded."""
HEADINGS, WIDTHS = ("remedy", "made", "held"), (-16, 6, 6)


class Made(NamedTuple):
    """A fix of the sample."""

    request: int
    slot: int
    way: FixAction


def draw_sample(problem: Problem, rows: Sequence[Unscheduled], count: int, seed: int = 1) -> Iterator[Made]:
    """Yield at most `count` fixes, one per request, which share no firm at any time."""
    draws, index = random.Random(seed), problem.index
    taken: set[tuple[int, int]] = set()
    for row in draws.sample(list(rows), len(rows)):
        ways = [way for way in row.ways if list_event_fixes(problem, way, 1) or way.kind in NOTHING_TO_CHANGE]
        if not ways or count == 0:
            continue
        way, number = draws.choice(ways), index.requests[row.request]
        request, start = problem.requests[number], index.slots[way.slot]
        times = range(start, start + request.length)
        mine = {(firm, slot) for firm in (request.sender, request.receiver) for slot in times}
        if taken.isdisjoint(mine):
            taken |= mine
            count -= 1
            yield Made(number, start, way)


def list_event_fixes(problem: Problem, way: FixAction, length: int) -> list[EventFix]:
    """Return the changes of a fix. Empty if it only locks, or if the problem format cannot express it."""
    start = problem.index.slots[way.slot]
    slots = tuple(slot.id for slot in problem.slots[start : start + length])
    if way.kind == "add-place":
        return [
            EventFix("add-booth", way.ids[1:]) if way.ids[0] == "booth" else EventFix("add-table", way.ids)
        ]
    if way.kind == "add-person":
        return [EventFix(way.kind, (person,)) for person in way.ids]
    if way.kind == "row-cap":  # may join two rows, which is more than one meeting
        most = problem.most_in_row[problem.index.attendees[way.ids[0]]]
        more = 0 if most is None else int(way.ids[1]) - most
        return [EventFix(way.kind, way.ids[:1])] * more
    if way.kind in ("person-cap", "days-cap", "firm-cap", "available", "shift"):
        return [EventFix(way.kind, way.ids[:1], slots)]
    return [EventFix(way.kind, way.ids)] if way.kind in KINDS else []


def apply_sample(problem: Problem, sample: Sequence[Made]) -> Problem:
    """Return the problem with every fix applied, and each of their requests locked to its time."""
    requests = list(problem.requests)
    for number, start, way in sample:
        for lever in list_event_fixes(problem, way, requests[number].length):
            problem = apply_event_fix(problem, lever)
        own = requests[number]
        slots = None if own.slots is None else tuple(sorted({*own.slots, start}))
        requests[number] = replace(own, fixed=Fixed(start, None, True), slots=slots)
    return replace(problem, requests=tuple(requests))


def count_gains(problem: Problem, sample: Sequence[Made], starts: Mapping[str, str]) -> list[Json]:
    """Return by kind how many fixes were applied, and how many requests are at their times."""
    kinds = Counter(each.way.kind for each in sample)
    holds = Counter(
        each.way.kind
        for each in sample
        if starts.get(problem.requests[each.request].id) == problem.slots[each.slot].id
    )
    return [{"remedy": kind, "made": count, "held": holds[kind]} for kind, count in kinds.most_common()]


def main() -> None:
    parser = argparse.ArgumentParser(description="Remedies, made and solved again.")
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    made = generated(620, 9000) if given.full else generated(60, 1200)
    instance = read_instances([given.file])[0] if given.file else made
    params = SolveParams(seconds=given.seconds, workers=2)
    first = solve(instance.problem, params).plan
    rows = explain_unscheduled(instance.problem, first.meetings)
    sample = list(draw_sample(instance.problem, rows, given.count))
    rerun = replace(apply_sample(instance.problem, sample), published=first.meetings)
    again = solve(rerun, params).plan
    starts = {meeting.request: meeting.slot for meeting in again.meetings}
    found = count_gains(instance.problem, sample, starts)
    held = f"{len(first.meetings):,} held, {len(rows):,} not; then {len(again.meetings):,} held"
    print(f"{instance.name}: {held}")
    print(line(HEADINGS, WIDTHS))
    whole = {"remedy": "all", "made": len(sample), "held": sum(row["held"] for row in found)}
    for row in [*found, whole]:
        print(line([row[name] for name in HEADINGS], WIDTHS))
    document = {"machine": machine(), "instance": instance.name, "status": again.status, "rows": found}
    write_json(given.out / f"{stem('fixes', given.full)}.json", document)


if __name__ == "__main__":
    main()
