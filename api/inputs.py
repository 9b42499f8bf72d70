"""Numbers of addresses, forms and query strings, which no column has to refuse."""

from __future__ import annotations

from datetime import date

from werkzeug.routing import IntegerConverter, Map

MAX_WHOLE = 2**31 - 1


class NumberConverter(IntegerConverter):
    """`<int:...>` of every route: a number that no column can hold is not found."""

    def __init__(
        self, url_map: Map, fixed_digits: int = 0, min: int | None = None, max: int = MAX_WHOLE
    ) -> None:
        super().__init__(url_map, fixed_digits, min, max)


def whole(text: str | None, otherwise: int = 0) -> int:
    """A whole number of a form or a query that every column can hold (0 to 2**31 - 1), else `otherwise`."""
    is_one = text is not None and text.isascii() and text.isdigit() and len(text) <= 10
    value = int(text) if is_one and text is not None else -1
    return value if 0 <= value <= MAX_WHOLE else otherwise


def day(text: str | None) -> date | None:
    """A day of an address as 2027-06-22, or None for anything else."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
