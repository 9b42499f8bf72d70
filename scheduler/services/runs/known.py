"""What a run knows from the one whose plan is published: what changed since, and which bounds hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, undefer

from scheduler.domain.basis import Difference, differences
from scheduler.domain.proofs import still_holds
from scheduler.domain.solving import Proved
from scheduler.services.problems import solved
from scheduler.services.runs import runs
from scheduler.services.schedule import versions
from scheduler.storage.models import Run

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run whose plan is published: its problem and plan, as their files, and what it was made for.

    `basis` is None for a run of a release that kept none.
    """

    problem: Json
    plan: Json
    basis: Json | None


def last_run(session: Session, event_id: int) -> LastRun | None:
    """The run whose plan is published. None without one, and where it was edited by hand since."""
    published = versions.published(session, event_id)
    if published is None or published.run_id is None:
        return None
    run = session.get_one(Run, published.run_id, options=[undefer(Run.basis)])
    problem, plan = solved.problem_file(session, run.id), runs.plan_file(session, run.id)
    if problem is None or plan is None:
        return None
    return LastRun(problem, plan, None if run.basis is None else solved.unpack(run.basis))


def changed_since(last: LastRun | None, basis: Json, problem: Json) -> list[Difference] | None:
    """What changed since the published plan was made. Empty if nothing did, None if nothing is published.

    `problem` is the document that is solved, `basis` that of the event as it is.
    """
    if not problem["published"]:
        return None
    if last is None or last.basis is None:
        return [Difference("unknown")]
    found = differences(last.basis, basis)
    if _by_request(problem["published"]) != _by_request(last.plan["meetings"]):
        found.append(Difference("published"))
    return found


def _by_request(meetings: list[Json]) -> dict[str, Json]:
    return {meeting["request"]: meeting for meeting in meetings}


def proved_before(last: LastRun | None, problem: Json) -> Proved | None:
    """The bounds of the published plan's run, if they hold of this problem too."""
    if last is None or not still_holds(last.problem, problem):
        return None
    plan = last.plan
    if plan["bound"] is None or plan.get("not_kept"):  # then it is a bound of plans without these
        return None
    return Proved(plan["bound"], plan["served_bound"], plan.get("meetings_bound"))
