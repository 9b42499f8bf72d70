"""Suggested fixes of a scenario: further changes that would schedule requests that it leaves unscheduled.

They are the fixes of its unscheduled requests that a scenario can make. Those of single people or requests
are left out, because scenarios change the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain.errors import InvalidInput
from scheduler.domain.plan import EventFix, Plan
from scheduler.domain.problem import Problem
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.scenarios.scenario_changes import (
    AnyChange,
    InterpretersChange,
    QuotaChange,
    ShiftChange,
    TablesChange,
    parse_change,
    serialize_changes,
)
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard

KINDS: Final = frozenset({"add-table", "add-interpreter", "shift", "firm-cap"})
"""Kinds of fixes of unscheduled requests that a scenario can make."""
MAX_FIXES = 5
"""Suggested fixes of a scenario."""


@dataclass(frozen=True, slots=True)
class ScenarioFix:
    """A further change. `gains` is the number of requests that fit with it beside the unchanged plan."""

    change: AnyChange
    gains: int


def collect_fixes(
    live: Problem, changed: Problem, changes: Iterable[AnyChange], plan: Plan
) -> list[dict[str, Any]]:
    """Return the stored fixes of the changed problem's plan, largest gain first.

    Changes that would undo one of the scenario's own `changes` are left out.
    """
    own, gains = tuple(changes), dict[AnyChange, int]()
    for group in plan.groups:
        change = _as_change(group.lever, live, changed) if group.lever is not None else None
        if change is None or not group.holds or any(_undoes(change, each) for each in own):
            continue
        gains[change] = max(gains.get(change, 0), group.holds)  # gains of groups do not add up
    best = sorted(gains, key=lambda change: (-gains[change], repr(change)))[:MAX_FIXES]
    rows = zip(serialize_changes(best), best, strict=True)
    return [{"change": row, "gains": gains[change]} for row, change in rows]


def list_fixes(actor: Actor, card: ScenarioCard) -> Sequence[ScenarioFix]:
    """Return the stored fixes of a scenario, largest gain first; none until it is solved."""
    actor.require(Right.READ_RUNS)
    rows = (card.result or {}).get("fixes", ())
    return [ScenarioFix(parse_change(row["change"]), row["gains"]) for row in rows]


def _as_change(fix: EventFix, live: Problem, changed: Problem) -> AnyChange | None:
    """Return the change that a fix is, or None. Records that only the scenario has cannot be named."""
    match fix.kind, fix.ids:
        case "add-table", (hall,):
            row = {"kind": "tables", "hall": hall} if hall in live.index.halls else None
        case "add-interpreter", (first, second):
            row = {"kind": "interpreters", "first": first, "second": second}
        case "shift", (interpreter,):
            known = interpreter in live.index.interpreters
            row = {"kind": "shift", "interpreter": interpreter} if known else None
        case "firm-cap", (firm,):
            row = _higher_limit(firm, changed) if firm in live.index.firms else None
        case _:
            row = None
    if row is None:
        return None
    try:
        return parse_change(row)
    except InvalidInput:  # outside the limits of a scenario, such as a code of a dialect
        return None


def _higher_limit(firm: str, changed: Problem) -> dict[str, Any] | None:
    most = changed.firms[changed.index.firms[firm]].max_per_day
    return None if most is None else {"kind": "quota", "firm": firm, "max_per_day": most + 1}


def _undoes(change: AnyChange, own: AnyChange) -> bool:
    match change, own:
        case TablesChange(), TablesChange():
            return own.step == "fewer" and own.hall == change.hall
        case InterpretersChange(), InterpretersChange():
            pair = {own.first, own.second}
            return own.step == "fewer" and pair == {change.first, change.second}
        case ShiftChange(), ShiftChange():
            return own.step == "unavailable" and own.interpreter in (None, change.interpreter)
        case QuotaChange(), QuotaChange():
            return own.max_per_day is not None and own.firm in (None, change.firm)
    return False
