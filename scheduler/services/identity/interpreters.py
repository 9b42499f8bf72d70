"""Interpreters' identity: the account with the email address of an interpreter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from scheduler.invites.catalogue import choose_language
from scheduler.storage.models import Account, Event, Interpreter

_Own = aliased(Account)
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U000323af]")
"""The blocks of CJK Unified Ideographs."""


def interpreter_id_query(account_id: Any) -> ScalarSelect[int | None]:
    """Subquery for the id of the event's interpreter with the account's address, for a query on events.

    Withdrawn interpreters are ignored. `account_id` is a value, a parameter, or a column of the query.
    """
    return (
        select(func.min(Interpreter.id))
        .join(_Own, _Own.email == Interpreter.email)
        .where(Interpreter.event_id == Event.id, _Own.id == account_id, Interpreter.withdrawn_at.is_(None))
        .correlate(Event, Account)
        .scalar_subquery()
    )


def find_interpreter_name(session: Session, email: str) -> str | None:
    """Return the name of an interpreter of any event with this lower-case address, or None."""
    return session.scalar(
        select(Interpreter.name)
        .where(Interpreter.email == email, Interpreter.withdrawn_at.is_(None))
        .limit(1)
    )


def is_interpreter_address(email: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Condition: a lower-case address belongs to an interpreter of any event."""
    return exists().where(Interpreter.email == email, Interpreter.withdrawn_at.is_(None))


def interpreter_language(chosen: str, name: str, spoken: Sequence[str], of_event: str) -> str:
    """Return the language of an interpreter's emails and pages: the chosen one, else one they surely read.

    Interpreters speak several languages, which are not listed in order of preference. If the name is in
    Chinese characters, Chinese comes first, otherwise last.
    """
    reads_chinese = bool(_HAN.search(name))
    likely = sorted(spoken, key=lambda tag: (tag.partition("-")[0] == "zh") is not reads_chinese)
    return choose_language(chosen, likely, of_event)
