"""Meeting requests: submit, list, answer, withdraw."""

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
from api.v1.schemas.base import Listing
from api.v1.schemas.headers import Created
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
@blueprint.output(Listing[RequestOut])
def list_requests(db: Session, actor: Actor, query: RequestQuery) -> Any:
    """The firm's requests, the newest first; of the whole event for organisers"""
    return request_lists.list_requests(db, actor, **dict(query))


@blueprint.post("/requests")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NewRequestIn, arg_name="body")
@operation(tag=TAG, writes=True, creates="v1.show_request")
@blueprint.output(RequestOut, 201, headers=Created)
def submit_request(db: Session, actor: Actor, body: NewRequestIn) -> Any:
    """Ask a firm for a meeting; if it waits for your firm's answer, this accepts its request"""
    made = requests.submit_form(db, actor, NewRequest(**dict(body)), now=context.now())
    return request_lists.show_request(db, actor, made.key)


@blueprint.get("/requests/<key>")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(RequestOut)
def show_request(db: Session, actor: Actor, key: str) -> Any:
    """One request"""
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/accept")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NoteIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def accept_request(db: Session, actor: Actor, body: NoteIn, key: str) -> Any:
    """Say yes to a pending request, or after all to a declined one"""
    requests.accept_request(db, actor, key, note=body.note, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/decline")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NoteIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def decline_request(db: Session, actor: Actor, body: NoteIn, key: str) -> Any:
    """Say no to a pending request"""
    requests.decline_request(db, actor, key, note=body.note, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/withdraw")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(WithdrawIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def withdraw_request(db: Session, actor: Actor, body: WithdrawIn, key: str) -> Any:
    """Take back what was asked, or cancel what was agreed"""
    seen = RequestState(body.seen) if body.seen else None
    requests.withdraw_request(db, actor, key, note=body.note, seen=seen, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/undo")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RequestOut)
def undo_request(db: Session, actor: Actor, key: str) -> Any:
    """Undo the last step, for ten minutes, unless a schedule was published since"""
    requests.undo_step(db, actor, key, now=context.now())
    return request_lists.show_request(db, actor, key)


@blueprint.post("/requests/<key>/lock")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(LockIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(LockOut)
def lock_request(db: Session, actor: Actor, body: LockIn, key: str) -> dict[str, Any]:
    """Have the next run hold an accepted request in a slot, or say why it cannot; for organisers"""
    slot = locking.lock_request(db, actor, key, body.slot, now=context.now())
    return {"key": key, "slot": slot.key, "start": slot.start}


@blueprint.post("/requests/<key>/unlock")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True)
@blueprint.output(LockOut)
def unlock_request(db: Session, actor: Actor, key: str) -> dict[str, Any]:
    """Let the next run hold a request at any of its times again; for organisers"""
    locks.unlock_request(db, actor, key, now=context.now())
    return {"key": key, "slot": None, "start": None}
