"""Large expos: Chainmeet compared with its peers and the proven bounds.

    python -m benchmarks.expo [FILE...] [--full] [--only WORD...] [--out benchmarks/results]

FILEs are problem files. Without one, expos are generated: by default one of 30 firms, 8 seconds each; with
--full 620 and 3,000 firms (or the FILEs), 10 and 60 seconds, or 300 for large ones, and 120 for the peers.
--only runs rows whose instance or contestant contains a word, and replaces their old results.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import contestants
from benchmarks.contestants import PEERS, chainmeet
from benchmarks.expo_svg import draw
from benchmarks.instances import Instance, generated, read_instances, wanted
from benchmarks.isolated import Outcome
from benchmarks.machine import RESULTS, commit, machine
from benchmarks.quality import BrokenPlan, Quality, quality
from benchmarks.report import Json, line, merged, stem, write_json, write_text
from scheduler.solver.bounds.closed_form import Bounds

QUICK_SECONDS, PEER_SECONDS = 8.0, 120.0
LARGE = 20_000  # requests
KEYS = ("instance", "contestant", "allowed")
HEADINGS = (
    "contestant", "allowed", "served/bound", "shortfall", "idle/day", "changes/day", "score", "score/bound",
    "seconds", "MB",
)  # fmt: skip
WIDTHS = (-20, 7, 22, 13, 9, 12, 11, 11, 8, 8)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to run: a contestant and its seconds."""

    contestant: str
    allowed: float


def entries(instance: Instance, full: bool) -> Iterator[Entry]:
    """Yield Chainmeet, then the peers that run at this size."""
    requests = len(instance.problem.requests)
    times = (QUICK_SECONDS,) if not full else (300.0,) if requests > LARGE else (10.0, 60.0)
    for seconds in times:
        yield Entry("Chainmeet", seconds)
    for peer in PEERS:
        if peer.most_requests is None or requests <= peer.most_requests:
            yield Entry(peer.name, PEER_SECONDS if full else QUICK_SECONDS)


def bound_seconds(instance: Instance) -> float:
    """Return enough seconds for the whole LP of 9,000 requests, which takes less than a tenth of them."""
    return max(30.0, len(instance.problem.requests) / 25)


def run(instance: Instance, entry: Entry, bounds: Bounds) -> Json:
    """Return one row: the result or the error."""
    make = {peer.name: peer.make for peer in PEERS}.get(entry.contestant)
    outcome = contestants.run(make or chainmeet, instance.problem, entry.allowed)
    found, error = judged(instance, outcome, bounds)
    return {
        "instance": instance.name,
        "contestant": entry.contestant,
        "allowed": entry.allowed,
        "error": error,
        **({} if found is None else asdict(found)),
        "seconds": round(contestants.seconds_of(outcome), 2),
        "peak_mb": outcome.peak_mb,
        "bounds": asdict(bounds),
        "commit": commit(),
    }


def judged(instance: Instance, outcome: Outcome, bounds: Bounds) -> tuple[Quality | None, str | None]:
    """Return the quality of a plan by the rules, or an error."""
    if outcome.error is not None:
        return None, outcome.error
    try:
        return quality(instance.problem, contestants.meetings_of(outcome), bounds), None
    except BrokenPlan as error:
        return None, str(error)


def shown(row: Json) -> str:
    if row["error"] is not None:
        return f"{row['contestant']:<20}  {row['allowed']:>7g}  {row['error']}"
    percent = "" if row["served_share"] is None else f" {row['served_share']:.2f} %"
    score = None if row["score_share"] is None else f"{row['score_share']:.3f} %"
    return line(
        (
            row["contestant"],
            f"{row['allowed']:g}",
            f"{row['served']:,}{percent}",
            f"{row['shortfall']:,}/{row['least_shortfall']:,}",
            f"{row['idle_a_day']:.3f}",
            f"{row['hall_changes_a_day']:.3f}",
            row["score"],
            score,
            f"{row['seconds']:.1f}",
            None if row["peak_mb"] is None else f"{row['peak_mb']:.0f}",
        ),
        WIDTHS,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    parser.add_argument("--full", action="store_true", help="the whole benchmark, under 20 minutes")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some rows only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    instances = read_instances(options.files) if options.files else default_instances(options.full)
    path = options.out / f"{stem('expo', options.full)}.json"
    if not options.only:
        path.unlink(missing_ok=True)
    how = {"full": options.full, "workers": 2, **machine()}
    for instance in instances:
        rows = [
            entry
            for entry in entries(instance, options.full)
            if wanted(f"{instance.name} {entry.contestant}", options.only)
        ]
        if rows:
            measure(instance, rows, path, how)


def default_instances(full: bool) -> list[Instance]:
    sizes = ((620, 9000), (3000, 45_000)) if full else ((30, 200),)
    return [generated(firms, requests) for firms, requests in sizes]


def measure(instance: Instance, rows: list[Entry], path: Path, how: Json) -> None:
    """Run the rows of an instance. Print and write each when it is done."""
    try:
        bounds = contestants.bounds_of(instance.problem, bound_seconds(instance))
    except RuntimeError as error:
        print(f"{instance.name}: {error}", flush=True)
        return
    print(f"\n{instance.name}: bounds: served {bounds.served:,}, score {bounds.score:,}")
    print(line(HEADINGS, WIDTHS))
    for entry in rows:
        row = run(instance, entry, bounds)
        print(shown(row), flush=True)
        found = merged(path, [row], KEYS)
        write_json(path, {"how": how, "rows": found})
        write_text(path.with_suffix(".svg"), draw(found))


if __name__ == "__main__":
    main()
