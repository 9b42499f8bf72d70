"""Records of participants: update, unavailability, removal, merging, undo. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import validators
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.participants.schemas import (
    KeysIn,
    MergedOut,
    MergeIn,
    ParticipantChangeOut,
    ParticipantKind,
    RecordChangedOut,
    RecordChangeIn,
    RecordOut,
    RemovalEffectOut,
    RemoveIn,
    RequestActionIn,
    RequestActionResultOut,
    RestoredOut,
    UnavailabilityIn,
    UnavailabilityOut,
)
from api.v1.schemas.base import Items
from api.v1.schemas.headers import MatchHeaders
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

TAG = "Participants"
WRITE = "people:write"
ONE = "/participants/<kind>/<key>"


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, version_field="version")
@blueprint.output(RecordOut)
def show_record(db: Session, actor: Actor, kind: str, key: str) -> Any:
    """Show a firm, person or interpreter with the cells that can be changed"""
    return _record(db, actor, _kind(kind), key)


@blueprint.post(f"{ONE}/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RecordChangeIn, arg_name="body")
@blueprint.input(MatchHeaders, location="headers", arg_name="match")
@operation(tag=TAG, writes=True, also=(409, 412))
@blueprint.output(RecordChangedOut)
def update_record(
    db: Session, actor: Actor, body: RecordChangeIn, match: MatchHeaders, kind: str, key: str
) -> Any:
    """Update cells of a record; a firm's meetings move along with its booth"""
    of = _kind(kind)
    matched = validators.expected_version(match.if_match)
    try:
        done = editing.edit_version(
            db,
            actor,
            of,
            key,
            body.cells,
            seen=matched or body.expected_version,
            settings=context.settings(),
            now=context.now(),
        )
    except editing.RecordChanged:
        if matched is None:
            raise
        validators.refuse_changed()
    did = {"changed": done.changed > 0, "moved": done.moved > 0, "meetings": done.meetings}
    return _record(db, actor, of, key) | did


@blueprint.get(f"{ONE}/unavailability")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, also=(422,))
@blueprint.output(UnavailabilityOut)
def show_unavailability(db: Session, actor: Actor, kind: str, key: str) -> Any:
    """Show the slots of a person or interpreter, and whether they are unavailable"""
    return {"key": key, "slots": absences.list_absence_slots(db, actor, _kind(kind), key, now=context.now())}


@blueprint.post(f"{ONE}/unavailability")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(UnavailabilityIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(RemovalEffectOut)
def set_unavailability(db: Session, actor: Actor, body: UnavailabilityIn, kind: str, key: str) -> Any:
    """Set the slots in which a person or interpreter is unavailable, or assign an interpreter to a table"""
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
    """Merge two records: this one is removed, and the other keeps what both had"""
    ended = merging.merge_records(db, actor, _kind(kind), key, body.into, now=context.now())
    return {"key": body.into, "requests": ended}


@blueprint.post("/participants/<kind>/remove")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RemoveIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RemovalEffectOut)
def remove_records(db: Session, actor: Actor, body: RemoveIn, kind: str) -> Any:
    """Remove records from the event, or report the effect"""
    left = withdrawals.withdraw_records(
        db,
        actor,
        _kind(kind),
        body.keys,
        note=body.note,
        named_alone=body.sole_attendee,
        now=context.now(),
    )
    if body.dry_run:
        db.rollback()
    return left


@blueprint.post("/participants/<kind>/restore")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(KeysIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(RestoredOut)
def restore_records(db: Session, actor: Actor, body: KeysIn, kind: str) -> Any:
    """Restore removed records; ended requests stay ended"""
    return {"records": withdrawals.restore_records(db, actor, _kind(kind), body.keys, now=context.now())}


@blueprint.get("/participants/changes")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(Items[ParticipantChangeOut])
def list_participant_changes(db: Session, actor: Actor) -> Any:
    """List the latest 200 changes of participants, newest first"""
    return {"items": journal.list_steps(db, actor, most=journal.MAX_SHOWN)}


@blueprint.post("/participants/changes/<int:number>/undo")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(ParticipantChangeOut)
def undo_participant_change(db: Session, actor: Actor, number: int) -> Any:
    """Undo a change, unless its records were changed again"""
    return journal.undo_step(db, actor, number, settings=context.settings(), now=context.now())


@blueprint.post("/participants/requests/actions")
@blueprint.auth_required(token, roles=["requests:write"])
@blueprint.input(RequestActionIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(404,))
@blueprint.output(RequestActionResultOut)
def apply_request_action(db: Session, actor: Actor, body: RequestActionIn) -> Any:
    """Accept, decline, withdraw or undo several requests on behalf of their firms"""
    return request_table.take_step(db, actor, body.keys, body.action, note=body.note, now=context.now())


def _record(db: Session, actor: Actor, kind: ImportKind, key: str) -> dict[str, Any]:
    found = editing.get_record(db, actor, kind, key)
    return {"kind": kind.value, "key": key, "cells": found.cells, "version": found.version}


def _kind(text: str) -> ImportKind:
    """The kind of an address; any other text is not found."""
    if text not in {*ParticipantKind}:
        raise NotFound("table", text)
    return ImportKind(text)
