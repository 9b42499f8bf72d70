"""Erasure of a person from rows of the audit log, without breaking its hash chains.

An erased row keeps its number and its hash, which the next row's hash covers, so the chain stays whole. A
later row of the same chain lists the numbers of the erased rows, each with the hash of what is left. A row
that does not match its hash, and that no later row lists with what it has now, was changed.

Limit: someone who already has a person's address can find out by the old hash whether an erased row had it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.hashing import HASHED, hash_of
from scheduler.services.audit_log.recording import INSTALLATION, NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.storage.append_only import audit_log_changes
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import AuditLogEntry

ERASED_PERSON = pgettext_lazy("audit log", "erased person")
"""Name of the actor in the rows of an erased person."""
_ABOUT = pgettext_lazy("audit log", "personal data erased from earlier entries")
_ENTRIES: Final = "entries"
_AT_A_TIME: Final = 200
"""Erased rows that one row lists."""
_COLUMNS = tuple(getattr(AuditLogEntry, name) for name in ("id", *HASHED, "hash"))

Row = dict[str, Any]


def erased_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of what is left of an erased row. It covers the row's original hash."""
    return hash_of(row["hash"], row)


def read_erasures(session: Session, chain: int) -> dict[int, str]:
    """Return the erased rows of a chain by number, with the hash of what is left, as later rows state."""
    query = (
        select(AuditLogEntry.number, AuditLogEntry.after)
        .where(AuditLogEntry.chain == chain, AuditLogEntry.act == Act.PRIVACY.value)
        .where(AuditLogEntry.about == _ABOUT)
        .order_by(AuditLogEntry.number)
    )
    return {
        number: digest
        for row in session.execute(query)
        for number, digest in _listed(row.after).items()
        if number < row.number
    }


def _listed(after: str) -> dict[int, str]:
    try:
        return {int(number): str(digest) for number, digest in json.loads(after)[_ENTRIES].items()}
    except (ValueError, KeyError, TypeError, AttributeError):  # a changed row, which verification finds
        return {}


def erase_person(
    session: Session,
    accounts: Collection[int],
    mentions: ColumnElement[bool],
    erased: Callable[[int, Any], Any],
    *,
    now: datetime,
) -> int:
    """Erase a person from all rows, and return their number. Only the owner of the tables may.

    `mentions` finds rows beside those of the person's accounts. `erased` returns a value of a chain without
    the person. Writers wait until the transaction ends, so call this last.
    """
    which = mentions | in_chunks(AuditLogEntry.account_id, accounts)
    found = _changed(session, which, 0, accounts, erased)
    with audit_log_changes(session):
        last = max(found, default=0)
        found |= _changed(session, which, last, accounts, erased)  # added since
        for row_id, row in found.items():
            values = {name: row[name] for name in ("who", "about", "before", "after")}
            session.execute(update(AuditLogEntry).where(AuditLogEntry.id == row_id).values(values))
    chains: dict[int, dict[int, str]] = defaultdict(dict)
    for row in found.values():
        chains[row["chain"]][row["number"]] = erased_hash(row)
    for chain, rows in sorted(chains.items()):
        by = NamedDoer(event_id=None if chain == INSTALLATION else chain)
        numbers = sorted(rows)
        for at in range(0, len(numbers), _AT_A_TIME):
            after = {_ENTRIES: {str(number): rows[number] for number in numbers[at : at + _AT_A_TIME]}}
            recording.record_act(session, by, Act.PRIVACY, _ABOUT, after=after, now=now)
    return len(found)


def _changed(
    session: Session,
    which: ColumnElement[bool],
    after_id: int,
    accounts: Collection[int],
    erased: Callable[[int, Any], Any],
) -> dict[int, Row]:
    """Return the rows that erasure changes, by id, as they are afterwards."""
    query = select(*_COLUMNS).where(which, AuditLogEntry.id > after_id).order_by(AuditLogEntry.id)
    found = {}
    for each in session.execute(query.execution_options(yield_per=1000)).mappings():
        old = {str(name): value for name, value in each.items()}
        row = _erased_row(old, accounts, partial(erased, old["chain"]))
        if row != old:
            found[row.pop("id")] = row
    return found


def _erased_row(row: Row, accounts: Collection[int], erased: Callable[[Any], Any]) -> Row:
    is_theirs = row["account_id"] is not None and row["account_id"] in accounts
    who = str(ERASED_PERSON) if is_theirs else erased(row["who"])[: recording.MAX_WHO]
    if row["about"] == _ABOUT:  # its list of numbers and hashes must stay
        return row | {"who": who}
    columns = {name: _erased_json(row[name], erased) for name in ("before", "after")}
    return row | {"who": who, "about": erased(row["about"])[: recording.MAX_ABOUT]} | columns


def _erased_json(text: str, erased: Callable[[Any], Any]) -> str:
    if not text:
        return text
    old = json.loads(text)
    new = erased(old)
    return text if new == old else recording.to_json(new)
