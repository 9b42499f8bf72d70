"""Deletion of the rows of deleted events: in batches, each followed by a pause of the same length.

Idempotent: after a crash, the remaining rows show what is left to delete.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, Table, and_, bindparam, delete, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.services.events.archives import batches, event_tables
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Account,
    ApiToken,
    Event,
    FederatedIdentity,
    IdempotencyKey,
    Passkey,
    RecoveryCode,
    SignInLink,
    WebSession,
)

BATCH_SIZE: Final = 10_000
"""Rows whose keys are read at once. Readers block no writer."""
_OWN_OF_ACCOUNTS: Final = frozenset(
    table.__tablename__ for table in (FederatedIdentity, Passkey, RecoveryCode, SignInLink, WebSession)
)
"""Tables that belong to an account alone. They do not keep an account alive and are deleted with it."""

log = structlog.get_logger()


def is_deletion_pending(session: Session, *, now: datetime) -> bool:
    """Return True if rows of a deleted event remain."""
    return session.scalar(select(Event.id).where(Event.is_deleted(now)).limit(1)) is not None


def delete_rows(
    database: Database, *, should_stop: Callable[[], bool], max_seconds: float | None = None
) -> bool:
    """Delete rows of deleted events, for up to `max_seconds`. Return True if some remain.

    Accounts without another event are deleted with their last row.
    """
    until = None if max_seconds is None else time.monotonic() + max_seconds
    worker = _Deletion(database, lambda: should_stop() or (until is not None and time.monotonic() > until))
    with database.read() as session:
        gone = Event.is_deleted(database.now_in(session))
        ids = session.scalars(select(Event.id).where(gone).order_by(Event.id)).all()
    try:
        return not all(worker.event(event_id) for event_id in ids)
    except IntegrityError as error:  # a concurrent transaction added a row: it is deleted in the next pass
        log.info("rows of a deleted event are still being made", error=str(error.orig))
        return True


def delete_event(database: Database, event_id: int) -> None:
    """Delete an event that was never visible, with all its rows."""
    with database.write() as session:
        now = database.now_in(session)
        session.execute(update(Event).where(Event.id == event_id).values(deleted_at=now))
    _Deletion(database, lambda: False).event(event_id)


@dataclass(frozen=True, slots=True)
class _Deletion:
    database: Database
    must_stop: Callable[[], bool]

    def event(self, event_id: int) -> bool:
        """Delete the rows of an event, referring rows first. Return True if all are gone."""
        return all(self._table(table, event_id) for table in reversed(event_tables.list_tables()))

    def _table(self, table: Table, event_id: int) -> bool:
        while rows := self._next(table, event_id):
            for start in range(0, len(rows), batches.BATCH_SIZE):
                if self.must_stop():
                    return False
                with batches.batch_transaction(self.database) as session:
                    _delete(session, table, rows[start : start + batches.BATCH_SIZE])
        return True

    def _next(self, table: Table, event_id: int) -> Sequence[Row[Any]]:
        """Return the keys of rows without referring rows in the same table, and the accounts in them."""
        columns = *table.primary_key, *event_tables.account_columns(table)
        which = event_tables.belongs_to_event(table, event_id), *_is_last(table)
        with self.database.read() as session:
            return session.execute(select(*columns).where(*which).limit(BATCH_SIZE)).all()


def _is_last(table: Table) -> Iterable[ColumnElement[bool]]:
    other = table.alias()
    for column in table.columns:
        if column.foreign_keys and event_tables.referenced_table(column) == table.name:
            yield ~exists().where(other.c[column.name] == table.c.id)


def _delete(session: Session, table: Table, rows: Sequence[Row[Any]]) -> None:
    keys = list(table.primary_key)
    which = and_(*(key == bindparam(f"key_{number}") for number, key in enumerate(keys)))
    found = [{f"key_{number}": row[number] for number in range(len(keys))} for row in rows]
    session.connection().execute(delete(table).where(which), found)
    if table is not Event.__table__:  # the account is still used by a transaction
        _delete_orphaned_accounts(
            session, {account for row in rows for account in row[len(keys) :] if account is not None}
        )


def _of_event(table: Table) -> Iterable[ColumnElement[bool]]:
    """An account's tokens for all events do not keep it alive, and are deleted with it."""
    if table.name == ApiToken.__tablename__:
        yield table.c.event_id.is_not(None)


def _delete_orphaned_accounts(session: Session, account_ids: Iterable[int]) -> None:
    """Delete orphaned accounts, except operators'."""
    if not (asked := sorted(account_ids)):
        return
    accounts: Table = Account.__table__  # type: ignore[assignment]
    kept = [
        exists().where(column == accounts.c.id, *_of_event(table))
        for table in Base.metadata.sorted_tables
        if table.name not in _OWN_OF_ACCOUNTS
        for column in event_tables.account_columns(table)
    ]
    gone = select(accounts.c.id).where(
        in_chunks(accounts.c.id, asked), ~accounts.c.is_operator, *(~each for each in kept)
    )
    ids = list(session.scalars(gone))
    if not ids:
        return
    links = select(SignInLink.id).where(in_chunks(SignInLink.account_id, ids))
    mails, answers = event_tables.find_table("outbox_email"), event_tables.find_table("inbound_email")
    with_links = select(mails.c.id).where(mails.c.sign_in_link_id.in_(links))
    session.execute(delete(answers).where(answers.c.outbox_email_id.in_(with_links)))
    session.execute(delete(mails).where(mails.c.sign_in_link_id.in_(links)))
    for table in (WebSession, FederatedIdentity, Passkey, RecoveryCode, SignInLink):
        session.execute(delete(table).where(in_chunks(table.account_id, ids)))
    tokens = in_chunks(ApiToken.created_by, ids)
    of_tokens = IdempotencyKey.api_token_id.in_(select(ApiToken.id).where(tokens))
    session.execute(delete(IdempotencyKey).where(of_tokens))
    session.execute(delete(ApiToken).where(tokens))
    session.execute(delete(Account).where(in_chunks(Account.id, ids)))
