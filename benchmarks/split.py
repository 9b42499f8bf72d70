"""One solve worker with two threads compared with two workers of one thread, on the same problem, in turn.

    python benchmarks/split.py [PROBLEM] [--seconds 60] [--rounds 5] [--out split.json]

PROBLEM is a problem file (docs/problem-format.md). Without one, an expo is generated: --firms 620 --requests
9000. The second worker is a separate Celery process with SQLite and a broker in a temporary folder. Its
kernels are compiled, and it loads the problem in the first solve. Requires two otherwise idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


from chainmeet.demo import load_sample  # noqa: E402
from chainmeet.stack import broker  # noqa: E402
from scheduler.config import Settings  # noqa: E402
from scheduler.domain.problem import Problem  # noqa: E402
from scheduler.domain.rules import violations  # noqa: E402
from scheduler.domain.solving import SolveParams  # noqa: E402
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem  # noqa: E402
from scheduler.samples.expo import make_expo  # noqa: E402
from scheduler.samples.problem import to_problem  # noqa: E402
from scheduler.secret_keys import SecretKeys  # noqa: E402
from scheduler.services.planning.runs import runs  # noqa: E402
from scheduler.services.planning.runs.distribution import WorkerHelpers  # noqa: E402
from scheduler.solver.annealing.warmup import tiny_problem, warm_up  # noqa: E402
from scheduler.solver.solve import solve  # noqa: E402
from scheduler.storage.database import Database  # noqa: E402
from scheduler.storage.schema import upgrade_schema  # noqa: E402
from workers import dispatch  # noqa: E402
from workers.celery_app import make_celery  # noqa: E402
from workers.layout import HELP  # noqa: E402

DAY = date(2026, 11, 24)


@dataclass(frozen=True, slots=True)
class Row:
    """One solve. `sent` subproblems went to the second worker, `lost` of them were not answered in time."""

    workers: str
    seed: int
    score: float
    seconds: float
    sent: int = 0
    lost: int = 0


@contextmanager
def started(command: tuple[str, ...], log: Path, **environment: str) -> Iterator[None]:
    """Run a process that ends with the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=ROOT, stdout=out, stderr=out
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def second_worker(folder: Path) -> Iterator[Settings]:
    """Start a broker, a migrated database, and a worker with one thread for subproblems."""
    path = folder / "s"
    settings = Settings(
        database_url=f"sqlite:///{folder / 'split.db'}",
        redis_url=f"redis+socket://{path}",
        secret_key=SecretKeys("s" * 32),
        solve_workers=1,
        log_format="console",
    )
    celery = (sys.executable, "-m", "celery", "-A", "workers.celery_app:app", "worker", "-Q", HELP)
    options = ("--concurrency", "1", "--without-gossip", "--without-mingle")
    upgrade_schema(Database(settings.database_url))
    with started(broker.command(broker.find_server(), path, folder), folder / "broker.log"):
        while not broker.answers(path):
            time.sleep(0.05)
        with started((*celery, *options), folder / "worker.log", **settings.to_env()):
            yield settings


def open_run(database: Database) -> int:
    """Create a run that this process has claimed. Return its id."""
    now = datetime.now(UTC)
    with database.write() as session:
        expo = make_expo(firms=60, requests=60, seed=1, start=DAY)
        event = load_sample.load(
            session, expo, organiser_email="o@example.org", secret_key=SecretKeys("s" * 32), now=now
        )
        run = runs.queue_run(session, event.id, requested_by=None, now=now)
        runs.claim_run(session, run.id, "benchmark", now=now)
        return run.id


def begin(database: Database, helpers: WorkerHelpers, problem: Problem) -> None:
    """Store the problem in the helpers' run, and call for help."""
    helpers.sent = helpers.lost = 0
    with database.write() as session:
        runs.store_problem(
            session,
            helpers.run_id,
            worker="benchmark",
            fingerprint=problem_fingerprint(problem),
            problem=write_problem(problem),
            basis={},
        )
    helpers.begin()


def wait_for_worker(database: Database, helpers: WorkerHelpers) -> None:
    """Wait until the worker has answered a call about a problem of two firms."""
    begin(database, helpers, tiny_problem())
    while not helpers.size(nearby=True):
        time.sleep(0.1)
    helpers.clear()


def measure(problem: Problem, seconds: float, seed: int, helpers: WorkerHelpers | None) -> Row:
    params = SolveParams(seconds, 1 if helpers else 2, seed, "search")
    plan = solve(problem, params, helpers=helpers).plan
    if helpers is not None:
        helpers.clear()
    if violations(problem, plan.meetings):
        raise SystemExit("a plan breaks the rules")
    counts = (helpers.sent, helpers.lost) if helpers else (0, 0)
    row = Row("2 of 1 thread" if helpers else "1 of 2 threads", seed, plan.score, plan.seconds, *counts)
    print(f"{row.workers:<15} seed {seed:<3} {row.score:>14,.0f} {row.sent:>5} subproblems, {row.lost} lost")
    return row


def compare(problem: Problem, seconds: float, rounds: int) -> list[Row]:
    """Run both in turn, alternating the order each round."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="split-") as name, second_worker(Path(name)) as settings:
        database, celery = Database(settings.database_url), make_celery(settings)
        me, call = f"{socket.gethostname()}:{os.getpid()}", partial(dispatch.help_with, app=celery)
        helpers = WorkerHelpers(settings.redis_url, open_run(database), me, call)
        wait_for_worker(database, helpers)
        for seed in range(1, rounds + 1):
            for is_split in (False, True) if seed % 2 else (True, False):
                if is_split:
                    begin(database, helpers, problem)
                rows.append(measure(problem, seconds, seed, helpers if is_split else None))
        database.dispose()
    return rows


def summarise(rows: list[Row]) -> None:
    for workers in sorted({row.workers for row in rows}):
        scores = [row.score for row in rows if row.workers == workers]
        spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
        print(f"{workers:<15} mean {statistics.mean(scores):>14,.0f}, standard deviation {spread:,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("problem", nargs="?", type=Path)
    parser.add_argument("--firms", type=int, default=620)
    parser.add_argument("--requests", type=int, default=9000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.problem is None:
        expo = make_expo(firms=options.firms, requests=options.requests, seed=1, start=DAY)
        problem = to_problem(expo)
    else:
        problem = read_problem(json.loads(options.problem.read_bytes()))
    warm_up()
    rows = compare(problem, options.seconds, options.rounds)
    summarise(rows)
    if options.out:
        names = Row.__dataclass_fields__
        options.out.write_text(
            json.dumps([{name: getattr(row, name) for name in names} for row in rows], indent=1)
        )


if __name__ == "__main__":
    main()
