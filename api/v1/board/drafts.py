"""Drafts by hand: begun from a version, changed step by step, each checked by the rules. For organisers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import bearer
from api.v1.bearer import token
from api.v1.board.schemas import (
    BeginningOut,
    DraftOut,
    PutIn,
    RequestStepIn,
    StepIn,
    SwapIn,
    TakenOut,
    TimeStepIn,
)
from api.v1.operation import blueprint, later, operation
from api.v1.schemas.headers import Followed
from scheduler.domain.errors import NotFound
from scheduler.services.board import commands, draft_view, steps
from scheduler.services.board import manual_drafts as hand
from scheduler.services.board.commands import Placement
from scheduler.services.identity.actors import Actor
from workers import dispatch

TAG = "Drafts by hand"
READ, WRITE = "schedule:read", "drafts:write"
ONE = "/drafts/<int:number>"


@blueprint.post("/versions/<int:number>/by-hand")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, follow="v1.show_beginning", also=(409,))
@blueprint.output(BeginningOut, 202, headers=Followed)
def begin_draft(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """Have a draft begun that can be changed by hand, with the meetings of a published version or a draft"""
    job = hand.request_draft(db, actor, number, now=context.now())
    later(_work, job.id)
    return {"number": number, "state": job.state, "draft": None, "error": None}


@blueprint.get("/versions/<int:number>/by-hand")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(BeginningOut)
def show_beginning(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """How far the beginning of a draft by hand from a version is; ask again until it is done or failed"""
    found = hand.get_draft_start(db, actor, number)
    if found.job is None:
        raise NotFound("draft by hand that was asked for from version", number)
    job = found.job
    return {"number": number, "state": job.state, "draft": found.draft, "error": job.error}


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(DraftOut)
def show_draft(db: Session, actor: Actor, number: int) -> Any:
    """A draft by hand with its last steps; its meetings are those of the version of this number"""
    card = draft_view.get_draft(db, actor, number)
    if card is None or card.revision is None:
        raise NotFound("draft by hand", number)
    return replace(card, steps=tuple(bearer.hide_contacts(actor, step, by=None) for step in card.steps))


@blueprint.post(f"{ONE}/put")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(PutIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def put_meetings(db: Session, actor: Actor, body: PutIn, number: int) -> Any:
    """Add or move a meeting, give it another place or other people, and move or drop others, in one step

    What breaks a rule is refused (409) with each rule in words, and nothing is changed. What is put is
    locked: the next run leaves it there.
    """
    targets = [
        Placement(each.request, each.slot, each.place, tuple(each.people), each.interpreter)
        for each in body.targets
    ]
    return commands.arrange_requests(
        db, actor, number, targets, body.dropped, seen=body.seen, now=context.now()
    )


@blueprint.post(f"{ONE}/swap")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(SwapIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def swap_meetings(db: Session, actor: Actor, body: SwapIn, number: int) -> Any:
    """Exchange the times of two meetings, and their places where both can"""
    return commands.swap_meetings(
        db, actor, number, body.request, body.other, seen=body.seen, now=context.now()
    )


@blueprint.post(f"{ONE}/cancel")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RequestStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def cancel_meeting(db: Session, actor: Actor, body: RequestStepIn, number: int) -> Any:
    """Hold a request no longer; the next run leaves it out"""
    return commands.cancel_meeting(db, actor, number, body.request, seen=body.seen, now=context.now())


@blueprint.post(f"{ONE}/lock")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RequestStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def lock_meeting(db: Session, actor: Actor, body: RequestStepIn, number: int) -> Any:
    """Have the next run leave a meeting as it is"""
    return commands.lock_meeting(db, actor, number, body.request, seen=body.seen, now=context.now())


@blueprint.post(f"{ONE}/unlock")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RequestStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def unlock_meeting(db: Session, actor: Actor, body: RequestStepIn, number: int) -> Any:
    """Let the next run do with a request what it likes"""
    return commands.unlock_request(db, actor, number, body.request, seen=body.seen, now=context.now())


@blueprint.post(f"{ONE}/forbid")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(TimeStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def forbid_time(db: Session, actor: Actor, body: TimeStepIn, number: int) -> Any:
    """Have a request not be held at a time, here and by the next run"""
    return commands.forbid_slot(db, actor, number, body.request, body.slot, seen=body.seen, now=context.now())


@blueprint.post(f"{ONE}/allow")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(TimeStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def allow_time(db: Session, actor: Actor, body: TimeStepIn, number: int) -> Any:
    """Take back that a time is forbidden to a request"""
    return commands.allow_slot(db, actor, number, body.request, body.slot, seen=body.seen, now=context.now())


@blueprint.post(f"{ONE}/undo")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(StepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def undo_step(db: Session, actor: Actor, body: StepIn, number: int) -> Any:
    """Take the last step back"""
    return steps.undo_step(db, actor, number, seen=body.seen, now=context.now())


@blueprint.post(f"{ONE}/redo")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(StepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(TakenOut)
def redo_step(db: Session, actor: Actor, body: StepIn, number: int) -> Any:
    """Do again what was undone last"""
    return steps.redo_step(db, actor, number, seen=body.seen, now=context.now())


def _work(job_id: int) -> None:
    dispatch.version_job(job_id, app=context.celery())
