"""Declarative base: constraint names, UTC times, and enums as checked strings."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, Integer, LargeBinary, MetaData, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from scheduler.domain import fields

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. Naive values are rejected; naive results of SQLite become aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time needs a time zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def machine_time() -> datetime:
    """Return this machine's time, which is SQLite's clock. The only place that reads it."""
    return datetime.now(UTC)  # noqa: TID251


def parse_utc(text: str) -> datetime:
    """Parse a UtcDateTime that the database rendered as text."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Base(DeclarativeBase):
    """Base class of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy reads this class attribute
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        bytes: LargeBinary(),
        str: String(),
        **{kind: String(fields.limits(kind).most) for kind in fields.TEXTS},
        **dict.fromkeys(fields.NUMBERS, Integer()),
    }


class Timestamped:
    """Mixin of tables that record when a row was last changed, by the clock of the database.

    Every INSERT and UPDATE that SQLAlchemy builds sets it, unless it names the column itself.
    """

    updated_at: Mapped[datetime] = mapped_column(
        default=func.clock_timestamp(),
        onupdate=func.clock_timestamp(),
        server_default=func.now(),
        sort_order=1_000,
    )


def enum_column(of: type[StrEnum], name: str) -> Enum:
    """Return the column type of a StrEnum: its values as strings, with a CHECK constraint."""
    return Enum(
        of,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )
