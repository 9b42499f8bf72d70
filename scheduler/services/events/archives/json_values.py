"""Conversion of column values to JSON and back, checked by column type."""

from __future__ import annotations

import base64
import binascii
import enum
import json
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Enum, Float, Integer, LargeBinary, Numeric, String, Time

from scheduler.domain.errors import ChainmeetError
from scheduler.storage.base import UtcDateTime
from scheduler.storage.cache.cache_keys import END, PART


class BrokenArchive(ChainmeetError):
    """The archive cannot be imported. `str()` gives the location and the reason."""

    code = "broken-archive"


def encode_value(value: Any) -> Any:
    """Return a column value as JSON."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def decode_value(column: Column[Any], value: Any, place: str) -> Any:
    """Convert a JSON value to its column's type. Raises BrokenArchive."""
    if value is None:
        if not column.nullable and not isinstance(column.type, JSON):
            raise BrokenArchive(f"{place}: {column.name} is missing.")
        return None
    try:
        return _convert(column.type, value)
    except (TypeError, ValueError, binascii.Error, LookupError) as error:
        raise BrokenArchive(f"{place}: {column.name} cannot be {str(value)[:40]!r}.") from error


def _convert(kind: Any, value: Any) -> Any:
    """Convert a value to a column type. Raises TypeError or ValueError if it does not fit."""
    if isinstance(kind, JSON):
        return value
    if isinstance(kind, UtcDateTime):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment
    if isinstance(kind, Time):
        return time.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(kind, Enum):
        return kind.enum_class(value) if kind.enum_class else value
    return _check_plain(kind, value)


def _check_plain(kind: Any, value: Any) -> Any:
    """Return a text, boolean or number, if it is within the column's limits."""
    if isinstance(kind, Boolean):
        wanted: Any = bool
    elif isinstance(kind, Integer):
        wanted = int
    elif isinstance(kind, Numeric | Float):
        wanted = (int, float)
    else:
        wanted = str
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise TypeError("of another type")
    if isinstance(value, str) and ("\0" in value or _is_too_long(kind, value)):
        raise ValueError("too long")
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise ValueError("too large")
    return value.translate(_NO_SEPARATORS) if isinstance(value, str) else value


_NO_SEPARATORS = dict.fromkeys(map(ord, (PART, END)))
"""Separators of composed rows, which are removed from user text."""


def _is_too_long(kind: Any, value: str) -> bool:
    return isinstance(kind, String) and kind.length is not None and len(value) > kind.length


def json_line(row: Mapping[str, Any]) -> bytes:
    """Return a row as a line of JSON."""
    document = {name: encode_value(value) for name, value in row.items()}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
