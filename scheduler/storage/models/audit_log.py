"""Audit log: hash chains of rows that the database refuses to change or delete."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.storage.base import Base


class AuditLogEntry(Base):
    """One audited action. It has no foreign keys, since it outlives its subject.

    Triggers refuse updates and deletions. `hash` is the SHA-256 of all columns except `id`, and of the hash
    of the previous row in its chain.
    """

    __tablename__ = "audit_log_entry"
    __table_args__ = (
        UniqueConstraint("chain", "number"),
        Index("ix_audit_log_entry_chain_act", "chain", "act", "number"),
        Index("ix_audit_log_entry_chain_account_id", "chain", "account_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[int]
    """Event id, or 0 for the installation."""
    number: Mapped[int]
    """Sequential number from 1 in each chain, without gaps."""
    at: Mapped[datetime]
    act: Mapped[str] = mapped_column(String(40))
    """A value of `Act`."""
    account_id: Mapped[int | None]
    who: Mapped[str] = mapped_column(String(254))
    """The account's email address at the time, or the name of an actor without an account."""
    role: Mapped[str] = mapped_column(String(20))
    """The role used, or empty."""
    token_id: Mapped[int | None]
    """The API token used on behalf of the account."""
    for_firm: Mapped[str] = mapped_column(String(64))
    """Key of the firm acted for, or empty."""
    about: Mapped[str] = mapped_column(String(200))
    before: Mapped[str] = mapped_column(Text)
    """Previous value as JSON, or empty."""
    after: Mapped[str] = mapped_column(Text)
    """New value as JSON, or empty."""
    hash: Mapped[str] = mapped_column(String(64))


class AuditChain(Base):
    """The last row of a chain. Appending locks this row until commit.

    Triggers maintain it: an inserted entry must be the next one, and becomes the last. Nothing else writes
    here.
    """

    __tablename__ = "audit_chain"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    """Never decreases; triggers refuse it."""
    hash: Mapped[str] = mapped_column(String(64))


class AuditCheckpoint(Base):
    """The last checkpoint of a chain that was emailed to its owners, with its number of rows at the time."""

    __tablename__ = "audit_checkpoint"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    sent_at: Mapped[datetime]


class AuditCursor(Base):
    """Delivery position of a subscriber in a chain. Without a row it starts at the first entry."""

    __tablename__ = "audit_cursor"

    subscriber: Mapped[str] = mapped_column(String(40), primary_key=True)
    """Name of its plugin."""
    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    """Number of the last delivered entry, 0 for none."""
    failures: Mapped[int] = mapped_column(default=0)
    """Consecutive failures at the next entry."""
    retry_at: Mapped[datetime | None]
    """Earliest time of the next delivery. Null means at once."""
    held_until: Mapped[datetime | None]
    """End of the lease by which one worker alone delivers this chain."""
