"""A published plan to which nothing happened: the answer at once, with a first bound."""

from __future__ import annotations

import time

from scheduler.domain import rules
from scheduler.domain.solving import Phase
from scheduler.solver.clock import POLL_SECONDS
from scheduler.solver.context import SolveContext
from scheduler.solver.plans.checking import Meetings
from scheduler.solver.plans.start import unchanged_published_plan

PROOF_SHARE = 0.8
MAX_PROOF_SECONDS = 30.0
"""It waits for its first LP at most that share of the time, and so many seconds: nothing else takes any."""


def reuse_published_plan(context: SolveContext) -> Meetings:
    """The published plan, if nothing happened to it."""
    found = unchanged_published_plan(context.flat)
    if found is not None:
        context.incumbent.ready = found, rules.score(context.problem, found)
    return found


def prove_published_plan(context: SolveContext) -> None:
    """A first bound for a plan that needs no search, if none was proved before."""
    proof, clock = context.proof, context.clock
    if proof.is_made:
        return
    part = clock.part(min(PROOF_SHARE * clock.left(), MAX_PROOF_SECONDS))
    proof.begin(part)
    while proof.is_running and not proof.is_made and not part.is_over():
        time.sleep(POLL_SECONDS)
        context.reporter.report_at_times(Phase.PROVING)
    context.end_proof()
