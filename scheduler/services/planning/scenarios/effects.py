"""Effects of a scenario on firms: gained and lost meetings, with reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.changes import compare_plans
from scheduler.domain.plan import NOT_EXAMINED, Meeting, Plan
from scheduler.domain.problem import Problem
from scheduler.services.directory.references import FirmRef
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard
from scheduler.storage.models import Firm

__all__ = ["REMOVED", "Effects", "FirmEffect", "FirmFilter", "ScenarioCard", "get_effects", "make_effects"]

REMOVED: Final = "removed"
"""Reason of a request that the scenario removed: one of its firms does not attend."""


class FirmFilter(StrEnum):
    """Filter of a scenario's firms."""

    CHANGED = "changed"
    LOSE = "lose"
    GAIN = "gain"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class FirmEffect:
    """A firm's scheduled requests now and then, of its accepted ones; `elsewhere` counts changes of location.

    `reason` is the most frequent reason code of its losses.
    """

    firm: FirmRef
    now: int
    then: int
    accepted: int
    elsewhere: int
    reason: str

    @property
    def more(self) -> int:
        return self.then - self.now

    @property
    def size(self) -> int:
        """Absolute size of the change."""
        return abs(self.more)

    def is_shown(self, what: FirmFilter) -> bool:
        match what:
            case FirmFilter.LOSE:
                return self.more < 0
            case FirmFilter.GAIN:
                return self.more > 0
            case FirmFilter.ELSEWHERE:
                return self.elsewhere > 0
        return self.more != 0


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of a scenario: firms by size of change, lost requests by reason, and number of gained
    requests.
    """

    firms: Sequence[FirmEffect]
    lost: Sequence[tuple[str, int]]
    gained: int

    def of(self, what: FirmFilter) -> list[FirmEffect]:
        return [each for each in self.firms if each.is_shown(what)]

    @property
    def losses(self) -> int:
        return sum(count for _, count in self.lost)


def make_effects(live: Problem, kept: Sequence[Meeting], changed: Problem, plan: Plan) -> dict[str, Any]:
    """Return the stored effects of the changed problem's plan, compared with the `kept` meetings of the live
    one.
    """
    differences, sides = compare_plans(kept, plan.meetings), {**_sides(live), **_sides(changed)}
    now = _by_firm(sides, (m.request for m in kept))
    then = _by_firm(sides, (m.request for m in plan.meetings))
    elsewhere = _by_firm(sides, (one.request for one in differences.changes if "place" in one.details))
    reasons = _reasons(kept, changed, plan)
    of_firm: dict[str, Counter[str]] = {}
    for request, reason in reasons.items():
        for firm in sides[request]:
            of_firm.setdefault(firm, Counter())[reason] += 1
    firms = [
        [id, now[id], then[id], count, elsewhere[id], _first(of_firm.get(id, Counter()))]
        for id, count in {**_accepted(live), **_accepted(changed)}.items()
        if now[id] != then[id] or elsewhere[id]
    ]
    scheduled = {m.request for m in kept}
    gained = sum(m.request not in scheduled for m in plan.meetings)
    return {"firms": firms, "lost": dict(Counter(reasons.values())), "gained": gained}


def _sides(problem: Problem) -> dict[str, tuple[str, str]]:
    """Return the two firms of each request."""
    firms = problem.firms
    return {row.id: (firms[row.sender].id, firms[row.receiver].id) for row in problem.requests}


def _by_firm(sides: Mapping[str, tuple[str, str]], requests: Iterable[str]) -> Counter[str]:
    return Counter(firm for request in requests for firm in sides[request])


def _accepted(problem: Problem) -> dict[str, int]:
    return dict(zip((firm.id for firm in problem.firms), problem.request_counts, strict=True))


def _reasons(kept: Sequence[Meeting], changed: Problem, plan: Plan) -> dict[str, str]:
    """Return reasons of requests that are scheduled now but not in the plan."""
    known = {row.request: row.reason for row in plan.unscheduled}
    held, index = {m.request for m in plan.meetings}, changed.index.requests
    return {
        m.request: known.get(m.request, NOT_EXAMINED) if m.request in index else REMOVED
        for m in kept
        if m.request not in held
    }


def _first(counts: Counter[str]) -> str:
    return min(counts, key=lambda reason: (-counts[reason], reason), default="")


def get_effects(session: Session, actor: Actor, card: ScenarioCard) -> Effects | None:
    """Return the effects of a scenario that was solved beside a published version, else None."""
    actor.require(Right.READ_RUNS)
    result = card.result
    if result is None or result["now"] is None or "firms" not in result:
        return None
    refs = _refs(session, actor.event_id, [row[0] for row in result["firms"]])
    rows = [FirmEffect(refs.get(key, FirmRef(key, key, "", "")), *row) for key, *row in result["firms"]]
    lost: Mapping[str, int] = result["lost"]
    return Effects(
        firms=sorted(rows, key=lambda row: (row.more > 0, -abs(row.more), -row.elsewhere, row.firm.key)),
        lost=sorted(lost.items(), key=lambda one: (-one[1], one[0])),
        gained=result["gained"],
    )


def _refs(session: Session, event_id: int, keys: Sequence[str]) -> dict[str, FirmRef]:
    query = select(Firm.key, Firm.name, Firm.latin_name, Firm.country).where(Firm.event_id == event_id)
    wanted = set(keys)
    return {row.key: FirmRef(*row) for row in session.execute(query) if row.key in wanted}
