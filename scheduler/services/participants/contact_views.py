"""Audit log of contact views: one entry per viewer, record and day, and per viewed partner and day."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.directory.delegation_lookup import find_delegation
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.models import AuditLogEntry

_LISTS = {
    ImportKind.PEOPLE: pgettext_lazy("audit log", "list of people with contact details viewed"),
    ImportKind.INTERPRETERS: pgettext_lazy("audit log", "list of interpreters with contact details viewed"),
}
_PARTNERS = pgettext_lazy("audit log", "contact details of meeting partners viewed")


def needs_entry(session: Session, actor: Actor, kind: ImportKind, key: str = "", *, now: datetime) -> bool:
    """Return True if a view of a record shows contact data and is not logged today. Without `key`, the view
    is of a list.

    Read-only, because most views need no write.
    """
    if kind not in _LISTS or not actor.may(Right.READ_CONTACTS):
        return False
    return _is_new(session, actor, view_subject(kind, key), now)


def log_view(session: Session, actor: Actor, kind: ImportKind, key: str = "", *, now: datetime) -> None:
    """Log a view, at most once a day."""
    if needs_entry(session, actor, kind, key, now=now):
        recording.record_act(session, actor, Act.CONTACT_VIEW, view_subject(kind, key), now=now)


def needs_firm_entry(session: Session, actor: Actor, key: str, *, now: datetime) -> bool:
    """Return True if a view of a firm's people with their email addresses is not logged today.

    Colleagues see each other's addresses without an entry.
    """
    return actor.may(Right.READ_CONTACTS) and _is_new(session, actor, _firm_subject(key), now)


def log_firm_view(session: Session, actor: Actor, key: str, *, now: datetime) -> None:
    """Log a view of a firm's people, at most once a day."""
    if needs_firm_entry(session, actor, key, now=now):
        recording.record_act(session, actor, Act.CONTACT_VIEW, _firm_subject(key), now=now)


def needs_delegation_entry(session: Session, actor: Actor, key: str, *, now: datetime) -> bool:
    """Return True if a view of a delegation's people with their phone numbers is not logged today.

    Raises NotFound.
    """
    find_delegation(session, actor, key, Right.READ_DELEGATIONS)
    return _is_new(session, actor, _delegation_subject(key), now)


def log_delegation_view(session: Session, actor: Actor, key: str, *, now: datetime) -> None:
    """Log a view of a delegation, at most once a day."""
    if needs_delegation_entry(session, actor, key, now=now):
        recording.record_act(session, actor, Act.CONTACT_VIEW, _delegation_subject(key), now=now)


def list_new_partners(session: Session, actor: Actor, keys: Iterable[str], *, now: datetime) -> list[str]:
    """Return those of these people whose contact details the actor did not view today as a meeting partner.

    Read-only. Without people, no query runs.
    """
    if not (shown := set(keys)):
        return []
    entries = session.scalars(select(AuditLogEntry.after).where(*_today(actor, _PARTNERS, now)))
    return sorted(shown.difference(*(json.loads(each).get("people", ()) for each in entries)))


def log_partners(session: Session, actor: Actor, keys: Iterable[str], *, now: datetime) -> None:
    """Log that the actor views the contact details of meeting partners, each person at most once a day."""
    if new := list_new_partners(session, actor, keys, now=now):
        recording.record_act(session, actor, Act.CONTACT_VIEW, _PARTNERS, after={"people": new}, now=now)


def view_subject(kind: ImportKind, key: str) -> AuditSubject:
    """Return the audit subject of a view of a record, or without `key` of the list."""
    if not key:
        return _LISTS[kind]
    if kind is ImportKind.PEOPLE:
        return pgettext_lazy("audit log", "contact details of person %(key)s viewed", key=key)
    return pgettext_lazy("audit log", "contact details of interpreter %(key)s viewed", key=key)


def _firm_subject(key: str) -> AuditSubject:
    return pgettext_lazy("audit log", "contact details of exhibitor %(key)s viewed", key=key)


def _delegation_subject(key: str) -> AuditSubject:
    return pgettext_lazy("audit log", "contact details of delegation %(key)s viewed", key=key)


def _is_new(session: Session, actor: Actor, subject: AuditSubject, now: datetime) -> bool:
    return session.scalar(select(AuditLogEntry.id).where(*_today(actor, subject, now)).limit(1)) is None


def _today(actor: Actor, subject: AuditSubject, now: datetime) -> tuple[Any, ...]:
    """Return the conditions for the actor's entries of today (UTC) about a subject."""
    return (
        AuditLogEntry.chain == actor.event_id,
        AuditLogEntry.account_id == actor.account_id,
        AuditLogEntry.act == Act.CONTACT_VIEW.value,
        AuditLogEntry.about == subject,
        AuditLogEntry.at >= datetime.combine(now.astimezone(UTC).date(), time(), UTC),
    )
