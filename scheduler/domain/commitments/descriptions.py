"""Explanation of a conflict between commitments, as a cause code and a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from scheduler.domain.commitments.feasibility import is_feasible
from scheduler.domain.commitments.options import Commitment, Commitments
from scheduler.domain.plan import CommitmentClash
from scheduler.domain.rules import violations

CAUSE_SENTENCES: Final = {
    "alone": "",
    "people": "{who} would be in two meetings at once",
    "walk": "{who} would have no time to walk to the next hall",
    "person-cap": "{who} would have more meetings on that day than they may",
    "days-cap": "{who} would have meetings on more days than they may",
    "firm-cap": "{who} would have more meetings on that day than it may",
    "pair-cap": "{who} would meet more often on that day than they may",
    "row-cap": "{who} would have more meetings in a row than they may",
    "place": "{who} cannot take them all at that time",
    "interpreter": "there are too few interpreters for them ({who})",
    "precedence": "they are not in the order that they have to be held in",
    "rules": "no plan keeps all the rules with them",
}
"""Sentence by cause. Causes are tried in this order."""
MAX_NAMES = 5
SINGLE_SENTENCES = frozenset(("format", "H2", "H4", "H5", "H7", "H9", "H14"))
"""Rules that a single meeting can violate."""


def describe_clash(commitments: Commitments, ids: Collection[str]) -> CommitmentClash:
    """Describe a minimal conflict. Its cause is the single rule without which the set would be feasible."""
    order = [id for id in commitments.of if id in ids]
    cause = _cause(commitments, order)
    who = tuple(_who(commitments, order, cause))
    names = ", ".join(who[:MAX_NAMES]) or "somebody"
    because = CAUSE_SENTENCES[cause].format(who=names)
    held = "; ".join(_title(commitments, id) for id in order)
    if cause == "alone":
        return CommitmentClash(tuple(order), cause, who, _alone(commitments, order[0]))
    return CommitmentClash(tuple(order), cause, who, f"These cannot all be held, as {because}: {held}.")


def _alone(commitments: Commitments, id: str) -> str:
    """Explain why one commitment is infeasible regardless of all others."""
    problem, one = commitments.problem, commitments.of[id]
    if id in commitments.frozen:
        for breach in violations(problem, [commitments.frozen[id]]):
            if breach.rule in SINGLE_SENTENCES:
                return f"What is frozen has to stay, but breaks {breach.rule}: {breach.detail}"
    return f"Request {_title(commitments, id)} has to be held, but {_hindrance(commitments, id, one)}."


def _hindrance(commitments: Commitments, id: str, one: Commitment) -> str:
    problem = commitments.problem
    row = problem.requests[one.request]
    if id in commitments.frozen:
        return "it is frozen at another time"
    if row.length > problem.room_ahead[one.start]:
        return "it is longer than what is left from there on"
    if row.slots is not None and one.start not in row.slots:
        return "it may not start then"
    if problem.frozen_until is not None and problem.slots[one.start].start < problem.frozen_until:
        return "nothing new starts at a time that is frozen"
    for side in problem.sides(row):
        away = {a for people in side for a in people if problem.attendees[a].unavailable & {*one.slots}}
        if all(away.intersection(people) for people in side):
            names = ", ".join(problem.attendees[a].id for a in sorted(away))
            return f"{names} cannot come then" if away else "one of its firms has nobody for it"
    if not any(commitments.suits(one.request, g, one.slots) for g in range(len(commitments.groups))):
        return "no place that it may have is open then"
    return "no interpreter is there then"


def _cause(commitments: Commitments, ids: Collection[str]) -> str:
    if len(ids) == 1:
        return "alone"
    causes = [cause for cause in CAUSE_SENTENCES if cause not in ("alone", "rules")]
    return next((cause for cause in causes if is_feasible(commitments, ids, [cause])), "rules")


def _who(commitments: Commitments, ids: Collection[str], cause: str) -> Iterable[str]:
    """Return the ids of the people, firms, interpreters or places that at least two of the requests share."""
    problem = commitments.problem
    shared = Counter[str]()
    for id in ids:
        one = commitments.of[id]
        row = problem.requests[one.request]
        match cause:
            case "people" | "walk" | "person-cap" | "days-cap" | "pair-cap" | "row-cap":
                mine = {problem.attendees[a].id for way in one.options for a in way.people}
                if cause == "walk":
                    mine |= {problem.interpreters[i].id for i in _interpreters(commitments, id)}
            case "firm-cap":
                mine = {problem.firms[firm].id for firm in (row.sender, row.receiver)}
            case "interpreter":
                mine = {problem.interpreters[i].id for i in _interpreters(commitments, id)}
            case "place":
                groups = {way.group for way in one.options}
                mine = {problem.places[p].id for group in groups for p in commitments.groups[group]}
            case _:
                mine = set()
        shared.update(mine)
    return sorted(name for name, count in shared.items() if count > 1)


def _interpreters(commitments: Commitments, id: str) -> set[int]:
    return {way.interpreter for way in commitments.of[id].options if way.interpreter is not None}


def _title(commitments: Commitments, id: str) -> str:
    problem, one = commitments.problem, commitments.of[id]
    row = problem.requests[one.request]
    firms = [problem.firms[firm] for firm in (row.sender, row.receiver)]
    sender, receiver = (firm.name or firm.id for firm in firms)
    return f"{id} of {sender} to {receiver} in {problem.slots[one.start].id}"
