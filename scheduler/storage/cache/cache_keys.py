"""Cache keys: digests of the rows a statistic depends on, concatenated by the database."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Enum,
    Label,
    Select,
    String,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.storage.database import once_per_session
from scheduler.storage.models import Event, Firm, MeetingRequest, Place, Slot
from scheduler.storage.rows import rows_of

PART, END = "\x1f", "\x1e"
"""Separators of columns and rows. User text never contains control characters (`text.clean`)."""
_PART, _EMPTY = literal_column(f"'{PART}'", String), literal_column("''", String)
_END: Any = literal_column(f"'{END}'", String)
"""Part of the statement: as parameters, one for each column, they would be sent with each execution.

SQLAlchemy renders a text as the separator anew for each execution, so the driver parses the statement anew.
"""


def venue_digest(session: Session, event_id: int) -> str:
    """Return the cache key of slots, their dates at the venue, and places' halls."""
    return once_per_session(session, f"venue {event_id}", lambda: _venue(session, event_id))


def _venue(session: Session, event_id: int) -> str:
    slots = session.execute(
        select(Slot.id, Slot.position, Slot.start, Slot.end, Slot.is_retired, Event.timezone)
        .join(Event, Event.id == Slot.event_id)
        .where(Slot.event_id == event_id)
        .order_by(Slot.id)
    ).all()
    places = rows_text(session, (Place.id, Place.hall_id), Place.event_id == event_id)
    return new_digest(repr(slots), places)


def accepted_requests_digest(session: Session, event_id: int) -> str:
    """Return the cache key of accepted requests and their firms."""
    columns = (MeetingRequest.id, MeetingRequest.from_firm_id, MeetingRequest.to_firm_id)
    accepted = MeetingRequest.event_id == event_id, MeetingRequest.state == RequestState.ACCEPTED
    return once_per_session(
        session, f"accepted {event_id}", lambda: new_digest(rows_text(session, columns, *accepted))
    )


def firms_digest(session: Session, event_id: int) -> str:
    """Return the cache key of firms: tier, areas, country and pavilion."""
    columns = (Firm.id, Firm.tier, Firm.areas, Firm.country, Firm.pavilion)
    of_event = Firm.event_id == event_id
    return once_per_session(
        session, f"firms {event_id}", lambda: new_digest(rows_text(session, columns, of_event))
    )


def rows_text(session: Session, columns: tuple[Any, ...], *which: Any) -> str:
    """Return all matching rows as one text, ordered by the first column."""
    return read_text(session, text_query(columns, *which))


def query_text(session: Session, columns: Sequence[Any], query: Select[Any]) -> str:
    """Return the rows of a query without columns as one text."""
    return read_text(session, _one_text(columns, query))


def text_query(columns: tuple[Any, ...], *which: Any) -> Select[str | None]:
    """Return the query of `rows_text`, for callers that build it once."""
    return _one_text(columns, select().where(*which).order_by(columns[0]))


def read_text(session: Session, query: Select[str | None], **values: Any) -> str:
    """Execute such a query with its parameter values."""
    return rows_of(session, query, **values).scalar() or ""


def _one_text(columns: Sequence[Any], query: Select[Any]) -> Select[str | None]:
    lines = query.add_columns(_line(columns)).subquery()
    return select(func.aggregate_strings(lines.c.line, _END))


def _line(columns: Sequence[Any]) -> Label[str]:
    """Return an expression that concatenates the columns of a row."""
    parts = [_text(column) for column in columns]
    line: ColumnElement[str] = parts[0]
    for part in parts[1:]:
        line = line + _PART + part
    return line.label("line")


def _text(column: Any) -> ColumnElement[str]:
    """Return a column as text, empty for NULL."""
    is_text = isinstance(column.type, String) and not isinstance(column.type, Enum)
    if is_text and not getattr(column, "nullable", True):
        return type_coerce(column, String)
    return func.coalesce(cast(column, String), _EMPTY)


def split_text(text: str) -> list[list[str]]:
    """Return the rows of such a text, each as a list of column texts. NULL is empty."""
    return [line.split(PART) for line in text.split(END)] if text else []


def new_digest(*texts: str) -> str:
    return blake2b(END.join(texts).encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
