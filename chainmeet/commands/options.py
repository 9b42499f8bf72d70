"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scheduler.domain import fields

_OPTIONS = (
    click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("data"),
        show_default=True,
        help="Folder that keeps everything.",
    ),
    click.option(
        "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one."
    ),
    click.option(
        "--mail-port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="Mail page."
    ),
)


def whole(kind: Any) -> click.IntRange:
    """The type of an option that takes what the field of a form takes."""
    limits = fields.limits(kind)
    return click.IntRange(limits.least, limits.most)


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
