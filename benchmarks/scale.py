"""Scaling of quality, time and memory with the size of the event, at about 15 requests per firm.

    python -m benchmarks.scale [--full] [--only WORD...] [--out benchmarks/results]

By default 60, 200 and 620 firms for 5 to 10 seconds. With --full also 1,500, 3,000 and 10,000, for up to 900
seconds. --only runs sizes that contain a word, such as "10000 firms", and replaces their old rows.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from benchmarks import contestants
from benchmarks.instances import generated, wanted
from benchmarks.machine import RESULTS, commit, machine
from benchmarks.quality import BrokenPlan, quality
from benchmarks.report import Json, line, merged, stem, write_json, write_text
from benchmarks.rerun import seconds_to
from benchmarks.scale_svg import draw
from scheduler.domain.solving import Result
from scheduler.solver.bounds.closed_form import Bounds

QUICK = ((60, 500, 5.0), (200, 3000, 8.0), (620, 9000, 10.0))
WHOLE = (
    # firms, requests, seconds
    (60, 500, 10.0),
    (200, 3000, 20.0),
    (620, 9000, 60.0),
    (1500, 22_500, 150.0),
    (3000, 45_000, 300.0),
    (10_000, 150_000, 900.0),
)
NEAR = 0.99
KEYS = ("firms", "requests", "allowed")
HEADINGS = (
    "firms", "requests", "allowed", "served/bound", "score", "score/bound", "to 99 %", "seconds", "MB"
)  # fmt: skip
WIDTHS = (6, 8, 7, 18, 12, 11, 8, 8, 8)


def run(firms: int, requests: int, seconds: float) -> Json:
    """Return one row: a generated expo, solved, with the bounds proven meanwhile."""
    row: Json = {
        "firms": firms,
        "requests": requests,
        "allowed": seconds,
        "error": None,
        "commit": commit(),
    }
    problem = generated(firms, requests).problem
    outcome = contestants.run(contestants.chainmeet, problem, seconds)
    row["peak_mb"] = outcome.peak_mb
    if outcome.error is not None:
        return {**row, "error": outcome.error}
    result: Result = outcome.value
    plan = result.plan
    if plan.bound is None or plan.served_bound is None:
        return {**row, "error": f"no plan: {plan.status}"}
    try:
        found = quality(
            problem, plan.meetings, Bounds(plan.served_bound, 0, plan.bound, len(problem.requests))
        )
    except BrokenPlan as error:
        return {**row, "error": str(error)}
    near = plan.score * NEAR if plan.score > 0 else plan.score
    return {
        **row,
        "near_seconds": seconds_to(result, near),
        "seconds": plan.seconds,
        "bound": plan.bound,
        "served_bound": plan.served_bound,
        **asdict(found),
        "curve": [(round(p.seconds, 2), p.score) for p in result.curve if p.score is not None][
            :: step(result)
        ],
    }


def step(result: Result) -> int:
    """Return the sampling step of the curve that leaves about 300 points."""
    return max(1, len(result.curve) // 300)


def shown(row: Json) -> str:
    if row["error"] is not None:
        return f"{row['firms']:>6}  {row['requests']:>8,}  {row['allowed']:>7g}  {row['error']}"
    served = f"{row['served']:,}" + ("" if row["served_share"] is None else f" {row['served_share']:.2f} %")
    score = None if row["score_share"] is None else f"{row['score_share']:.3f} %"
    near = None if row["near_seconds"] is None else f"{row['near_seconds']:.1f}"
    memory = None if row["peak_mb"] is None else round(row["peak_mb"])
    cells = [row["firms"], row["requests"], f"{row['allowed']:g}", served, row["score"], score, near]
    return line([*cells, f"{row['seconds']:.1f}", memory], WIDTHS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the whole benchmark, under 30 minutes")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some sizes only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.out / f"{stem('scale', options.full)}.json"
    if not options.only:
        path.unlink(missing_ok=True)
    how = {"full": options.full, "workers": 2, **machine()}
    print(line(HEADINGS, WIDTHS))
    for firms, requests, seconds in WHOLE if options.full else QUICK:
        if wanted(f"{firms} firms, {requests} requests", options.only):
            row = run(firms, requests, seconds)
            print(shown(row), flush=True)
            rows = merged(path, [row], KEYS)
            write_json(path, {"how": how, "rows": rows})
            write_text(path.with_suffix(".svg"), draw(rows))


if __name__ == "__main__":
    main()
