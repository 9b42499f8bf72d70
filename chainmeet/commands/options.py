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


MOST_REQUESTS = 9000
FIRMS = 620
"""Of an expo of the usual size, which has `MOST_REQUESTS`."""


def expo_size(firms: int, requests: int | None) -> int:
    """The number of requests of an invented expo: as given, or what so many firms have usually.

    Fewer firms have fewer requests, and at most half of their pairs one. Raises BadParameter for more
    requests than pairs, as no two firms ask each other twice.
    """
    pairs = firms * (firms - 1) // 2
    if requests is None:
        return min(MOST_REQUESTS, round(firms * MOST_REQUESTS / FIRMS), max(1, pairs // 2))
    if requests > pairs:
        said = f"{firms:,} firms make {pairs:,} pairs, and each pair has at most one request."
        raise click.BadParameter(f"{said} Ask for fewer, or leave the option out.", param_hint="'--requests'")
    return requests


def whole(kind: Any) -> click.IntRange:
    """The type of an option that takes what the field of a form takes."""
    limits = fields.limits(kind)
    return click.IntRange(limits.least, limits.most)


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
