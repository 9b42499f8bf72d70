"""Help desk actions change the next plan by exactly their effect, and notify each partner once."""

from collections import Counter
from datetime import timedelta

import pytest

from api.pages.participants import columns
from scheduler.domain.errors import InvalidInput
from scheduler.services.participants import absences, editing, merging, withdrawals
from scheduler.services.problems import snapshot
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee
from tests.support.factories import NOW
from tests.support.planned_event import Desk
from tests.support.publishing import SETTINGS
from tests.support.web import web_app

FIRMS, PEOPLE, INTERPRETERS = ImportKind.FIRMS, ImportKind.PEOPLE, ImportKind.INTERPRETERS


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "now_in", lambda _self, _session: NOW)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def day_of(desk: Desk, slot: str) -> list[str]:
    """Return the slots on the same day."""
    day = next(each.start.date() for each in desk.expo.slots if each.key == slot)
    return [each.key for each in desk.expo.slots if each.start.date() == day]


def test_mr_li_is_ill_on_one_day(desk: Desk) -> None:
    """Only his meetings of that day change: a colleague attends, or they move."""
    before = desk.meetings()
    someone = next(iter(before.values()))
    li = someone.attendees[0]
    ill = day_of(desk, someone.slot)
    his = {key for key, meeting in before.items() if li in meeting.attendees and meeting.slot in ill}
    left = desk.do(absences.set_absences, PEOPLE, li, ill, note="ill")
    assert (left.meetings, left.requests) == (len(his), 0)
    draft = desk.run()
    after = desk.meetings(draft)
    assert {key for key in before if before[key] != after.get(key)} == his
    assert not any(li in meeting.attendees and meeting.slot in ill for meeting in after.values())
    assert sum(desk.changes(draft).values()) == len(his)


def test_a_firm_that_is_withdrawn_takes_its_meetings_with_it(desk: Desk) -> None:
    before, gone = desk.meetings(), desk.expo.firms[0]
    left = desk.do(withdrawals.withdraw_records, FIRMS, [gone.key], note="Their stand was cancelled.")
    assert (left.requests, left.meetings) == (2, 2)
    theirs = {request.key for request in desk.requests[:2]}
    assert desk.states() == {
        request.key: "withdrawn" if request.key in theirs else "accepted" for request in desk.requests
    }
    draft = desk.run()
    assert desk.changes(draft) == {"cancelled": 2}
    assert desk.meetings(draft) == {key: meeting for key, meeting in before.items() if key not in theirs}
    told = Counter(desk.run_and_publish())
    seated = Counter(person for key in theirs for person in before[key].attendees)
    addresses = {person.key: person.email for people in desk.expo.people for person in people}
    assert told == Counter({(addresses[person], "CANCEL"): count for person, count in seated.items()})
    assert desk.run_and_publish() == []


def test_a_firm_that_moves_keeps_its_times_and_its_guests_are_told_the_place(database: Database) -> None:
    desk = Desk(database)
    with database.write() as session:
        for request in desk.requests:
            session.merge(request).place = "booth"
    desk.run_and_publish()
    before, firm = desk.meetings(), desk.expo.firms[1]
    guests = {key for key, meeting in before.items() if meeting.place == "b1"}
    assert len(guests) == 2
    desk.do(editing.edit_records, FIRMS, [firm.key], {"booth": "B2.17"}, settings=SETTINGS)
    draft = desk.run()
    assert desk.changes(draft) == {"relocated": 2}
    after = desk.meetings(draft)
    assert {key for key, meeting in after.items() if meeting.place == "B2.17"} == guests
    assert {key: meeting.slot for key, meeting in after.items()} == {
        key: meeting.slot for key, meeting in before.items()
    }
    told = Counter(desk.run_and_publish())
    seated = Counter(person for key in guests for person in before[key].attendees)
    addresses = {person.key: person.email for people in desk.expo.people for person in people}
    assert told == Counter({(addresses[person], "REQUEST"): count for person, count in seated.items()})


def test_a_person_who_leaves_sends_a_colleague(desk: Desk) -> None:
    before = desk.meetings()
    key, meeting = next(iter(before.items()))
    gone = meeting.attendees[0]
    his = {each for each, other in before.items() if gone in other.attendees}
    left = desk.do(withdrawals.withdraw_records, PEOPLE, [gone])
    assert (left.requests, left.meetings) == (0, len(his))
    draft = desk.run()
    after = desk.meetings(draft)
    assert {each for each in before if before[each] != after[each]} == his
    assert gone not in after[key].attendees
    assert desk.changes(draft) == {"reassigned": len(his)}


def test_the_last_person_of_a_firm_ends_its_requests(desk: Desk) -> None:
    first, second = desk.expo.people[0]
    desk.do(withdrawals.withdraw_records, PEOPLE, [second.key])
    left = desk.do(withdrawals.withdraw_records, PEOPLE, [first.key], note="Both are ill.")
    assert left.requests == 2
    assert list(desk.states().values()) == ["withdrawn", "withdrawn", "accepted", "accepted"]


def test_two_records_of_one_person_become_one_whom_the_partners_meet(desk: Desk) -> None:
    twice, stays = desk.expo.people[0]
    before = desk.meetings()
    theirs = {key for key, meeting in before.items() if twice.key in meeting.attendees}
    desk.do(merging.merge_records, PEOPLE, twice.key, stays.key)
    draft = desk.run()
    after = desk.meetings(draft)
    assert all(stays.key in after[key].attendees for key in theirs)
    assert not any(twice.key in meeting.attendees for meeting in after.values())
    assert desk.row(twice).merged_into_id == stays.id


def test_undoing_a_withdrawal_leaves_nothing_to_publish(desk: Desk) -> None:
    desk.do(withdrawals.withdraw_records, FIRMS, [desk.expo.firms[0].key])
    desk.undo()
    assert set(desk.states().values()) == {"accepted"}
    assert desk.changes(desk.run()) == {}
    assert desk.row(desk.expo.firms[0]).withdrawn_at is None


def test_an_interpreter_without_a_shift_is_in_no_meeting_then(desk: Desk) -> None:
    interpreter = desk.expo.interpreters[0]
    with desk.database.write() as session:
        for person in desk.expo.people[0]:
            session.get_one(Attendee, person.id).languages = ["zh"]
    desk.run_and_publish()
    before = desk.meetings()
    helped = {key for key, meeting in before.items() if meeting.interpreter}
    assert len(helped) == 2
    off = day_of(desk, next(meeting.slot for meeting in before.values() if meeting.interpreter))
    desk.do(absences.set_absences, INTERPRETERS, interpreter.key, off)
    after = desk.meetings(desk.run())
    assert not any(meeting.interpreter and meeting.slot in off for meeting in after.values())
    assert {key for key, meeting in after.items() if meeting.interpreter} == helped


def test_what_no_run_changes_for_an_interpreter_is_counted_and_said(desk: Desk) -> None:
    """An hour before the first day, its meetings are too soon for a run and stay as published."""
    interpreter = desk.expo.interpreters[0]
    with desk.database.write() as session:
        for person in desk.expo.people[0]:
            session.get_one(Attendee, person.id).languages = ["zh"]
    desk.run_and_publish()
    helped = [meeting.slot for meeting in desk.meetings().values() if meeting.interpreter]
    first = min(slot.start for slot in desk.expo.slots if slot.key in helped)
    every, early = [slot.key for slot in desk.expo.slots], first - timedelta(hours=1)
    soon = [slot.key for slot in desk.expo.slots if slot.start < early + timedelta(hours=12)]
    with desk.database.write() as session:
        actor = desk.expo.organiser_actor()
        left = absences.set_absences(session, actor, INTERPRETERS, interpreter.key, every, now=early)
    assert (left.meetings, left.stay) == (2, sum(slot in soon for slot in helped)) and left.stay
    with web_app(desk.database, "redis://127.0.0.1:1").test_request_context():
        assert columns.touched(2).endswith("until you publish.")
        assert columns.touched(2, 1).endswith(
            "starts too soon for a run to change. Move or cancel it on the board."
        )


def test_an_interpreter_is_tied_to_a_table_for_a_shift_and_untied_by_undo(desk: Desk) -> None:
    """The problem includes it, only the named slots change, and one undo reverts all."""
    key, table, other = desk.expo.interpreters[0].key, desk.expo.tables[0].key, desk.expo.tables[1].key
    first, second = day_of(desk, desk.expo.slots[0].key), day_of(desk, desk.expo.slots[4].key)
    left = desk.do(absences.set_absences, INTERPRETERS, key, first, table=table)
    assert (left.requests, left.meetings) == (0, 0)
    desk.do(absences.set_absences, INTERPRETERS, key, [second[0]], table=other)
    assert seats(desk, key) == {**dict.fromkeys(first, table), second[0]: other}
    desk.do(absences.set_absences, INTERPRETERS, key, [first[0], second[0]], table="")
    assert seats(desk, key) == dict.fromkeys(first[1:], table)
    problem = desk.read(lambda session: snapshot.build_problem(session, desk.expo.event.id, now=None))
    (row,) = problem.interpreters
    tied = {problem.slots[slot].id: problem.places[place].id for slot, place in row.stations}
    assert tied == dict.fromkeys(first[1:], table)
    desk.undo()
    assert seats(desk, key) == {**dict.fromkeys(first, table), second[0]: other}


def seats(desk: Desk, key: str) -> dict[str, str]:
    """Return an interpreter's table by slot."""
    found = desk.do(absences.list_absence_slots, INTERPRETERS, key)
    return {each.slot.key: each.station for each in found if each.station}


def test_nobody_is_tied_to_a_booth_or_a_table_of_nowhere(desk: Desk) -> None:
    key, slot = desk.expo.interpreters[0].key, desk.expo.slots[0].key
    booth = next(each.key for each in desk.expo.booths)
    for wrong in (booth, "nowhere", "\x00"):
        with pytest.raises(InvalidInput) as refused:
            desk.do(absences.set_absences, INTERPRETERS, key, [slot], table=wrong)
        assert [fault.path for fault in refused.value.faults] == ["table"]
    assert not seats(desk, key)
