"""Pruning of digests before the first send: outdated items are removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import DigestKind, OutboxKind
from scheduler.services.outbox import payloads
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import DigestItem, MeetingRequest, OutboxEmail


def remove_stale_items(session: Session, rows: Sequence[OutboxEmail]) -> set[int]:
    """Remove items from digests that became outdated while queued. Return the ids of digests left empty.

    Only digests before their first attempt are pruned. Removed items no longer count as reported, so nobody
    is notified of the end of a request they never heard of.
    """
    fresh = [row for row in rows if row.kind is OutboxKind.DIGEST and row.attempts == 1]
    if not fresh:
        return set()
    ids = {item["request"] for row in fresh for item in payloads.digest_items(row.payload)}
    query = select(MeetingRequest.id, MeetingRequest.state).where(in_chunks(MeetingRequest.id, ids))
    states = {row[0]: row[1] for row in session.execute(query)}
    empty = set()
    for row in fresh:
        items = payloads.digest_items(row.payload)
        kept = [item for item in items if states.get(item["request"]) is DigestKind(item["kind"]).state]
        if len(kept) == len(items):
            continue
        _forget(session, row, [item for item in items if item not in kept])
        row.payload = {**row.payload, "items": kept}
        if not kept:
            empty.add(row.id)
    session.flush()
    return empty


def _forget(session: Session, row: OutboxEmail, items: Iterable[dict[str, str | int]]) -> None:
    told = [
        and_(DigestItem.request_id == item["request"], DigestItem.message_id == row.message_id)
        for item in items
    ]
    session.execute(
        delete(DigestItem)
        .where(DigestItem.attendee_id == row.attendee_id, or_(*told))
        .execution_options(synchronize_session=False)
    )
