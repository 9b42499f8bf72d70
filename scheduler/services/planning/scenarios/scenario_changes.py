"""Changes of a scenario: one model per kind, for forms, API and storage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import (
    DayLimit,
    Factor,
    HallKey,
    Key,
    MeetingLimit,
    MeetingsPerDay,
    NewInterpreters,
    NewTables,
    limits,
)
from scheduler.domain.problem import Policy
from scheduler.domain.rules.fairness import FAIRNESS_PRICES
from scheduler.files.policy import read_policy
from scheduler.files.readers import Reader
from scheduler.i18n import gettext_lazy

MAX_CHANGES = 20
"""Changes per scenario."""
LanguageCode = Annotated[str, Field(pattern="^[a-z]{2,3}$")]
Point = Annotated[int, Field(ge=0, lt=len(FAIRNESS_PRICES))]


class TypedChange(BaseModel):
    """Base model of a change of an event's problem."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TablesChange(TypedChange):
    """Add tables to a hall, or remove the last ones. Without a day, on all days."""

    kind: Literal["tables"] = "tables"
    hall: HallKey
    step: Literal["more", "fewer"] = "more"
    count: NewTables = 1
    day: dt.date | None = None


class SlotsChange(TypedChange):
    """Open or close the slots of a day between two local times."""

    kind: Literal["slots"] = "slots"
    step: Literal["open", "close"] = "open"
    day: dt.date
    start: dt.time
    end: dt.time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start.tzinfo is not None or self.end.tzinfo is not None or self.start >= self.end:
            raise ValueError(gettext_lazy("enter a local time after the start time, like 09:30"))
        return self


class InterpretersChange(TypedChange):
    """Add interpreters of two languages, available all day, or remove the last ones."""

    kind: Literal["interpreters"] = "interpreters"
    step: Literal["more", "fewer"] = "more"
    count: NewInterpreters = 1
    first: LanguageCode
    second: LanguageCode


class ShiftChange(TypedChange):
    """Make an interpreter (without a key: all) available or unavailable all day.

    Without a day, on all days.
    """

    kind: Literal["shift"] = "shift"
    interpreter: Key | None = None
    step: Literal["available", "unavailable"] = "available"
    day: dt.date | None = None


_LIMITS: Final[Mapping[str, Any]] = {"max_in_row": MeetingLimit, "max_days": DayLimit}


class PriorityChange(TypedChange):
    """Set one scheduling priority: a price in points, a share in percent, or a limit."""

    kind: Literal["priority"] = "priority"
    priority: Literal[
        "shortfall", "idle", "hall_change", "moved", "relocated", "reassigned", "repeated", "dropped",
        "fair_share", "max_moved", "max_idle_spread", "max_in_row", "max_days",
    ]  # fmt: skip
    value: Factor

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if self.priority == "fair_share" and self.value > 100:
            raise ValueError(gettext_lazy("enter a minimum share from 0 to 100"))
        kind = _LIMITS.get(self.priority)
        if kind is not None and not limits(kind).hold(self.value):
            raise ValueError(limits(kind).sentence(self.value))
        return self


class FairnessChange(TypedChange):
    """Set the fairness level: 0 gives the most meetings, the highest level is the fairest."""

    kind: Literal["fairness"] = "fairness"
    point: Point


class PolicyChange(TypedChange):
    """Replace all priorities: the `policy` of a problem file."""

    kind: Literal["policy"] = "policy"
    policy: dict[str, Any]

    @model_validator(mode="after")
    def _readable(self) -> Self:
        require_policy(self.policy)
        return self


class QuotaChange(TypedChange):
    """Set a firm's minimum number of meetings and daily maximum. Without a key, of every firm."""

    kind: Literal["quota"] = "quota"
    firm: Key | None = None
    min_meetings: MeetingsPerDay | None = None
    max_per_day: MeetingsPerDay | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.min_meetings is None and self.max_per_day is None:
            raise ValueError(gettext_lazy("enter at least one of the two numbers"))
        return self


class RemovedFirmChange(TypedChange):
    """Remove a firm with its people and requests."""

    kind: Literal["removed_firm"] = "removed_firm"
    firm: Key


class AddedFirmChange(TypedChange):
    """Add a firm like another one: with a booth, people and requests."""

    kind: Literal["added_firm"] = "added_firm"
    like: Key


AnyChange = Annotated[
    TablesChange
    | SlotsChange
    | InterpretersChange
    | ShiftChange
    | PriorityChange
    | FairnessChange
    | PolicyChange
    | QuotaChange
    | RemovedFirmChange
    | AddedFirmChange,
    Field(discriminator="kind"),
]
"""A change of any kind, discriminated by `kind`."""

_ADAPTER: Final[TypeAdapter[AnyChange]] = TypeAdapter(AnyChange)


def parse_change(row: Any) -> AnyChange:
    """Parse a change from JSON or form fields. Raises InvalidInput by field."""
    try:
        return _ADAPTER.validate_python(row, strict=False)
    except ValidationError as error:
        raise InvalidInput([_fault(row, each) for each in error.errors()]) from error


def parse_changes(rows: Sequence[Any]) -> tuple[AnyChange, ...]:
    """Parse the stored changes of a scenario."""
    return tuple(parse_change(row) for row in rows)


def serialize_changes(changes: Sequence[TypedChange]) -> list[dict[str, Any]]:
    """Return the changes as JSON."""
    return [change.model_dump(mode="json") for change in changes]


def require_policy(policy: Any) -> Policy:
    """Parse the policy of a problem file. Raises InvalidInput by path."""
    reader = Reader()
    found = read_policy(reader, dict(policy))
    if reader.faults:
        raise InvalidInput(reader.faults)
    return found


_OF_TWO: Final[Mapping[str, str]] = MappingProxyType(
    {"slots": "end", "priority": "value", "quota": "min_meetings"}
)
"""Field at which a fault of two fields is reported, by kind."""

_IN_WORDS: Final[Mapping[str, Callable[[Any], str]]] = MappingProxyType(
    {
        "missing": lambda _: gettext_lazy("enter a value"),
        "string_too_short": lambda _: gettext_lazy("enter a value"),
        "string_too_long": lambda of: gettext_lazy(
            "enter at most %(most)s characters", most=of["max_length"]
        ),
        "string_pattern_mismatch": lambda _: gettext_lazy("enter a language code, like zh"),
        "greater_than_equal": lambda of: gettext_lazy("enter %(least)s or more", least=of["ge"]),
        "less_than_equal": lambda of: gettext_lazy("enter %(most)s or less", most=of["le"]),
        "less_than": lambda of: gettext_lazy("enter a value less than %(end)s", end=of["lt"]),
        "literal_error": lambda of: gettext_lazy("enter %(names)s", names=of["expected"]),
        "extra_forbidden": lambda _: gettext_lazy("remove this unknown field"),
        "union_tag_invalid": lambda of: gettext_lazy("choose one of %(names)s", names=of["expected_tags"]),
        "value_error": lambda of: of["error"].args[0],
    }
)
_BY_START: Final = (
    ("date", gettext_lazy("enter a date, like 2027-06-22")),
    ("time", gettext_lazy("enter a time, like 09:30")),
    ("int", gettext_lazy("enter a whole number")),
)


def _fault(row: Any, error: Any) -> Fault:
    """Convert a Pydantic error to a fault of its field, with a message for people."""
    kind = row.get("kind") if isinstance(row, dict) else None
    where = ".".join(str(part) for part in error["loc"] if part != kind)
    found = str(error["type"])
    if (words := _IN_WORDS.get(found)) is not None:
        said = words(error.get("ctx", {}))
    else:
        said = next((said for start, said in _BY_START if found.startswith(start)), str(error["msg"]))
    return Fault(where or _OF_TWO.get(str(kind), "kind"), said)
