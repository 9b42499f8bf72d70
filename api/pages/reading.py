"""Read a form field by field; every fault is kept, and raised together at the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from scheduler.domain.errors import Fault, InvalidInput


class FormReader:
    """Each reader gives a value even where the field is wrong; `done` raises what was found."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self.form = form
        self.faults: list[Fault] = []

    def fault(self, name: str, message: str) -> None:
        self.faults.append(Fault(name, message))

    def text(self, name: str, *, least: int = 1, most: int) -> str:
        value = self.form.get(name, "").strip()
        if not least <= len(value) <= most:
            self.fault(name, f"must have {f'{least} to' if least else 'at most'} {most} characters")
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """A whole number, closed at both ends."""
        text = self.form.get(name, "").strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
        if value is None or not least <= value <= most:
            self.fault(name, f"must be a whole number from {least:,} to {most:,}")
            return least
        return value

    def time(self, name: str) -> dt.time:
        """A local time such as 09:30."""
        try:
            value = dt.time.fromisoformat(self.form.get(name, ""))
        except ValueError:
            value = None
        if value is None or value.tzinfo is not None:
            self.fault(name, "must be a time such as 09:30")
            return dt.time(0)
        return value

    def date(self, name: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(self.form.get(name, ""))
        except ValueError:
            self.fault(name, "must be a date such as 2027-06-22")
            return None

    def done(self) -> None:
        """Raises InvalidInput if any field was wrong."""
        if self.faults:
            raise InvalidInput(self.faults)
