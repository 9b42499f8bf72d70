"""The audit log as a stream: entries committed after the subscriber's cursor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.plugins import AuditChange, AuditEvent
from scheduler.services.audit_log.recording import INSTALLATION
from scheduler.storage.models import AuditChain, AuditCursor, AuditLogEntry, Event


def subscribe(session: Session, subscriber: str) -> bool:
    """Subscribe to all chains, starting after their last entries. Return True if the subscriber is new.

    A subscriber that returns after its plugin was absent resumes where it stopped.
    """
    if session.get(AuditCursor, (subscriber, INSTALLATION)) is not None:
        return False
    heads = {row.chain: row.number for row in session.scalars(select(AuditChain))}
    rows = [
        {"subscriber": subscriber, "chain": chain, "number": number, "failures": 0}
        for chain, number in ({INSTALLATION: 0} | heads).items()
    ]
    try:
        with session.begin_nested():
            session.execute(insert(AuditCursor), rows)
    except IntegrityError:  # another process inserted it first
        return False
    return True


def chains_behind(session: Session, subscriber: str) -> list[int]:
    """Return the chains that have entries after the subscriber's cursor."""
    cursor = AuditCursor
    rows = session.scalars(
        select(AuditChain.chain)
        .outerjoin(cursor, (cursor.chain == AuditChain.chain) & (cursor.subscriber == subscriber))
        .where(AuditChain.number > func.coalesce(cursor.number, 0))
        .order_by(AuditChain.chain)
    )
    return list(rows)


def entries_after(session: Session, chain: int, number: int, *, limit: int) -> list[AuditEvent]:
    """Return the next entries of a chain in order, as its page shows them."""
    event = session.scalar(select(Event.key).where(Event.id == chain)) or ""
    rows = session.scalars(
        select(AuditLogEntry)
        .where(AuditLogEntry.chain == chain, AuditLogEntry.number > number)
        .order_by(AuditLogEntry.number)
        .limit(limit)
    )
    return [_event(row, event) for row in rows]


def changes(before: str, after: str) -> Iterable[AuditChange]:
    """Return the changes of an entry from its stored JSON values."""
    old, new = (_values(text) for text in (before, after))
    return [AuditChange(name, old.get(name), new.get(name)) for name in {**old, **new}]


def _values(text: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(text) if text else {}
    return found


def _event(row: AuditLogEntry, event: str) -> AuditEvent:
    return AuditEvent(
        id=f"{row.chain}-{row.number}",
        event=event,
        number=row.number,
        at=row.at.astimezone(UTC),
        act=row.act,
        about=row.about,
        who=row.who,
        role=row.role,
        for_firm=row.for_firm,
        changes=tuple(changes(row.before, row.after)),
    )
