"""Meeting requests: submit, list, respond, withdraw."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.requests.schemas import (
    LockIn,
    LockOut,
    NewRequestIn,
    NoteIn,
    RequestOut,
    RequestQuery,
    WithdrawIn,
)
from api.v1.schemas.base import UpdateListing
from api.v1.schemas.headers import Created
from api.v1.updates import with_updates
from scheduler.domain.entities import RequestState
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.change_review import locking
from scheduler.services.requests import locks, request_lists, requests
from scheduler.services.requests.form import NewRequest

TAG = "Meeting requests"
READ, WRITE = "requests:read", "requests:write"


@blueprint.get("/requests")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(RequestQuery, location="query", arg_name="query")
@operation(tag=TAG, also=(404,))
@blueprint.output(UpdateListing[RequestOut])
def list_requests(db: Session, actor: Actor, query: RequestQuery) -> Any:
    """List the firm's requests, newest first; for organisers those of the event"""
    return request_lists.list_requests(db, actor, **with_updates(query))


@blueprint.post("/requests")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NewRequestIn, arg_name="body")
@operation(tag=TAG, writes=True, creates="v1.show_request")
@blueprint.output(RequestOut, 201, headers=Created)
def submit_request(db: Session, actor: Actor, body: NewRequestIn) -> Any:
    """Request a meeting with a firm; if the firm has a pending request to yours, this accepts it"""
    made = requests.submit_form(db, actor, NewRequest(**dict(body)), now=context.now())
    return request_lists.show_request(db, actor, made.key)


@blueprint.get("/requests/<key>")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(RequestOut)
def show_request(db: Session, actor: Actor, key: str) -> Any:
    """Show a request"""
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/accept")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NoteIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def accept_request(db: Session, actor: Actor, body: NoteIn, key: str) -> Any:
    """Accept a pending or declined request"""
    requests.accept_request(db, actor, key, note=body.note, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/decline")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NoteIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def decline_request(db: Session, actor: Actor, body: NoteIn, key: str) -> Any:
    """Decline a pending request"""
    requests.decline_request(db, actor, key, note=body.note, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/withdraw")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(WithdrawIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def withdraw_request(db: Session, actor: Actor, body: WithdrawIn, key: str) -> Any:
    """Withdraw a pending request, or cancel an accepted one"""
    seen = RequestState(body.expected_state) if body.expected_state else None
    requests.withdraw_request(db, actor, key, note=body.note, seen=seen, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/undo")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def undo_request(db: Session, actor: Actor, key: str) -> Any:
    """Undo the last action within ten minutes, unless a schedule was published since"""
    requests.undo_step(db, actor, key, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/lock")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(LockIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(LockOut)
def lock_request(db: Session, actor: Actor, body: LockIn, key: str) -> dict[str, Any]:
    """Lock an accepted request to a slot for the next run, or report why it is impossible; for organisers"""
    slot = locking.lock_request(db, actor, key, body.slot, now=context.now())
    return {"key": key, "slot": slot.key, "start": slot.start}


@blueprint.post("/requests/<key>/unlock")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True)
@blueprint.output(LockOut)
def unlock_request(db: Session, actor: Actor, key: str) -> dict[str, Any]:
    """Unlock a request: the next run may use any of its slots; for organisers"""
    locks.unlock_request(db, actor, key, now=context.now())
    return {"key": key, "slot": None, "start": None}
