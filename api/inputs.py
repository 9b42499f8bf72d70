"""Parsing of numbers, moments and times in URLs, forms and query strings."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from werkzeug.routing import IntegerConverter

MAX_WHOLE = 2**31 - 1


_LARGEST = str(MAX_WHOLE)
_SMALLER = (
    rf"{_LARGEST[:i]}[0-{int(digit) - 1}]\d{{{len(_LARGEST) - 1 - i}}}"
    for i, digit in enumerate(_LARGEST)
    if digit != "0"
)


class NumberConverter(IntegerConverter):
    """`<int:...>` of every route: a number that no column can hold is not found, by any method.

    The pattern leaves it out: what a converter refuses after the pattern is found with another method of the
    same address, and answered as a method that is not allowed.
    """

    regex = rf"0*(?:\d{{1,{len(_LARGEST) - 1}}}|{'|'.join(_SMALLER)}|{_LARGEST})"


def whole(text: str | None, otherwise: int = 0) -> int:
    """A whole number of a form or a query that every column can hold (0 to 2**31 - 1), else `otherwise`."""
    is_one = text is not None and text.isascii() and text.isdigit() and len(text) <= 10
    value = int(text) if is_one and text is not None else -1
    return value if 0 <= value <= MAX_WHOLE else otherwise


def moment(text: str | None) -> datetime | None:
    """A moment with its zone as an ISO 8601 text, or None for anything else."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None and 2000 <= found.year < 3000 else None


_CLOCK = "([01]?[0-9]|2[0-3])[:：]?([0-5][0-9])"
CLOCK_FIELD: Final = {
    "inputmode": "numeric", "maxlength": 5, "pattern": _CLOCK, "placeholder": "09:30", "autocomplete": "off",
}  # fmt: skip
"""Attributes of a field for a time of day. `type="time"` would show AM and PM in an English browser, which no
other text of the site does."""


def clock(text: str) -> time | None:
    """A time of day by 24 hours as 09:30, 9:30 or 930, as keyboards of digits write it; None for others."""
    read = re.fullmatch(_CLOCK, text.strip(), re.ASCII)
    return time(int(read[1]), int(read[2])) if read else None


def day(text: str | None) -> date | None:
    """A day of an address as 2027-06-22, or None for anything else."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
