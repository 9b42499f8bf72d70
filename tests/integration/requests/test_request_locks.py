"""Only organisers of its event can lock a request to a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish, RequestState
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.services.planning.change_review import locking
from scheduler.services.requests import locks
from scheduler.services.requests.locks import FixNotApplied
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, MeetingRequest, WalkingTime
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet


def test_a_time_that_is_over_or_too_short_is_refused_in_words(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        actor = expo.organiser_actor()
        with pytest.raises(FixNotApplied, match="has passed"):
            locking.lock_request(session, actor, request.key, "s0", now=expo.slots[0].start)
        request.length = 2
        with pytest.raises(FixNotApplied, match="longer"):
            locking.lock_request(session, actor, request.key, "s3", now=NOW)
        request.state = RequestState.WITHDRAWN
        with pytest.raises(WrongState):
            locking.lock_request(session, actor, request.key, "s0", now=NOW)


@pytest.mark.parametrize("who", [0, 1])
def test_only_organisers_lock_and_only_in_their_event(database: Database, who: int) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        request = make_request(session, expo)
        with pytest.raises(NotAllowed):
            locking.lock_request(session, expo.actor(who), request.key, "s0", now=NOW)
        with pytest.raises(NotAllowed):
            locks.unlock_request(session, expo.actor(who), request.key, now=NOW)
        with pytest.raises(NotFound):
            locking.lock_request(session, other.organiser_actor(), request.key, "s0", now=NOW)


def _caps_the_firm(session: Session, expo: Expo) -> None:
    expo.firms[1].max_per_day = 1


def _walks_far(session: Session, expo: Expo) -> None:
    """Make firm 1's only person walk an hour between two booths."""
    for request in session.scalars(select(MeetingRequest)):
        request.place = PlaceWish.BOOTH
    session.scalars(select(WalkingTime)).one().minutes = 60


def _has_one_table(session: Session, expo: Expo) -> None:
    for request in session.scalars(select(MeetingRequest)):
        request.place = PlaceWish.TABLE
    for table in expo.tables[1:]:
        table.is_retired = True


@pytest.mark.parametrize(
    ("make", "second", "slot", "words"),
    [
        (None, (1, 2), "s0", "Someone would be in two meetings"),
        (_caps_the_firm, (1, 2), "s2", "An exhibitor would have more meetings"),
        (_walks_far, (3, 1), "s1", "no time to walk"),
        (_has_one_table, (2, 3), "s0", "too few locations"),
    ],
)
def test_a_lock_that_clashes_with_another_is_refused_with_its_name(
    database: Database,
    make: Callable[[Session, Expo], None] | None,
    second: tuple[int, int],
    slot: str,
    words: str,
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4, halls=2, walking=1)
        one, two = make_request(session, expo, 1, 0), make_request(session, expo, *second)
        if make is not None:
            make(session, expo)
        session.flush()
        actor = expo.organiser_actor()
        locking.lock_request(session, actor, one.key, "s0", now=NOW)
        with pytest.raises(FixNotApplied, match=rf"together with these: Firm 1 × Firm 0\..*{words}"):
            locking.lock_request(session, actor, two.key, slot, now=NOW)
        locks.unlock_request(session, actor, one.key, now=NOW)
        locking.lock_request(session, actor, two.key, slot, now=NOW)


def test_a_lock_at_a_time_that_its_people_do_not_have_is_refused(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[1].id))
        session.flush()
        with pytest.raises(FixNotApplied, match="No schedule can include it at that time"):
            locking.lock_request(session, expo.organiser_actor(), request.key, "s1", now=NOW)


def test_a_lock_that_clashes_with_a_frozen_meeting_is_refused(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        one, two = make_request(session, expo, 0, 1, length=2), make_request(session, expo, 0, 2)
        make_version(session, expo, [meet(one, expo, slot=0)])
        now = expo.slots[0].start - timedelta(hours=expo.event.freeze_hours) + timedelta(minutes=10)
        actor = expo.organiser_actor()
        with pytest.raises(FixNotApplied, match="together with these: Firm 0 × Firm 1"):
            locking.lock_request(session, actor, two.key, "s1", now=now)
        locking.lock_request(session, actor, two.key, "s2", now=now)
