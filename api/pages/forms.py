"""The request form: what was typed as a NewRequest, and faults as a person reads them, field by field."""

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
    "to_firm": gettext_lazy("The firm"),
    "from_firm": gettext_lazy("Your firm"),
    "topic": gettext_lazy("Topic"),
    "message": gettext_lazy("Message"),
    "priority": gettext_lazy("Rank"),
    "firms": gettext_lazy("Firms"),
    "template": gettext_lazy("Name of the template"),
    "length": gettext_lazy("Length"),
    "place": gettext_lazy("Place"),
    "slots": gettext_lazy("Times"),
    "from_attendees": gettext_lazy("People of your firm"),
    "to_attendees": gettext_lazy("People of the other firm"),
    "note": gettext_lazy("Note"),
}


@dataclass(frozen=True, slots=True)
class RequestForm:
    """A form as it is shown: `days` are whole days that were ticked, `slots` single times."""

    values: NewRequest
    days: frozenset[str] = frozenset()
    slots: frozenset[str] = frozenset()


def read_request(form: MultiDict[str, str], to_firm: str, times: Timetable) -> RequestForm:
    """The form as typed. An invalid number becomes 0, which the service refuses at its field."""
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
    """The faults by field, each with the label of its field in front."""
    faults: dict[str, str] = {}
    for fault in error.faults:
        label = said(LABELS.get(fault.path, fault.path))
        sentence = gettext("%(label)s %(fault)s.", label=label, fault=said(fault.message))
        faults[fault.path] = f"{faults[fault.path]} {sentence}" if fault.path in faults else sentence
    return faults


def _slots_of(days: list[str], chosen: list[str], times: Timetable) -> list[str]:
    """The slots of whole days. For a day with single chosen times, only these times count.

    An unknown day is passed on, so that it is refused as a slot.
    """
    known = {day.key: [slot.key for slot in day.slots] for day in times.days}
    whole = [known.get(day, [day]) for day in days]
    return [slot for slots in whole if not set(slots) & set(chosen) for slot in slots]
