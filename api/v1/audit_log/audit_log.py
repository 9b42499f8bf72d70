"""The audit log of the event. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import limits
from api.v1.audit_log.schemas import AuditLogEntryOut, AuditLogQuery, AuditLogVerificationOut
from api.v1.bearer import counted_as, token
from api.v1.operation import blueprint, operation
from api.v1.schemas.base import Listing
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.operations import audit_entries
from scheduler.services.operations.audit_entries import AuditFilter

TAG = "Audit log"
READ = "audit-log:read"


@blueprint.get("/audit-log")
@blueprint.auth_required(token, roles=[READ, "contacts:read"])
@blueprint.input(AuditLogQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[AuditLogEntryOut])
def list_audit_log_entries(db: Session, actor: Actor, query: AuditLogQuery) -> Any:
    """List the entries of the audit log, newest first, filtered by action, text and days"""
    wanted = AuditFilter.of_days(
        events.get_event(db, actor).timezone,
        act=query.action or "",
        text=query.text,
        since=query.since,
        until=query.until,
    )
    return audit_entries.list_entries(db, actor, wanted, cursor=query.cursor, limit=query.limit)


@blueprint.get("/audit-log/verify")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(AuditLogVerificationOut)
def verify_audit_log(db: Session, actor: Actor) -> Any:
    """Verify the hash chain of the audit log: whether each entry is as it was written"""
    limits.require(limits.COSTLY, counted_as(actor), "verify_audit_log")
    return audit_entries.is_audit_log_intact(db, actor)
