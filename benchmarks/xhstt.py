"""School timetables in which class, teacher and room are all full: hdtt4 to hdtt8 and Abramson15.

    python -m benchmarks.xhstt DIR [--seconds 60 | --moves N] [--workers 2] [--seeds K...] [--only WORD...]
        [--out benchmarks/results]

DIR contains XHSTT files. hdtt4 to hdtt8 are of the OR-Library
(http://people.brunel.ac.uk/~mastjjb/jeb/orlib/tableinfo.html; D. Abramson and H. Dang, School timetables: a
case study in simulated annealing, Springer 1993), Abramson15 is by Kyngas and Nurmi; in XHSTT both are in the
archive XHSTT-2014a. Each is solved twice: with all lessons compulsory, and with as many as fit. The cost of a
plan is computed from the file, and so is the cost of the solutions that the file contains. An instance with
other constraints is a row that names them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import solved
from benchmarks.instances import wanted
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, merged, write_json
from benchmarks.xhstt_read import School, as_problem, cost, lessons_of, read_school
from scheduler.domain.solving import SolveParams

ALL, MOST = "all compulsory", "as many as fit"
KEYS = ("instance", "way", "budget", "workers", "seed")
HEADINGS = (
    "instance",
    "way",
    "lessons",
    "scheduled",
    "bound",
    "clashes",
    "published",
    "status",
    "CPU s",
    "seed",
)
WIDTHS = (-28, -14, 7, 9, 7, 7, 9, -10, 8, 4)


def solve(school: School, way: str, params: SolveParams) -> Json:
    """Return what a solve makes of an instance, by the costs of XHSTT."""
    found = solved.run(as_problem(school, compulsory=way == ALL), params)
    scheduled = lessons_of(found.meetings)
    missing, clashes = cost(school, scheduled)
    return {
        "scheduled": sum(map(len, scheduled.values())),
        "bound": found.meetings_bound,
        "missing": missing,
        "clashes": clashes,
        "status": str(found.status),
        "seconds": found.seconds,
        "cpu_seconds": found.cpu_seconds,
    }


def row(school: School, way: str, seed: int, options: argparse.Namespace) -> Json:
    """Return the row of an instance."""
    params = SolveParams(options.seconds, workers=options.workers, seed=seed, iterations=options.moves)
    return {
        "instance": school.name,
        "way": way,
        "budget": f"{options.seconds:g} s" if options.moves is None else f"{options.moves:,} moves",
        "workers": options.workers,
        "seed": seed,
        "lessons": school.lessons,
        "published": min((sum(cost(school, times)) for times in school.solutions), default=None),
        "not_expressible": list(school.unknown),
        **({} if school.unknown else solve(school, way, params)),
        **machine(),
    }


def shown(found: Json) -> str:
    if found["not_expressible"]:
        return f"{found['instance']:<28}  cannot be expressed: {', '.join(found['not_expressible'])}"
    names = (
        "instance",
        "way",
        "lessons",
        "scheduled",
        "bound",
        "clashes",
        "published",
        "status",
        "cpu_seconds",
    )
    return line([*(found[name] for name in names), found["seed"]], WIDTHS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=60.0, help="at most so long a solve")
    parser.add_argument("--moves", type=int, help="of each thread instead; the exact model counts seconds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some instances or ways only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.out / "xhstt.json"
    print(line(HEADINGS, WIDTHS))
    for file in sorted(options.folder.glob("*.xml")):
        school = read_school(file.read_text("utf-8"))
        for way in (ALL, MOST) if not school.unknown else ("",):
            for seed in options.seeds if way else options.seeds[:1]:
                if wanted(f"{school.name} {way}", options.only):
                    found = row(school, way, seed, options)
                    print(shown(found), flush=True)
                    write_json(path, {"rows": merged(path, [found], KEYS)})


if __name__ == "__main__":
    main()
