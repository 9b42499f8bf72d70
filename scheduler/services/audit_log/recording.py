"""Recording of acts in the audit log, in the transaction that performs them.

Entries are written by the last statements before the commit. The chain's head, on which every writer waits,
is therefore locked for a few milliseconds only, and is always the last lock that a transaction takes. Acts
that are rolled back, also to a savepoint, are not recorded.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import event, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session, SessionTransaction

from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.hashing import BEFORE_THE_FIRST, hash_of
from scheduler.services.audit_log.subjects import NOTHING, AuditSubject, pgettext_lazy
from scheduler.services.text import clean_line
from scheduler.storage.models import Account, AuditChain, AuditLogEntry

INSTALLATION = 0
"""The chain for acts that belong to no event."""

COMMAND_LINE = pgettext_lazy("audit log", "command line")
"""Name of the actor if there is neither an account nor a name."""

NIGHT = pgettext_lazy("audit log", "overnight run")
"""Name of the actor for acts of an overnight run."""

MOST = 20_000
"""Maximum length of the JSON of the values before, and of those after, in characters."""

_NOTES = "notes for the audit log"
MAX_ABOUT, MAX_WHO, _FIRM, _ROLE = 200, 254, 64, 20


class Doer(Protocol):
    """Protocol of an actor in the audit log, such as `Actor`."""

    @property
    def account_id(self) -> int | None: ...

    @property
    def event_id(self) -> int | None: ...

    @property
    def api_token_id(self) -> int | None: ...

    @property
    def roles(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class NamedDoer:
    """An actor outside an event's roles: an account that signs in, or the overnight run."""

    account_id: int | None = None
    event_id: int | None = None
    name: str = ""
    """Shown if there is no account, such as "the night"."""
    api_token_id: int | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Note:
    inside: SessionTransaction | None
    chain: int
    values: dict[str, Any]


def record_act(
    session: Session,
    by: Doer,
    act: Act,
    about: AuditSubject = NOTHING,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    for_firm: str = "",
    now: datetime,
) -> None:
    """Record an act in the audit log. Call it where the act is performed, in the same transaction.

    `about` names the subject ("settings", "firm f12", "version 7"). `for_firm` is the key of the firm on
    whose behalf it was done. If both `before` and `after` are given, only the differences are stored, and
    nothing is recorded if there are none. Values that JSON cannot represent are stored as text. Long texts
    are truncated. Never pass secrets.
    """
    if before is not None and after is not None:
        before, after = _differing(before, after)
        if not before and not after:
            return
    values = {
        "at": now,
        "act": act.value,
        "account_id": by.account_id,
        "who": clean_line(getattr(by, "name", "")),
        "role": by.roles[0][:_ROLE] if by.roles else "",
        "token_id": by.api_token_id,
        "for_firm": clean_line(for_firm)[:_FIRM],
        "about": clean_line(about)[:MAX_ABOUT],
        "before": _text(before),
        "after": _text(after),
    }
    inside = session.get_nested_transaction() or session.get_transaction()
    chain = INSTALLATION if by.event_id is None else by.event_id
    session.info.setdefault(_NOTES, []).append(_Note(inside, chain, values))


def _differing(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    keys = [key for key in (*before, *(after.keys() - before.keys())) if before.get(key) != after.get(key)]
    return (
        {key: before[key] for key in keys if key in before},
        {key: after[key] for key in keys if key in after},
    )


def _text(values: Mapping[str, Any] | None) -> str:
    """Return the values as JSON, or the start of that JSON if it is too long."""
    if not values:
        return ""
    text = to_json(values)
    return text if len(text) <= MOST else to_json({"characters": len(text), "begins": text[: MOST // 4]})


def to_json(value: Any) -> str:
    """Return the JSON of values before or after, as rows store it."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    """Write the recorded acts, in ascending order of chains to avoid deadlocks."""
    if session.in_nested_transaction() or not session.info.get(_NOTES):
        return
    notes: list[_Note] = session.info.pop(_NOTES)
    session.flush()
    names = _names(session, notes)
    by_chain = defaultdict(list)
    for each in notes:
        by_chain[each.chain].append(each.values)
    for chain in sorted(by_chain):
        _append(session, chain, by_chain[chain], names)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """Drop the acts recorded in the transaction or savepoint that is rolled back."""
    if session.info.get(_NOTES):
        session.info[_NOTES] = [each for each in session.info[_NOTES] if not _is_within(each.inside, ended)]


def _is_within(inside: SessionTransaction | None, ended: SessionTransaction) -> bool:
    while inside is not None and inside is not ended:
        inside = inside.parent
    return inside is ended


def _names(session: Session, notes: list[_Note]) -> dict[int, str]:
    ids = {each.values["account_id"] for each in notes} - {None}
    if not ids:
        return {}
    return {
        row.id: row.email
        for row in session.execute(select(Account.id, Account.email).where(Account.id.in_(ids)))
    }


def _append(session: Session, chain: int, notes: list[dict[str, Any]], names: Mapping[int, str]) -> None:
    """Append rows to a chain, which stays locked until the commit. A database trigger advances its head."""
    held = _hold(session, chain)
    previous, rows = held.hash, []
    for number, values in enumerate(notes, held.number + 1):
        who = values["who"] or names.get(values["account_id"] or 0, "")
        row = {**values, "chain": chain, "number": number, "who": (who or COMMAND_LINE)[:MAX_WHO]}
        row["hash"] = previous = hash_of(previous, row)
        rows.append(row)
    session.execute(insert(AuditLogEntry), rows)


def _hold(session: Session, chain: int) -> Any:
    """Lock the head of a chain, creating it if needed, and return its number and last hash.

    On PostgreSQL a function does this with the table owner's rights, because the application may not write to
    the table. On SQLite a writer locks the whole database.
    """
    if session.get_bind().dialect.name != "sqlite":
        held = func.lock_audit_chain(chain).table_valued("number", "hash")
        return session.execute(select(held.c.number, held.c.hash)).one()
    first = sqlite.insert(AuditChain).values(chain=chain, number=0, hash=BEFORE_THE_FIRST)
    session.execute(first.on_conflict_do_nothing())
    return session.execute(select(AuditChain.number, AuditChain.hash).where(AuditChain.chain == chain)).one()
