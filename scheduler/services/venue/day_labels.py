"""Labels of venue days: descriptions of a change, and values for the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from scheduler.i18n import gettext_lazy, localized_date, ngettext_lazy
from scheduler.services.venue.change_types import DayInput
from scheduler.services.venue.days import VenueDay, VenueDays
from scheduler.services.venue.labels import count_slots_label


def slot_begun_fault(at: datetime) -> str:
    """Return the fault for removing a slot that has started."""
    return gettext_lazy(
        "%(day)s, %(time)s has already started and can't be changed",
        day=localized_date(at.date()),
        time=f"{at:%H:%M}",
    )


def describe_changes(before: VenueDays, after: VenueDays) -> Iterator[str]:
    """Yield descriptions of the differences: slot length, and each day."""
    if (before.slot_minutes, before.changeover_minutes) != (after.slot_minutes, after.changeover_minutes):
        yield gettext_lazy(
            "Slot length changes from %(old)s to %(new)s",
            new=slot_length_label(after),
            old=slot_length_label(before),
        )
    old, new = {each.on: each for each in before.days}, {each.on: each for each in after.days}
    for on in sorted(old.keys() | new.keys()):
        was, now = old.get(on), new.get(on)
        if was is None and now is not None:
            yield gettext_lazy(
                "%(day)s is added: %(hours)s, %(slots)s",
                day=localized_date(on),
                hours=hours_label(now.plan),
                slots=count_slots_label(len(now.slots)),
            )
        elif now is None:
            yield gettext_lazy("%(name)s is removed", name=localized_date(on))
        elif was is not None and was.plan != now.plan:
            yield _other_hours(was, now)


def _other_hours(was: VenueDay, now: VenueDay) -> str:
    if hours_label(was.plan) == hours_label(now.plan) and len(was.slots) == len(now.slots):
        return gettext_lazy("Breaks or special slots change on %(day)s", day=localized_date(now.on))
    return gettext_lazy(
        "%(day)s: %(hours)s, %(slots)s (was %(before)s, %(slots_before)s)",
        day=localized_date(now.on),
        hours=hours_label(now.plan),
        slots=count_slots_label(len(now.slots)),
        before=hours_label(was.plan),
        slots_before=len(was.slots),
    )


def slot_length_label(days: VenueDays) -> str:
    """Return a label of the slot length."""
    if days.changeover_minutes:
        return gettext_lazy(
            "%(minutes)s minutes (%(changeover)s of them to change over)",
            minutes=days.slot_minutes,
            changeover=days.changeover_minutes,
        )
    return ngettext_lazy("%(num)s minute", "%(num)s minutes", days.slot_minutes)


def hours_label(plan: DayInput) -> str:
    """Return a label such as "09:00–17:00"."""
    return f"{plan.opens:%H:%M}–{plan.closes:%H:%M}"


def audit_values(days: VenueDays) -> dict[str, object]:
    """Return the days as values for the audit log, one per day."""
    facts: dict[str, object] = {"slots": slot_length_label(days)}
    for each in days.days:
        pauses = [f"{p.start:%H:%M}–{p.end:%H:%M} {p.name or 'break'}" for p in each.plan.pauses]
        facts[each.on.isoformat()] = "; ".join([hours_label(each.plan), *pauses])
    return facts
