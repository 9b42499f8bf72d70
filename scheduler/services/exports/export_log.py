"""Audit-log every export that contains email addresses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right


def log_export(session: Session, actor: Actor, name: str, *, now: datetime) -> None:
    """Audit-log an export.

    Raises NotAllowed unless the actor may read contacts of the event or of a delegation.
    """
    _log(session, actor, AuditSubject(name), now)


def log_print_pack(session: Session, actor: Actor, delegation: str, *, now: datetime) -> None:
    """Audit-log a print-pack download."""
    _log(session, actor, pgettext_lazy("audit log", "print pack of delegation %(key)s", key=delegation), now)


def _log(session: Session, actor: Actor, about: AuditSubject, now: datetime) -> None:
    actor.delegations_for(Right.READ_CONTACTS)
    recording.record_act(session, actor, Act.EXPORT, about, now=now)
