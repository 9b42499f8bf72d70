"""Command options accept the same values as form fields."""

from __future__ import annotations

import click
import pytest

from chainmeet.cli import main
from scheduler.domain import fields


@pytest.mark.parametrize("command", ["run", "demo"])
def test_seconds_are_those_of_a_run(command: str) -> None:
    found = main.get_command(click.Context(main), command)
    assert found is not None
    option = next(each for each in found.params if each.name == "seconds")
    limits = fields.limits(fields.RunSeconds)
    assert isinstance(option.type, click.IntRange)
    assert (option.type.min, option.type.max) == (limits.least, limits.most)
