"""Halls and walking times between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import HallName, Halls, WalkingMinutes
from scheduler.i18n import gettext_lazy, join_texts, ngettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.text import clean_line
from scheduler.services.venue.change_types import ChangeHalls, ChangeResult, ChangeWalks, HallInput
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Event, Firm, Hall, Place, WalkingTime

DEFAULT_WALK_MINUTES = 5
"""Walking minutes to a new hall, if no other walk suggests more."""


def change_halls(session: Session, event: Event, change: ChangeHalls) -> ChangeResult:
    """Add, name, order and remove halls. Raises InvalidInput."""
    wanted = [_clean_hall(hall) for hall in change.halls]
    known = {hall.key: hall for hall in session.scalars(select(Hall).where(Hall.event_id == event.id))}
    kept = {hall.key for hall in wanted if hall.key}
    gone = [hall for key, hall in known.items() if key not in kept]
    if faults := [*_hall_faults(wanted, known), *_in_use(session, gone)]:
        raise InvalidInput(faults)
    before, said, renamed = _facts(known), [], list[int]()
    for hall in gone:
        said.append(gettext_lazy("%(name)s is removed", name=hall.name))
        walks = (WalkingTime.from_hall_id == hall.id) | (WalkingTime.to_hall_id == hall.id)
        session.execute(delete(WalkingTime).where(walks))
        session.delete(hall)
    session.flush()
    rows: list[Hall] = []
    for position, each in enumerate(wanted):
        row = known.get(each.key)
        if row is None:
            row = Hall(event_id=event.id, key=_key({*known, *(r.key for r in rows)}), name=each.name)
            session.add(row)
            said.append(gettext_lazy("%(name)s is added", name=each.name))
        elif row.name != each.name:
            said.append(gettext_lazy("%(old)s is renamed to %(new)s", old=row.name, new=each.name))
            renamed.append(row.id)
        elif row.names != dict(each.names):
            said.append(gettext_lazy("%(name)s gets different names in other languages", name=each.name))
            renamed.append(row.id)
        row.name, row.names, row.position = each.name, dict(each.names), position
        rows.append(row)
    session.flush()
    notes = _walks_of_new(session, rows, [row for row in rows if row.key not in known])
    if not said and list(before) != [row.key for row in rows]:
        said.append(gettext_lazy("The order of the halls changes"))
    after = _facts({row.key: row for row in rows})
    places = session.scalars(select(Place.id).where(in_chunks(Place.hall_id, renamed)))
    return ChangeResult(said, notes, before, after, frozenset(places))


def change_walks(session: Session, event: Event, change: ChangeWalks) -> ChangeResult:
    """Set the walking times of some pairs of halls. Raises InvalidInput."""
    halls = {hall.key: hall for hall in session.scalars(select(Hall).where(Hall.event_id == event.id))}
    faults = []
    for i, walk in enumerate(change.walks):
        for name, key in (("from_hall", walk.from_hall), ("to_hall", walk.to_hall)):
            if key not in halls:
                faults.append(
                    Fault(
                        f"walks[{i}].{name}",
                        gettext_lazy("%(name)s is not a hall of this event", name=repr(key)),
                    )
                )
        faults.extend(fields.check_field(f"walks[{i}].minutes", walk.minutes, WalkingMinutes))
        if walk.from_hall == walk.to_hall:
            faults.append(Fault(f"walks[{i}].to_hall", gettext_lazy("choose a different hall")))
    if faults:
        raise InvalidInput(faults)
    there = _walks(session, [hall.id for hall in halls.values()])
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    said: dict[str, str] = {}
    for walk in change.walks:
        low, high = sorted((halls[walk.from_hall], halls[walk.to_hall]), key=lambda hall: hall.id)
        row = there.get((low.id, high.id))
        if row is None:
            row = there[low.id, high.id] = WalkingTime(from_hall_id=low.id, to_hall_id=high.id, minutes=0)
            session.add(row)
        if row.minutes == walk.minutes:
            continue
        pair = f"{halls[walk.from_hall].name} to {halls[walk.to_hall].name}"
        said[pair] = gettext_lazy(
            "%(one)s to %(other)s: %(minutes)s minutes instead of %(before)s",
            one=halls[walk.from_hall].name,
            other=halls[walk.to_hall].name,
            minutes=walk.minutes,
            before=row.minutes,
        )
        before[pair], after[pair] = row.minutes, walk.minutes
        row.minutes = walk.minutes
    session.flush()
    return ChangeResult(list(said.values()), (), before, after)


def clean_names(names: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the non-empty translated names, each on one line."""
    tidy = [(language, clean_line(name)) for language, name in names]
    return [(language, name) for language, name in tidy if name]


def validate_translated_names(path: str, names: Sequence[tuple[str, str]], limits: Any) -> Iterator[Fault]:
    """Yield faults of translated names: the language must be supported, the name within the type's limits."""
    for language, name in names:
        if language not in languages():
            yield Fault(
                path,
                gettext_lazy(
                    "%(name)s is not one of %(names)s", name=repr(language), names=join_texts(languages())
                ),
            )
        yield from fields.check_field(f"{path}.{language}", name, limits)


def _clean_hall(hall: HallInput) -> HallInput:
    return HallInput(clean_line(hall.name), hall.key, clean_names(hall.names))


def _hall_faults(wanted: Sequence[HallInput], known: Mapping[str, Hall]) -> Iterator[Fault]:
    many = fields.limits(Halls)
    if not many.hold(len(wanted)):
        yield Fault("halls", gettext_lazy("enter %(least)s to %(most)s", least=many.least, most=many.most))
    seen: set[str] = set()
    for i, hall in enumerate(wanted):
        if not hall.name:
            yield Fault(
                f"halls[{i}].name", gettext_lazy("enter a name, because people look for the hall by its name")
            )
        yield from fields.check_field(f"halls[{i}].name", hall.name, HallName)
        if hall.name.lower() in seen:
            yield Fault(
                f"halls[{i}].name",
                gettext_lazy(
                    "%(name)s is used twice, but each hall needs its own name", name=repr(hall.name)
                ),
            )
        seen.add(hall.name.lower())
        if hall.key and (hall.key not in known or [h.key for h in wanted].count(hall.key) > 1):
            yield Fault(
                f"halls[{i}].key",
                gettext_lazy("%(name)s is not a hall of this event, or is listed twice", name=repr(hall.key)),
            )
        yield from validate_translated_names(f"halls[{i}].names", hall.names, HallName)


def _in_use(session: Session, gone: Sequence[Hall]) -> Iterator[Fault]:
    """Yield a fault for each hall that is in use: it has a table, booth or firm, or retired places in old
    versions.
    """
    for hall in gone:
        firms = session.scalar(select(func.count()).where(Firm.hall_id == hall.id)) or 0
        at = session.execute(
            select(func.count(), func.count().filter(~Place.is_retired)).where(Place.hall_id == hall.id)
        ).one()
        if firms or at[1]:
            yield Fault("halls", _still_has(hall.name, at[1], firms))
        elif at[0]:
            yield Fault(
                "halls",
                gettext_lazy(
                    "%(name)s can't be removed, because earlier schedules have meetings there", name=hall.name
                ),
            )


def _still_has(hall: str, places: int, firms: int) -> str:
    return gettext_lazy(
        "%(name)s has %(places)s and %(firms)s, so move them first or keep the hall",
        name=hall,
        places=ngettext_lazy("%(num)s table or booth", "%(num)s tables or booths", places),
        firms=ngettext_lazy("%(num)s exhibitor", "%(num)s exhibitors", firms),
    )


def _key(taken: set[str]) -> str:
    return next(key for key in (f"h{n}" for n in range(1, 10**4)) if key not in taken)


def _walks_of_new(session: Session, halls: Sequence[Hall], new: Sequence[Hall]) -> list[str]:
    """Add walking times from each new hall to every other, with the most frequent duration."""
    if not new or len(halls) < 2:
        return []
    there = _walks(session, [hall.id for hall in halls])
    usual = Counter(walk.minutes for walk in there.values()).most_common(1)
    minutes = usual[0][0] if usual else DEFAULT_WALK_MINUTES
    for hall in new:
        for other in halls:
            low, high = sorted((hall.id, other.id))
            if low != high and (low, high) not in there:
                there[low, high] = WalkingTime(from_hall_id=low, to_hall_id=high, minutes=minutes)
                session.add(there[low, high])
    session.flush()
    return [
        ngettext_lazy(
            "New halls are set to %(num)s minute on foot from every other hall. You can change this.",
            "New halls are set to %(num)s minutes on foot from every other hall. You can change this.",
            minutes,
        )
    ]


def _walks(session: Session, halls: Sequence[int]) -> dict[tuple[int, int], WalkingTime]:
    rows = session.scalars(select(WalkingTime).where(in_chunks(WalkingTime.from_hall_id, halls)))
    return {(row.from_hall_id, row.to_hall_id): row for row in rows}


def _facts(halls: Mapping[str, Hall]) -> dict[str, object]:
    rows = sorted(halls.values(), key=lambda hall: (hall.position, hall.id))
    return {
        row.key: " · ".join([row.name, *(f"{k}: {v}" for k, v in sorted(row.names.items()))]) for row in rows
    }
