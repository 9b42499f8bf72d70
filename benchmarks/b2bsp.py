"""B2BSP benchmark: all meetings compulsory, minimum breaks, fairness, compared with published results.

Instances and results: Bofill, Coll, Garcia, Giraldez-Cru, Pesant, Suy, Villaret, "Constraint solving
approaches to the business-to-business meeting scheduling problem", JAIR 74 (2022) 263-301.

Each case is solved by `chainmeet solve`, as users do, from a problem file to a plan file.

    python benchmarks/b2bsp.py DIR [--full] [--seconds 60] [--out benchmarks/results]

DIR contains the instances and best_known.csv. By default only cases run that MaxSAT solved within half a
second.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.b2bsp_read import Case, as_problem, read_cases, read_dzn  # noqa: E402 - run from a checkout
from benchmarks.b2bsp_svg import Dot, scatter  # noqa: E402
from benchmarks.machine import RESULTS, machine  # noqa: E402
from benchmarks.report import stem, write_json, write_text  # noqa: E402
from chainmeet.files import read_plan  # noqa: E402
from scheduler.domain.entities import PlanStatus  # noqa: E402
from scheduler.domain.plan import Plan  # noqa: E402
from scheduler.domain.problem import Problem  # noqa: E402
from scheduler.domain.rules import score, violations  # noqa: E402
from scheduler.files.problem_file import write_problem  # noqa: E402

QUICK_SECONDS = 0.5
LEAST_SECONDS = 0.01  # lower limit of values in the geometric mean


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one case. `outcome` is "agrees", "open" (not proven in time) or "disagrees".

    `seconds` is the solve time of the plan, `wall_seconds` that of the whole command with the start of
    Python.
    """

    instance: str
    fairness: int
    status: str
    breaks: int | None
    published_breaks: int | None
    outcome: str
    seconds: float
    wall_seconds: float
    maxsat_seconds: float | None
    chuffed_seconds: float | None
    cplex_seconds: float | None


def run(folder: Path, case: Case, seconds: float, workers: int) -> Row:
    """Solve one case. The rules check its plan independently of the solver."""
    data = read_dzn((folder / case.instance).read_text())
    problem = as_problem(data, case.fairness, case.instance)
    began = time.perf_counter()
    plan = solved(problem, seconds, workers)
    took = time.perf_counter() - began
    breaks = None
    if plan.status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE):
        if violations(problem, plan.meetings):
            raise RuntimeError(f"{case.instance}: the plan breaks a rule")
        breaks = int(score(problem, plan.meetings).terms["idle"])
    return Row(
        instance=case.instance,
        fairness=case.fairness,
        status=str(plan.status),
        breaks=breaks,
        published_breaks=case.optimum,
        outcome=judge(plan.status, breaks, case.optimum),
        seconds=plan.seconds,
        wall_seconds=round(took, 3),
        maxsat_seconds=case.maxsat,
        chuffed_seconds=case.chuffed,
        cplex_seconds=case.cplex,
    )


def solved(problem: Problem, seconds: float, workers: int) -> Plan:
    """Return the plan of `chainmeet solve`."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "problem.json", Path(folder) / "plan.json"
        source.write_text(json.dumps(write_problem(problem)))
        command = [sys.executable, "-m", "chainmeet.cli", "solve", str(source), "-o", str(output)]
        command += ["--seconds", str(seconds), "--workers", str(workers)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        return read_plan(output)


def judge(status: PlanStatus, breaks: int | None, published: int | None) -> str:
    if status is PlanStatus.INFEASIBLE:
        return "agrees" if published is None else "disagrees"
    if status is PlanStatus.OPTIMAL:
        return "agrees" if breaks == published else "disagrees"
    better = breaks is not None and (published is None or breaks < published)
    return "disagrees" if better else "open"


def geometric_mean(values: Iterable[float]) -> float:
    logs = [math.log(max(value, LEAST_SECONDS)) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def summary(rows: list[Row]) -> dict[str, float | int]:
    """Return counts, and geometric means of seconds over all cases, including open ones with their time."""
    both = [row for row in rows if row.maxsat_seconds is not None]
    return {
        "cases": len(rows),
        "agree": sum(row.outcome == "agrees" for row in rows),
        "open": sum(row.outcome == "open" for row in rows),
        "disagree": sum(row.outcome == "disagrees" for row in rows),
        "seconds_geometric_mean": round(geometric_mean(row.seconds for row in both), 3),
        "wall_seconds_geometric_mean": round(geometric_mean(row.wall_seconds for row in both), 3),
        "maxsat_geometric_mean": round(geometric_mean(row.maxsat_seconds or 0.0 for row in both), 3),
        "seconds_worst": max((row.seconds for row in rows), default=0.0),
    }


def line(row: Row) -> str:
    ours = "-" if row.breaks is None else row.breaks
    known = "UNSAT" if row.published_breaks is None else row.published_breaks
    times = [row.maxsat_seconds, row.chuffed_seconds, row.cplex_seconds]
    published = " ".join(f"{'-' if value is None else value:>8}" for value in times)
    return (
        f"{row.instance:<28} {row.fairness:>2} {row.status:<10} {ours:>6} {known:>6} {row.outcome:<9} "
        f"{row.seconds:>8.2f} {published}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--full", action="store_true", help="every published case of the instances in DIR")
    parser.add_argument("--seconds", type=float, default=60.0, help="at most so long a case")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    cases = read_cases(options.folder)
    if not options.full:
        cases = [case for case in cases if case.maxsat is not None and case.maxsat <= QUICK_SECONDS]
    print(
        f"{'instance':<28} {'d':>2} {'status':<10} {'breaks':>6} {'known':>6} {'':<9} {'seconds':>8}", end=""
    )
    print(f" {'maxsat':>8} {'chuffed':>8} {'cplex':>8}")
    rows: list[Row] = []
    for case in cases:
        rows.append(run(options.folder, case, options.seconds, options.workers))
        print(line(rows[-1]), flush=True)
    totals = summary(rows)
    print(json.dumps(totals, indent=2))
    name = stem("b2bsp", options.full)
    write(
        options.out / name,
        rows,
        totals,
        {"seconds": options.seconds, "workers": options.workers, **machine()},
    )


def write(path: Path, rows: list[Row], totals: dict[str, float | int], how: dict[str, object]) -> None:
    """Write the rows as JSON and as an SVG chart."""
    write_json(
        path.with_suffix(".json"), {"how": how, "summary": totals, "rows": [asdict(row) for row in rows]}
    )
    dots = [
        Dot(row.maxsat_seconds, row.seconds, row.outcome, f"{row.instance} d={row.fairness}")
        for row in rows
        if row.maxsat_seconds is not None
    ]
    write_text(path.with_suffix(".svg"), scatter(dots, f"B2BSP: {totals['agree']} of {len(rows)} proved"))


if __name__ == "__main__":
    main()
