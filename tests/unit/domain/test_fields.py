"""Fields: limits hold at both ends, have a message, and equal Pydantic's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter, ValidationError

from scheduler.domain import fields
from scheduler.domain.errors import InvalidInput

KINDS = {name: kind for name, kind in vars(fields).items() if hasattr(kind, "__metadata__")}


def values(kind: object) -> tuple[list[object], list[object]]:
    """Return values at a kind's limits, and just beyond."""
    limits = fields.limits(kind)
    if not limits.is_size:
        return [limits.least, limits.most], [limits.least - 1, limits.most + 1]
    sizes = [limits.most + 1] + [limits.least - 1] * (limits.least > 0)
    make = (lambda size: "x" * size) if kind in fields.TEXTS else (lambda size: ["key"] * size)
    return [make(limits.least), make(limits.most)], [make(size) for size in sizes]


@pytest.mark.parametrize("name", KINDS)
def test_pydantic_takes_what_the_limits_hold_and_nothing_else(name: str) -> None:
    kind = KINDS[name]
    inside, outside = values(kind)
    for value in inside:
        assert fields.limits(kind).hold(value) and TypeAdapter(kind).validate_python(value) == value
    for value in outside:
        assert not fields.limits(kind).hold(value)
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)


@dataclass(frozen=True)
class Form:
    topic: fields.Topic
    days: fields.Days
    anything: str = ""


def test_every_field_of_a_form_that_breaks_its_limits_is_told() -> None:
    assert list(fields.check_form(Form("x", 14, "y" * 5_000))) == []
    assert [str(fault) for fault in fields.check_form(Form("", 15))] == [
        "topic: enter 1 to 200 characters",
        "days: enter a value from 1 to 14",
    ]
    assert [str(fault) for fault in fields.check_form(Form("x" * 201, 1))] == [
        "topic: enter at most 200 characters"
    ]


def test_a_field_alone_is_refused_by_its_name() -> None:
    fields.require_valid("note", "x" * 1_000, fields.Note)
    with pytest.raises(InvalidInput, match="note: enter at most 1000 characters"):
        fields.require_valid("note", "x" * 1_001, fields.Note)
