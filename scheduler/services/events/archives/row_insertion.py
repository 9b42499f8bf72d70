"""Insertion of an event's rows in batches, with new ids and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RunState
from scheduler.secret_keys import SecretKeys
from scheduler.services.delivery.sent_records import invitation_token
from scheduler.services.events.archives import batches, event_tables
from scheduler.services.events.archives.json_values import BrokenArchive
from scheduler.services.identity import tokens
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account

RELINK_NOTE: Final = "The link to this calendar does not move with an event. Link it again."

Values = dict[str, Any]
T = TypeVar("T")


@dataclass
class RowInserter:
    """Inserts rows in batches and maps old ids to new ones, by table."""

    database: Database
    secret_key: SecretKeys
    now: datetime
    people: Mapping[int, Mapping[str, Any]] | None = None
    """Address and name of each account by old id. None keeps the accounts' ids."""
    ids: dict[str, dict[int, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def put(self, table: Table, rows: Iterable[Values]) -> None:
        """Insert rows of a table after the rows that they refer to. Raises BrokenArchive."""
        known = self.ids.setdefault(table.name, {})
        count, later = 0, []
        own = [column.name for column in table.columns if event_tables.referenced_table(column) == table.name]
        for some in _batches(rows):
            with batches.batch_transaction(self.database) as session:
                self._know_accounts(session, table, some)
                new = [self._mapped(table, row, count + i + 1) for i, row in enumerate(some)]
                count += len(new)
                if "id" in table.c:
                    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
                    made = session.execute(statement, [_omit_columns(row, "id", *own) for row in new])
                    known |= {old["id"]: row.id for old, row in zip(some, made, strict=True)}
                    later += [row for row in new if any(row.get(name) is not None for name in own)]
                else:
                    session.execute(insert(table), new)
        self._refer(table, own, later)
        self.counts[table.name] = count

    def _know_accounts(self, session: Session, table: Table, rows: Sequence[Values]) -> None:
        """Find or create the accounts that rows refer to, in the same transaction, so that none is orphaned.

        None of them becomes an operator.
        """
        if self.people is None:
            return
        known = self.ids.setdefault("account", {})
        names = [column.name for column in event_tables.account_columns(table)]
        wanted = {row[name] for row in rows for name in names if row.get(name) is not None} - known.keys()
        some = {old: self.people[old] for old in wanted if old in self.people}
        emails = {str(each["email"]) for each in some.values()}
        there = select(Account.email, Account.id).where(in_chunks(Account.email, emails))
        found: dict[str, int] = dict(session.execute(there).all())
        if new := {each["email"]: each["name"] for each in some.values() if each["email"] not in found}:
            made = [{"email": e, "name": n, "created_at": self.now} for e, n in new.items()]
            session.execute(insert(Account), made)
            found |= dict(session.execute(there).all())
        known |= {old: found[each["email"]] for old, each in some.items()}

    def _refer(self, table: Table, own: list[str], later: list[Values]) -> None:
        """Set references between rows of the same table, after all of them were inserted."""
        known = self.ids[table.name]
        for some in _batches(later):
            values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in own}
            rows = [
                {
                    "of_id": known[row["id"]],
                    **{f"to_{name}": self._id(table.name, row.get(name), table.name, name) for name in own},
                }
                for row in some
            ]
            statement = update(table).where(table.c.id == bindparam("of_id")).values(values)
            with batches.batch_transaction(self.database) as session:
                session.connection().execute(statement, rows)

    def _mapped(self, table: Table, row: Values, number: int) -> Values:
        """Return a row with the ids of this database."""
        new = dict(row)
        for column in table.columns:
            other = event_tables.referenced_table(column)
            if other is not None and other != table.name and new.get(column.name) is not None:
                new[column.name] = self._id(
                    other, new[column.name], f"{table.name}, row {number}", column.name
                )
        if table.name == "meeting_request":
            firms = sorted((new["from_firm_id"], new["to_firm_id"]))
            new["lower_firm_id"], new["upper_firm_id"] = firms
        return new | self._fresh(table.name, new)

    def _id(self, table: str, old: Any, place: str, column: str) -> int | None:
        if old is None:
            return None
        if table == "account" and self.people is None:
            return int(old)
        found = self.ids.get(table, {}).get(old)
        if found is None:
            raise BrokenArchive(f"{place}: {column} names a row of {table} that is not there.")
        return found

    def _fresh(self, table: str, row: Values) -> Values:
        """Return new secrets, and states that replace those that no longer apply here."""
        if table == "attendee":
            seed = tokens.new_seed(self.secret_key)
            hashed = tokens.hash_token(tokens.derive_token(self.secret_key, tokens.FEED, seed))
            return {"feed_seed": seed, "feed_hash": hashed}
        if table == "invitation":
            token = invitation_token(row["uid"], row["attendee_id"], self.secret_key)
            return {"token_hash": tokens.hash_token(token), "key_number": self.secret_key.newest}
        if table == "busy_source":
            return {"key": tokens.random_token(), "etag": "", "modified": "", "failure": RELINK_NOTE}
        if table == "run" and row["state"] in (RunState.QUEUED, RunState.RUNNING):
            return {"state": RunState.CANCELLED, "finished_at": self.now}
        return {}


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yield the rows in batches, one per transaction. Rows are read before the transaction starts."""
    given = iter(rows)
    while some := list(islice(given, batches.BATCH_SIZE)):
        yield some


def _omit_columns(row: Values, *names: str) -> Values:
    return {name: value for name, value in row.items() if name not in names}
