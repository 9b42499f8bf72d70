"""Rows of columns from prebuilt statements.

Most of the cost of a small query is SQLAlchemy's: building the statement, looking up its compiled form, and
mapping rows to objects (`benchmarks/statements.py`). A statement of a frequently used page is a module
constant with named parameters: a third of a page's time was spent building and looking up 8 to 17 queries.
Rows are read outside the unit of work, which is flushed first. Text searches and orders by relevance are
built per request. A test of nine pages fails if a page builds a statement that an earlier one did not. 348 us
built per request, 113 prebuilt, 83 as rows of columns (benchmarks.statements); 80.6 and 72.7 pages per CPU
second instead of 48.6 and 45.1 (benchmarks.load).
"""

from __future__ import annotations

from typing import Any, TypeVarTuple

from sqlalchemy import CursorResult, Select
from sqlalchemy.orm import Session

Ts = TypeVarTuple("Ts")


def rows_of(session: Session, statement: Select[*Ts], **values: Any) -> CursorResult[*Ts]:
    """Execute a query of columns, not of ORM objects, with its parameter values.

    The statement must be a constant or cached, since SQLAlchemy caches compilation by the statement object.
    """
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, values)
