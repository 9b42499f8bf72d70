"""The trail: who did what, in chains of rows that the database refuses to change or to delete."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.storage.base import Base


class AuditLogEntry(Base):
    """One thing that somebody did. It refers to no other row, as it outlives what it tells of.

    Triggers refuse to change or to delete it. `hash` is SHA-256 of all its columns but `id` and of the hash
    of the row before it in its chain.
    """

    __tablename__ = "trail_entry"
    __table_args__ = (
        UniqueConstraint("chain", "number"),
        Index("ix_trail_entry_chain_act", "chain", "act", "number"),
        Index("ix_trail_entry_chain_account_id", "chain", "account_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[int]
    """The id of the event, or 0 for what belongs to the installation."""
    number: Mapped[int]
    """Counts from 1 in each chain, without a gap."""
    at: Mapped[datetime]
    act: Mapped[str] = mapped_column(String(40))
    """A value of `Act`."""
    account_id: Mapped[int | None]
    who: Mapped[str] = mapped_column(String(254))
    """The mail address of the account as it was then, or the name of what has none."""
    role: Mapped[str] = mapped_column(String(20))
    """The role with which it was done, or empty."""
    token_id: Mapped[int | None]
    """The API token that did it for the account."""
    for_firm: Mapped[str] = mapped_column(String(64))
    """The key of the firm in whose name it was done, or empty."""
    about: Mapped[str] = mapped_column(String(200))
    before: Mapped[str] = mapped_column(Text)
    """What was there, as JSON, or empty."""
    after: Mapped[str] = mapped_column(Text)
    """What is there now, as JSON, or empty."""
    hash: Mapped[str] = mapped_column(String(64))


class AuditChain(Base):
    """The last row of a chain. Who adds to the chain holds this row until the commit.

    Triggers keep it: a row that is added is the one after it, and becomes it. Nothing else writes here.
    """

    __tablename__ = "trail_head"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    """Never becomes less: triggers refuse it."""
    hash: Mapped[str] = mapped_column(String(64))


class MailedCheckpoint(Base):
    """The last checkpoint of a chain that its owners were mailed: how many rows it had then."""

    __tablename__ = "mailed_checkpoint"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    mailed_at: Mapped[datetime]


class AuditCursor(Base):
    """How far a subscriber was given a chain. A chain without a row begins at its first entry."""

    __tablename__ = "audit_cursor"

    subscriber: Mapped[str] = mapped_column(String(40), primary_key=True)
    """The name of its plugin."""
    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    """Of the last entry that it took, 0 for none."""
    failures: Mapped[int] = mapped_column(default=0)
    """How often in a row it failed at the next entry."""
    retry_at: Mapped[datetime | None]
    """The next entry is not given before this time. Null means at once."""
    held_until: Mapped[datetime | None]
    """Until when one worker alone gives it entries of the chain."""
