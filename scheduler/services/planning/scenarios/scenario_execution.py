"""Execution of a scenario: snapshot, changes, solve, comparison. The plan is not stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

import structlog
from sqlalchemy import select

from scheduler.config import Settings
from scheduler.domain import rules
from scheduler.domain.changes import ChangeKind, compare_plans
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.firm_groups import home_country
from scheduler.domain.plan import Meeting, Plan
from scheduler.domain.problem import Problem
from scheduler.domain.rules.fairness import FirmShare, firm_shares, summarize_fairness
from scheduler.domain.solving import Progress, Result, ScenarioKind, SolveParams
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem
from scheduler.services.planning.runs.plan_checks import NO_PLAN, SOLVE_HUNG, describe_failure
from scheduler.services.planning.runs.watchdog import (
    Report,
    ShouldStop,
    Solve,
    Stop,
    WatchedSolve,
    watch_solve,
)
from scheduler.services.planning.scenarios import (
    effects,
    scenario_changes,
    scenario_fixes,
    scenario_queue,
)
from scheduler.services.planning.scenarios.fix_trials import parse_trial_request
from scheduler.services.planning.scenarios.problem_changes import apply_changes
from scheduler.services.planning.scenarios.scenario_changes import AnyChange
from scheduler.services.planning.scenarios.scenario_queue import ScenarioGone
from scheduler.services.problems import snapshot
from scheduler.services.schedule import versions
from scheduler.solver.explain.event_fixes import apply_event_fix
from scheduler.solver.explain.groups import explain_and_group
from scheduler.solver.solve import solve as solve_problem
from scheduler.storage.database import Database
from scheduler.storage.models import Firm, Scenario

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """The event as it is: problem, published version, and the country of most firms."""

    problem: Problem
    version: int | None
    home: str = ""


def execute_scenario(
    database: Database,
    *,
    settings: Settings,
    should_stop: Callable[[], bool] = lambda: False,
    solve: Solve = solve_problem,
) -> bool:
    """Solve the next scenario from claim to end. Return True if there was one and it was solved.

    Stops and requeues it as soon as a run waits for a worker. A failing scenario raises nothing: it ends as
    failed, with a message.
    """
    with database.write() as session:
        row = scenario_queue.claim_scenario(session, now=database.now_in(session))
    if row is None:
        return False
    work = _ScenarioWork(database, row)
    try:
        return work.do(solve, settings, should_stop)
    except ScenarioGone as gone:
        log.info("scenario dropped", scenario=row.id, reason=str(gone))
        return False
    except ChainmeetError as error:
        return work.fail(str(error))
    except Exception as error:
        log.exception("scenario failed", scenario=row.id)
        return work.fail(describe_failure(error))


@dataclass(frozen=True, slots=True)
class _ScenarioWork:
    """A scenario that this worker has claimed."""

    database: Database
    row: Scenario

    def do(self, solve: Solve, settings: Settings, should_stop: Callable[[], bool]) -> bool:
        row = self.row
        if row.kind is ScenarioKind.REMEDY:
            return self.do_remedy(solve, settings, should_stop)
        with self.database.read() as session:
            now = self.database.now_in(session)
            published = versions.find_published_version(session, row.event_id)
            live = LiveEvent(
                snapshot.build_problem(session, row.event_id, now=now),
                published.number if published else None,
                home_country(session.scalars(select(Firm.country).where(Firm.event_id == row.event_id))),
            )
        changes = scenario_changes.parse_changes(row.changes)
        changed = apply_changes(live.problem, changes)
        if changed is not live.problem:
            changed = read_problem(write_problem(changed))  # validates the limits of the problem format
        params = SolveParams(seconds=row.seconds, workers=settings.solve_workers)
        solving = partial(solve, changed, params, is_changed=True)

        def solved(report: Report, stop: ShouldStop) -> Result:
            result = solving(on_progress=report, should_stop=stop)
            if row.kind is not ScenarioKind.KEPT:
                return result
            return explain_and_group(changed, result, stop, scenario_fixes.KINDS)

        watched = watch_solve(
            solved,
            self,
            seconds=row.seconds,
            should_stop=should_stop,
        )
        return self.end(live, changed, changes, watched)

    def do_remedy(self, solve: Solve, settings: Settings, should_stop: Callable[[], bool]) -> bool:
        """Continue the search from a version's plan, first without the fixes, then for the same time with
        them.
        """
        asked = parse_trial_request(self.row.changes)
        with self.database.read() as session:
            now = self.database.now_in(session)
            problem = snapshot.build_problem(session, self.row.event_id, now=now)
            meetings = versions.list_meetings(session, asked.version_id)
        index = problem.index
        start = [m for m in meetings if m.request in index.requests and m.slot in index.slots]
        params = SolveParams(seconds=self.row.seconds, workers=settings.solve_workers)
        plans = list[Plan]()

        def both(report: Report, stop: ShouldStop) -> Result:
            for each in (problem, reduce(apply_event_fix, asked.fixes, problem)):
                result = solve(each, params, start=start, on_progress=report, should_stop=stop)
                plans.append(result.plan)
            return result

        watched = watch_solve(both, self, seconds=2 * self.row.seconds, should_stop=should_stop)
        if watched.why in (Stop.CANCEL, Stop.SHUTDOWN):
            with self.database.write() as session:
                scenario_queue.requeue_scenario(session, self.row.id, self.row.turn)
            return False
        if watched.is_stuck:
            return self.fail(SOLVE_HUNG)
        for plan in plans:
            if not plan.is_answer:
                return self.fail(NO_PLAN[plan.status])
        figures_of = [{"held": len(plan.meetings), "score": plan.score} for plan in plans]
        result = dict(zip(("without", "with"), figures_of, strict=True))
        with self.database.write() as session:
            now = self.database.now_in(session)
            scenario_queue.finish_scenario(session, self.row.id, self.row.turn, result, now=now)
        return True

    def end(
        self, live: LiveEvent, changed: Problem, changes: Sequence[AnyChange], watched: WatchedSolve
    ) -> bool:
        if watched.why in (Stop.CANCEL, Stop.SHUTDOWN):
            with self.database.write() as session:
                scenario_queue.requeue_scenario(session, self.row.id, self.row.turn)
            return False
        if watched.is_stuck:
            return self.fail(SOLVE_HUNG)
        plan = watched.result.plan
        if not plan.is_answer:
            return self.fail(NO_PLAN[plan.status])
        result = {
            "now": published_figures(live, changed),
            "then": plan_figures(live, changed, plan),
            **effects.make_effects(live.problem, list_published_meetings(live.problem), changed, plan),
            "fixes": scenario_fixes.collect_fixes(live.problem, changed, changes, plan),
            "version": live.version,
            "fingerprint": problem_fingerprint(live.problem),
            "not_kept": list(plan.not_kept),
            "clashes": [clash.to_json() for clash in plan.clashes],
        }
        with self.database.write() as session:
            now = self.database.now_in(session)
            scenario_queue.finish_scenario(session, self.row.id, self.row.turn, result, now=now)
        return True

    def fail(self, error: str) -> bool:
        try:
            with self.database.write() as session:
                now = self.database.now_in(session)
                scenario_queue.fail_scenario(session, self.row.id, self.row.turn, error, now=now)
        except ScenarioGone:
            log.info("scenario dropped", scenario=self.row.id)
        return False

    # Called by `watch_solve`

    def stop_requested(self) -> Stop | None:
        with self.database.read() as session:
            must = scenario_queue.must_stop_scenario(session, self.row.id, self.row.turn)
        return Stop.CANCEL if must else None

    def report(self, progress: Progress | None) -> None:
        with self.database.write() as session:
            now = self.database.now_in(session)
            scenario_queue.store_progress(session, self.row.id, self.row.turn, progress, now=now)

    def beat(self) -> None:
        self.report(None)


Figures = Mapping[str, int | float | None]
"""Figures by name, such as `held` and `requests`. None if not available."""


def plan_figures(live: LiveEvent, changed: Problem, plan: Plan) -> Figures:
    """Return the figures of the changed problem's plan, with its bounds."""
    return {
        **_figures(live, changed, plan.meetings, list_published_meetings(live.problem)),
        "bound": plan.bound,
        "held_bound": plan.meetings_bound,
        "weight_bound": plan.served_bound,
        "gap": _gap(changed, plan),
    }


def _gap(changed: Problem, plan: Plan) -> float | None:
    """Return the optimality gap in percent, an upper bound.

    Relative to the bound minus the score of the empty plan, because scores may be negative.
    """
    nothing = rules.score(changed, ()).total
    if plan.bound is None or plan.bound <= nothing:
        return None
    return round(100 * (plan.bound - plan.score) / (plan.bound - nothing), 3)


def published_figures(live: LiveEvent, changed: Problem) -> Figures | None:
    """Return the figures of the published meetings that are still possible, by the changed problem's
    priorities.
    """
    if not live.problem.published:
        return None
    by_its_dials, kept = replace(live.problem, policy=changed.policy), list_published_meetings(live.problem)
    return _figures(live, by_its_dials, kept, kept)


def list_published_meetings(live: Problem) -> list[Meeting]:
    """Return the published meetings whose request and slot still exist."""
    index = live.index
    return [m for m in live.published if m.request in index.requests and m.slot in index.slots]


def _figures(
    live: LiveEvent, changed: Problem, meetings: Sequence[Meeting], published: Sequence[Meeting]
) -> Figures:
    found = rules.score(changed, meetings)
    rows = firm_shares(changed, meetings)
    every, differences = summarize_fairness(rows), compare_plans(published, meetings)
    overseas, home = (_side_share(changed, rows, live.home, is_home) for is_home in (False, True))
    seated = {person for meeting in meetings for person in meeting.attendees}
    slots = len(changed.slots)
    coming = [row for row in changed.attendees if len(row.unavailable) < slots]
    return {
        "held": len(meetings),
        "requests": len(changed.requests),
        "weight": found.terms["served"],
        "score": found.total,
        "event_score": rules.score(replace(changed, policy=live.problem.policy), meetings).total,
        "people": len(coming),
        "people_without": sum(row.id not in seated for row in coming),
        "changed": differences.touched,
        "moved": differences.counts[ChangeKind.MOVED],
        "relocated": sum("place" in change.details for change in differences.changes),
        "told": len(differences.people_notified()) if published else None,
        "hall_change": found.terms["hall_change"],
        "idle": found.terms["idle"],
        "shortfall": found.terms["shortfall"],
        "mean": round(100 * every.mean, 1) if every else None,
        "twentieth": round(100 * every.twentieth, 1) if every else None,
        "worst": round(100 * every.worst, 1) if every else None,
        "gini": round(every.gini, 4) if every else None,
        "overseas": overseas,
        "home": home,
        "sides_gap": None if overseas is None or home is None else round(abs(home - overseas), 1),
    }


def _side_share(changed: Problem, rows: Sequence[FirmShare], home: str, is_home: bool) -> float | None:
    """Return the scheduled share, in percent, of all requests of home or overseas firms."""
    side = summarize_fairness(row for row in rows if (changed.firms[row.firm].country == home) is is_home)
    return round(100 * side.pooled, 1) if side else None
