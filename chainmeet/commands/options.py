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
        help="Folder for all data.",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8000,
        show_default=True,
        help="Port of the site. 0: any free port.",
    ),
    click.option(
        "--mail-port",
        type=click.IntRange(0, 65535),
        default=8025,
        show_default=True,
        help="Port of the local test inbox.",
    ),
)


MOST_REQUESTS = 9000
FIRMS = 620
"""Default number of firms. Such an expo has `MOST_REQUESTS`."""


def expo_size(firms: int, requests: int | None) -> int:
    """Return the number of requests of a generated expo: `requests`, or the default for this number of firms.

    The default is proportional to the firms, at most `MOST_REQUESTS` and at most half of the pairs. Raises
    BadParameter for more requests than pairs, because a pair has at most one request.
    """
    pairs = firms * (firms - 1) // 2
    if requests is None:
        return min(MOST_REQUESTS, round(firms * MOST_REQUESTS / FIRMS), max(1, pairs // 2))
    if requests > pairs:
        said = f"{firms:,} firms make {pairs:,} pairs, and each pair has at most one request."
        raise click.BadParameter(
            f"{said} Enter a smaller number, or omit the option.", param_hint="'--requests'"
        )
    return requests


def whole(kind: Any) -> click.IntRange:
    """Return the option type with the limits of a form field."""
    limits = fields.limits(kind)
    return click.IntRange(limits.least, limits.most)


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
