"""What a run knows from the one whose plan is published: which requests are new, and which bounds hold."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from scheduler.domain.proofs import still_holds
from scheduler.domain.solving import Proved
from scheduler.services.problems import solved
from scheduler.services.runs import runs
from scheduler.services.schedule import versions

Last = tuple[dict[str, Any], dict[str, Any]]
"""The problem and the plan of a run, as their files."""


def last_run(session: Session, event_id: int) -> Last | None:
    """The known facts about the run whose plan is published."""
    published = versions.published(session, event_id)
    if published is None or published.run_id is None:
        return None
    problem, plan = solved.problem_file(session, published.run_id), runs.plan_file(session, published.run_id)
    return None if problem is None or plan is None else (problem, plan)


def new_requests(last: Last | None, problem: dict[str, Any]) -> list[str]:
    """The requests of a problem's document that the published plan's did not have, or not so."""
    if last is None:
        return []
    known = {row["id"]: row for row in last[0]["requests"]}
    return [row["id"] for row in problem["requests"] if known.get(row["id"]) != row]


def proved_before(last: Last | None, problem: dict[str, Any]) -> Proved | None:
    """The bounds of the published plan's run, if they hold of this problem too."""
    if (
        last is None
        or last[1]["bound"] is None
        or last[1].get("not_kept")
        or not still_holds(last[0], problem)
    ):
        return None
    return Proved(last[1]["bound"], last[1]["served_bound"], last[1].get("meetings_bound"))
