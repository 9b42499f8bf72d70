"""Request transitions: accept, decline, withdraw, expire, undo; each by its side, and once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from scheduler.domain.entities import RequestState, Side
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.services.requests import request_lists, requests
from scheduler.services.requests.form import NewRequest
from scheduler.storage.database import Database
from tests.support.factories import (
    NOW,
    make_event,
    make_request,
    make_version,
)
from tests.support.races import race

PENDING = RequestState.PENDING
DAY = timedelta(days=1)
FORM = NewRequest(to_firm="f1", topic="Cells")


def test_the_asked_firm_accepts_or_declines_once(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, 0, 1, state=PENDING)
        requests.accept_request(session, expo.actor(1), request.key, note="Gladly \n", now=NOW)
        accepted = requests.get_request(session, expo.actor(1), request.key)
        assert (accepted.state, accepted.response_note) == (RequestState.ACCEPTED, "Gladly")
        assert (accepted.responded_by, accepted.responded_at) == (expo.people[1][0].id, NOW)
        with pytest.raises(WrongState, match="is accepted already"):
            requests.accept_request(session, expo.actor(1), request.key, now=NOW)
        with pytest.raises(WrongState, match="is accepted; it cannot be declined"):
            requests.decline_request(session, expo.actor(1), request.key, now=NOW)


def test_only_the_asked_firms_exhibitor_answers(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, 0, 1, state=PENDING)
        for actor in (expo.actor(0), expo.actor(1, person=1)):
            for step in (requests.accept_request, requests.decline_request):
                with pytest.raises(NotAllowed):
                    step(session, actor, request.key, now=NOW)
        with pytest.raises(NotFound):
            requests.accept_request(session, expo.actor(2), request.key, now=NOW)
        requests.decline_request(session, expo.organiser_actor(), request.key, now=NOW)
        assert requests.get_request(session, expo.organiser_actor(), request.key).responded_by is None


def test_an_expired_request_cannot_be_accepted_even_before_the_sweep(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING, expires_at=NOW)
        with pytest.raises(WrongState, match="is expired"):
            requests.accept_request(session, expo.actor(1), request.key, now=NOW)
        assert request.state is PENDING


def test_a_note_has_a_limit(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        with pytest.raises(InvalidInput, match="note: enter at most 1000 characters"):
            requests.decline_request(session, expo.actor(1), request.key, note="x" * 1001, now=NOW)


def test_the_sender_withdraws_what_is_pending(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        with pytest.raises(NotAllowed, match="You can decline it"):
            requests.withdraw_request(session, expo.actor(1), request.key, now=NOW)
        state = requests.withdraw_request(session, expo.actor(0), request.key, now=NOW)
        assert state is RequestState.WITHDRAWN
        with pytest.raises(WrongState, match="is withdrawn already"):
            requests.withdraw_request(session, expo.actor(0), request.key, now=NOW)


@pytest.mark.parametrize("firm", [0, 1])
def test_either_firm_withdraws_what_was_agreed(database: Database, firm: int) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, expires_at=NOW)
        with pytest.raises(NotAllowed):
            requests.withdraw_request(session, expo.actor(firm, person=1), request.key, now=NOW + DAY)
        requests.withdraw_request(session, expo.actor(firm), request.key, note="Ill", now=NOW + DAY)
        withdrawn = requests.get_request(session, expo.actor(firm), request.key)
        assert (withdrawn.state, withdrawn.response_note) == (RequestState.WITHDRAWN, "Ill")


def test_a_withdrawal_holds_only_for_the_state_that_was_seen(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        with pytest.raises(WrongState, match="is accepted"):
            requests.withdraw_request(session, expo.actor(0), request.key, seen=PENDING, now=NOW)
        assert request.state is RequestState.ACCEPTED


@pytest.mark.parametrize("turn", range(3))
def test_of_accepting_and_withdrawing_at_once_one_wins(database: Database, turn: int) -> None:
    with database.write() as session:
        expo = make_event(session)
        key = make_request(session, expo, state=PENDING).key
    accepted, withdrawn = race(
        database,
        lambda session: requests.accept_request(session, expo.actor(1), key, now=NOW),
        lambda session: requests.withdraw_request(session, expo.actor(0), key, seen=PENDING, now=NOW),
    )
    with database.read() as session:
        state = request_lists.show_request(session, expo.actor(0), key).state
    winner, loser = (accepted, withdrawn) if state is RequestState.ACCEPTED else (withdrawn, accepted)
    assert winner is state
    assert isinstance(loser, WrongState) and loser.state == state.value


def test_a_step_that_waits_for_another_sees_what_it_did(database: Database) -> None:
    """On PostgreSQL both have read "pending" when the first commits; on SQLite the second waits to begin."""
    with database.write() as session:
        expo = make_event(session)
        key = make_request(session, expo, state=PENDING).key
    held = threading.Event()
    outcome: list[object] = []

    def withdraw() -> None:
        held.wait()
        with database.write() as session:
            try:
                outcome.append(requests.withdraw_request(session, expo.actor(0), key, seen=PENDING, now=NOW))
            except WrongState as error:
                outcome.append(error.state)

    thread = threading.Thread(target=withdraw)
    thread.start()
    with database.write() as session:
        requests.accept_request(session, expo.actor(1), key, now=NOW)
        held.set()
        thread.join(0.2)
        assert outcome == []
    thread.join()
    assert outcome == ["accepted"]


def test_expiry_closes_what_is_due_and_nothing_else(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        due = make_request(session, expo, 0, 1, state=PENDING, expires_at=NOW)
        elsewhere = make_request(session, other, 0, 1, state=PENDING, expires_at=NOW - DAY)
        later = make_request(session, expo, 0, 2, state=PENDING, expires_at=NOW + DAY)
        agreed = make_request(session, expo, 1, 2, expires_at=NOW - DAY)
        assert requests.expire_requests(session, now=NOW) == 2
        assert requests.expire_requests(session, now=NOW) == 0
    with database.read() as session:
        cards = request_lists.list_requests(session, expo.organiser_actor()).items
        assert {card.key: card.state for card in cards} == {
            due.key: RequestState.EXPIRED,
            later.key: PENDING,
            agreed.key: RequestState.ACCEPTED,
        }
        card = request_lists.show_request(session, other.organiser_actor(), elsewhere.key)
        assert card.state is RequestState.EXPIRED


LATER = NOW + timedelta(minutes=9)
STEPS = [
    (requests.accept_request, 1, PENDING, RequestState.ACCEPTED),
    (requests.decline_request, 1, PENDING, RequestState.DECLINED),
    (requests.withdraw_request, 0, PENDING, RequestState.WITHDRAWN),
    (requests.withdraw_request, 1, RequestState.ACCEPTED, RequestState.WITHDRAWN),
]


@pytest.mark.parametrize(("step", "firm", "before", "after"), STEPS)
def test_a_step_can_be_undone_by_its_side_for_ten_minutes(
    database: Database, step: Callable[..., object], firm: int, before: RequestState, after: RequestState
) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, 0, 1, state=before, response_note="as it was")
        step(session, expo.actor(firm), request.key, note="Oh", now=NOW)
        assert (request.state, request.response_note) == (after, "Oh")
        cards = [
            request_lists.show_request(session, expo.actor(f, p), request.key)
            for f, p in ((firm, 0), (firm, 1), (1 - firm, 0))
        ]
        assert [card.undo_until for card in cards] == [NOW + timedelta(minutes=10), None, None]
        for other in (expo.actor(1 - firm), expo.actor(firm, person=1)):
            with pytest.raises(NotAllowed):
                requests.undo_step(session, other, request.key, now=LATER)
        requests.undo_step(session, expo.actor(firm), request.key, now=LATER)
        assert (request.state, request.response_note) == (before, "as it was")
        with pytest.raises(WrongState, match="cannot be undone"):
            requests.undo_step(session, expo.actor(firm), request.key, now=LATER)


def test_a_step_cannot_be_undone_after_ten_minutes(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        requests.decline_request(session, expo.actor(1), request.key, now=NOW)
        with pytest.raises(WrongState, match="declined for good"):
            requests.undo_step(session, expo.actor(1), request.key, now=NOW + timedelta(minutes=10))


def test_a_step_cannot_be_undone_once_calendars_were_told(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        requests.withdraw_request(session, expo.actor(1), request.key, now=NOW)
        make_version(session, expo, [], now=LATER)
        with pytest.raises(WrongState, match="withdrawn for good"):
            requests.undo_step(session, expo.actor(1), request.key, now=LATER)


def test_an_undo_never_makes_a_second_open_request_of_a_pair(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        requests.decline_request(session, expo.actor(1), request.key, now=NOW)
        requests.submit_request(session, expo.actor(0), FORM, now=NOW)
        with pytest.raises(WrongState, match="asked for anew"):
            requests.undo_step(session, expo.actor(1), request.key, now=NOW)
        assert request.state is RequestState.DECLINED


def test_a_declined_request_can_be_accepted_after_all_while_its_times_are_ahead(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING, slots=["s0"])
        requests.decline_request(session, expo.actor(1), request.key, note="No common time", now=NOW)
        assert request_lists.show_request(session, expo.actor(1), request.key).steps == ("accept",)
        assert request_lists.show_request(session, expo.actor(0), request.key).steps == ()
        with pytest.raises(WrongState, match="about times that are over"):
            requests.accept_request(session, expo.actor(1), request.key, now=expo.slots[0].start)
        requests.accept_request(session, expo.actor(1), request.key, now=NOW + DAY)
        accepted = requests.get_request(session, expo.actor(1), request.key)
        assert (accepted.state, accepted.response_note) == (RequestState.ACCEPTED, "")


def test_a_card_says_who_took_the_last_step(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        mine = make_request(session, expo, 0, 1)
        requests.withdraw_request(session, expo.actor(1), mine.key, note="Sorry", now=NOW)
        organisers = make_request(session, expo, 0, 2, state=PENDING)
        requests.decline_request(session, expo.organiser_actor(), organisers.key, now=NOW)
        card = request_lists.show_request(session, expo.actor(0), mine.key)
        assert (card.responded_by.key, card.responded_side) == (expo.people[1][0].key, Side.TO)
        card = request_lists.show_request(session, expo.actor(0), organisers.key)
        assert (card.responded_by, card.responded_side) == (None, Side.TO)  # on behalf of the invited firm
