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
    ImportKind.PEOPLE: pgettext_lazy("audit log", "list of people with contact details viewed"),
    ImportKind.INTERPRETERS: pgettext_lazy("audit log", "list of interpreters with contact details viewed"),
}


def needs_entry(session: Session, actor: Actor, kind: ImportKind, key: str = "", *, now: datetime) -> bool:
    """Return True if a view of a record shows contact data and is not logged today. Without `key`, the view
    is of a list.

    Read-only, because most views need no write.
    """
    if kind not in _LISTS or not actor.may(Right.READ_CONTACTS):
        return False
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    same = (
        AuditLogEntry.chain == actor.event_id,
        AuditLogEntry.account_id == actor.account_id,
        AuditLogEntry.act == Act.CONTACT_VIEW.value,
        AuditLogEntry.about == view_subject(kind, key),
        AuditLogEntry.at >= today,
    )
    return session.scalar(select(AuditLogEntry.id).where(*same).limit(1)) is None


def log_view(session: Session, actor: Actor, kind: ImportKind, key: str = "", *, now: datetime) -> None:
    """Log a view, at most once a day."""
    if needs_entry(session, actor, kind, key, now=now):
        recording.record_act(session, actor, Act.CONTACT_VIEW, view_subject(kind, key), now=now)


def view_subject(kind: ImportKind, key: str) -> AuditSubject:
    """Return the audit subject of a view of a record, or without `key` of the list."""
    if not key:
        return _LISTS[kind]
    if kind is ImportKind.PEOPLE:
        return pgettext_lazy("audit log", "contact details of person %(key)s viewed", key=key)
    return pgettext_lazy("audit log", "contact details of interpreter %(key)s viewed", key=key)
