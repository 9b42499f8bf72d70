"""The score of the exact model in integers: idle figures (with H12), hall changes, shortfall."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduler.solver.exact.model import ExactModel, Expr
from scheduler.solver.exact.windows import add_windows
from scheduler.solver.instance.choices import Person, mask_slots

Term = tuple[Expr, Fraction]

MAX_DENOMINATOR = 10**4


@dataclass(frozen=True, slots=True)
class Objective:
    """A plan's score is at most `(objective + constant) / scale`, and equal to that if `exact`."""

    scale: int
    constant: Fraction
    exact: bool

    def score(self, objective: float) -> Fraction:
        return Fraction(round(objective)) / self.scale + self.constant


def add_objective(exact: ExactModel) -> Objective:
    """Add the score as the objective, and H12. Factors with many decimals are rounded in its favour."""
    factors = {k: Fraction(str(v)) for k, v in exact.assignments.problem.policy.factors.items()}
    costs: list[Term] = []
    figures = _idle_figures(exact, factors["idle"] > 0)
    costs += [(figure, factors["idle"]) for figure in figures]
    _add_spread(exact, figures)
    if factors["hall_change"] > 0:
        costs += [(change, factors["hall_change"]) for change in _hall_changes(exact)]
    if factors["shortfall"] > 0:
        costs += [(short, factors["shortfall"]) for short in _shortfalls(exact)]
    if factors.get("unfair", 0) > 0:
        costs += [(lack, price * factors["unfair"]) for lack, price in _lacks(exact)]
    if factors.get("group_gap", 0) > 0:
        costs += [(lack, factors["group_gap"]) for lack in _group_lacks(exact)]
    if factors.get("repeated", 0) > 0:
        costs += [(repeats, factors["repeated"]) for repeats in _repeats(exact)]
    gains, constant = _gains(exact)
    return _set_objective(exact, gains, [term for term in costs if term[1]], constant)


def _gains(exact: ExactModel) -> tuple[list[Term], Fraction]:
    """The gain of each assignment. Of a request that has to be held, the least gain is a constant."""
    constant = Fraction(str(exact.assignments.constant))
    gains: list[Term] = []
    for r, mine in enumerate(exact.of_request):
        worth = [Fraction(str(exact.assignment[i].gain)) for i in mine]
        least = min(worth, default=Fraction(0)) if r in exact.assignments.must else Fraction(0)
        constant += least
        gains += [(exact.take[i], w - least) for i, w in zip(mine, worth, strict=True) if w != least]
    return gains, constant


def _set_objective(exact: ExactModel, gains: list[Term], costs: list[Term], constant: Fraction) -> Objective:
    denominators = math.lcm(*(factor.denominator for _, factor in gains + costs))
    scale = min(denominators, MAX_DENOMINATOR)
    up = [(term, math.ceil(factor * scale)) for term, factor in gains]
    down = [(term, math.floor(factor * scale)) for term, factor in costs]
    exact.model.maximize(
        cp_model.LinearExpr.weighted_sum([t for t, _ in up], [f for _, f in up])
        - cp_model.LinearExpr.weighted_sum([t for t, _ in down], [f for _, f in down])
    )
    return Objective(scale, constant, scale == denominators)


def _shortfalls(exact: ExactModel) -> list[Expr]:
    """An integer a firm that may lack something to its floor."""
    held = _by_firm(exact)
    floors = enumerate(exact.assignments.problem.floors)
    return [_lack(exact, held[firm], floor, f"short {firm}") for firm, floor in floors if floor]


def _lacks(exact: ExactModel) -> list[tuple[Expr, int]]:
    """An integer a firm and fair share: what it lacks to it, and the price."""
    held = _by_firm(exact)
    return [
        (_lack(exact, held[firm], level, f"lack {firm} {k}"), price)
        for firm, levels in enumerate(exact.assignments.problem.fair_levels)
        for k, (level, price) in enumerate(levels)
        if level
    ]


def _group_lacks(exact: ExactModel) -> list[Expr]:
    """An integer a group of firms: the meetings that it lacks to the share of all requests."""
    problem = exact.assignments.problem
    held, everything = _by_firm(exact), exact.count(range(len(exact.assignment)))
    total, found = len(problem.requests), list[Expr]()
    for g, (group, size) in enumerate(zip(problem.firm_groups, problem.group_request_counts, strict=True)):
        if size:
            lack = exact.model.new_int_var(0, size, f"group {g}")
            there = exact.count([i for firm in group.firms for i in held[firm]])
            exact.model.add(total * (lack + there) >= size * everything)
            found.append(lack)
    return found


def _by_firm(exact: ExactModel) -> dict[int, list[int]]:
    """The assignments of the requests of each firm."""
    held: dict[int, list[int]] = defaultdict(list)
    for i, assignment in enumerate(exact.assignment):
        request = exact.assignments.problem.requests[assignment.request]
        held[request.sender].append(i)
        held[request.receiver].append(i)
    return held


def _lack(exact: ExactModel, held: list[int], level: int, name: str) -> Expr:
    lack = exact.model.new_int_var(0, level, name)
    exact.model.add(lack + exact.count(held) >= level)
    return lack


def _repeats(exact: ExactModel) -> list[Expr]:
    """The price steps of each attendee with several changes: from below, by its tangents.

    Each change adds the changes before, which is linear. What several of this rerun add to each other is not.
    """
    problem, published = exact.assignments.problem, exact.assignments.choices.published
    mine: dict[str, list[int]] = defaultdict(list)
    for r, meeting in published.items():
        for person in set(meeting.attendees) & problem.index.attendees.keys():
            mine[person].append(r)
    found: list[Expr] = []
    for person, requests in sorted(mine.items()):
        before = problem.attendees[problem.index.attendees[person]].changed_before
        if len(requests) == 1 and not before:
            continue
        stays = exact.count(i for r in requests for i in exact.of_request[r] if exact.assignment[i].stays)
        most = len(requests)
        if before:
            found.append(before * (most - stays))
        if most > 1:
            repeats = exact.model.new_int_var(0, most * (most - 1) // 2, f"repeats {person}")
            for n in range(1, most):
                exact.model.add(repeats >= n * (most - stays) - n * (n + 1) // 2)
            found.append(repeats)
    return found


# Idle


def _idle_figures(exact: ExactModel, wanted: bool) -> list[Expr]:
    """The idle figure of each attendee who can meet: bounded below only, unless H12 needs it exactly."""
    problem = exact.assignments.problem
    strict = problem.policy.max_idle_spread is not None
    if not wanted and not strict:
        return []
    breaks = problem.policy.idle_counts == "breaks"
    figures: list[Expr] = []
    for person in exact.busy:
        if person[0] == "attendee":
            parts: list[Expr] = []
            for day in exact.assignments.choices.day_masks:
                slots = [s for s in mask_slots(day) if s in exact.busy[person]]
                if len(slots) > 1:
                    row = _runs_row if breaks else _slots_row
                    parts.append(row(exact, person, list(range(slots[0], slots[-1] + 1)), strict))
            figures.append(cp_model.LinearExpr.sum(parts))
    return figures


def _runs_row(exact: ExactModel, person: Person, slots: list[int], strict: bool) -> Expr:
    """Breaks of a day: runs of busy slots, less one if there are any."""
    busy = exact.busy[person]
    starts: list[cp_model.IntVar] = []
    before: cp_model.IntVar | None = None
    for slot in slots:
        now = busy.get(slot)
        if now is not None and before is None:
            starts.append(now)
        elif now is not None and before is not None:
            start = exact.literal(f"start {person} {slot}")
            exact.model.add_bool_or(~now, before, start)
            if strict:
                exact.model.add_implication(start, now)
                exact.model.add_implication(start, ~before)
            starts.append(start)
        before = now
    runs, there = cp_model.LinearExpr.sum(starts), _is_there(exact, person, slots, strict)
    # A variable of its own: cores then speak of a person's breaks, not of each slot, and none is below 0.
    breaks = exact.model.new_int_var(0, len(slots) // 2, f"breaks {person} {slots[0]}")
    exact.model.add(breaks == runs - there)
    add_windows(exact, person, slots, breaks)
    return breaks


def _is_there(exact: ExactModel, person: Person, slots: list[int], strict: bool) -> Expr:
    """1 if the person meets at all in these slots."""
    literals = [exact.busy[person][s] for s in slots if s in exact.busy[person]]
    requests = {exact.assignment[i].request for s in slots for i in exact.at[person].get(s, ())}
    for r in requests & exact.assignments.must:
        there = set(slots)
        if all(a.start in there and person[1] in a.people for a in exact.assignments.of_request[r]):
            return 1
    there_at_all = exact.literal(f"there {person} {slots[0]}")
    exact.model.add_bool_or(~there_at_all, *literals)
    if strict:
        for literal in literals:
            exact.model.add_implication(literal, there_at_all)
    return there_at_all


def _slots_row(exact: ExactModel, person: Person, slots: list[int], strict: bool) -> Expr:
    """Available slots of a day in which the person is not busy, after a meeting and before another."""
    free = exact.assignments.choices.attendee_free[person[1]]
    ahead = _seen(exact, person, slots, strict)
    behind = _seen(exact, person, slots[::-1], strict)
    idle: list[cp_model.IntVar] = []
    for slot in slots[1:-1]:
        if not free >> slot & 1:
            continue
        here = exact.literal(f"idle {person} {slot}")
        now = exact.busy[person].get(slot)
        causes = [~ahead[slot], ~behind[slot]] + ([] if now is None else [now])
        exact.model.add_bool_or(here, *causes)
        if strict:
            for cause in causes:
                exact.model.add_implication(here, ~cause)
        idle.append(here)
    return cp_model.LinearExpr.sum(idle)


def _seen(exact: ExactModel, person: Person, slots: list[int], strict: bool) -> dict[int, cp_model.IntVar]:
    """For each slot but the first: whether the person was busy in a slot that stands before it in `slots`."""
    busy = exact.busy[person]
    seen: dict[int, cp_model.IntVar] = {}
    last = busy[slots[0]]
    for one, slot in pairwise(slots):
        if one != slots[0] and one in busy:
            grown = exact.literal(f"seen {person} {slot}")
            exact.model.add_implication(last, grown)
            exact.model.add_implication(busy[one], grown)
            if strict:
                exact.model.add_bool_or(~grown, last, busy[one])
            last = grown
        seen[slot] = last
    return seen


def _add_spread(exact: ExactModel, figures: list[Expr]) -> None:
    """H12. The figure of somebody who can meet nobody is 0."""
    problem = exact.assignments.problem
    spread = problem.policy.max_idle_spread
    if spread is None or not figures:
        return
    sitting = sum(person[0] == "attendee" for person in exact.busy)
    least: Expr = 0
    if sitting == len(problem.attendees):
        least = exact.model.new_int_var(0, len(problem.slots), "least idle")
    for figure in figures:
        exact.model.add(figure <= least + spread)
        exact.model.add(figure >= least)


# Halls


def _hall_changes(exact: ExactModel) -> list[Expr]:
    """A Boolean a person and slot: a meeting starts there in another hall than the day's last one."""
    found: list[Expr] = []
    for person in exact.busy:
        if person[0] == "attendee":
            halls = {exact.assignment[i].hall for i in exact.of_person[person]}
            if len(halls) > 1:
                for day in exact.assignments.choices.day_masks:
                    found += _changes_of_day(
                        exact, person, [s for s in mask_slots(day) if s in exact.busy[person]]
                    )
    return found


def _changes_of_day(exact: ExactModel, person: Person, slots: list[int]) -> list[cp_model.IntVar]:
    changes: list[cp_model.IntVar] = []
    last: dict[int, cp_model.IntVar] = {}
    for slot in slots:
        here: dict[int, list[int]] = defaultdict(list)
        for i in exact.at[person][slot]:
            here[exact.assignment[i].hall].append(i)
        starting = [i for i in exact.at[person][slot] if exact.assignment[i].start == slot]
        if starting and last:
            change = exact.literal(f"change {person} {slot}")
            for hall, was in last.items():
                other = [i for i in starting if exact.assignment[i].hall != hall]
                if other:
                    exact.model.add(exact.count(other) + was <= 1 + change)
            changes.append(change)
        last = _carried(exact, person, slot, here, last)
    return changes


def _carried(
    exact: ExactModel, person: Person, slot: int, here: dict[int, list[int]], last: dict[int, cp_model.IntVar]
) -> dict[int, cp_model.IntVar]:
    """The hall in which the person was last, after this slot: true where it must be, free elsewhere."""
    found: dict[int, cp_model.IntVar] = {}
    for hall in here.keys() | last.keys():
        now = exact.literal(f"last {person} {slot} {hall}")
        if hall in here:
            exact.model.add(exact.count(here[hall]) <= now)
        if hall in last:
            exact.model.add_bool_or(now, ~last[hall], exact.busy[person][slot])
        found[hall] = now
    return found
