"""Who interprets at an event: whoever has the mail address that the event has of an interpreter."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from scheduler.storage.models import Account, Event, Interpreter

_Own = aliased(Account)


def interpreting_as(account_id: Any) -> ScalarSelect[int | None]:
    """Of a query of events: the id of the interpreter who has the account's address.

    Who is withdrawn is none. `account_id` is a value, a parameter, or a column of the query.
    """
    return (
        select(func.min(Interpreter.id))
        .join(_Own, _Own.email == Interpreter.email)
        .where(Interpreter.event_id == Event.id, _Own.id == account_id, Interpreter.withdrawn_at.is_(None))
        .correlate(Event, Account)
        .scalar_subquery()
    )


def name_of(session: Session, email: str) -> str | None:
    """The name of an interpreter of any event with this address, in lower case, or None."""
    return session.scalar(
        select(Interpreter.name)
        .where(Interpreter.email == email, Interpreter.withdrawn_at.is_(None))
        .limit(1)
    )
