"""A request is locked to a time, by organisers of its own event only."""

from __future__ import annotations

import pytest

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.services.requests import locks
from scheduler.services.requests.locks import NotDone
from scheduler.storage.database import Database
from tests.support.factories import NOW, make_event, make_request


def test_a_time_that_is_over_or_too_short_is_refused_in_words(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        actor = expo.organiser_actor()
        with pytest.raises(NotDone, match="over"):
            locks.lock(session, actor, request.key, "s0", now=expo.slots[0].start)
        request.length = 2
        with pytest.raises(NotDone, match="longer"):
            locks.lock(session, actor, request.key, "s3", now=NOW)
        request.state = RequestState.WITHDRAWN
        with pytest.raises(WrongState):
            locks.lock(session, actor, request.key, "s0", now=NOW)


@pytest.mark.parametrize("who", [0, 1])
def test_only_organisers_lock_and_only_in_their_event(database: Database, who: int) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        request = make_request(session, expo)
        with pytest.raises(NotAllowed):
            locks.lock(session, expo.actor(who), request.key, "s0", now=NOW)
        with pytest.raises(NotAllowed):
            locks.unlock(session, expo.actor(who), request.key, now=NOW)
        with pytest.raises(NotFound):
            locks.lock(session, other.organiser_actor(), request.key, "s0", now=NOW)
