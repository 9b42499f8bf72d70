"""The days of a venue in words: what a change does to them, and what the trail keeps of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from scheduler.i18n import gettext_lazy, localized_date, ngettext_lazy
from scheduler.services.venue.change_types import WantedDay
from scheduler.services.venue.days import VenueDay, VenueDays
from scheduler.services.venue.labels import slots_counted


def begun(at: datetime) -> str:
    """That a time cannot go any more."""
    return gettext_lazy(
        "%(day)s %(time)s has begun; times that have begun stay as they are",
        day=localized_date(at.date()),
        time=f"{at:%H:%M}",
    )


def changes(before: VenueDays, after: VenueDays) -> Iterator[str]:
    """What is another than before: the slots, and each day."""
    if (before.slot_minutes, before.changeover_minutes) != (after.slot_minutes, after.changeover_minutes):
        yield gettext_lazy("Slots of %(new)s in place of %(old)s", new=length(after), old=length(before))
    old, new = {each.on: each for each in before.days}, {each.on: each for each in after.days}
    for on in sorted(old.keys() | new.keys()):
        was, now = old.get(on), new.get(on)
        if was is None and now is not None:
            yield gettext_lazy(
                "%(day)s is new: %(hours)s, %(slots)s",
                day=localized_date(on),
                hours=hours(now.plan),
                slots=slots_counted(len(now.slots)),
            )
        elif now is None:
            yield gettext_lazy("%(name)s goes", name=localized_date(on))
        elif was is not None and was.plan != now.plan:
            yield _other_hours(was, now)


def _other_hours(was: VenueDay, now: VenueDay) -> str:
    if hours(was.plan) == hours(now.plan) and len(was.slots) == len(now.slots):
        return gettext_lazy("%(day)s has other breaks or special slots", day=localized_date(now.on))
    return gettext_lazy(
        "%(day)s: %(hours)s, %(slots)s in place of %(before)s, %(slots_before)s",
        day=localized_date(now.on),
        hours=hours(now.plan),
        slots=slots_counted(len(now.slots)),
        before=hours(was.plan),
        slots_before=len(was.slots),
    )


def length(days: VenueDays) -> str:
    """How long a slot is."""
    if days.changeover_minutes:
        return gettext_lazy(
            "%(minutes)s minutes (%(changeover)s to change over)",
            minutes=days.slot_minutes,
            changeover=days.changeover_minutes,
        )
    return ngettext_lazy("%(num)s minute", "%(num)s minutes", days.slot_minutes)


def hours(plan: WantedDay) -> str:
    """09:00–17:00."""
    return f"{plan.opens:%H:%M}–{plan.closes:%H:%M}"


def facts(days: VenueDays) -> dict[str, object]:
    """A day each, for the trail."""
    facts: dict[str, object] = {"slots": length(days)}
    for each in days.days:
        pauses = [f"{p.start:%H:%M}–{p.end:%H:%M} {p.name or 'break'}" for p in each.plan.pauses]
        facts[each.on.isoformat()] = "; ".join([hours(each.plan), *pauses])
    return facts
