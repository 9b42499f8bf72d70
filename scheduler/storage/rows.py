"""Rows of columns, by statements that are made once.

Most of what a small query costs a page is SQLAlchemy's: to put the statement together, to find that it is
compiled already, and to look for objects in its rows (`benchmarks/statements.py`).
"""

from __future__ import annotations

from typing import Any, TypeVarTuple

from sqlalchemy import CursorResult, Select
from sqlalchemy.orm import Session

Ts = TypeVarTuple("Ts")


def rows_of(session: Session, statement: Select[*Ts], **values: Any) -> CursorResult[*Ts]:
    """What a query of columns finds, with a value for each of its parameters. It is no query of objects.

    The statement is a constant, or cached: SQLAlchemy remembers by the object how it is compiled.
    """
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, values)
