"""Weighted b-matching: wishes between two sides, where neither idle time nor halls count.

    python -m benchmarks.matching [--full] [--moves N | --seconds S] [--workers 1] [--seeds K...]
        [--only WORD...] [--out benchmarks/results]

Each firm is one person with one meeting a slot, and there is a table for everyone. So a set of wishes has
a schedule exactly if no firm has more of them than slots (König 1916: a bipartite graph has an edge
colouring with as many colours as its highest degree). The best set is an LP with integral vertices. Both
together are an optimal schedule, which is the peer here: `optimum` solves the LP by GLOP, checks its
duals in integers, and colours the wishes it takes.

The instances are drawn by `make` from a seed. By default 30 + 30 firms, with --full 150 + 150 and 600 + 600.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ortools.math_opt.python import mathopt

from benchmarks import solved, uniform
from benchmarks.instances import wanted
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, merged, share, stem, write_json
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem

MOST_WEIGHT = 100
SIZES = ((150, 12, 23), (600, 14, 22))  # firms of a side, slots, wishes of a firm of the first side
QUICK_SIZES = ((30, 6, 12),)
KEYS = ("instance", "budget", "workers", "seed")
HEADINGS = ("instance", "budget", "seed", "weight", "optimum", "percent", "bound", "CPU s", "peer CPU s")
WIDTHS = (-36, 18, 4, 9, 9, 8, 9, 8, 10)


@dataclass(frozen=True, slots=True)
class Wishes:
    """An instance: wishes as (firm of the first side, firm of the second side, weight)."""

    name: str
    firms: int
    slots: int
    wishes: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Optimum:
    """An optimal schedule: the slot of each wish that it holds. `bound` is proven in integers."""

    slots: dict[int, int]
    weight: int
    bound: int


def make(firms: int, slots: int, wishes: int, seed: int = 1) -> Wishes:
    """Draw an instance: each firm of the first side has `wishes` different partners, of even odds.

    Weights are even between 1 and 100. The same arguments give the same instance.
    """
    draws = random.Random(f"matching {firms} {slots} {wishes} {seed}")
    return Wishes(
        f"{firms} + {firms} firms, {slots} slots, {firms * wishes:,} wishes",
        firms,
        slots,
        tuple(
            (buyer, seller, draws.randint(1, MOST_WEIGHT))
            for buyer in range(firms)
            for seller in sorted(draws.sample(range(firms), wishes))
        ),
    )


def as_problem(wishes: Wishes) -> Problem:
    """Return the problem: a point is a unit of weight, and nothing else counts."""
    names = [f"{side}{k}" for side in "ab" for k in range(wishes.firms)]
    return read_problem(
        uniform.document(
            wishes.name,
            slots=uniform.slots([f"s{k}" for k in range(wishes.slots)]),
            halls=["hall"],
            places=[{"id": "tables", "hall": "hall", "kind": "table", "capacity": wishes.firms}],
            firms=[uniform.firm(name) for name in names],
            attendees=[person for name in names for person in uniform.attendees(name, [f"{name}-1"])],
            requests=[
                {"id": f"w{k}", "from": f"a{one}", "to": f"b{other}", "weight": weight, "place": "table"}
                for k, (one, other, weight) in enumerate(wishes.wishes)
            ],
            policy={"factors": {"served": 1, "idle": 0, "hall_change": 0}},
        )
    )


def optimum(wishes: Wishes) -> Optimum:
    """Return an optimal schedule: the LP, its bound in integers, and the colouring."""
    model = mathopt.Model()
    takes = [model.add_variable(lb=0.0, ub=1.0) for _ in wishes.wishes]
    at: dict[tuple[str, int], list[mathopt.Variable]] = {}
    for take, (one, other, _) in zip(takes, wishes.wishes, strict=True):
        at.setdefault(("a", one), []).append(take)
        at.setdefault(("b", other), []).append(take)
    rows = {
        firm: model.add_linear_constraint(mathopt.fast_sum(ours) <= wishes.slots) for firm, ours in at.items()
    }
    model.maximize(
        mathopt.fast_sum(weight * take for take, (_, _, weight) in zip(takes, wishes.wishes, strict=True))
    )
    result = mathopt.solve(model, mathopt.SolverType.GLOP)
    values, duals = result.variable_values(), result.dual_values()
    taken = [k for k, take in enumerate(takes) if values[take] > 0.5]
    prices = {firm: max(0, round(duals[row])) for firm, row in rows.items()}
    return Optimum(
        colour(taken, wishes),
        sum(wishes.wishes[k][2] for k in taken),
        dual_bound(wishes, prices),
    )


def dual_bound(wishes: Wishes, prices: dict[tuple[str, int], int]) -> int:
    """Return a weight that no schedule exceeds, for any prices of a firm's slots that are not negative.

    A schedule pays for the slots that it uses, at most all of them; a wish is worth at most its weight above
    the prices of its two firms.
    """
    return sum(wishes.slots * price for price in prices.values()) + sum(
        max(0, weight - prices.get(("a", one), 0) - prices.get(("b", other), 0))
        for one, other, weight in wishes.wishes
    )


def colour(taken: Iterable[int], wishes: Wishes) -> dict[int, int]:
    """Return the slots of wishes of which no firm has more than there are slots.

    Each wish gets a slot that is free for both. Where there is none, the wishes of a slot `here` that is free
    for one of them, and of a slot `there` that is free for the other, change slots along their path.
    """
    slots: dict[int, int] = {}
    busy: dict[tuple[str, int], dict[int, int]] = {}
    for k in taken:
        one, other = (busy.setdefault(firm, {}) for firm in firms_of(wishes, k))
        here = next(slot for slot in range(wishes.slots) if slot not in one)
        there = next(slot for slot in range(wishes.slots) if slot not in other)
        path, firm, slot = [], firms_of(wishes, k)[1], here
        while slot in busy.setdefault(firm, {}):
            step = busy[firm][slot]
            path.append(step)
            firm = next(each for each in firms_of(wishes, step) if each != firm)
            slot = there if slot == here else here
        for step in path:
            for each in firms_of(wishes, step):
                if busy[each].get(slots[step]) == step:
                    del busy[each][slots[step]]
        for step in path:
            slots[step] = there if slots[step] == here else here
            for each in firms_of(wishes, step):
                busy[each][slots[step]] = step
        slots[k] = here
        one[here] = other[here] = k
    return slots


def firms_of(wishes: Wishes, k: int) -> tuple[tuple[str, int], tuple[str, int]]:
    one, other, _ = wishes.wishes[k]
    return ("a", one), ("b", other)


def weight_of(wishes: Wishes, slots: dict[int, int]) -> int:
    """Return the weight of a schedule. Raises ValueError if a firm has two meetings in one slot."""
    used = Counter((firm, slot) for k, slot in slots.items() for firm in firms_of(wishes, k))
    if any(count > 1 for count in used.values()) or not set(slots.values()) <= set(range(wishes.slots)):
        raise ValueError("a firm has two meetings in one slot, or one in no slot")
    return sum(wishes.wishes[k][2] for k in slots)


def run(wishes: Wishes, seed: int, options: argparse.Namespace) -> Json:
    """Return a row: the solver's schedule beside the optimal one. Both are checked by `weight_of`."""
    began = solved.cpu_seconds()
    best = optimum(wishes)
    peer = solved.cpu_seconds() - began
    if not weight_of(wishes, best.slots) == best.weight == best.bound:
        raise ValueError(f"{wishes.name}: the LP, its bound and the colouring do not agree")
    params = SolveParams(
        options.seconds or 60.0,
        workers=options.workers,
        seed=seed,
        method="search",
        iterations=None if options.seconds else options.moves,
    )
    found = solved.run(as_problem(wishes), params)
    slots = {int(m.request.removeprefix("w")): int(m.slot.removeprefix("s")) for m in found.meetings}
    weight = weight_of(wishes, slots)
    return {
        "instance": wishes.name,
        "budget": f"{options.seconds:g} s" if options.seconds else f"{options.moves:,} moves",
        "workers": options.workers,
        "seed": seed,
        "weight": weight,
        "optimum": best.weight,
        "percent": share(weight, best.weight),
        "bound": found.bound,
        "cpu_seconds": found.cpu_seconds,
        "peer_cpu_seconds": round(peer, 2),
        **machine(),
    }


def shown(row: Json) -> str:
    names = ("instance", "budget", "seed", "weight", "optimum", "percent", "bound", "cpu_seconds")
    return line([*(row[name] for name in names), row["peer_cpu_seconds"]], WIDTHS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="150 + 150 and 600 + 600 firms")
    parser.add_argument("--moves", type=int, default=2_500_000, help="of each thread")
    parser.add_argument("--seconds", type=float, help="wall seconds of a solve instead, on a quiet machine")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some instances only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.out / f"{stem('matching', options.full)}.json"
    print(line(HEADINGS, WIDTHS))
    for size in SIZES if options.full else QUICK_SIZES:
        wishes = make(*size)
        for seed in options.seeds if wanted(wishes.name, options.only) else []:
            row = run(wishes, seed, options)
            print(shown(row), flush=True)
            write_json(path, {"rows": merged(path, [row], KEYS)})


if __name__ == "__main__":
    main()
