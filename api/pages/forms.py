"""The request form: parsing into a NewRequest, and errors by field."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from api.inputs import whole
from api.language.speaking import gettext, said
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.events.timetable import Timetable
from scheduler.services.requests.form import NewRequest

LABELS = {
    "to_firm": gettext_lazy("Company"),
    "from_firm": gettext_lazy("Your company"),
    "topic": gettext_lazy("Topic"),
    "message": gettext_lazy("Message"),
    "priority": gettext_lazy("Priority"),
    "firms": gettext_lazy("Companies"),
    "firm": gettext_lazy("Company"),
    "requests": gettext_lazy("Requests"),
    "draft": gettext_lazy("Draft request"),
    "template": gettext_lazy("Template name"),
    "length": gettext_lazy("Duration"),
    "place": gettext_lazy("Location"),
    "slots": gettext_lazy("Times"),
    "from_attendees": gettext_lazy("Attendees from your company"),
    "to_attendees": gettext_lazy("Attendees from the other company"),
    "note": gettext_lazy("Note"),
}


@dataclass(frozen=True, slots=True)
class RequestForm:
    """Values of a request form: `days` are selected whole days, `slots` single times."""

    values: NewRequest
    days: frozenset[str] = frozenset()
    slots: frozenset[str] = frozenset()


def read_request(form: MultiDict[str, str], to_firm: str, times: Timetable) -> RequestForm:
    """Parse the form. An invalid number becomes 0, which the service rejects."""
    days, slots = form.getlist("days"), form.getlist("slots")
    values = NewRequest(
        to_firm=to_firm,
        topic=form.get("topic", ""),
        message=form.get("message", ""),
        priority=whole(form.get("priority")),
        length=whole(form.get("length")),
        place=form.get("place", ""),
        slots=[*slots, *_slots_of(days, slots, times)] or None,
        from_attendees=form.getlist("from_attendees"),
        to_attendees=form.getlist("to_attendees"),
    )
    return RequestForm(values, frozenset(days), frozenset(slots))


def sentences(error: InvalidInput) -> dict[str, str]:
    """Return the errors by field, each prefixed with the field's label."""
    faults: dict[str, str] = {}
    for fault in error.faults:
        label = said(LABELS.get(fault.path, fault.path))
        sentence = gettext("%(label)s: %(fault)s.", label=label, fault=said(fault.message))
        faults[fault.path] = f"{faults[fault.path]} {sentence}" if fault.path in faults else sentence
    return faults


def _slots_of(days: list[str], chosen: list[str], times: Timetable) -> list[str]:
    """Return the slots of whole days, except days of which single slots are selected too.

    An unknown day is returned as is, so that the service rejects it as an unknown slot.
    """
    known = {day.key: [slot.key for slot in day.slots] for day in times.days}
    whole = [known.get(day, [day]) for day in days]
    return [slot for slots in whole if not set(slots) & set(chosen) for slot in slots]
