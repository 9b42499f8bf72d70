"""`column IN (...)` for a list of any length as one parameter, so that the statement text is constant.

One parameter per value would make a different statement for each length. Each would be compiled, parsed and
planned again, and rejected beyond some ten thousand values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, BindParameter, Boolean, ColumnElement, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType


class _Among(FunctionElement[bool]):
    type = Boolean()
    name = "among"
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> _Among:
        """Return self unchanged. SQLAlchemy would append `= 1` for SQLite, which then scans the table."""
        return self


def in_chunks(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any] | BindParameter[Any]
) -> FunctionElement[bool]:
    """Return a condition that the column is one of these values. An empty list matches no row.

    For a prebuilt statement, `values` is a bind parameter that takes a list.
    """
    listed = JSON().with_variant(ARRAY(column.type), "postgresql")
    if isinstance(values, BindParameter):
        return _Among(column, bindparam(values.key, type_=listed))
    return _Among(column, bindparam(None, list(values), type_=listed, unique=True))


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    """Render the array behind a SELECT, which hides its length from the planner.

    Otherwise PostgreSQL plans again for each length, which takes longer than the query.
    """
    column, listed = (compiler.process(clause, **options) for clause in element.clauses)
    kind = compiler.dialect.type_compiler_instance.process(ARRAY(next(iter(element.clauses)).type))
    return f"{column} = ANY ((SELECT {listed})::{kind})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, listed = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 -- of names and a parameter's place
