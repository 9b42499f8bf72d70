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
    """`<int:...>` of every route. A number that exceeds an integer column is not found, by any method.

    The limit is part of the pattern. A converter that rejects a value after the pattern matched would make
    Werkzeug try other methods of the URL and return 405.
    """

    regex = rf"0*(?:\d{{1,{len(_LARGEST) - 1}}}|{'|'.join(_SMALLER)}|{_LARGEST})"


def whole(text: str | None, otherwise: int = 0) -> int:
    """Parse a whole number from 0 to 2**31 - 1, as integer columns hold. Return `otherwise` if invalid."""
    is_one = text is not None and text.isascii() and text.isdigit() and len(text) <= 10
    value = int(text) if is_one and text is not None else -1
    return value if 0 <= value <= MAX_WHOLE else otherwise


def moment(text: str | None) -> datetime | None:
    """Parse an aware ISO 8601 date and time. Return None if invalid."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None and 2000 <= found.year < 3000 else None


_CLOCK = "([01]?[0-9]|2[0-3])[:：]?([0-5][0-9])"
CLOCK_FIELD: Final = {
    "inputmode": "numeric", "maxlength": 5, "pattern": _CLOCK, "placeholder": "09:30", "autocomplete": "off",
}  # fmt: skip
"""Attributes of a field for a time of day. `type="time"` would show AM and PM in an English browser, unlike
the rest of the site."""


def clock(text: str) -> time | None:
    """Parse a time of day in 24-hour format: 09:30, 9:30 or 930. Return None if invalid."""
    read = re.fullmatch(_CLOCK, text.strip(), re.ASCII)
    return time(int(read[1]), int(read[2])) if read else None


def day(text: str | None) -> date | None:
    """Parse a date in a URL, such as 2027-06-22. Return None if invalid."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
