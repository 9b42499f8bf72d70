"""Column length checks: too long text is rejected by field name before writing, also on SQLite."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Enum, String, event
from sqlalchemy.orm import Mapper

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.storage.base import Base


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
def _check(mapper: Mapper[Any], _connection: object, row: Any) -> None:
    """Raise InvalidInput for text that exceeds its column. PostgreSQL's error would not name the column."""
    faults = [
        Fault(attribute.key, f"must have at most {column.type.length:,} characters")
        for attribute in mapper.column_attrs
        for column in attribute.columns
        if isinstance(column.type, String) and not isinstance(column.type, Enum) and column.type.length
        if isinstance(value := row.__dict__.get(attribute.key), str) and len(value) > column.type.length
    ]
    if faults:
        raise InvalidInput(faults)
