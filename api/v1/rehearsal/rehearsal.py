"""Whether the event is in rehearsal, and going live. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, later, operation
from api.v1.rehearsal.schemas import GoLiveIn, RehearsalOut
from scheduler.services.identity.actors import Actor
from scheduler.services.publishing.rehearsal import going_live
from workers import dispatch

TAG = "Rehearsal"
READ, PUBLISH = "schedule:read", "schedule:publish"


@blueprint.get("/rehearsal")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(RehearsalOut)
def show_rehearsal(db: Session, actor: Actor) -> Any:
    """Show whether the event is in rehearsal: its emails reach only its organisers until it goes live"""
    return going_live.show_live_state(db, actor)


@blueprint.post("/rehearsal/go-live")
@blueprint.auth_required(token, roles=[PUBLISH])
@blueprint.input(GoLiveIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RehearsalOut)
def go_live(db: Session, actor: Actor, body: GoLiveIn) -> Any:
    """End the rehearsal; nothing sent in it counts, and this cannot be undone"""
    job = going_live.go_live(db, actor, tell=body.send_invitations, now=context.now())
    if job is not None:
        later(_work, job)
    return going_live.show_live_state(db, actor)


def _work(job_id: int) -> None:
    dispatch.version_job(job_id, app=context.celery())
