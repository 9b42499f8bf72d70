"""Setup steps of an exhibitor: the firm's offers and needs, and the person's hours at the venue.

Each step is saved at once, so nothing is lost if the person leaves in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.availability import busy_times
from scheduler.services.availability.grid import list_marked_slots
from scheduler.services.directory import profile
from scheduler.services.directory.glossary import load_products
from scheduler.services.directory.references import SlotRef, list_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.suggestions import partners
from scheduler.services.requests.suggestions.parsing.profile_texts import keys_of, parse_profile_text
from scheduler.services.requests.suggestions.partners import ReachCounts
from scheduler.services.text import split_list
from scheduler.storage.models import Event, Firm

MOST_TERMS = 8
LISTS = ("offers", "needs", "unwanted")
"""Columns of the firm that the setup asks for."""


@dataclass(frozen=True, slots=True)
class DayAtVenue:
    """A day: start and end times of its slots, and the hours (`first` to `last`) of the person.

    `is_there` is False for a day without a free slot; then the hours are those of the whole day.
    """

    day: date
    starts: tuple[time, ...]
    ends: tuple[time, ...]
    first: time
    last: time
    is_there: bool


@dataclass(frozen=True, slots=True)
class Setup:
    """Content of the setup page. `terms` are names of suggested products, by list."""

    lists: Mapping[str, tuple[str, ...]]
    terms: Mapping[str, tuple[str, ...]]
    reach: ReachCounts
    days: tuple[DayAtVenue, ...]
    is_first: bool


def is_setup_due(session: Session, actor: Actor) -> bool:
    """Return True if the actor is an exhibitor whose firm has named no needs and has not finished the
    setup.
    """
    if not actor.is_exhibitor or actor.is_archived or actor.firm_id is None:
        return False
    query = select(Firm.needs).where(Firm.id == actor.firm_id, Firm.onboarded_at.is_(None))
    return session.execute(query).scalar_one_or_none() == []


def show_setup(session: Session, actor: Actor, *, language: str = "en") -> Setup:
    """Return the current lists and suggestions, with products named in `language`.

    Raises NotAllowed, NotFound.
    """
    firm = profile.find_own_firm(session, actor, is_locked=False)
    lists = {name: tuple(getattr(firm, name)) for name in LISTS}
    known = {key for items in lists.values() for item in items for key in keys_of(item)}
    offered = _offered(firm, known)
    needed = [key for key in partners.list_common_needs(session, actor) if key not in known]
    return Setup(
        lists=lists,
        terms={
            "offers": _names(offered, language),
            "needs": _names([*needed, *(key for key in load_products() if key not in known)], language),
        },
        reach=partners.count_reach(session, actor),
        days=_days(session, actor),
        is_first=firm.onboarded_at is None,
    )


def add_list_item(session: Session, actor: Actor, name: str, text: str, *, now: datetime) -> None:
    """Add typed or chosen items to a list of the firm. Raises InvalidInput by the list's name."""
    firm = profile.find_own_firm(session, actor, is_locked=True)
    items = list(dict.fromkeys((*getattr(firm, name), *split_list(text))))
    _keep(session, actor, firm, name, items, now=now)


def remove_list_item(session: Session, actor: Actor, name: str, item: str, *, now: datetime) -> None:
    """Remove an item from a list of the firm."""
    firm = profile.find_own_firm(session, actor, is_locked=True)
    _keep(session, actor, firm, name, [each for each in getattr(firm, name) if each != item], now=now)


def replace_list(session: Session, actor: Actor, name: str, text: str, *, now: datetime) -> None:
    """Replace a list of the firm by the typed items. Raises InvalidInput by the list's name."""
    firm = profile.find_own_firm(session, actor, is_locked=True)
    _keep(session, actor, firm, name, split_list(text), now=now)


def set_presence(session: Session, actor: Actor, days: Mapping[date, tuple[time, time] | None]) -> None:
    """Block all slots outside the actor's hours at the venue. None for a day blocks all of it.

    Slots that were blocked within the previous hours stay blocked. Raises InvalidInput by `from-DAY` for an
    empty span.
    """
    zone, slots = _slots(session, actor)
    marked = list_marked_slots(session, actor)
    before = {each.day: each for each in _days_of(zone, slots, marked)}
    taken = []
    for slot in slots:
        start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
        old, span = before[start.date()], days.get(start.date())
        is_out = span is None or start.time() < span[0] or end.time() > span[1]
        was_in = old.is_there and old.first <= start.time() and end.time() <= old.last
        if is_out or (slot.key in marked and was_in):
            taken.append(slot.key)
    faults = [
        Fault(f"from-{day.isoformat()}", gettext_lazy("Start time must be before end time."))
        for day, span in days.items()
        if span is not None and span[0] >= span[1]
    ]
    if faults:
        raise InvalidInput(faults)
    busy_times.mark_slots(session, actor, taken)


def finish_setup(session: Session, actor: Actor, *, now: datetime) -> None:
    """Record that the firm has finished the setup, whatever it entered."""
    firm = profile.find_own_firm(session, actor, is_locked=True)
    if firm.onboarded_at is None:
        firm.onboarded_at = now
        session.flush()


def _keep(session: Session, actor: Actor, firm: Firm, name: str, items: list[str], *, now: datetime) -> None:
    if faults := list(fields.check_items(name, items, fields.Things)):
        raise InvalidInput(faults)
    before = list(getattr(firm, name))
    if items == before:
        return
    setattr(firm, name, items)
    session.flush()
    about = pgettext_lazy("audit log", "exhibitor %(key)s: profile", key=firm.key)
    recording.record_act(
        session,
        actor,
        Act.FIRM,
        about,
        before={name: before},
        after={name: items},
        for_firm=firm.key,
        now=now,
    )


def _offered(firm: Firm, known: set[str]) -> list[str]:
    """Return products named in the firm's text and list, then those of its areas."""
    told = parse_profile_text(firm.description).offers.union(*(keys_of(item) for item in firm.products))
    near = [key for key, thing in load_products().items() if any(thing.area in area for area in firm.areas)]
    found = dict.fromkeys((*sorted(told), *near, *load_products()))
    return [key for key in found if key in load_products() and key not in known]


def _names(keys: Sequence[str], language: str) -> tuple[str, ...]:
    names = (load_products()[key].names for key in dict.fromkeys(keys))
    return tuple(each.get(language, each["en"]) for each in names)[:MOST_TERMS]


def _slots(session: Session, actor: Actor) -> tuple[ZoneInfo, list[SlotRef]]:
    event = session.get_one(Event, actor.event_id)
    return ZoneInfo(event.timezone), list_slots(session, event.id)


def _days(session: Session, actor: Actor) -> tuple[DayAtVenue, ...]:
    zone, slots = _slots(session, actor)
    return _days_of(zone, slots, list_marked_slots(session, actor))


def _days_of(zone: ZoneInfo, slots: Sequence[SlotRef], marked: set[str]) -> tuple[DayAtVenue, ...]:
    by_day: dict[date, list[SlotRef]] = {}
    for slot in slots:
        by_day.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    found = []
    for day, each in sorted(by_day.items()):
        free = [slot for slot in each if slot.key not in marked]
        shown = free or each
        found.append(
            DayAtVenue(
                day,
                tuple(sorted({slot.start.astimezone(zone).time() for slot in each})),
                tuple(sorted({slot.end.astimezone(zone).time() for slot in each})),
                min(slot.start.astimezone(zone).time() for slot in shown),
                max(slot.end.astimezone(zone).time() for slot in shown),
                bool(free),
            )
        )
    return tuple(found)
