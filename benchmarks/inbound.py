"""Mails that come in: how many a minute are read in child processes, beside reading them in the process.

    python -m benchmarks.inbound [--rounds 20]

The mails are those of the tests' corpus, each as often, one after the other, so that one core is enough.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import commit, machine
from scheduler.invites import inbound
from scheduler.untrusted import reading

CORPUS = Path(__file__).parents[1] / "tests" / "unit" / "invites" / "corpus"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    mails = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))] * rounds
    began = time.monotonic()
    reading.pool.warm()
    print(f"{machine()} at {commit()}")
    print(f"{reading.pool.size} children started in {time.monotonic() - began:.2f} s; {len(mails):,} mails")
    for name, read in (("in a child", reading.mail), ("in the process", inbound.read)):
        seconds, cpu = _measured(read, mails)
        print(
            f"{name}: {60 * len(mails) / seconds:,.0f} a minute, {1000 * cpu / len(mails):.2f} ms of CPU each"
        )


def _measured(read: Callable[[bytes], object], mails: list[bytes]) -> tuple[float, float]:
    """Wall and CPU seconds, those of children too, once they have ended."""
    began, cpu = time.monotonic(), _cpu()
    for raw in mails:
        read(raw)
    seconds = time.monotonic() - began
    reading.pool.close()
    return seconds, _cpu() - cpu


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
