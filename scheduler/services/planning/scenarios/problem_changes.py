"""Changes of a problem: pure functions from problem to problem, one per kind of change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from scheduler.domain.entities import PlaceKind
from scheduler.domain.problem import Interpreter, Place, Problem
from scheduler.domain.rules.fairness import set_fairness
from scheduler.i18n import gettext_lazy
from scheduler.services.planning.scenarios import firm_changes, slot_changes
from scheduler.services.planning.scenarios.scenario_changes import (
    AddedFirmChange,
    FairnessChange,
    InterpretersChange,
    PolicyChange,
    PriorityChange,
    QuotaChange,
    RemovedFirmChange,
    ShiftChange,
    SlotsChange,
    TablesChange,
    TypedChange,
)
from scheduler.services.planning.scenarios.slot_changes import (
    ChangeNotPossible,
    list_changeable_slots,
    make_id,
    unfix_requests,
)
from scheduler.services.problems.policy import event_policy


def apply_changes(problem: Problem, changes: Iterable[TypedChange]) -> Problem:
    """Return the problem after all changes, applied in order. The input is not modified.

    Frozen meetings remain. Manual placements that became infeasible are released. Raises ChangeNotPossible,
    with a message, if a change matches nothing in the problem.
    """
    for change in changes:
        problem = _APPLY[type(change)](problem, change)
    return problem


def _tables(problem: Problem, change: TablesChange) -> Problem:
    hall = problem.index.halls.get(change.hall)
    if hall is None:
        raise ChangeNotPossible(gettext_lazy("Hall %(hall)s no longer exists.", hall=change.hall))
    open_days = _slots_of(problem, change.day)
    if change.step == "more":
        closed = frozenset(range(len(problem.slots))) - open_days
        taken = {place.id for place in problem.places}
        new = []
        for _ in range(change.count):
            new.append(Place(make_id(taken, "table"), hall, PlaceKind.TABLE, unavailable=closed))
            taken.add(new[-1].id)
        return replace(problem, places=(*problem.places, *new))
    tables = [
        p
        for p, place in enumerate(problem.places)
        if place.kind is PlaceKind.TABLE and place.hall == hall and not open_days <= place.unavailable
    ]
    if len(tables) < change.count:
        raise ChangeNotPossible(
            gettext_lazy(
                "Open tables in hall %(hall)s: %(count)s, so %(fewer)s can't be removed.",
                hall=change.hall,
                count=len(tables),
                fewer=change.count,
            )
        )
    gone, slots = set(tables[-change.count :]), open_days & list_changeable_slots(problem)
    places = tuple(
        replace(place, unavailable=place.unavailable | slots) if p in gone else place
        for p, place in enumerate(problem.places)
    )
    return unfix_requests(replace(problem, places=places), lambda f: f.place in gone and f.slot in slots)


def _interpreters(problem: Problem, change: InterpretersChange) -> Problem:
    languages = frozenset((change.first, change.second))
    if change.step == "more":
        taken = {person.id for person in problem.interpreters}
        new = []
        for _ in range(change.count):
            new.append(Interpreter(make_id(taken, "interpreter"), languages))
            taken.add(new[-1].id)
        return replace(problem, interpreters=(*problem.interpreters, *new))
    every = frozenset(range(len(problem.slots)))
    there = [
        i
        for i, person in enumerate(problem.interpreters)
        if languages <= person.languages and person.unavailable < every
    ]
    if len(there) < change.count:
        raise ChangeNotPossible(
            gettext_lazy(
                "%(count)s interpreters speak %(first)s and %(second)s, so %(fewer)s can't be removed.",
                count=len(there),
                first=change.first,
                second=change.second,
                fewer=change.count,
            )
        )
    return _away(problem, set(there[-change.count :]), every)


def _shift(problem: Problem, change: ShiftChange) -> Problem:
    if change.interpreter is None:
        meant = set(range(len(problem.interpreters)))
    else:
        found = problem.index.interpreters.get(change.interpreter)
        if found is None:
            raise ChangeNotPossible(
                gettext_lazy("Interpreter %(key)s no longer exists.", key=change.interpreter)
            )
        meant = {found}
    slots = _slots_of(problem, change.day)
    if change.step == "unavailable":
        return _away(problem, meant, slots)
    people = tuple(
        replace(person, unavailable=person.unavailable - slots) if i in meant else person
        for i, person in enumerate(problem.interpreters)
    )
    return replace(problem, interpreters=people)


def _away(problem: Problem, meant: set[int], slots: frozenset[int]) -> Problem:
    slots &= list_changeable_slots(problem)
    people = tuple(
        replace(person, unavailable=person.unavailable | slots) if i in meant else person
        for i, person in enumerate(problem.interpreters)
    )
    return replace(problem, interpreters=people)


def _slots_of(problem: Problem, day: date | None) -> frozenset[int]:
    """Return the slots of a day, or all. Raises ChangeNotPossible if the event has none on that day."""
    if day is None:
        return frozenset(range(len(problem.slots)))
    zone = ZoneInfo(problem.timezone)
    found = (i for i, slot in enumerate(problem.slots) if slot.start.astimezone(zone).date() == day)
    slots = frozenset(found)
    if not slots:
        raise ChangeNotPossible(gettext_lazy("There are no meeting times on %(day)s.", day=day.isoformat()))
    return slots


def _priority(problem: Problem, change: PriorityChange) -> Problem:
    policy = problem.policy
    if change.priority == "fair_share":
        return replace(problem, policy=replace(policy, fair_share=change.value / 100))
    if change.priority in ("max_moved", "max_idle_spread", "max_in_row", "max_days"):
        limits: Mapping[str, Any] = {change.priority: change.value}
        return replace(problem, policy=replace(policy, **limits))
    return replace(
        problem, policy=replace(policy, factors={**policy.factors, str(change.priority): change.value})
    )


def _fairness(problem: Problem, change: FairnessChange) -> Problem:
    return replace(problem, policy=set_fairness(problem.policy, change.point))


def _policy(problem: Problem, change: PolicyChange) -> Problem:
    return replace(problem, policy=event_policy(change.policy))


def _quota(problem: Problem, change: QuotaChange) -> Problem:
    if change.firm is not None and change.firm not in problem.index.firms:
        raise ChangeNotPossible(gettext_lazy("Exhibitor %(key)s no longer exists.", key=change.firm))
    given = {
        name: value
        for name in ("min_meetings", "max_per_day")
        if (value := getattr(change, name)) is not None
    }
    rows = tuple(replace(firm, **given) if change.firm in (None, firm.id) else firm for firm in problem.firms)
    return replace(problem, firms=rows)


_APPLY: Final[Mapping[type[TypedChange], Callable[[Problem, Any], Problem]]] = MappingProxyType(
    {
        TablesChange: _tables,
        SlotsChange: slot_changes.change_slots,
        InterpretersChange: _interpreters,
        ShiftChange: _shift,
        PriorityChange: _priority,
        FairnessChange: _fairness,
        PolicyChange: _policy,
        QuotaChange: _quota,
        RemovedFirmChange: firm_changes.remove_firm,
        AddedFirmChange: firm_changes.add_firm,
    }
)
