"""What a what-if tells: figures of its plan, and of what people have, under the same dials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scheduler.domain import rules
from scheduler.domain.changes import compare
from scheduler.domain.plan import Meeting, Plan
from scheduler.domain.problem import Problem
from scheduler.domain.rules.fairness import fairness, firm_shares

Figures = Mapping[str, int | float | None]
"""By name: how many requests are `held` of `requests`, and so on. None where there is no such figure."""


def of_plan(live: Problem, changed: Problem, plan: Plan) -> Figures:
    """The figures of a plan of the changed problem, with what was proved of it."""
    return {
        **_figures(live, changed, plan.meetings, _kept(live)),
        "bound": plan.bound,
        "held_bound": plan.meetings_bound,
        "weight_bound": plan.served_bound,
        "nothing": rules.score(changed, ()).total,
    }


def of_published(live: Problem, changed: Problem) -> Figures | None:
    """Those of what is published, of what of it can be held now, by the dials of the changed problem."""
    if not live.published:
        return None
    by_its_dials = replace(live, policy=changed.policy)
    return _figures(live, by_its_dials, _kept(live), _kept(live))


def _kept(live: Problem) -> list[Meeting]:
    """The published meetings that the event of now still knows."""
    index = live.index
    return [m for m in live.published if m.request in index.requests and m.slot in index.slots]


def _figures(
    live: Problem, changed: Problem, meetings: Sequence[Meeting], published: Sequence[Meeting]
) -> Figures:
    found = rules.score(changed, meetings)
    shares = fairness(firm_shares(changed, meetings))
    differences = compare(published, meetings)
    seated = {person for meeting in meetings for person in meeting.attendees}
    slots = len(changed.slots)
    coming = [row for row in changed.attendees if len(row.unavailable) < slots]
    return {
        "held": len(meetings),
        "requests": len(changed.requests),
        "weight": found.terms["served"],
        "score": found.total,
        "event_score": rules.score(replace(changed, policy=live.policy), meetings).total,
        "people": len(coming),
        "people_without": sum(row.id not in seated for row in coming),
        "changed": differences.touched,
        "told": len(differences.people_told()) if published else None,
        "hall_change": found.terms["hall_change"],
        "idle": found.terms["idle"],
        "mean": round(100 * shares.mean, 1) if shares else None,
        "twentieth": round(100 * shares.twentieth, 1) if shares else None,
        "worst": round(100 * shares.worst, 1) if shares else None,
        "gini": round(shares.gini, 4) if shares else None,
    }
