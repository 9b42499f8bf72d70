"""Must-haves within a budget, ranked requests with weights, and common free times."""

from __future__ import annotations

import pytest

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.requests import requests
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.preferences import common_times, ranked_requests
from scheduler.services.requests.preferences.ranked_requests import MustBudget
from scheduler.services.requests.preferences.ranks import Rank, priorities_of_rank, rank_from_priority
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, MeetingRequest
from tests.support.factories import NOW, Expo, make_event
from tests.support.races import race


def asked(session, expo: Expo, firm: int, to: int, priority: int) -> str:
    form = NewRequest(to_firm=f"f{to}", topic="Cells", priority=priority)
    return requests.submit_request(session, expo.actor(firm), form, now=NOW).key


def test_ranks_are_the_weights_that_there_were() -> None:
    assert [rank_from_priority(n).value for n in (5, 4, 3, 2, 1)] == ["must", "want", "want", "nice", "nice"]
    assert priorities_of_rank(Rank.WANT, 3) == [4, 4, 3] and priorities_of_rank(Rank.NICE, 2) == [2, 1]
    assert priorities_of_rank(Rank.MUST, 2) == [5, 5] and priorities_of_rank(Rank.WANT, 0) == []


def test_a_firm_has_so_many_musts_and_a_colleague_finds_them_spent(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=5, must_budget=1)
        assert ranked_requests.read_must_budget(session, expo.actor(0)) == MustBudget(0, 1)
        asked(session, expo, 1, 0, 5)
        assert ranked_requests.read_must_budget(session, expo.actor(0)) == MustBudget(
            0, 1
        )  # theirs, not ours
        asked(session, expo, 0, 1, 5)  # a counter-request counts
        assert ranked_requests.read_must_budget(session, expo.actor(0)) == MustBudget(1, 1)
        with pytest.raises(InvalidInput, match="free up a must-have first; 1 of 1"):
            asked(session, expo, 0, 2, 5)
        asked(session, expo, 0, 2, 4)
        expo.event.must_budget = 0
        session.flush()
        assert ranked_requests.read_must_budget(session, expo.actor(0)) == MustBudget(1, None)
        asked(session, expo, 0, 3, 5)
        assert ranked_requests.read_must_budget(session, expo.organiser_actor()) is None


def test_the_last_must_is_spent_once(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, must_budget=1)
    results = race(
        database,
        lambda session: asked(session, expo, 0, 1, 5),
        lambda session: asked(session, expo, 0, 2, 5),
    )
    assert sum(isinstance(result, InvalidInput) for result in results) == 1


def order_of(session, expo: Expo) -> list[tuple[str, str, int]]:
    rows = {row.key: row.priority for row in session.query(MeetingRequest)}
    return [
        (wish.firm.key, wish.rank.value, rows[wish.key])
        for wish in ranked_requests.list_ranked_requests(session, expo.actor(0))
    ]


def test_the_order_of_wishes_gives_the_upper_half_the_larger_weight(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6, must_budget=1)
        keys = {to: asked(session, expo, 0, to, 3) for to in (1, 2, 3)}
        keys[4] = asked(session, expo, 0, 4, 1)
        actor = expo.actor(0)
        ranked_requests.move_request(session, actor, keys[3], is_up=True)
        assert order_of(session, expo) == [
            ("f1", "want", 4),
            ("f3", "want", 4),
            ("f2", "want", 3),
            ("f4", "nice", 1),
        ]
        ranked_requests.rank_request(session, actor, keys[2], Rank.MUST, None)
        ranked_requests.rank_request(session, actor, keys[4], Rank.WANT, keys[1])
        assert order_of(session, expo) == [
            ("f2", "must", 5),
            ("f4", "want", 4),
            ("f1", "want", 4),
            ("f3", "want", 3),
        ]
        with pytest.raises(InvalidInput, match="free up a must-have first"):
            ranked_requests.rank_request(session, actor, keys[1], Rank.MUST, None)
        ranked_requests.move_request(session, actor, keys[4], is_up=True)  # already the first
        assert order_of(session, expo)[1][0] == "f4"
        for other in (expo.actor(1), expo.organiser_actor()):
            with pytest.raises(NotFound):
                ranked_requests.move_request(session, other, keys[1], is_up=True)
    with database.write() as session:
        expo = make_event(session, people=2)
        with pytest.raises(NotAllowed):
            ranked_requests.list_ranked_requests(session, expo.actor(0, 1))


def test_the_problem_has_the_weight_of_who_wants_it_more(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        asked(session, expo, 0, 1, 2)
        asked(session, expo, 1, 0, 5)
        (request,) = session.query(MeetingRequest)
        assert (request.priority, request.reply_priority, request.weight) == (2, 5, 5)


def test_times_in_common_are_those_at_which_somebody_of_each_side_is_free(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, people=2, slots="4")
        mine, theirs = expo.people[0], expo.people[1]
        for person in mine:
            session.add(AttendeeBusy(attendee_id=person.id, slot_id=expo.slots[0].id))
        session.add(AttendeeBusy(attendee_id=theirs[0].id, slot_id=expo.slots[1].id))
        for person in theirs:
            session.add(AttendeeBusy(attendee_id=person.id, slot_id=expo.slots[3].id))
        session.flush()
        found = common_times.common_slots(session, expo.actor(0), ["f1", "f2", "no-such"])
        keys = [slot.key for slot in expo.slots]
        assert found == {"f1": frozenset(keys[1:3]), "f2": frozenset(keys[1:])}
        assert common_times.common_slots(session, expo.organiser_actor(), ["f1"]) == {}
