"""Reruns: how much of a published plan changes, and what the changes gain.

    python -m benchmarks.rerun [DIR] [--full] [--only WORD...] [--out benchmarks/results]

DIR contains problem files with a published plan (same-*.json.gz, rerun-*.json.gz). Without one, an expo is
solved, and then left unchanged ("same") or changed ("rerun"). By default an expo of 60 firms runs for 5
seconds. With --full, one of 620 firms, or all of DIR, runs for 5 seconds (same) and 20 (rerun). Changed ones
also run with max_moved 50.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import contestants, disruptions
from benchmarks.instances import Instance, generated, read_instances, wanted
from benchmarks.machine import RESULTS, commit, machine
from benchmarks.quality import BrokenPlan, quality
from benchmarks.report import Json, line, merged, stem, write_json, write_text
from benchmarks.rerun_svg import draw
from scheduler.domain.plan import Number
from scheduler.domain.solving import Result
from scheduler.solver.bounds.closed_form import closed_bounds

MAX_MOVED = 50
KEYS = ("instance", "max_moved", "allowed")
HEADINGS = (
    "instance", "max_moved", "allowed", "withdrawn", "forced", "voluntary", "bought", "score", "kept after",
    "seconds", "MB",
)  # fmt: skip
WIDTHS = (-26, 9, 7, 9, 7, 9, 9, 11, 10, 8, 7)


def cases(instance: Instance, full: bool) -> list[tuple[Instance, float]]:
    """Return the instance with its seconds. A changed one also runs with a change budget."""
    if instance.name.startswith("same"):
        return [(instance, 5.0)]
    seconds = 20.0 if full else 5.0
    policy = replace(instance.problem.policy, max_moved=MAX_MOVED)
    limited = replace(instance.problem, policy=policy, source_fingerprint=None)
    return [(instance, seconds), (Instance(instance.name, limited), seconds)]


def run(instance: Instance, seconds: float) -> Json:
    """Return one row. `kept_seconds` is when the plan first was as good as keep-and-insert."""
    row: Json = {
        "instance": instance.name,
        "max_moved": instance.problem.policy.max_moved,
        "allowed": seconds,
        "error": None,
        "commit": commit(),
    }
    outcome = contestants.run(contestants.chainmeet, instance.problem, seconds)
    row["peak_mb"] = outcome.peak_mb
    if outcome.error is not None:
        return {**row, "error": outcome.error}
    result: Result = outcome.value
    try:
        found = quality(instance.problem, result.plan.meetings, closed_bounds(instance.problem))
    except BrokenPlan as error:
        return {**row, "error": str(error)}
    return {
        **row,
        "withdrawn": len(result.changes.withdrawn),
        "forced": len(result.changes.forced),
        "voluntary": len(result.changes.voluntary),
        "bought": result.bought,
        "kept_seconds": first_as_good(result),
        "seconds": result.plan.seconds,
        "terms": dict(result.plan.terms),
        "bound": result.plan.bound,
        **{key: value for key, value in asdict(found).items() if value is not None},
    }


def first_as_good(result: Result) -> float | None:
    """Return the seconds to the first plan of the curve that is no worse than keep-and-insert."""
    if result.bought is None:
        return None
    return seconds_to(result, result.plan.score - result.bought)


def seconds_to(result: Result, score: Number) -> float | None:
    """Return the seconds to the first plan of the curve with this score."""
    times = [p.seconds for p in result.curve if p.score is not None and p.score >= score]
    return round(times[0], 2) if times else None


def shown(row: Json) -> str:
    if row["error"] is not None:
        return f"{row['instance']:<26}  {row['error']}"
    cells = [row[key] for key in KEYS] + [row[key] for key in ("withdrawn", "forced", "voluntary", "bought")]
    memory = None if row["peak_mb"] is None else round(row["peak_mb"])
    return line([*cells, row["score"], row["kept_seconds"], row["seconds"], memory], WIDTHS)


def generated_pair(full: bool) -> list[Instance]:
    """Return a solved and published expo: unchanged, and changed."""
    expo = generated(620, 9000) if full else generated(60, 500)
    outcome = contestants.run(contestants.chainmeet, expo.problem, 60.0 if full else 5.0)
    if outcome.error is not None:
        raise SystemExit(f"no plan to publish: {outcome.error}")
    meetings = contestants.meetings_of(outcome)
    firms = len(expo.problem.firms)
    return [
        Instance(f"same-{firms}", disruptions.publish_plan(expo.problem, meetings)),
        Instance(f"rerun-{firms}", disruptions.disrupt_problem(expo.problem, meetings)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    parser.add_argument("--full", action="store_true", help="the whole benchmark, about two minutes")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some instances only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.out / f"{stem('rerun', options.full)}.json"
    if options.folder is None:
        instances = generated_pair(options.full)
    else:
        files = [*options.folder.glob("same-*.json*"), *options.folder.glob("rerun-*.json*")]
        instances = read_instances(files)
    if not options.only:
        path.unlink(missing_ok=True)
    how = {"full": options.full, "workers": 2, **machine()}
    print(line(HEADINGS, WIDTHS))
    for instance, seconds in (case for one in instances for case in cases(one, options.full)):
        if wanted(instance.name, options.only):
            row = run(instance, seconds)
            print(shown(row), flush=True)
            rows = merged(path, [row], KEYS)
            write_json(path, {"how": how, "rows": rows})
            write_text(path.with_suffix(".svg"), draw(rows))


if __name__ == "__main__":
    main()
