"""The trail of the event: who did what. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import limits
from api.v1.audit_log.schemas import ChainOut, EntryOut, EntryQuery
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.schemas.base import Listing
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.operations import audit_entries
from scheduler.services.operations.audit_entries import AuditFilter

TAG = "Trail"
READ = "trail:read"


@blueprint.get("/audit-log")
@blueprint.auth_required(token, roles=[READ, "contacts:read"])
@blueprint.input(EntryQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[EntryOut])
def list_trail(db: Session, actor: Actor, query: EntryQuery) -> Any:
    """Who did what, the newest first, by act, words and days"""
    wanted = AuditFilter.of_days(
        events.get_event(db, actor).timezone,
        act=query.act or "",
        text=query.text,
        since=query.since,
        until=query.until,
    )
    return audit_entries.list_entries(db, actor, wanted, cursor=query.cursor, limit=query.limit)


@blueprint.get("/audit-log/verify")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(ChainOut)
def verify_trail(db: Session, actor: Actor) -> Any:
    """Look through the whole trail: whether each row is as it was written"""
    limits.require(limits.COSTLY, actor.account_id, "verify_trail")
    return audit_entries.is_trail_intact(db, actor)
