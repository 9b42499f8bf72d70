"""CSPLib 046, Meeting Scheduling: all meetings compulsory, groups of agents, travel between places.

    python -m benchmarks.csplib046 [--seconds 60] [--workers 2] [--only NUMBER...] [--out benchmarks/results]

The 27 instances and the published results are CSPLib's own files, in benchmarks/csplib/. A plan is checked
by the rule of the problem's page: two meetings of an agent are further apart than the travel between their
places. The published solutions are checked in the same way.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from benchmarks import solved, uniform
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, merged, write_json
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem

FOLDER = Path(__file__).parent / "csplib"
TITLE = re.compile(r"^(?:\*\*|__)Instance #(\d+)(?:\*\*|__)", re.MULTILINE)
AGENTS = "agents"
SATISFIABLE, INFEASIBLE = "satisfiable", "infeasible"
KEYS = ("instance", "workers")
HEADINGS = ("instance", "meetings", "agents", "slots", "published", "ours", "", "seconds", "CPU s")
WIDTHS = (8, 8, 6, 5, -12, -12, -9, 8, 8)

Times = dict[int, int]
"""By meeting: its time-slot."""


@dataclass(frozen=True, slots=True)
class Case:
    """An instance. `agents` have the meetings of each agent, `travel` the slots between two meetings."""

    number: int
    meetings: int
    slots: int
    agents: tuple[tuple[int, ...], ...]
    travel: tuple[tuple[int, ...], ...]


def read_cases(text: str) -> list[Case]:
    """Read `instances.md`."""
    return [_case(number, part) for number, part in _parts(text)]


def read_results(text: str) -> dict[int, Times | None]:
    """Read `results.md`: by instance its solution, or None if it is infeasible."""
    found: dict[int, Times | None] = {}
    for number, part in _parts(text):
        rows = re.findall(r"Meeting (\d+) scheduled at time (\d+)", part)
        found[number] = {int(meeting): int(time) for meeting, time in rows} or None
    return found


def _parts(text: str) -> Iterator[tuple[int, str]]:
    marks = list(TITLE.finditer(text))
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        yield int(mark[1]), text[mark.end() : after.start() if after is not None else len(text)]


def _case(number: int, text: str) -> Case:
    sizes = {name: int(value) for name, value in re.findall(r"^(\w+)\s*=\s*(\d+)\s*$", text, re.MULTILINE)}
    agents = re.findall(r"^\s*Agents \(\d+\):([\d ]+)$", text, re.MULTILINE)
    travel = re.findall(r"^\s*\d+\s*:([\d ]+)$", text, re.MULTILINE)
    case = Case(
        number,
        sizes["NumberOfMeetings"],
        sizes["DomainSize"],
        tuple(_numbers(row) for row in agents),
        tuple(_numbers(row) for row in travel),
    )
    if len(agents) != sizes["NumberOfAgents"] or {len(travel), *map(len, case.travel)} != {case.meetings}:
        raise ValueError(f"instance {number}: not of the sizes that it names")
    return case


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split()))


def as_problem(case: Case) -> Problem:
    """Return the problem: a meeting is a request of its agents for the booth of its place.

    All agents are people of one firm, named together. Each place is a hall with one booth, and its firm one
    person, who is in that meeting alone. A meeting without agents has a person of its own instead of them.
    """
    names = [f"m{k}" for k in range(case.meetings)]
    people = {
        name: [f"agent {a}" for a, meetings in enumerate(case.agents) if k in meetings]
        for k, name in enumerate(names)
    }
    alone = [name for name in names if not people[name]]
    return read_problem(
        uniform.document(
            f"CSPLib 046, instance {case.number}",
            slots=uniform.slots([f"s{k}" for k in range(case.slots)]),
            halls=names,
            walking_minutes=[
                {"from": names[i], "to": names[j], "minutes": case.travel[i][j] * uniform.SLOT.seconds // 60}
                for i, j in combinations(range(case.meetings), 2)
            ],
            places=[{"id": f"at {name}", "hall": name, "kind": "booth", "firm": name} for name in names],
            firms=[uniform.firm(name) for name in (AGENTS, *names, *(f"for {name}" for name in alone))],
            attendees=[
                *uniform.attendees(AGENTS, [f"agent {a}" for a in range(len(case.agents))]),
                *(person for name in names for person in uniform.attendees(name, [f"host of {name}"])),
                *(
                    person
                    for name in alone
                    for person in uniform.attendees(f"for {name}", [f"guest of {name}"])
                ),
            ],
            requests=[
                {
                    "id": name,
                    "from": AGENTS if people[name] else f"for {name}",
                    "to": name,
                    "weight": 1,
                    "place": "booth",
                    "from_attendees": people[name],
                }
                for name in names
            ],
            policy={"require_all": True, "factors": {"idle": 0, "hall_change": 0}},
        )
    )


def conflicts(case: Case, times: Mapping[int, int]) -> list[str]:
    """Return what is wrong with a solution: meetings without a time, and pairs that are too close."""
    wrong = [
        f"meeting {k} has no slot" for k in range(case.meetings) if times.get(k) not in range(case.slots)
    ]
    for agent, meetings in enumerate(case.agents):
        for one, other in combinations(meetings, 2):
            if one in times and other in times:
                apart = abs(times[one] - times[other]) - 1
                if apart < case.travel[one][other]:
                    wrong.append(f"agent {agent}: meetings {one} and {other}")
    return wrong


def run(case: Case, published: Times | None, params: SolveParams) -> Json:
    """Return the row of an instance."""
    found = solved.run(as_problem(case), params)
    times = {int(m.request.removeprefix("m")): int(m.slot.removeprefix("s")) for m in found.meetings}
    wrong = conflicts(case, times)
    ours = "unknown" if wrong else SATISFIABLE
    if found.status is PlanStatus.INFEASIBLE:
        ours = INFEASIBLE
    known = INFEASIBLE if published is None else SATISFIABLE
    return {
        "instance": case.number,
        "meetings": case.meetings,
        "agents": len(case.agents),
        "slots": case.slots,
        "published": known,
        "published_conflicts": [] if published is None else conflicts(case, published),
        "ours": ours,
        "outcome": "open" if ours == "unknown" else "agrees" if ours == known else "disagrees",
        "seconds": found.seconds,
        "cpu_seconds": found.cpu_seconds,
    }


def shown(row: Json) -> str:
    names = (
        "instance",
        "meetings",
        "agents",
        "slots",
        "published",
        "ours",
        "outcome",
        "seconds",
        "cpu_seconds",
    )
    return line([row[name] for name in names], WIDTHS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="instances.md and results.md")
    parser.add_argument("--seconds", type=float, default=60.0, help="at most so long an instance")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--only", nargs="+", type=int, default=[], metavar="NUMBER", help="some instances only"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    published = read_results((options.folder / "results.md").read_text("utf-8"))
    params = SolveParams(options.seconds, workers=options.workers)
    path = options.out / "csplib046.json"
    print(line(HEADINGS, WIDTHS))
    for case in read_cases((options.folder / "instances.md").read_text("utf-8")):
        if not options.only or case.number in options.only:
            row = {**run(case, published[case.number], params), "workers": options.workers, **machine()}
            print(shown(row), flush=True)
            write_json(path, {"rows": merged(path, [row], KEYS)})


if __name__ == "__main__":
    main()
