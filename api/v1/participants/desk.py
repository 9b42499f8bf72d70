"""Records of the people desk: changed, absent, withdrawn, merged, undone. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.participants.schemas import (
    AbsencesIn,
    AbsencesOut,
    BroughtBackOut,
    DeskKind,
    KeysIn,
    LeaveIn,
    LeftOut,
    MergedOut,
    MergeIn,
    RecordChangedOut,
    RecordChangeIn,
    RecordOut,
    RequestStepsIn,
    RequestStepsOut,
    StepOut,
)
from api.v1.schemas.base import Items
from scheduler.domain.errors import NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import (
    absences,
    editing,
    journal,
    merging,
    request_table,
    withdrawals,
)
from scheduler.services.spreadsheets.columns import ImportKind

TAG = "People desk"
WRITE = "people:write"
ONE = "/participants/<kind>/<key>"


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(RecordOut)
def show_record(db: Session, actor: Actor, kind: str, key: str) -> Any:
    """One firm, person or interpreter, with the cells that can be changed"""
    return _record(db, actor, _kind(kind), key)


@blueprint.post(f"{ONE}/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RecordChangeIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RecordChangedOut)
def change_record(db: Session, actor: Actor, body: RecordChangeIn, kind: str, key: str) -> Any:
    """Give a record these cells: a booth takes the firm's meetings along"""
    of = _kind(kind)
    done = editing.edit_version(
        db, actor, of, key, body.cells, seen=body.seen, settings=context.settings(), now=context.now()
    )
    did = {"changed": done.changed > 0, "moved": done.moved > 0, "meetings": done.meetings}
    return _record(db, actor, of, key) | did


@blueprint.get(f"{ONE}/absences")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, also=(422,))
@blueprint.output(AbsencesOut)
def show_absences(db: Session, actor: Actor, kind: str, key: str) -> Any:
    """The slots of a person or an interpreter, with those in which they are absent"""
    return {"key": key, "slots": absences.list_absence_slots(db, actor, _kind(kind), key, now=context.now())}


@blueprint.post(f"{ONE}/absences")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(AbsencesIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(LeftOut)
def set_absences(db: Session, actor: Actor, body: AbsencesIn, kind: str, key: str) -> Any:
    """Set the slots in which a person is absent or an interpreter has no shift, or tie one to a table"""
    said, now = body, context.now()
    return absences.set_absences(
        db, actor, _kind(kind), key, said.slots, table=said.table, note=said.note, now=now
    )


@blueprint.post(f"{ONE}/merge")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(MergeIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(MergedOut)
def merge_record(db: Session, actor: Actor, body: MergeIn, kind: str, key: str) -> Any:
    """Make one record of two: this one leaves, and the other one has what both had"""
    ended = merging.merge_records(db, actor, _kind(kind), key, body.into, now=context.now())
    return {"key": body.into, "requests": ended}


@blueprint.post("/participants/<kind>/withdraw")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(LeaveIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(LeftOut)
def withdraw_records(db: Session, actor: Actor, body: LeaveIn, kind: str) -> Any:
    """Take some out of the event, or say what that would end and touch"""
    left = withdrawals.withdraw_records(
        db,
        actor,
        _kind(kind),
        body.keys,
        note=body.note,
        named_alone=body.named_alone,
        now=context.now(),
    )
    if body.dry_run:
        db.rollback()
    return left


@blueprint.post("/participants/<kind>/bring-back")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(KeysIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(BroughtBackOut)
def bring_records_back(db: Session, actor: Actor, body: KeysIn, kind: str) -> Any:
    """Let some take part again; requests that ended stay so"""
    return {"records": withdrawals.restore_records(db, actor, _kind(kind), body.keys, now=context.now())}


@blueprint.get("/participants/steps")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(Items[StepOut])
def list_desk_steps(db: Session, actor: Actor) -> Any:
    """What was done at the desk, the newest first"""
    return {"items": journal.list_steps(db, actor, most=journal.MAX_SHOWN)}


@blueprint.post("/participants/steps/<int:number>/undo")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(StepOut)
def undo_desk_step(db: Session, actor: Actor, number: int) -> Any:
    """Put back all that a step changed, unless something of it was changed again"""
    return journal.undo_step(db, actor, number, settings=context.settings(), now=context.now())


@blueprint.post("/participants/requests/steps")
@blueprint.auth_required(token, roles=["requests:write"])
@blueprint.input(RequestStepsIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(404,))
@blueprint.output(RequestStepsOut)
def take_request_steps(db: Session, actor: Actor, body: RequestStepsIn) -> Any:
    """Accept, decline, withdraw or undo several requests in their firms' names"""
    return request_table.take_step(db, actor, body.keys, body.step, note=body.note, now=context.now())


def _record(db: Session, actor: Actor, kind: ImportKind, key: str) -> dict[str, Any]:
    found = editing.get_record(db, actor, kind, key)
    return {"kind": kind.value, "key": key, "cells": found.cells, "version": found.version}


def _kind(text: str) -> ImportKind:
    """The kind of an address; any other text is not found."""
    if text not in {*DeskKind}:
        raise NotFound("table", text)
    return ImportKind(text)
