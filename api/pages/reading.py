"""Form parser that collects all errors and raises them together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from api.inputs import clock, whole
from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy


class FormReader:
    """A parser of form fields. Each method returns a value even if the field is invalid.

    `done` raises the collected errors.
    """

    def __init__(self, form: Mapping[str, str], of: Any = None) -> None:
        """`of` is the class that defines the limits of the fields."""
        self.form = form
        self.kinds = fields.limited_fields(of) if of is not None else {}
        self.faults: list[Fault] = []

    def fault(self, name: str, message: str) -> None:
        self.faults.append(Fault(name, message))

    def text(self, name: str, kind: Any = None) -> str:
        value = self.form.get(name, "").strip()
        self.faults.extend(fields.check_field(name, value, kind or self.kinds[name]))
        return value

    def whole(self, name: str, kind: Any = None) -> int:
        """Parse a whole number within inclusive limits."""
        limits = fields.limits(kind or self.kinds[name])
        value = whole(self.form.get(name, "").strip(), otherwise=-1)
        if not limits.hold(value):
            sizes = {"least": limits.least, "most": limits.most}
            self.fault(name, gettext_lazy("enter a whole number from %(least)s to %(most)s", **sizes))
            return limits.least
        return value

    def time(self, name: str) -> dt.time:
        """Parse a local time such as 09:30."""
        value = clock(self.form.get(name, ""))
        if value is None:
            self.fault(name, gettext_lazy("enter a time, like 09:30"))
            return dt.time(0)
        return value

    def date(self, name: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(self.form.get(name, ""))
        except ValueError:
            self.fault(name, gettext_lazy("enter a date, like 2027-06-22"))
            return None

    def done(self) -> None:
        """Raise InvalidInput if any field was invalid."""
        if self.faults:
            raise InvalidInput(self.faults)
