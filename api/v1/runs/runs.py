"""Runs: start, follow, stop. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import bearer
from api.v1.bearer import token
from api.v1.operation import blueprint, later, operation
from api.v1.runs.schemas import NewRunIn, RunOut
from api.v1.schemas.base import Listing, PageQuery
from api.v1.schemas.headers import Created
from scheduler.domain.entities import AfterRun
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.runs import run_control
from workers import dispatch

TAG = "Runs"


@blueprint.get("/runs")
@blueprint.auth_required(token, roles=["runs:read"])
@blueprint.input(PageQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[RunOut])
def list_runs(db: Session, actor: Actor, query: PageQuery) -> Any:
    """List the event's runs, newest first"""
    return run_control.list_runs(db, actor, **dict(query))


@blueprint.post("/runs")
@blueprint.auth_required(token, roles=["runs:write"])
@blueprint.input(NewRunIn, arg_name="body")
@operation(tag=TAG, writes=True, creates="v1.show_run", also=(404,))
@blueprint.output(RunOut, 201, headers=Created)
def start_run(db: Session, actor: Actor, body: NewRunIn) -> Any:
    """Start a run; an event has at most one open run"""
    if body.when_finished is AfterRun.PUBLISH:
        bearer.require_scope(actor, "schedule:publish")
    run = run_control.start_run(
        db,
        actor,
        seconds=body.seconds,
        then=body.when_finished,
        budget=body.publish_limit,
        max_moved=body.max_moved,
        manual_draft=body.manual_draft,
        note=body.note,
        now=context.now(),
    )
    later(_send, run.id)
    return run


@blueprint.get("/runs/<int:number>")
@blueprint.auth_required(token, roles=["runs:read"])
@operation(tag=TAG)
@blueprint.output(RunOut)
def show_run(db: Session, actor: Actor, number: int) -> Any:
    """Show a run with its progress"""
    return run_control.get_run(db, actor, number)


@blueprint.post("/runs/<int:number>/cancel")
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RunOut)
def cancel_run(db: Session, actor: Actor, number: int) -> Any:
    """Cancel a run: at once if it is queued, within a second if it is running"""
    return run_control.cancel_run(db, actor, number, now=context.now())


@blueprint.post("/runs/<int:number>/stop")
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RunOut)
def stop_run(db: Session, actor: Actor, number: int) -> Any:
    """Stop a running search within a second, with its best plan so far"""
    return run_control.stop_run(db, actor, number, now=context.now())


def _send(run_id: int) -> None:
    dispatch.run(context.database(), run_id, app=context.celery())
