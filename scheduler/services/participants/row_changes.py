"""Row changes of a step, collected from session flushes: values before and after, as JSON."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from scheduler.storage.base import Base
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Delegation,
    DelegationFirm,
    DelegationPerson,
    Event,
    ExcludedPerson,
    Firm,
    FirmRegistration,
    Hall,
    Interpreter,
    InterpreterAssignment,
    InterpreterBusy,
    MeetingRequest,
    Place,
    PlaceClosure,
    RequestPerson,
    Slot,
    WalkingTime,
)

RECORDED_TABLES: tuple[type[Base], ...] = (
    Event, Slot, Hall, WalkingTime, Firm, Attendee, Interpreter, Place, MeetingRequest, RequestPerson,
    ExcludedPerson, PlaceClosure, AttendeeBusy, InterpreterBusy, InterpreterAssignment, Delegation,
    DelegationFirm,
    DelegationPerson, FirmRegistration,
)  # fmt: skip
"""Tables whose rows are recorded, in the order in which rows are added again."""
TABLES = {table.__tablename__: table for table in RECORDED_TABLES}


@dataclass(slots=True)
class RowChanges:
    """First and last value of each changed column, by row."""

    changed: dict[tuple[str, str], dict[str, list[Any]]] = field(default_factory=dict)
    added: dict[Base, None] = field(default_factory=dict)
    deleted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def before_flush(self, session: Session, *_: Any) -> None:
        for row in session.dirty:
            if isinstance(row, RECORDED_TABLES) and row not in self.added:
                self._change(row)
        for row in session.deleted:
            if isinstance(row, RECORDED_TABLES):
                changed = self.changed.pop((row.__tablename__, row_key(row)), {})
                first = {name: values[0] for name, values in changed.items()}
                self.deleted.append((row.__tablename__, _values(row) | first))
        self.added |= {row: None for row in session.new if isinstance(row, RECORDED_TABLES)}

    def _change(self, row: Base) -> None:
        state = inspect(row)
        for column in state.mapper.columns:
            name = state.mapper.get_property_by_column(column).key
            history = state.attrs[name].history
            if history.has_changes():
                old = history.deleted[0] if history.deleted else None
                known = self.changed.setdefault((row.__tablename__, row_key(row)), {})
                known.setdefault(name, [value_to_json(old), None])[1] = value_to_json(history.added[0])  # type: ignore[misc]

    def document(self) -> dict[str, Any]:
        rows = [[table, key, columns] for (table, key), columns in self.changed.items()]
        return {
            "changed": rows,
            "added": [[row.__tablename__, row_key(row)] for row in self.added],
            "deleted": [list(each) for each in self.deleted],
        }

    def audit_values(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return values before and after by row and column, for the audit log."""
        found = [
            (f"{table} {key} {name}", values)
            for (table, key), columns in self.changed.items()
            for name, values in columns.items()
        ]
        before, after = ({name: values[i] for name, values in found} for i in (0, 1))
        added = {f"{row.__tablename__} {row_key(row)}": "added" for row in self.added}
        deleted = {f"{table} deleted": values for table, values in self.deleted}
        return {**before, **deleted}, {**after, **added}

    @property
    def is_empty(self) -> bool:
        return not (self.changed or self.added or self.deleted)


def row_key(row: Base) -> str:
    return "-".join(map(str, inspect(type(row)).primary_key_from_instance(row)))


def _values(row: Base) -> dict[str, Any]:
    """Return all columns of a row, except the time of its last change: adding it again is another one."""
    mapper = inspect(type(row))
    names = [mapper.get_property_by_column(column).key for column in mapper.columns]
    names = [name for name in names if name != "updated_at"]
    return {name: value_to_json(getattr(row, name)) for name in names}


def value_to_json(value: Any) -> Any:
    """Convert a column value to JSON."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def value_from_json(kind: type[Base], name: str, value: Any) -> Any:
    """Convert JSON to a column value."""
    python_type = inspect(kind).columns[name].type.python_type
    if isinstance(value, str) and python_type is datetime:
        return datetime.fromisoformat(value)
    if isinstance(value, str) and python_type is bytes:
        return base64.b64decode(value)
    return python_type(value) if isinstance(value, str) and issubclass(python_type, StrEnum) else value
