"""`column IN (...)` for a list of any length: one parameter, so that the statement is the same each time.

A parameter a value would make another statement of each length: compiled, parsed and planned again, and
refused beyond some ten thousand values.
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
        """As it is. SQLAlchemy would write `... = 1` for SQLite, which then looks at every row of a table."""
        return self


def in_chunks(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any] | BindParameter[Any]
) -> FunctionElement[bool]:
    """Rows whose column is one of these numbers or texts. An empty list selects no row.

    For a statement that is made once, `values` is a parameter, for which a list is given.
    """
    listed = JSON().with_variant(ARRAY(column.type), "postgresql")
    if isinstance(values, BindParameter):
        return _Among(column, bindparam(values.key, type_=listed))
    return _Among(column, bindparam(None, list(values), type_=listed, unique=True))


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    """The array behind a SELECT, which hides its length from the planner.

    If the planner sees the length, it plans again for each length, which takes longer than the query.
    """
    column, listed = (compiler.process(clause, **options) for clause in element.clauses)
    kind = compiler.dialect.type_compiler_instance.process(ARRAY(next(iter(element.clauses)).type))
    return f"{column} = ANY ((SELECT {listed})::{kind})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, listed = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 -- of names and a parameter's place
