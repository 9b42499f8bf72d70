"""Reader of B2BSP instances (MiniZinc data files) and of the table of published results."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.domain.problem import Problem
from scheduler.files.problem_file import read_problem

Json = dict[str, Any]

FIRST_SLOT = datetime(2026, 1, 5, 8, tzinfo=UTC)
SLOT = timedelta(minutes=15)
MORNING, AFTERNOON = 1, 2


@dataclass(frozen=True, slots=True)
class Case:
    """A row of `best_known.csv`. `optimum` is None for UNSAT. Seconds are None without a proof."""

    instance: str
    fairness: int
    optimum: int | None
    maxsat: float | None
    chuffed: float | None
    cplex: float | None


def read_cases(folder: Path) -> list[Case]:
    """Return the published cases of the instances in a folder, in table order."""
    with (folder / "best_known.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Case(
            instance=row["instance"],
            fairness=int(row["fairness_d"]),
            optimum=int(row["optimum"]) if row["proved"] == "OPT" else None,
            maxsat=_seconds(row["maxsat_s"]),
            chuffed=_seconds(row["chuffed_s"]),
            cplex=_seconds(row["mip_cplex_s"]),
        )
        for row in rows
        if (folder / row["instance"]).exists()
    ]


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def read_dzn(text: str) -> dict[str, Any]:
    """Return the assignments of a data file.

    Values are integers, lists of integers, lists of sets, and rows of `requested`.
    """
    found: dict[str, Any] = {}
    for name, value in re.findall(r"(\w+)\s*=\s*(.*?);", text, flags=re.DOTALL):
        if value.startswith("[|"):
            found[name] = [_integers(row) for row in value.strip("[]|").split("|") if row.strip()]
        elif "{" in value:
            found[name] = [set(_integers(row)) for row in re.findall(r"\{(.*?)\}", value, flags=re.DOTALL)]
        elif value.startswith("["):
            found[name] = _integers(value)
        else:
            found[name] = int(value)
    return found


def _integers(text: str) -> list[int]:
    return [int(word) for word in re.findall(r"-?\d+", text)]


def as_problem(data: dict[str, Any], fairness: int, name: str) -> Problem:
    """Return the problem: all meetings compulsory, minimum breaks, break counts at most `fairness` apart."""
    return read_problem(as_document(data, name, {"idle_counts": "breaks", "max_idle_spread": fairness}))


def as_document(data: dict[str, Any], name: str, policy: Json, *, waits: bool = False) -> Json:
    """Return the problem file: all meetings compulsory, and what else `policy` says.

    The problem format does not count an unavailable slot as idle. With `waits`, people are available in
    their forbidden slots, and their meetings may not be there: such a slot between two meetings is idle.
    """
    away = [set[int]() for _ in data["forbidden"]] if waits else data["forbidden"]
    return {
        "format": "chainmeet.problem/1",
        "event": {"name": name, "timezone": "UTC"},
        "slots": _slots(data["nTotalSlots"]),
        "halls": ["hall"],
        "places": [{"id": "tables", "hall": "hall", "kind": "table", "capacity": data["nTables"]}],
        "firms": [_firm(p) for p in range(1, data["nBusiness"] + 1)],
        "attendees": [
            {"id": f"p{p}", "firm": f"p{p}", "languages": ["en"], "unavailable": _names(forbidden)}
            for p, forbidden in enumerate(away, start=1)
        ],
        "requests": [_request(data, m, waits=waits) for m in range(data["nMeetings"])],
        "precedences": [
            {"before": f"m{before}", "after": f"m{after}"}
            for after, befores in enumerate(data.get("precedences", []), start=1)
            for before in sorted(befores - {0})
        ],
        "policy": {"require_all": True, **policy},
    }


def _slots(count: int) -> list[Json]:
    return [
        {
            "id": f"s{s + 1}",
            "start": (FIRST_SLOT + s * SLOT).isoformat(),
            "end": (FIRST_SLOT + (s + 1) * SLOT).isoformat(),
            "block": "day",
        }
        for s in range(count)
    ]


def _firm(p: int) -> Json:
    return {"id": f"p{p}", "name": f"Business {p}", "tier": "midstream", "areas": [], "country": "ES"}


def _names(slots: set[int]) -> list[str]:
    """Return slot ids. 0 is padding."""
    return [f"s{s}" for s in sorted(slots - {0})]


def _request(data: dict[str, Any], m: int, *, waits: bool) -> Json:
    sender, receiver, session = data["requested"][m]
    morning, total = data["nMorningSlots"], data["nTotalSlots"]
    first, last = {MORNING: (1, morning), AFTERNOON: (morning + 1, total)}.get(session, (1, total))
    closed = data["forbidden"][sender - 1] | data["forbidden"][receiver - 1] if waits else set()
    allowed = [s for s in range(first, last + 1) if s not in closed]
    fixed = data["fixed"][m] if m < len(data["fixed"]) else 0
    return {
        "id": f"m{m + 1}",
        "from": f"p{sender}",
        "to": f"p{receiver}",
        "weight": 1,
        "place": "table",
        "slots": None if len(allowed) == total else [f"s{s}" for s in allowed],
        "fixed": {"slot": f"s{fixed}"} if fixed else None,
    }
