"""The published plan's run: changes of the input since, and proven bounds that still apply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from scheduler.domain.bound_reuse import is_bound_valid
from scheduler.domain.planning_inputs import Difference, diff_inputs, planning_inputs
from scheduler.domain.rules.stability import published_changes
from scheduler.domain.solving import ProvedBounds
from scheduler.files.plan_file import read_plan
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.services.planning.runs import runs
from scheduler.services.problems import frozen, snapshot, stored_problems
from scheduler.services.replies import counter_proposals
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, MeetingRequest, Run

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """The run of the published plan: problem, plan and basis, as documents.

    `basis` is None for a run of a release that stored none. `is_overnight` is True if it had an overnight
    budget.
    """

    problem: Json
    plan: Json
    basis: Json | None
    is_overnight: bool = False


def find_published_run(session: Session, event_id: int) -> PublishedRun | None:
    """Return the run of the published plan, or None if there is none or the version was edited manually
    since.
    """
    published = versions.find_published_version(session, event_id)
    if published is None or published.run_id is None:
        return None
    run = session.get_one(Run, published.run_id, options=[undefer(Run.basis)])
    problem, plan = stored_problems.load_problem_file(session, run.id), runs.get_plan_file(session, run.id)
    if problem is None or plan is None:
        return None
    basis = None if run.basis is None else stored_problems.decompress_document(run.basis)
    return PublishedRun(problem, plan, basis, is_overnight=bool(run.change_budget))


def make_basis(session: Session, event_id: int, *, now: datetime, manual_draft: int | None) -> Json:
    """Return the event as it is now, as the input of a plan.

    Excludes frozen meetings, the budget of a run, and preferences that publishing grants. They change the
    problem although no one edited the event.
    """
    event = session.get_one(Event, event_id)
    problem = snapshot.build_problem(
        session, event_id, now=None, manual_draft=manual_draft, with_preferences=False
    )
    until = frozen.frozen_until(event, problem.slots, now, ZoneInfo(event.timezone), is_by_hand=False)
    rows = select(MeetingRequest.id, MeetingRequest.key).where(MeetingRequest.event_id == event_id)
    wishes = counter_proposals.list_proposed_slots(session, event_id)
    wished = {key: wishes[id] for id, key in session.execute(rows) if id in wishes} if wishes else {}
    return planning_inputs(write_problem(replace(problem, frozen_until=until)), wished)


def list_changes_since(last: PublishedRun | None, basis: Json, problem: Json) -> list[Difference] | None:
    """Return changes since the published plan was made. Empty if none, None if nothing is published.

    `problem` is the document that is solved, `basis` that of the event as it is.
    """
    if not problem["published"]:
        return None
    if last is None or last.basis is None:
        return [Difference("unknown")]
    found = diff_inputs(last.basis, basis)
    if _by_request(problem["published"]) != _by_request(last.plan["meetings"]):
        found.append(Difference("published"))
    if _used_its_budget(last):
        found.append(Difference("limit"))
    return found


def _used_its_budget(last: PublishedRun) -> bool:
    """Return True if an overnight run exhausted its change budget, so that more improvements may be
    possible.
    """
    most = last.problem["policy"]["max_moved"]
    if not last.is_overnight or not most:
        return False
    problem, plan = read_problem(last.problem), read_plan(last.plan)
    return len(published_changes(problem, plan.meetings).voluntary) >= int(most)


def _by_request(meetings: list[Json]) -> dict[str, Json]:
    return {meeting["request"]: meeting for meeting in meetings}


def find_proved_bounds(last: PublishedRun | None, problem: Json) -> ProvedBounds | None:
    """Return the proven bounds of the published plan's run, if they are valid for this problem too."""
    if last is None or not is_bound_valid(last.problem, problem):
        return None
    plan = last.plan
    if plan["bound"] is None or plan.get("not_kept"):  # the bound only holds for plans without these
        return None
    return ProvedBounds(plan["bound"], plan["served_bound"], plan.get("meetings_bound"))
