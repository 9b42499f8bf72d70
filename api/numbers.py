"""Numbers from forms, with the fault at the field."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.domain.errors import Fault, InvalidInput


def whole(form: Mapping[str, str], name: str, *, least: int, most: int) -> int | None:
    """The whole number in a field, None if it is empty; raises InvalidInput."""
    text = form.get(name, "").strip()
    if not text:
        return None
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if value is None or not least <= value <= most:
        raise InvalidInput([Fault(name, f"must be a whole number from {least:,} to {most:,}")])
    return value
