"""Meeting requests: what may be asked, who may answer, and that of two steps at once one wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from scheduler.domain.entities import PlaceWish, RequestState, Side
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.services.paging import encode_cursor
from scheduler.services.requests import form as request_form
from scheduler.services.requests import lists, requests
from scheduler.services.requests.form import NewRequest
from scheduler.storage.database import Database
from tests.support.factories import (
    NOW,
    Expo,
    make_attendee,
    make_event,
    make_firm,
    make_request,
    make_version,
    meet,
)
from tests.support.queries import count_selects

PENDING = RequestState.PENDING
DAY = timedelta(days=1)
FORM = NewRequest(to_firm="f1", topic="Cells")


def faults(session, expo: Expo, form: NewRequest, **keys) -> list[str]:
    actor = keys.get("actor", expo.actor(0))
    with pytest.raises(InvalidInput) as caught:
        requests.submit(session, actor, form, now=keys.get("now", NOW))
    return [str(fault) for fault in caught.value.faults]


# Submitting


def test_a_submitted_request_is_pending_and_keeps_what_was_asked(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="2 2", people=2)
        form = NewRequest(
            to_firm="f1",
            topic="  Solid\tstate \x00 cells ",
            priority=5,
            length=2,
            message="Hello\r\n\r\nthere \x07",
            place="table",
            slots=["s2", "s0"],
            from_attendees=["f0-p1", "f0-p1"],
            to_attendees=["f1-p0"],
        )
        key = requests.submit(session, expo.actor(0), form, now=NOW).key
    with database.read() as session:
        card = lists.show(session, expo.actor(0), key)
        assert (card.state, card.priority, card.length, card.place) == (PENDING, 5, 2, PlaceWish.TABLE)
        assert (card.topic, card.message, card.slots) == ("Solid state cells", "Hello\n\nthere", ("s0", "s2"))
        assert [person.key for person in card.from_attendees + card.to_attendees] == ["f0-p1", "f1-p0"]
        assert (card.from_firm.key, card.to_firm.key, card.steps) == ("f0", "f1", ("withdraw",))
        assert (card.created_at, card.answered_at) == (NOW, None)


def test_a_request_expires_after_the_days_that_the_event_gives(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, request_days=3)
        assert requests.submit(session, expo.actor(0), FORM, now=NOW).expires_at == NOW + 3 * DAY


def test_a_request_expires_at_the_last_slot_in_which_it_could_be_held(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="3", request_days=90)
        two = requests.submit(session, expo.actor(0), replace(FORM, length=2), now=NOW)
        only = requests.submit(session, expo.actor(1), NewRequest("f2", "x", slots=["s0"]), now=NOW)
        assert (two.expires_at, only.expires_at) == (expo.slots[1].start, expo.slots[0].start)


REQUEST_FAULTS = [
    ({"to_firm": "f9"}, "to_firm: is not a firm of this event"),
    ({"to_firm": "f\x00"}, "to_firm: is not a firm of this event"),
    ({"to_firm": "f0"}, "to_firm: is your own firm; choose another"),
    ({"priority": 0}, "priority: must be from 1 to 5"),
    ({"priority": 6}, "priority: must be from 1 to 5"),
    ({"length": 0}, "length: must be from 1 to 3 slots"),
    ({"length": 4}, "length: must be from 1 to 3 slots"),
    ({"topic": " \n"}, "topic: is missing; say in a line what the meeting is about"),
    ({"topic": "x" * 201}, "topic: must have at most 200 characters"),
    ({"message": "x" * 2001}, "message: must have at most 2000 characters"),
    ({"place": "bar"}, "place: must be booth, table or any"),
    ({"place": "booth", "to_firm": "f2"}, "place: this firm has no booth"),
    ({"place": "table"}, "place: this event has no tables"),
    ({"slots": ["s0", "s9"]}, "slots: 's9' is not a slot of this event"),
    (
        {"slots": ["s4"], "length": 2},
        "slots: must have one at which a meeting of that length can still begin",
    ),
    ({"from_attendees": ["f1-p0"]}, "from_attendees: 'f1-p0' is not a person of this firm"),
    ({"to_attendees": ["f0-p0"]}, "to_attendees: 'f0-p0' is not a person of this firm"),
    ({"to_attendees": ["\x00"]}, "to_attendees: '\\x00' is not a person of this firm"),
]


def test_each_field_of_a_request_is_checked(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, slots="3|2", tables=0)
        make_firm(session, expo, booth=False)
        for change, fault in REQUEST_FAULTS:
            assert faults(session, expo, replace(FORM, **change)) == [fault]


def test_every_fault_is_told_at_once(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=6)
        form = NewRequest("f9", "", priority=9, from_attendees=[f"f0-p{i}" for i in range(6)])
        assert faults(session, expo, form) == [
            "to_firm: is not a firm of this event",
            "topic: is missing; say in a line what the meeting is about",
            "priority: must be from 1 to 5",
            "from_attendees: name at most 5 people",
        ]


def test_nobody_asks_for_a_meeting_in_the_past(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4")
        begun = expo.slots[1].start
        some = requests.submit(session, expo.actor(0), replace(FORM, slots=["s0", "s3"]), now=begun)
        assert some.slots == ["s3"]
        form = NewRequest("f2", "Cells", slots=["s0", "s1"])
        assert faults(session, expo, form, now=begun) == [
            "slots: must have one at which a meeting of that length can still begin"
        ]
        assert faults(session, expo, NewRequest("f2", "Cells"), now=expo.slots[3].start) == [
            "slots: are over; no meeting time of this event is left"
        ]


def test_a_pair_has_one_open_request(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        first = requests.submit(session, expo.actor(0), FORM, now=NOW)
        assert faults(session, expo, FORM) == [f"to_firm: was asked already ({first.key})"]
        requests.decline(session, expo.actor(1), first.key, now=NOW)
        second = requests.submit(session, expo.actor(0), FORM, now=NOW)
        requests.accept(session, expo.actor(1), second.key, now=NOW)
        for firm in (0, 1):
            form = replace(FORM, to_firm=f"f{1 - firm}")
            agreed = [f"to_firm: has agreed to meet already ({second.key})"]
            assert faults(session, expo, form, actor=expo.actor(firm)) == agreed


@pytest.mark.parametrize("direction", [(0, 1), (1, 0)])
def test_the_database_holds_one_open_request_a_pair_in_either_direction(
    database: Database, direction: tuple[int, int]
) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 0, 1)
        make_request(session, expo, *direction, state=PENDING)


def test_asking_back_accepts_and_keeps_both_topics(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=3)
        theirs = replace(FORM, message="We make cells.", slots=["s0", "s1"], from_attendees=["f0-p1"])
        asked = requests.submit(session, expo.actor(0), replace(theirs, to_attendees=["f1-p0"]), now=NOW)
        mine = NewRequest(
            "f0", "Tools", priority=5, message="We make tools.", slots=["s1"], from_attendees=["f1-p2"]
        )
        back = requests.submit(session, expo.actor(1), replace(mine, to_attendees=["f0-p2"]), now=NOW + DAY)
        assert (back.key, back.state) == (asked.key, RequestState.ACCEPTED)
    with database.read() as session:
        card = lists.show(session, expo.actor(0), asked.key)
        assert (card.topic, card.reply_topic) == ("Cells", "Tools")
        assert (card.message, card.reply_message) == ("We make cells.", "We make tools.")
        assert (card.priority, card.slots) == (5, ("s1",))
        # each firm knows best who comes of its own
        assert [person.key for person in card.from_attendees + card.to_attendees] == ["f0-p1", "f1-p2"]
        assert lists.listing(session, expo.actor(0)).total == 1


def test_asking_back_for_other_times_than_theirs_is_a_fault_and_changes_nothing(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        theirs = requests.submit(session, expo.actor(0), replace(FORM, slots=["s0"]), now=NOW)
        other = faults(session, expo, NewRequest("f0", "x", slots=["s1"]), actor=expo.actor(1))
        assert other == ["slots: must have one that the other firm asked for; tick it, or none"]
        assert (theirs.state, theirs.slots) == (PENDING, ["s0"])


def test_who_asks_back_too_late_asks_anew(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        theirs = make_request(session, expo, 0, 1, state=PENDING, expires_at=NOW)
        mine = requests.submit(session, expo.actor(1), NewRequest("f0", "x"), now=NOW)
        session.refresh(theirs)
        assert (mine.state, theirs.state) == (PENDING, RequestState.EXPIRED)


@pytest.mark.parametrize("turn", range(3))
def test_two_firms_that_ask_each_other_at_once_agree_to_meet_once(database: Database, turn: int) -> None:
    with database.write() as session:
        expo = make_event(session)
    results = race(
        database,
        lambda session: requests.submit(session, expo.actor(0), FORM, now=NOW),
        lambda session: requests.submit(session, expo.actor(1), NewRequest("f0", "Tools"), now=NOW),
    )
    assert [type(result).__name__ for result in results] == ["MeetingRequest"] * 2
    with database.read() as session:
        (card,) = lists.listing(session, expo.actor(0)).items
        assert (card.state, {card.topic, card.reply_topic}) == (RequestState.ACCEPTED, {"Cells", "Tools"})


def test_the_unique_index_turns_a_race_into_the_same_fault(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rivals: list[str] = []

    def check_then_be_overtaken(session, *args, **keys):
        checked = request_form.check(session, *args, **keys)
        if not rivals:
            rivals.append(make_request(session, expo, 0, 1, state=PENDING).key)
        return checked

    monkeypatch.setattr(requests, "check", check_then_be_overtaken)
    with database.write() as session:
        expo = make_event(session)
        found = faults(session, expo, FORM)
        assert found == [f"to_firm: was asked already ({rivals[0]})"]
        # the transaction goes on
        assert requests.submit(session, expo.actor(0), NewRequest("f2", "Cells"), now=NOW).state is PENDING


def test_two_who_ask_the_same_at_once_make_one_request(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    results = race(
        database,
        lambda session: requests.submit(session, expo.actor(0), FORM, now=NOW),
        lambda session: requests.submit(session, expo.actor(0), FORM, now=NOW),
    )
    assert sorted(type(result).__name__ for result in results) == ["InvalidInput", "MeetingRequest"]
    with database.read() as session:
        assert lists.listing(session, expo.actor(0), side=Side.FROM).total == 1


def test_a_firm_has_a_limit_of_requests_without_an_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.requests.form.MAX_PENDING", 1)
    with database.write() as session:
        expo = make_event(session)
        requests.submit(session, expo.actor(0), FORM, now=NOW)
        assert faults(session, expo, NewRequest("f2", "Cells")) == [
            "to_firm: 1 of your requests wait for an answer; withdraw one first"
        ]


def test_only_exhibitors_and_organisers_ask(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        with pytest.raises(NotAllowed):
            requests.submit(session, expo.actor(0, person=1), FORM, now=NOW)
        with pytest.raises(NotAllowed, match="own firm only"):
            requests.submit(session, expo.actor(0), replace(FORM, from_firm="f2"), now=NOW)
        organiser = expo.organiser_actor()
        assert faults(session, expo, FORM, actor=organiser) == ["from_firm: is not a firm of this event"]
        made = requests.submit(session, organiser, replace(FORM, from_firm="f2"), now=NOW)
        assert (made.from_firm_id, made.created_by) == (expo.firms[2].id, None)


# Answering


def test_the_asked_firm_accepts_or_declines_once(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, 0, 1, state=PENDING)
        accepted = requests.accept(session, expo.actor(1), request.key, note="Gladly \n", now=NOW)
        assert (accepted.state, accepted.answer_note) == (RequestState.ACCEPTED, "Gladly")
        assert (accepted.answered_by, accepted.answered_at) == (expo.people[1][0].id, NOW)
        with pytest.raises(WrongState, match="is accepted already"):
            requests.accept(session, expo.actor(1), request.key, now=NOW)
        with pytest.raises(WrongState, match="is accepted; it cannot be declined"):
            requests.decline(session, expo.actor(1), request.key, now=NOW)


def test_only_the_asked_firms_exhibitor_answers(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, 0, 1, state=PENDING)
        for actor in (expo.actor(0), expo.actor(1, person=1)):
            for step in (requests.accept, requests.decline):
                with pytest.raises(NotAllowed):
                    step(session, actor, request.key, now=NOW)
        with pytest.raises(NotFound):
            requests.accept(session, expo.actor(2), request.key, now=NOW)
        assert requests.decline(session, expo.organiser_actor(), request.key, now=NOW).answered_by is None


def test_an_expired_request_cannot_be_accepted_even_before_the_sweep(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING, expires_at=NOW)
        with pytest.raises(WrongState, match="is expired"):
            requests.accept(session, expo.actor(1), request.key, now=NOW)
        assert request.state is PENDING


def test_a_note_has_a_limit(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        with pytest.raises(InvalidInput, match="note: must have at most 1000 characters"):
            requests.decline(session, expo.actor(1), request.key, note="x" * 1001, now=NOW)


def test_the_sender_withdraws_what_is_pending(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        with pytest.raises(NotAllowed, match="you may decline it"):
            requests.withdraw(session, expo.actor(1), request.key, now=NOW)
        state = requests.withdraw(session, expo.actor(0), request.key, now=NOW).state
        assert state is RequestState.WITHDRAWN
        with pytest.raises(WrongState, match="is withdrawn already"):
            requests.withdraw(session, expo.actor(0), request.key, now=NOW)


@pytest.mark.parametrize("firm", [0, 1])
def test_either_firm_withdraws_what_was_agreed(database: Database, firm: int) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, expires_at=NOW)
        with pytest.raises(NotAllowed):
            requests.withdraw(session, expo.actor(firm, person=1), request.key, now=NOW + DAY)
        withdrawn = requests.withdraw(session, expo.actor(firm), request.key, note="Ill", now=NOW + DAY)
        assert (withdrawn.state, withdrawn.answer_note) == (RequestState.WITHDRAWN, "Ill")


def test_a_withdrawal_holds_only_for_the_state_that_was_seen(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        with pytest.raises(WrongState, match="is accepted"):
            requests.withdraw(session, expo.actor(0), request.key, seen=PENDING, now=NOW)
        assert request.state is RequestState.ACCEPTED


@pytest.mark.parametrize("turn", range(3))
def test_of_accepting_and_withdrawing_at_once_one_wins(database: Database, turn: int) -> None:
    with database.write() as session:
        expo = make_event(session)
        key = make_request(session, expo, state=PENDING).key
    accepted, withdrawn = race(
        database,
        lambda session: requests.accept(session, expo.actor(1), key, now=NOW).state,
        lambda session: requests.withdraw(session, expo.actor(0), key, seen=PENDING, now=NOW).state,
    )
    with database.read() as session:
        state = lists.show(session, expo.actor(0), key).state
    winner, loser = (accepted, withdrawn) if state is RequestState.ACCEPTED else (withdrawn, accepted)
    assert winner is state
    assert isinstance(loser, WrongState) and loser.state == state.value


def test_a_step_that_waits_for_another_sees_what_it_did(database: Database) -> None:
    """On PostgreSQL both have read "pending" when the first commits; on SQLite a writer waits to begin."""
    with database.write() as session:
        expo = make_event(session)
        key = make_request(session, expo, state=PENDING).key
    held = threading.Event()
    outcome: list[object] = []

    def withdraw() -> None:
        held.wait()
        with database.write() as session:
            try:
                outcome.append(requests.withdraw(session, expo.actor(0), key, seen=PENDING, now=NOW).state)
            except WrongState as error:
                outcome.append(error.state)

    thread = threading.Thread(target=withdraw)
    thread.start()
    with database.write() as session:
        requests.accept(session, expo.actor(1), key, now=NOW)
        held.set()
        thread.join(0.2)
        assert outcome == []
    thread.join()
    assert outcome == ["accepted"]


def race(database: Database, *steps: Callable) -> list[object]:
    """Run each step in a transaction of its own, all begun at the same moment; their results or errors."""
    gate = threading.Barrier(len(steps))
    results: list[object] = [None] * len(steps)

    def run(i: int) -> None:
        gate.wait()
        try:
            with database.write() as session:
                results[i] = steps[i](session)
        except (InvalidInput, WrongState) as error:
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# Expiring


def test_expiry_closes_what_is_due_and_nothing_else(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        due = make_request(session, expo, 0, 1, state=PENDING, expires_at=NOW)
        elsewhere = make_request(session, other, 0, 1, state=PENDING, expires_at=NOW - DAY)
        later = make_request(session, expo, 0, 2, state=PENDING, expires_at=NOW + DAY)
        agreed = make_request(session, expo, 1, 2, expires_at=NOW - DAY)
        assert requests.expire_due(session, now=NOW) == 2
        assert requests.expire_due(session, now=NOW) == 0
    with database.read() as session:
        cards = lists.listing(session, expo.organiser_actor()).items
        assert {card.key: card.state for card in cards} == {
            due.key: RequestState.EXPIRED,
            later.key: PENDING,
            agreed.key: RequestState.ACCEPTED,
        }
        card = lists.show(session, other.organiser_actor(), elsewhere.key)
        assert card.state is RequestState.EXPIRED


# Undo, and second thoughts

LATER = NOW + timedelta(minutes=9)
STEPS = [
    (requests.accept, 1, PENDING, RequestState.ACCEPTED),
    (requests.decline, 1, PENDING, RequestState.DECLINED),
    (requests.withdraw, 0, PENDING, RequestState.WITHDRAWN),
    (requests.withdraw, 1, RequestState.ACCEPTED, RequestState.WITHDRAWN),
]


@pytest.mark.parametrize(("step", "firm", "before", "after"), STEPS)
def test_a_step_can_be_undone_by_its_side_for_ten_minutes(
    database: Database, step: Callable[..., object], firm: int, before: RequestState, after: RequestState
) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, 0, 1, state=before, answer_note="as it was")
        step(session, expo.actor(firm), request.key, note="Oh", now=NOW)
        assert (request.state, request.answer_note) == (after, "Oh")
        cards = [
            lists.show(session, expo.actor(f, p), request.key)
            for f, p in ((firm, 0), (firm, 1), (1 - firm, 0))
        ]
        assert [card.undo_until for card in cards] == [NOW + timedelta(minutes=10), None, None]
        for other in (expo.actor(1 - firm), expo.actor(firm, person=1)):
            with pytest.raises(NotAllowed):
                requests.undo(session, other, request.key, now=LATER)
        requests.undo(session, expo.actor(firm), request.key, now=LATER)
        assert (request.state, request.answer_note) == (before, "as it was")
        with pytest.raises(WrongState, match="cannot be undone"):
            requests.undo(session, expo.actor(firm), request.key, now=LATER)


def test_a_step_cannot_be_undone_after_ten_minutes(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        requests.decline(session, expo.actor(1), request.key, now=NOW)
        with pytest.raises(WrongState, match="declined for good"):
            requests.undo(session, expo.actor(1), request.key, now=NOW + timedelta(minutes=10))


def test_a_step_cannot_be_undone_once_calendars_were_told(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        requests.withdraw(session, expo.actor(1), request.key, now=NOW)
        make_version(session, expo, [], now=LATER)
        with pytest.raises(WrongState, match="withdrawn for good"):
            requests.undo(session, expo.actor(1), request.key, now=LATER)


def test_an_undo_never_makes_a_second_open_request_of_a_pair(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING)
        requests.decline(session, expo.actor(1), request.key, now=NOW)
        requests.submit(session, expo.actor(0), FORM, now=NOW)
        with pytest.raises(WrongState, match="asked for anew"):
            requests.undo(session, expo.actor(1), request.key, now=NOW)
        assert request.state is RequestState.DECLINED


def test_a_declined_request_can_be_accepted_after_all_while_its_times_are_ahead(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=PENDING, slots=["s0"])
        requests.decline(session, expo.actor(1), request.key, note="No time", now=NOW)
        assert lists.show(session, expo.actor(1), request.key).steps == ("accept",)
        assert lists.show(session, expo.actor(0), request.key).steps == ()
        with pytest.raises(WrongState, match="about times that are over"):
            requests.accept(session, expo.actor(1), request.key, now=expo.slots[0].start)
        accepted = requests.accept(session, expo.actor(1), request.key, now=NOW + DAY)
        assert (accepted.state, accepted.answer_note) == (RequestState.ACCEPTED, "")


def test_a_card_says_who_took_the_last_step(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        mine = make_request(session, expo, 0, 1)
        requests.withdraw(session, expo.actor(1), mine.key, note="Sorry", now=NOW)
        organisers = make_request(session, expo, 0, 2, state=PENDING)
        requests.decline(session, expo.organiser_actor(), organisers.key, now=NOW)
        card = lists.show(session, expo.actor(0), mine.key)
        assert (card.answered_by.key, card.answered_side) == (expo.people[1][0].key, Side.TO)
        card = lists.show(session, expo.actor(0), organisers.key)
        assert (card.answered_by, card.answered_side) == (None, None)


# Reading


def test_sent_and_received_are_the_firms_own_newest_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        first = make_request(session, expo, 0, 1, created_at=NOW)
        second = make_request(session, expo, 0, 2, created_at=NOW + DAY)
        back = make_request(session, expo, 3, 0, state=PENDING)
        make_request(session, expo, 1, 2)
        actor = expo.actor(0)
        assert [card.key for card in lists.listing(session, actor, side=Side.FROM).items] == [
            second.key,
            first.key,
        ]
        received = lists.listing(session, actor, side=Side.TO).items
        assert [(card.key, card.steps) for card in received] == [(back.key, ("accept", "decline"))]
        assert lists.listing(session, actor).total == 3
        assert lists.listing(session, expo.organiser_actor()).total == 4
        assert lists.listing(session, expo.organiser_actor(), side=Side.FROM, firm="f1").total == 1


def test_requests_are_filtered_by_state_and_words(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_firm(session, expo, name="上海电池有限公司", latin_name="Shanghai Batteries")
        make_firm(session, expo, name="Öko Żelazo", latin_name="Oko")
        cells = make_request(session, expo, 0, 3, topic="Solid-state cells")
        scrap = make_request(session, expo, 0, 4, topic="100% scrap", state=PENDING)

        def found(text: str = "", state: RequestState | None = None) -> list[str]:
            page = lists.listing(session, expo.actor(0), side=Side.FROM, text=text, state=state)
            return [card.key for card in page.items]

        assert found("CELLS") == found("电池") == found("shanghai solid") == [cells.key]
        assert found("öKO żelaZO") == found("100%") == found(state=PENDING) == [scrap.key]
        assert found("0%0") == found("s_rap") == found("cells", PENDING) == []


def test_pages_of_requests_follow_each_other_without_gaps(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6)
        made = [make_request(session, expo, 0, i).key for i in range(1, 6)]
        actor, keys, cursor = expo.actor(0), [], None
        for _ in range(3):
            page = lists.listing(session, actor, side=Side.FROM, cursor=cursor, limit=2)
            keys, cursor = keys + [card.key for card in page.items], page.next_cursor
            assert page.total == 5
        assert (keys, cursor) == (made[::-1], None)


def test_a_cursor_that_is_not_of_the_list_is_refused(database: Database) -> None:
    bad = ("x", "é", "bm8", "WyJyZXF1ZXN0cyIsMSwyXQ", "W10", "WyJmaXJtcyIsImEiLCIxIl0")
    naive = encode_cursor("requests", ["2026-11-24T08:00:00", 1])
    huge = encode_cursor("requests", [NOW, 10**30])
    with database.write() as session:
        actor = make_event(session).actor(0)
        for cursor in (*bad, naive, huge, encode_cursor("firms", [NOW, 1])):
            with pytest.raises(InvalidInput, match="cursor: is not a cursor of this list"):
                lists.listing(session, actor, side=Side.FROM, cursor=cursor)
        assert (
            lists.listing(session, actor, side=Side.FROM, cursor=encode_cursor("requests", [NOW, 1])).items
            == ()
        )


def test_the_size_of_a_page_has_limits(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session).actor(0)
        for limit in (0, 201):
            with pytest.raises(InvalidInput, match="limit: must be from 1 to 200"):
                lists.listing(session, actor, side=Side.FROM, limit=limit)


def test_a_page_takes_as_many_queries_for_one_request_as_for_twenty(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=22)
        make_request(session, expo, 0, 1, from_people=expo.people[0])
    few = count_selects(database, lambda session: lists.listing(session, expo.actor(0), side=Side.FROM))
    with database.write() as session:
        for i in range(2, 22):
            make_request(session, expo, 0, i, from_people=expo.people[0], to_people=expo.people[i])
    assert (
        count_selects(database, lambda session: lists.listing(session, expo.actor(0), side=Side.FROM))
        == few
        == 3
    )


def test_postgresql_finds_what_a_firm_has_sent_by_an_index(
    database: Database,
) -> None:
    if database.is_sqlite:
        pytest.skip("another planner")
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 0, 1)
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(text("EXPLAIN SELECT id FROM meeting_request WHERE from_firm_id = 1")).all()
    assert any("ix_meeting_request_from_firm_id_state" in line for line in plan), plan


def test_counts_are_by_direction_and_state(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 0, 1)
        make_request(session, expo, 0, 2, state=PENDING)
        make_request(session, expo, 2, 0, state=RequestState.DECLINED)
        make_request(session, expo, 1, 2)
        none = dict.fromkeys(RequestState, 0)
        counts = lists.counts(session, expo.actor(0))
        assert counts.sent == {**none, RequestState.ACCEPTED: 1, PENDING: 1}
        assert counts.received == {**none, RequestState.DECLINED: 1}
        everything = {**none, RequestState.ACCEPTED: 2, PENDING: 1, RequestState.DECLINED: 1}
        whole = lists.counts(session, expo.organiser_actor())
        assert whole.sent == whole.received == everything


def test_counts_are_of_the_same_search_as_the_list(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 0, 1, topic="Cells")
        make_request(session, expo, 0, 2, topic="Tools", state=PENDING, reply_topic="Cells too")
        counts = lists.counts(session, expo.actor(0), text="too cells").sent
        assert (counts[RequestState.ACCEPTED], counts[PENDING]) == (0, 1)


def test_characters_that_turn_text_around_are_not_kept(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        form = replace(FORM, topic="Cells \u202egnp.exe", message="a\u2066b\u2069 \u05d0")
        request = requests.submit(session, expo.actor(0), form, now=NOW)
        assert (request.topic, request.message) == ("Cells gnp.exe", "ab \u05d0")


def test_nothing_of_another_event_or_firm_is_found(database: Database) -> None:
    with database.write() as session:
        here, there = make_event(session), make_event(session)
        request = make_request(session, here, 0, 1, state=PENDING)
        strangers = [there.organiser_actor(), there.actor(0), there.actor(1), here.actor(2)]
        for actor in strangers:
            for look in (requests.get, lists.show):
                with pytest.raises(NotFound):
                    look(session, actor, request.key)
            for step in (requests.accept, requests.decline, requests.withdraw):
                with pytest.raises(NotFound):
                    step(session, actor, request.key, now=NOW)
            assert lists.listing(session, actor).items == ()
        with pytest.raises(NotAllowed):
            lists.listing(session, here.actor(2), side=Side.FROM, firm="f0")
        with pytest.raises(NotFound):
            requests.get(session, here.actor(0), "\x00")
        named = NewRequest(
            "f1", "Cells", to_attendees=[make_attendee(session, there, 1, key="only-there").key]
        )
        assert faults(session, here, named, actor=here.actor(2)) == [
            "to_attendees: 'only-there' is not a person of this firm"
        ]


def test_not_held_are_the_accepted_ones_that_the_published_schedule_left_out(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=5)
        held = make_request(session, expo, 0, 1)
        left_out = make_request(session, expo, 0, 2, topic="Tools")
        make_request(session, expo, 3, 0, answered_at=NOW + timedelta(hours=1))
        make_request(session, expo, 4, 0, state=PENDING)
        assert lists.listing(session, expo.actor(0), side=Side.FROM, not_held=True).items == (), (
            "nothing is published"
        )
        make_version(session, expo, [meet(held, expo)])
        page = lists.listing(session, expo.actor(0), side=Side.FROM, not_held=True)
        assert ([card.key for card in page.items], page.total) == ([left_out.key], 1)
        assert lists.listing(session, expo.actor(0), side=Side.TO, not_held=True).items == (), (
            "accepted since"
        )
        counts = lists.counts(session, expo.actor(0))
        assert (counts.sent_not_held, counts.received_not_held) == (1, 0)
        assert lists.counts(session, expo.actor(0), text="cells").sent_not_held == 0
        assert lists.counts(session, expo.organiser_actor()).received_not_held == 1
