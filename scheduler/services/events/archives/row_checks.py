"""Validation of archive rows with the same limits as forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_type_hints

from annotated_types import Len
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import JSON, Integer, Table
from sqlalchemy.types import TypeEngine

from scheduler.domain import fields
from scheduler.domain.errors import InvalidInput
from scheduler.domain.guests import MAX_GUESTS
from scheduler.invites.catalogue import languages
from scheduler.services.emails.email_addresses.address_validation import normalize_address
from scheduler.services.events.archives.json_values import BrokenArchive
from scheduler.services.events.new_event import is_timezone
from scheduler.services.problems.policy import event_policy
from scheduler.storage.base import Base, UtcDateTime

Check = Callable[[Any], Any]
"""A check. Raises ValueError, or another error, for an invalid value."""

_KEY_PATTERN: Final = re.compile(r"[^\x00-\x1f\x7f/\\<>\"?#%]{1,64}")
"""Permitted keys. They appear in URLs."""
_NAMED_TABLES: Final = frozenset(("attendee", "event", "firm", "interpreter"))
"""Tables whose rows have a name."""
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class _Guest(BaseModel, extra="forbid"):
    """A guest of honour, as written by `spreadsheets/groups/guests.py`."""

    name: fields.GuestName
    kind: Literal["country", "province"]
    country: str
    pavilion: fields.Pavilion


class _Words(BaseModel, extra="forbid"):
    """The event's import mappings, as written by `imports/choices.py`."""

    columns: dict[str, dict[str, str]] = {}
    values: dict[str, dict[str, dict[str, str]]] = {}


class _Picture(BaseModel, extra="forbid"):
    digest: str
    width: int
    height: int


class _Brand(BaseModel, extra="forbid"):
    """The event's brand, as written by `domain/brand.py`, whose reader leaves out unusable values."""

    token: str = ""
    accent: fields.Colour = ""
    banner: fields.Colour = ""
    sender: fields.SenderName = ""
    headline: fields.BrandHeadline = ""
    tagline: fields.BrandTagline = ""
    logo: _Picture | None = None
    banner_picture: _Picture | None = None


_SHAPES: Final[Mapping[tuple[str, str], Any]] = {
    ("event", "areas"): dict[str, str],
    ("event", "area_names"): dict[str, dict[str, str]],
    ("event", "brand"): _Brand,
    ("event", "guests"): Annotated[list[_Guest], Len(0, MAX_GUESTS)],
    ("event", "import_words"): _Words,
    ("hall", "names"): dict[str, str],
}
"""JSON columns whose model does not declare their shape."""


def require_valid_row(table: Table, row: Mapping[str, Any], place: str) -> None:
    """Raise BrokenArchive for a value that no form would accept. `row` has column values."""
    for name, checks in _checks(table.name).items():
        value = row.get(name)
        if value is None:
            continue
        try:
            for check in checks:
                check(value)
        except (ValueError, InvalidInput, TypeError, LookupError, AttributeError) as error:
            raise BrokenArchive(f"{place}: {name} cannot be {str(value)[:40]!r}.") from error
    if "start" in row and "end" in row and row["start"] is not None and not row["start"] < row["end"]:
        raise BrokenArchive(f"{place}: it ends before it starts.")


def check_address(email: str) -> None:
    """Raise ValueError for an invalid email address. An empty one is permitted."""
    if email:
        normalize_address(email, is_test=True)


@cache
def _checks(table: str) -> dict[str, list[Check]]:
    """Return the checks of a table by column: from its model and from the column's meaning."""
    model = next(each.class_ for each in Base.registry.mappers if each.class_.__tablename__ == table)
    hints = get_type_hints(model, include_extras=True)
    return {
        column.name: checks
        for column in model.__table__.columns
        if (checks := [*_typed(column.type, _kind(table, column.name, hints)), *_meant(table, column.name)])
    }


def _kind(table: str, column: str, hints: Mapping[str, Any]) -> Any:
    return _SHAPES.get((table, column), get_args(hints[column])[0])


def _typed(column: TypeEngine[Any], kind: Any) -> Iterator[Check]:
    """Yield checks from the model's annotation, by Pydantic. Plain values were checked while reading."""
    if isinstance(column, UtcDateTime):
        yield _moment
    elif isinstance(column, JSON | Integer):
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        yield lambda value: adapter.validate_python(value, strict=True)


def _meant(table: str, column: str) -> Iterator[Check]:
    if column == "key" and table != "event":  # an event's own key is checked before
        yield _key
    elif (table, column) == ("event", "timezone"):
        yield _event_timezone
    elif column in ("name", "latin_name") and table in _NAMED_TABLES:
        yield _name
    elif column in _BY_NAME:
        yield _BY_NAME[column]
    elif (table, column) == ("event", "policy"):
        yield event_policy


def _key(key: str) -> None:
    """Check a key that appears in URLs."""
    if not _KEY_PATTERN.fullmatch(key):
        raise ValueError("characters that no address has")


def _name(name: str) -> None:
    if not name.strip():
        raise ValueError("no name")


def _moment(moment: datetime) -> None:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError("too far away")


def _timezone(name: str) -> None:
    if name and not is_timezone(name):
        raise ValueError("no IANA time zone")


def _event_timezone(name: str) -> None:
    _timezone(name or "none")


def _language(code: str) -> None:
    if code and code not in languages():
        raise ValueError("no language of emails")


_BY_NAME: Final[Mapping[str, Check]] = {
    "email": check_address,
    "timezone": _timezone,
    "mail_language": _language,
    "language": _language,
}
