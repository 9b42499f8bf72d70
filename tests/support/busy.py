"""A small problem that exercises every rule of the search."""

from __future__ import annotations

from typing import Any

from scheduler.domain.problem import Problem
from tests.support.builders import ask, booth, firm, interpreter, make_problem, person, table

FIRMS = "abcdefgh"


def busy_problem(**policy: Any) -> Problem:
    """Return a problem of eight firms that all request each other, on three days, with scarce resources."""
    requests = [
        ask(f"r{a}{b}", a, b, weight=1 + k % 5, length=2 if k % 9 == 0 else 1)
        for k, (a, b) in enumerate((a, b) for a in FIRMS for b in FIRMS if a != b)
    ]
    return make_problem(
        slots="6 6 6",
        walking={("h1", "h2"): 12.0},
        requests=requests,
        firms=[firm(name, min_meetings=2, max_per_day=5 if name in "ab" else None) for name in FIRMS],
        attendees=[
            person(f"{name}{k}", name, "zh" if name == "h" else "en zh" if k else "en", max_per_day=4)
            for name in FIRMS
            for k in (1, 2)
        ],
        interpreters=[interpreter("i1"), interpreter("i2", unavailable="s3 s4")],
        places=[table("t1", "h1", capacity=2), table("t2", "h2"), *(booth(f"b{f}", f, "h2") for f in "cd")],
        precedences=[("rab", "rac"), ("rcd", "rce")],
        **policy,
    )
