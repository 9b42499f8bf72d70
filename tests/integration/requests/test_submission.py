"""Requesting a meeting: stored values, errors by field, and one open request per pair."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from scheduler.domain.entities import PlaceWish, RequestState, Side
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.requests import form as request_form
from scheduler.services.requests import request_lists, requests
from scheduler.services.requests.form import NewRequest
from scheduler.storage.database import Database
from tests.support.factories import (
    NOW,
    Expo,
    make_attendee,
    make_event,
    make_firm,
    make_request,
)
from tests.support.races import race

PENDING = RequestState.PENDING
DAY = timedelta(days=1)
FORM = NewRequest(to_firm="f1", topic="Cells")


def faults(session, expo: Expo, form: NewRequest, **keys) -> list[str]:
    actor = keys.get("actor", expo.actor(0))
    with pytest.raises(InvalidInput) as caught:
        requests.submit_request(session, actor, form, now=keys.get("now", NOW))
    return [str(fault) for fault in caught.value.faults]


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
        key = requests.submit_request(session, expo.actor(0), form, now=NOW).key
    with database.read() as session:
        card = request_lists.show_request(session, expo.actor(0), key)
        assert (card.state, card.priority, card.length, card.place) == (PENDING, 5, 2, PlaceWish.TABLE)
        assert (card.topic, card.message, card.slots) == ("Solid state cells", "Hello\n\nthere", ("s0", "s2"))
        assert [person.key for person in card.from_attendees + card.to_attendees] == ["f0-p1", "f1-p0"]
        assert (card.from_firm.key, card.to_firm.key, card.steps) == ("f0", "f1", ("withdraw",))
        assert (card.created_at, card.responded_at) == (NOW, None)


def test_a_request_expires_after_the_days_that_the_event_gives(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, request_days=3)
        assert requests.submit_request(session, expo.actor(0), FORM, now=NOW).expires_at == NOW + 3 * DAY


def test_a_request_expires_at_the_last_slot_in_which_it_could_be_held(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="3", request_days=90)
        two = requests.submit_request(session, expo.actor(0), replace(FORM, length=2), now=NOW)
        only = requests.submit_request(session, expo.actor(1), NewRequest("f2", "x", slots=["s0"]), now=NOW)
        assert (two.expires_at, only.expires_at) == (expo.slots[1].start, expo.slots[0].start)


REQUEST_FAULTS = [
    ({"to_firm": "f9"}, "to_firm: choose an exhibitor of this event"),
    ({"to_firm": "f\x00"}, "to_firm: choose an exhibitor of this event"),
    ({"to_firm": "f0"}, "to_firm: choose another company; this one is your own"),
    ({"priority": 0}, "priority: enter a value from 1 to 5"),
    ({"priority": 6}, "priority: enter a value from 1 to 5"),
    ({"length": 0}, "length: choose 1 to 3 slots"),
    ({"length": 4}, "length: choose 1 to 3 slots"),
    ({"topic": " \n"}, "topic: enter what the meeting is about, in one line"),
    ({"topic": "x" * 201}, "topic: enter at most 200 characters"),
    ({"message": "x" * 2001}, "message: enter at most 2000 characters"),
    ({"place": "bar"}, "place: choose booth, table or any"),
    ({"place": "booth", "to_firm": "f2"}, "place: choose another location; this company has no booth"),
    ({"place": "table"}, "place: choose another location; this event has no tables"),
    ({"slots": ["s0", "s9"]}, "slots: choose only slots of this event; 's9' isn't one"),
    (
        {"slots": ["s4"], "length": 2},
        "slots: choose at least one time at which a meeting of this length can still start",
    ),
    (
        {"from_attendees": ["f1-p0"]},
        "from_attendees: select only people from this company; 'f1-p0' isn't one",
    ),
    ({"to_attendees": ["f0-p0"]}, "to_attendees: select only people from this company; 'f0-p0' isn't one"),
    ({"to_attendees": ["\x00"]}, "to_attendees: select only people from this company; '\\x00' isn't one"),
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
            "to_firm: choose an exhibitor of this event",
            "topic: enter what the meeting is about, in one line",
            "priority: enter a value from 1 to 5",
            "from_attendees: select at most 5 people",
        ]


def test_nobody_asks_for_a_meeting_in_the_past(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4")
        begun = expo.slots[1].start
        some = requests.submit_request(session, expo.actor(0), replace(FORM, slots=["s0", "s3"]), now=begun)
        assert some.slots == ["s3"]
        form = NewRequest("f2", "Cells", slots=["s0", "s1"])
        assert faults(session, expo, form, now=begun) == [
            "slots: choose at least one time at which a meeting of this length can still start"
        ]
        assert faults(session, expo, NewRequest("f2", "Cells"), now=expo.slots[3].start) == [
            "slots: all meeting times of this event are over"
        ]


def test_a_pair_has_one_open_request(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        first = requests.submit_request(session, expo.actor(0), FORM, now=NOW)
        assert faults(session, expo, FORM) == [
            f"to_firm: this company has already received a request ({first.key})"
        ]
        requests.decline_request(session, expo.actor(1), first.key, now=NOW)
        second = requests.submit_request(session, expo.actor(0), FORM, now=NOW)
        requests.accept_request(session, expo.actor(1), second.key, now=NOW)
        for firm in (0, 1):
            form = replace(FORM, to_firm=f"f{1 - firm}")
            agreed = [f"to_firm: these companies have already agreed to meet ({second.key})"]
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
        asked = requests.submit_request(
            session, expo.actor(0), replace(theirs, to_attendees=["f1-p0"]), now=NOW
        )
        mine = NewRequest(
            "f0", "Tools", priority=5, message="We make tools.", slots=["s1"], from_attendees=["f1-p2"]
        )
        back = requests.submit_request(
            session, expo.actor(1), replace(mine, to_attendees=["f0-p2"]), now=NOW + DAY
        )
        assert (back.key, back.state) == (asked.key, RequestState.ACCEPTED)
    with database.read() as session:
        card = request_lists.show_request(session, expo.actor(0), asked.key)
        assert (card.topic, card.reply_topic) == ("Cells", "Tools")
        assert (card.message, card.reply_message) == ("We make cells.", "We make tools.")
        assert (card.priority, card.reply_priority, card.slots) == (theirs.priority, 5, ("s1",))
        # each firm chooses its own people
        assert [person.key for person in card.from_attendees + card.to_attendees] == ["f0-p1", "f1-p2"]
        assert request_lists.list_requests(session, expo.actor(0)).total == 1


def test_asking_back_for_other_times_than_theirs_is_a_fault_and_changes_nothing(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        theirs = requests.submit_request(session, expo.actor(0), replace(FORM, slots=["s0"]), now=NOW)
        other = faults(session, expo, NewRequest("f0", "x", slots=["s1"]), actor=expo.actor(1))
        assert other == ["slots: select at least one time that the other company requested, or none"]
        assert (theirs.state, theirs.slots) == (PENDING, ["s0"])


def test_who_asks_back_too_late_asks_anew(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        theirs = make_request(session, expo, 0, 1, state=PENDING, expires_at=NOW)
        mine = requests.submit_request(session, expo.actor(1), NewRequest("f0", "x"), now=NOW)
        session.refresh(theirs)
        assert (mine.state, theirs.state) == (PENDING, RequestState.EXPIRED)


@pytest.mark.parametrize("turn", range(3))
def test_two_firms_that_ask_each_other_at_once_agree_to_meet_once(database: Database, turn: int) -> None:
    with database.write() as session:
        expo = make_event(session)
    results = race(
        database,
        lambda session: requests.submit_request(session, expo.actor(0), FORM, now=NOW),
        lambda session: requests.submit_request(session, expo.actor(1), NewRequest("f0", "Tools"), now=NOW),
    )
    assert [type(result).__name__ for result in results] == ["MeetingRequest"] * 2
    with database.read() as session:
        (card,) = request_lists.list_requests(session, expo.actor(0)).items
        assert (card.state, {card.topic, card.reply_topic}) == (RequestState.ACCEPTED, {"Cells", "Tools"})


def test_the_unique_index_turns_a_race_into_the_same_fault(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rivals: list[str] = []

    def check_then_be_overtaken(session, *args, **keys):
        checked = request_form.check_request(session, *args, **keys)
        if not rivals:
            rivals.append(make_request(session, expo, 0, 1, state=PENDING).key)
        return checked

    monkeypatch.setattr(requests, "check_request", check_then_be_overtaken)
    with database.write() as session:
        expo = make_event(session)
        found = faults(session, expo, FORM)
        assert found == [f"to_firm: this company has already received a request ({rivals[0]})"]
        # the transaction continues
        assert (
            requests.submit_request(session, expo.actor(0), NewRequest("f2", "Cells"), now=NOW).state
            is PENDING
        )


def test_two_who_ask_the_same_at_once_make_one_request(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    results = race(
        database,
        lambda session: requests.submit_request(session, expo.actor(0), FORM, now=NOW),
        lambda session: requests.submit_request(session, expo.actor(0), FORM, now=NOW),
    )
    assert sorted(type(result).__name__ for result in results) == ["InvalidInput", "MeetingRequest"]
    with database.read() as session:
        assert request_lists.list_requests(session, expo.actor(0), side=Side.FROM).total == 1


def test_a_firm_has_a_limit_of_requests_without_an_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.requests.form.MAX_PENDING", 1)
    with database.write() as session:
        expo = make_event(session)
        requests.submit_request(session, expo.actor(0), FORM, now=NOW)
        assert faults(session, expo, NewRequest("f2", "Cells")) == [
            "to_firm: withdraw a request first; 1 of your requests are still waiting for a response"
        ]


def test_only_exhibitors_and_organisers_ask(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        with pytest.raises(NotAllowed):
            requests.submit_request(session, expo.actor(0, person=1), FORM, now=NOW)
        with pytest.raises(NotAllowed, match="your own company"):
            requests.submit_request(session, expo.actor(0), replace(FORM, from_firm="f2"), now=NOW)
        organiser = expo.organiser_actor()
        assert faults(session, expo, FORM, actor=organiser) == [
            "from_firm: choose an exhibitor of this event"
        ]
        made = requests.submit_request(session, organiser, replace(FORM, from_firm="f2"), now=NOW)
        assert (made.from_firm_id, made.created_by) == (expo.firms[2].id, None)


def test_nothing_of_another_event_or_firm_is_found(database: Database) -> None:
    with database.write() as session:
        here, there = make_event(session), make_event(session)
        request = make_request(session, here, 0, 1, state=PENDING)
        strangers = [there.organiser_actor(), there.actor(0), there.actor(1), here.actor(2)]
        for actor in strangers:
            for look in (requests.get_request, request_lists.show_request):
                with pytest.raises(NotFound):
                    look(session, actor, request.key)
            for step in (requests.accept_request, requests.decline_request, requests.withdraw_request):
                with pytest.raises(NotFound):
                    step(session, actor, request.key, now=NOW)
            assert request_lists.list_requests(session, actor).items == ()
        with pytest.raises(NotAllowed):
            request_lists.list_requests(session, here.actor(2), side=Side.FROM, firm="f0")
        with pytest.raises(NotFound):
            requests.get_request(session, here.actor(0), "\x00")
        named = NewRequest(
            "f1", "Cells", to_attendees=[make_attendee(session, there, 1, key="only-there").key]
        )
        assert faults(session, here, named, actor=here.actor(2)) == [
            "to_attendees: select only people from this company; 'only-there' isn't one"
        ]
