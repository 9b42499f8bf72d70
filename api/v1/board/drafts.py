"""Manual drafts: created from a version, edited step by step, each step checked. For organisers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import bearer, validators
from api.v1.bearer import token
from api.v1.board.schemas import (
    DraftCreationOut,
    DraftOut,
    DraftStepIn,
    DraftStepResultOut,
    PlaceMeetingsIn,
    RequestStepIn,
    SlotStepIn,
    SwapMeetingsIn,
)
from api.v1.operation import blueprint, later, operation
from api.v1.schemas.headers import Followed
from scheduler.domain.errors import NotFound
from scheduler.services.board import commands, draft_view, steps
from scheduler.services.board import manual_drafts as hand
from scheduler.services.board.commands import Placement
from scheduler.services.identity.actors import Actor
from workers import dispatch

TAG = "Manual drafts"
READ, WRITE = "schedule:read", "drafts:write"
ONE = "/drafts/<int:number>"


@blueprint.post("/versions/<int:number>/manual-draft")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, follow="v1.show_draft_creation", also=(409,))
@blueprint.output(DraftCreationOut, 202, headers=Followed)
def create_manual_draft(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """Create a manual draft with the meetings of a published version or a draft"""
    job = hand.request_draft(db, actor, number, now=context.now())
    later(_work, job.id)
    return {"number": number, "state": job.state, "draft": None, "error": None}


@blueprint.get("/versions/<int:number>/manual-draft")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(DraftCreationOut)
def show_draft_creation(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """Show the progress of creating a manual draft; poll until it is done or failed"""
    found = hand.get_draft_start(db, actor, number)
    if found.job is None:
        raise NotFound("manual draft created from version", number)
    job = found.job
    return {"number": number, "state": job.state, "draft": found.draft, "error": job.error}


def _draft_etag(db: Session, actor: Actor, number: int) -> str:
    """Each step makes a revision. New names of firms or members are no change of the draft."""
    return validators.weak_etag(actor, *draft_view.get_revision(db, actor, number))


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG, etag=_draft_etag)
@blueprint.output(DraftOut)
def show_draft(db: Session, actor: Actor, number: int) -> Any:
    """Show a manual draft with its latest steps; its meetings are those of the version with this number"""
    card = draft_view.get_draft(db, actor, number)
    if card is None or card.revision is None:
        raise NotFound("manual draft", number)
    return replace(card, steps=tuple(bearer.hide_contacts(actor, step, by=None) for step in card.steps))


@blueprint.post(f"{ONE}/place")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(PlaceMeetingsIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def place_meetings(db: Session, actor: Actor, body: PlaceMeetingsIn, number: int) -> Any:
    """Add or move a meeting, change its place or people, and move or drop others, in one step

    A step that breaks a rule is refused (409), with each rule in words. A placed meeting is locked: the
    next run leaves it there.
    """
    targets = [
        Placement(each.request, each.slot, each.place, tuple(each.people), each.interpreter)
        for each in body.targets
    ]
    return commands.arrange_requests(
        db, actor, number, targets, body.dropped, seen=body.expected_revision, now=context.now()
    )


@blueprint.post(f"{ONE}/swap")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(SwapMeetingsIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def swap_meetings(db: Session, actor: Actor, body: SwapMeetingsIn, number: int) -> Any:
    """Swap the times of two meetings, and their places if possible"""
    return commands.swap_meetings(
        db, actor, number, body.request, body.other, seen=body.expected_revision, now=context.now()
    )


@blueprint.post(f"{ONE}/cancel")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RequestStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def cancel_meeting(db: Session, actor: Actor, body: RequestStepIn, number: int) -> Any:
    """Cancel a meeting; the next run does not schedule its request"""
    return commands.cancel_meeting(
        db, actor, number, body.request, seen=body.expected_revision, now=context.now()
    )


@blueprint.post(f"{ONE}/lock")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RequestStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def lock_meeting(db: Session, actor: Actor, body: RequestStepIn, number: int) -> Any:
    """Lock a meeting: the next run leaves it as it is"""
    return commands.lock_meeting(
        db, actor, number, body.request, seen=body.expected_revision, now=context.now()
    )


@blueprint.post(f"{ONE}/unlock")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RequestStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def unlock_meeting(db: Session, actor: Actor, body: RequestStepIn, number: int) -> Any:
    """Unlock a request: the next run may move it"""
    return commands.unlock_request(
        db, actor, number, body.request, seen=body.expected_revision, now=context.now()
    )


@blueprint.post(f"{ONE}/forbid")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(SlotStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def forbid_slot(db: Session, actor: Actor, body: SlotStepIn, number: int) -> Any:
    """Forbid a slot for a request, in this draft and the next run"""
    return commands.forbid_slot(
        db, actor, number, body.request, body.slot, seen=body.expected_revision, now=context.now()
    )


@blueprint.post(f"{ONE}/allow")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(SlotStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def allow_slot(db: Session, actor: Actor, body: SlotStepIn, number: int) -> Any:
    """Allow a forbidden slot again"""
    return commands.allow_slot(
        db, actor, number, body.request, body.slot, seen=body.expected_revision, now=context.now()
    )


@blueprint.post(f"{ONE}/undo")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(DraftStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def undo_step(db: Session, actor: Actor, body: DraftStepIn, number: int) -> Any:
    """Undo the last step"""
    return steps.undo_step(db, actor, number, seen=body.expected_revision, now=context.now())


@blueprint.post(f"{ONE}/redo")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(DraftStepIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(DraftStepResultOut)
def redo_step(db: Session, actor: Actor, body: DraftStepIn, number: int) -> Any:
    """Redo the step that was undone last"""
    return steps.redo_step(db, actor, number, seen=body.expected_revision, now=context.now())


def _work(job_id: int) -> None:
    dispatch.version_job(job_id, app=context.celery())
