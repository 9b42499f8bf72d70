"""Chain areas and guests of honour of an event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import AreaName, AreaNames, GuestName, Pavilion
from scheduler.domain.guests import MAX_GUESTS, GuestKind
from scheduler.i18n import gettext_lazy, join_texts, ngettext_lazy
from scheduler.services.text import clean_line, slugify
from scheduler.services.venue.change_types import (
    AreaInput,
    ChangeAreas,
    ChangeGuests,
    ChangeResult,
    GuestInput,
)
from scheduler.services.venue.halls import clean_names, validate_translated_names
from scheduler.storage.json_list import json_contains
from scheduler.storage.models import Event, Firm

_CODE = 2


def change_areas(session: Session, event: Event, change: ChangeAreas) -> ChangeResult:
    """Name, order, add and remove the chain areas.

    Removed areas are removed from firms too. Raises InvalidInput.
    """
    wanted = [AreaInput(clean_line(area.name), area.key, clean_names(area.names)) for area in change.areas]
    if faults := list(_area_faults(wanted, event.areas)):
        raise InvalidInput(faults)
    before: dict[str, object] = dict(event.areas)
    areas: dict[str, str] = {}
    names: dict[str, dict[str, str]] = {}
    said = []
    for area in wanted:
        key = area.key or _key(area.name, {*before, *areas})
        areas[key], names[key] = area.name, dict(area.names)
        if key not in before:
            said.append(gettext_lazy("%(name)s is added", name=area.name))
        elif before[key] != area.name:
            said.append(gettext_lazy("%(old)s is renamed to %(new)s", old=before[key], new=area.name))
        elif event.area_names.get(key, {}) != names[key]:
            said.append(gettext_lazy("%(name)s gets different names in other languages", name=area.name))
    notes = []
    for key in before.keys() - areas.keys():
        said.append(gettext_lazy("%(name)s is removed", name=before[key]))
        firms = session.scalars(
            select(Firm).where(Firm.event_id == event.id, json_contains(session, Firm.areas, key))
        ).all()
        for firm in firms:
            firm.areas = [other for other in firm.areas if other != key]
        if firms:
            notes.append(_firms_losing_area(len(firms), before[key]))
    if not said and list(areas) != list(before):
        said.append(gettext_lazy("The order of the areas changes"))
    facts = _facts(event)
    event.areas, event.area_names = dict(areas), {key: each for key, each in names.items() if each}
    session.flush()
    return ChangeResult(said, notes, facts, _facts(event))


def _facts(event: Event) -> dict[str, object]:
    """Return the areas as values for the audit log."""
    return {
        key: " · ".join([name, *(f"{tag}: {other}" for tag, other in sorted(name.names.items()))])
        for key, name in event.named_areas.items()
    }


def change_guests(session: Session, event: Event, change: ChangeGuests) -> ChangeResult:
    """Replace the guests of honour. Raises InvalidInput."""
    wanted = [_clean_guest(guest) for guest in change.guests]
    if faults := list(_guest_faults(wanted)):
        raise InvalidInput(faults)
    before = {guest.name: _in_words(guest) for guest in list_guests_of_honour(event)}
    event.guests = [
        {"kind": guest.kind.value, "name": guest.name, "country": guest.country, "pavilion": guest.pavilion}
        for guest in wanted
    ]
    session.flush()
    after = {guest.name: _in_words(guest) for guest in wanted}
    said = [
        gettext_lazy("%(name)s is no longer a guest of honour", name=name)
        for name in before
        if name not in after
    ]
    said += [
        gettext_lazy("%(name)s is a guest of honour: %(text)s", name=name, text=text)
        for name, text in after.items()
        if before.get(name) != text
    ]
    if not said and list(before) != list(after):
        said.append(gettext_lazy("The order of the guests of honour changes"))
    return ChangeResult(said, (), dict(before), dict(after))


def list_guests_of_honour(event: Event) -> list[GuestInput]:
    """Return the guests of honour of an event."""
    return [
        GuestInput(GuestKind(row["kind"]), row["name"], row["country"], row["pavilion"])
        for row in event.guests
    ]


def _area_faults(wanted: Sequence[AreaInput], known: Mapping[str, object]) -> Iterator[Fault]:
    many, long = fields.limits(AreaNames), fields.limits(AreaName)
    if len(wanted) > many.most:
        yield Fault("areas", gettext_lazy("enter at most %(most)s", most=many.most))
    names = [area.name.lower() for area in wanted]
    keys = [area.key for area in wanted if area.key]
    for i, area in enumerate(wanted):
        if not long.hold(area.name):
            yield Fault(f"areas[{i}].name", long.sentence(area.name))
        yield from validate_translated_names(f"areas[{i}].names", area.names, AreaName)
        if names.count(area.name.lower()) > 1:
            yield Fault(f"areas[{i}].name", gettext_lazy("enter %(name)s only once", name=repr(area.name)))
        if area.key and (area.key not in known or keys.count(area.key) > 1):
            yield Fault(
                f"areas[{i}].key",
                gettext_lazy(
                    "%(name)s is not an area of this event, or is listed twice", name=repr(area.key)
                ),
            )


def _key(name: str, taken: set[str]) -> str:
    base = slugify(name)[:56].strip("-") or "area"
    return next(key for key in (base, *(f"{base}-{n}" for n in range(2, 10**3))) if key not in taken)


def _clean_guest(guest: GuestInput) -> GuestInput:
    return GuestInput(
        guest.kind, clean_line(guest.name), guest.country.strip().upper(), clean_line(guest.pavilion)
    )


def _guest_faults(wanted: Sequence[GuestInput]) -> Iterator[Fault]:
    if len(wanted) > MAX_GUESTS:
        yield Fault("guests", gettext_lazy("enter at most %(most)s", most=MAX_GUESTS))
    names = [guest.name.lower() for guest in wanted]
    for i, guest in enumerate(wanted):
        yield from fields.check_field(f"guests[{i}].name", guest.name, GuestName)
        yield from fields.check_field(f"guests[{i}].pavilion", guest.pavilion, Pavilion)
        if names.count(guest.name.lower()) > 1:
            yield Fault(f"guests[{i}].name", gettext_lazy("enter %(name)s only once", name=repr(guest.name)))
        is_code = len(guest.country) == _CODE and guest.country.isascii() and guest.country.isalpha()
        if not is_code and (guest.country or guest.kind is GuestKind.COUNTRY):
            yield Fault(f"guests[{i}].country", gettext_lazy("enter a two-letter country code, such as BR"))


def _in_words(guest: GuestInput) -> str:
    kind = gettext_lazy("country") if guest.kind is GuestKind.COUNTRY else gettext_lazy("province")
    pavilion = gettext_lazy("pavilion %(name)s", name=guest.pavilion) if guest.pavilion else ""
    return join_texts(part for part in (kind, guest.country, pavilion) if part)


def _firms_losing_area(firms: int, area: object) -> str:
    return ngettext_lazy(
        "%(num)s exhibitor will no longer be listed under %(area)s.",
        "%(num)s exhibitors will no longer be listed under %(area)s.",
        firms,
        area=area,
    )
