"""Rows of columns, by statements that are made once.

Most of what a small query costs a page is SQLAlchemy's: to put the statement together, to find that it is
compiled already, and to look for objects in its rows (`benchmarks/statements.py`).

A statement that a frequent page asks is a constant of its module with named parameters: a third of a page's
time was SQLAlchemy putting 8 to 17 queries together and looking for them among the compiled ones. Rows of
columns are read beside the unit of work, which is flushed before. A search by words, or an order by fit, is
made anew. A test of nine pages fails where a page makes a statement that an earlier one did not. 348 us made
anew, 113 made once, 83 as rows of columns (benchmarks.statements); 80.6 and 72.7 pages a CPU second beside
48.6 and 45.1 (benchmarks.load).
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
