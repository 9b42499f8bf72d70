"""Forms of scenario changes, one per kind, and their parsing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from api.inputs import clock
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.planning.scenarios import scenario_changes
from scheduler.services.planning.scenarios.scenario_changes import AnyChange

FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tables": gettext_lazy("Tables"),
        "slots": gettext_lazy("Meeting times"),
        "interpreters": gettext_lazy("Interpreters"),
        "shift": gettext_lazy("Interpreter shifts"),
        "quota": gettext_lazy("Quotas"),
        "removed_firm": gettext_lazy("Remove exhibitor"),
        "added_firm": gettext_lazy("Add exhibitor"),
        "priority": gettext_lazy("Priority"),
        "fairness": gettext_lazy("Fairness"),
    }
)
"""Kinds of changes with a form, and the labels of their buttons."""

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "tables": ("hall", "step", "count", "day"),
        "slots": ("step", "day", "start", "end"),
        "interpreters": ("step", "count", "first", "second"),
        "shift": ("interpreter", "step", "day"),
        "quota": ("firm", "min_meetings", "max_per_day"),
        "removed_firm": ("firm",),
        "added_firm": ("like",),
        "priority": ("priority", "value"),
        "fairness": ("point",),
    }
)
_FIRMS: Final = ("firm", "like")
_CLOCK: Final = ("start", "end")
_WHOLE: Final = ("count", "value", "point", "min_meetings", "max_per_day")


def change_of(form: Mapping[str, str], firm_in: Callable[[str], str]) -> AnyChange:
    """Parse a change. Empty fields are omitted. Raises InvalidInput with errors by field.

    `firm_in` returns the key of the firm that a field identifies, or "".
    """
    kind = form.get("kind", "")
    if kind not in FORMS:
        raise InvalidInput([Fault("kind", gettext_lazy("choose a change from the list"))])
    typed: dict[str, Any] = {"kind": kind}
    faults = []
    for name in _FIELDS[kind]:
        value = form.get(name, "").strip()
        if not value:
            continue
        typed[name] = value
        if name in _CLOCK and (time := clock(value)) is not None:
            typed[name] = time.isoformat("minutes")
        if name in _WHOLE and not (value.isascii() and value.isdigit() and len(value) <= 10):
            faults.append(Fault(name, gettext_lazy("enter a whole number")))
        if name in _FIRMS:
            typed[name] = firm_in(name)
            if not typed[name]:
                said = gettext_lazy("enter the full name or ID of one exhibitor of this event")
                faults.append(Fault(name, said))
    if faults:
        raise InvalidInput(faults)
    return scenario_changes.parse_change(typed)
