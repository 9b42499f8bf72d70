"""A preview reads only what a change can affect, and finds the same as a check of the whole event."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import time, timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish
from scheduler.domain.solving import SolveParams
from scheduler.services.problems import snapshot
from scheduler.services.problems.scope import Scope
from scheduler.services.venue import timetable, venue_changes
from scheduler.services.venue.change_types import (
    ChangeHalls,
    ChangePlaces,
    ChangeWalks,
    ClosePlaces,
    HallInput,
    HallWalk,
    PlaceInput,
    RemoveTables,
    VenueChange,
)
from scheduler.services.venue.effects import (
    VenueEffects,
    compute_effects,
    feasible_meetings,
    load_unfrozen_problem,
)
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, Event, Place
from tests.support import factories
from tests.support.factories import NOW, Expo, make_event, make_request, make_version

FIRMS = 12
SEARCH = SolveParams(60, workers=1, method="search", iterations=20_000)
"""Fixed work, so that each run has the same plan. The seconds are only the longest time."""


def crowded(session: Session, seed: int) -> Expo:
    """Create a published plan from a real solve, in three halls; then some of its people become absent."""
    random = Random(seed)
    expo = make_event(session, firms=FIRMS, slots="4|4 4", halls=3, tables=5, walking=5)
    pairs = random.sample([(a, b) for a in range(FIRMS) for b in range(FIRMS) if a < b], 45)
    for i, (a, b) in enumerate(pairs):
        place = PlaceWish.BOOTH if i % 2 else PlaceWish.ANY
        make_request(session, expo, a, b, length=2 if i % 9 == 0 else 1, place=place)
    problem = snapshot.build_problem(session, expo.event.id, now=None)
    make_version(session, expo, solve(problem, SEARCH).plan.meetings)
    for firm in (1, 4, 7):
        for slot in random.sample(expo.slots, 3):
            session.add(AttendeeBusy(attendee_id=expo.people[firm][0].id, slot_id=slot.id))
    session.flush()
    return expo


def changes(session: Session, expo: Expo) -> dict[str, VenueChange]:
    plan = timetable.read_days(session, expo.event).plan
    tables, slots = [table.key for table in expo.tables], [slot.key for slot in expo.slots]
    booths = session.scalars(select(Place.key).where(Place.event_id == expo.event.id, Place.key.like("b%")))
    booth = booths.first()
    assert booth is not None
    return {
        "close": ClosePlaces(tables[:2], slots[:6]),
        "close booths": ClosePlaces([booth], slots),
        "open": ClosePlaces(tables[:2], slots[:6], closed=False),
        "remove": RemoveTables(tables[1:4]),
        "capacity": ChangePlaces([PlaceInput(booth, "Other", 0)]),
        "moved": ChangePlaces([PlaceInput(key, key, 1, "h1") for key in tables[:3]]),
        "walks": ChangeWalks([HallWalk("h0", "h1", 90), HallWalk("h1", "h2", 90), HallWalk("h0", "h2", 90)]),
        "shorter walk": ChangeWalks([HallWalk("h0", "h1", 1)]),
        "halls": ChangeHalls([HallInput("East", "h0"), HallInput("Hall 1", "h1"), HallInput("W", "h2")]),
        "shorter day": replace(plan, days=[plan.days[0], replace(plan.days[1], closes=time(10))]),
        "later day": replace(plan, days=[replace(plan.days[0], opens=time(9, 30)), plan.days[1]]),
        "less days": replace(plan, days=plan.days[:1]),
    }


def of_all(session: Session, expo: Expo, change: VenueChange) -> VenueEffects:
    """Return the result of a check of the whole event."""
    before = feasible_meetings(load_unfrozen_problem(session, expo.event.id, Scope()))
    event = session.get_one(Event, expo.event.id)
    venue_changes.preview_change(session, expo.organiser_actor(), change, now=NOW)
    until = NOW + timedelta(hours=event.freeze_hours)
    return compute_effects(before, load_unfrozen_problem(session, event.id, Scope()), frozen_until=until)


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_a_part_is_as_good_as_the_whole(
    database: Database, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factories, "_count", itertools.count(1))  # keys decide between equal plans
    found = {}
    with database.write() as session:
        expo = crowded(session, seed)
        wanted = changes(session, expo)
    for name, change in wanted.items():
        with database.write() as session:
            whole = of_all(session, expo, change)
            session.rollback()
        with database.write() as session:
            look = venue_changes.preview_change(session, expo.organiser_actor(), change, now=NOW)
            session.rollback()
        found[name] = len(whole.broken)
        counts = len(whole.broken), len(whole.elsewhere), len(whole.soon)
        assert (look.touched, look.elsewhere, look.soon) == counts, name
        assert {m.request for m in look.meetings} == whole.broken, name
    touching = {name for name, count in found.items() if count}
    assert touching >= {"close", "remove", "moved", "walks", "shorter day", "later day", "less days"}, found
