"""Audit log of contact views: one entry per viewer, record and day."""

from __future__ import annotations

from datetime import UTC, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.models import AuditLogEntry

_LISTS = {
    ImportKind.PEOPLE: pgettext_lazy("trail", "list of people with addresses seen"),
    ImportKind.INTERPRETERS: pgettext_lazy("trail", "list of interpreters with addresses seen"),
}


def needs_entry(session: Session, actor: Actor, kind: ImportKind, key: str = "", *, now: datetime) -> bool:
    """Whether a view of a record, or of a list without a key, shows addresses and was not logged today.

    Read-only: most views write nothing.
    """
    if kind not in _LISTS or not actor.may(Right.READ_CONTACTS):
        return False
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    same = (
        AuditLogEntry.chain == actor.event_id,
        AuditLogEntry.account_id == actor.account_id,
        AuditLogEntry.act == Act.LOOK.value,
        AuditLogEntry.about == _audit_subject(kind, key),
        AuditLogEntry.at >= today,
    )
    return session.scalar(select(AuditLogEntry.id).where(*same).limit(1)) is None


def log_view(session: Session, actor: Actor, kind: ImportKind, key: str = "", *, now: datetime) -> None:
    """Log a view, unless it was logged today."""
    if needs_entry(session, actor, kind, key, now=now):
        recording.record_act(session, actor, Act.LOOK, _audit_subject(kind, key), now=now)


def _audit_subject(kind: ImportKind, key: str) -> AuditSubject:
    if not key:
        return _LISTS[kind]
    if kind is ImportKind.PEOPLE:
        return pgettext_lazy("trail", "addresses of person %(key)s seen", key=key)
    return pgettext_lazy("trail", "addresses of interpreter %(key)s seen", key=key)
