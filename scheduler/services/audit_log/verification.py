"""Verification of the audit log: each hash chain from its first row to its last."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.audit_log.erasure import erased_hash, read_erasures
from scheduler.services.audit_log.hashing import BEFORE_THE_FIRST, HASHED, hash_of
from scheduler.storage.models import AuditChain, AuditLogEntry, Event

_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Chain:
    """The result of verifying one chain."""

    id: int
    event: str
    """The event's key, or empty for the installation and for deleted events."""
    rows: int
    """The number of valid rows from the start of the chain."""
    last_hash: str
    """The hash of the last valid row."""
    broken: str
    """The fault of the first invalid row, or empty."""
    erased: int = 0
    """The number of valid rows from which a person was erased, as later rows state."""


def verify_chains(session: Session) -> tuple[Chain, ...]:
    """Verify every chain, the installation's first."""
    keys = {row.id: row.key for row in session.execute(select(Event.id, Event.key).where(Event.is_there()))}
    heads = {row.chain: row for row in session.scalars(select(AuditChain))}
    ids = sorted(heads.keys() | set(session.scalars(select(AuditLogEntry.chain).distinct())))
    return tuple(_look_through(session, each, keys.get(each, ""), heads.get(each)) for each in ids)


def verify_chain(session: Session, chain: int, event: str) -> Chain:
    """Verify the chain of one event, by its number and the event's key."""
    return _look_through(session, chain, event, session.get(AuditChain, chain))


def _look_through(session: Session, chain: int, event: str, head: AuditChain | None) -> Chain:
    columns = [getattr(AuditLogEntry, name) for name in (*HASHED, "hash")]
    query = select(*columns).where(AuditLogEntry.chain == chain).order_by(AuditLogEntry.number)
    rows, last, erased = 0, BEFORE_THE_FIRST, 0
    erasures = read_erasures(session, chain)
    for found in session.execute(query.execution_options(yield_per=_AT_A_TIME)).mappings():
        row = {str(name): value for name, value in found.items()}
        if row["number"] != rows + 1:
            return Chain(chain, event, rows, last, f"row {rows + 1} is missing")
        if erasures.get(rows + 1) == erased_hash(row):
            erased += 1
        elif row["hash"] != hash_of(last, row):
            when = f"{row['at']:%Y-%m-%d %H:%M:%S}Z"
            return Chain(chain, event, rows, last, f"row {rows + 1}, of {when}, was changed")
        rows, last = rows + 1, row["hash"]
    if head is None:
        return Chain(chain, event, rows, last, "its head is missing")
    if head.number != rows:
        return Chain(chain, event, rows, last, f"row {rows + 1} is missing; there were {head.number}")
    fault = "" if head.hash == last else "its head was changed"
    return Chain(chain, event, rows, last, fault, erased)
