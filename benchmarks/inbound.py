"""Incoming emails: parsing rate, and the outcome of each reply case.

    python -m benchmarks.inbound [--rounds 20] [--cases]

The emails are those of the tests' corpus, each equally often, one after the other on one core. The cases are
conversations about a published meeting (`tests.support.incoming.cases`), each with its best possible
outcome. `--cases` runs only these.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import commit, machine
from scheduler.invites import inbound
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from scheduler.untrusted import parsers
from tests.support.incoming.cases import CASES
from tests.support.incoming.scene import Became, run

CORPUS = Path(__file__).parents[1] / "tests" / "unit" / "invites" / "corpus"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cases", action="store_true")
    chosen = parser.parse_args()
    print(f"{machine()} at {commit()}")
    if not chosen.cases:
        _speeds(chosen.rounds)
    _cases()


def _speeds(rounds: int) -> None:
    mails = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))] * rounds
    began = time.monotonic()
    parsers.pool.warm()
    print(f"{parsers.pool.size} children started in {time.monotonic() - began:.2f} s; {len(mails):,} mails")
    for name, read in (("in a child", parsers.read_email), ("in the process", inbound.read_email)):
        seconds, cpu = _measured(read, mails)
        print(
            f"{name}: {60 * len(mails) / seconds:,.0f} a minute, {1000 * cpu / len(mails):.2f} ms of CPU each"
        )


def _cases() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/cases.db")
        upgrade_schema(database)
        became = [run(each, database) for each in CASES]
        database.dispose()
    parsers.pool.close()
    for each in became:
        if each.differs:
            print(f"{_mark(each)}  {each.case.name}: {'; '.join(each.differs)}")
    best = sum(not each.differs for each in became)
    wrong = sum(each.is_wrong for each in became)
    print(f"{len(became)} cases: {best} as the best would do, {wrong} wrong")


def _mark(became: Became) -> str:
    return "wrong" if became.is_wrong else "safe "


def _measured(read: Callable[[bytes], object], mails: list[bytes]) -> tuple[float, float]:
    """Return wall and CPU seconds, including children after their end."""
    began, cpu = time.monotonic(), _cpu()
    for raw in mails:
        read(raw)
    seconds = time.monotonic() - began
    parsers.pool.close()
    return seconds, _cpu() - cpu


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
