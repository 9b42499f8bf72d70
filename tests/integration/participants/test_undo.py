"""Help desk actions are undone completely, or rejected if something they changed is newer."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.services.participants import absences, editing, journal, merging, row_changes, withdrawals
from scheduler.services.requests import history, requests
from scheduler.services.requests.form import NewRequest
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, MeetingRequest, OutboxEmail, Place
from tests.support.factories import NOW, Expo, make_event, make_request
from tests.support.publishing import SETTINGS
from tests.support.races import race

FIRMS, PEOPLE, INTERPRETERS = ImportKind.FIRMS, ImportKind.PEOPLE, ImportKind.INTERPRETERS


class Hall:
    """An event of four firms with three requests, and an organiser's actions."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=4, people=2, slots="4 4", halls=2, interpreters=2)
            self.accepted = make_request(session, self.expo, 0, 2)
            self.pending = make_request(session, self.expo, 3, 0, state=RequestState.PENDING)
            self.rival = make_request(session, self.expo, 1, 2, state=RequestState.PENDING)

    def do(self, step: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        with self.database.write() as session:
            return step(session, self.expo.organiser_actor(), *arguments, **{"now": NOW, **more})

    def edit(self, kind: ImportKind, key: str, **cells: str) -> Any:
        return self.do(editing.edit_records, kind, [key], cells, settings=SETTINGS)

    def undo(self) -> None:
        with self.database.read() as session:
            last = next(
                each
                for each in journal.list_steps(session, self.expo.organiser_actor())
                if not each.undone_at
            )
        self.do(journal.undo_step, last.id, settings=SETTINGS)

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Return all rows that the actions change, without feed tokens, which role changes renew.

        And without the time of a row's last change: that is the undo's.
        """
        with self.database.read() as session:
            return {
                table.__tablename__: [
                    {
                        name: value
                        for name, value in row._mapping.items()
                        if not name.startswith("feed_") and name != "updated_at"
                    }
                    for row in session.execute(select(table.__table__).order_by(*table.__table__.primary_key))
                ]
                for table in row_changes.RECORDED_TABLES
            }

    def row(self, table: type[Base], key: str) -> Any:
        with self.database.read() as session:
            return session.scalars(select(table).where(table.key == key)).one()  # type: ignore[attr-defined]


@pytest.fixture
def hall(database: Database) -> Hall:
    return Hall(database)


STEPS: dict[str, Callable[[Hall], object]] = {
    "a name": lambda hall: hall.edit(FIRMS, "f0", name="比亚迪", country="China"),
    "a title": lambda hall: hall.edit(PEOPLE, "f0-p1", title="Buyer", exhibitor="yes"),
    "days": lambda hall: hall.edit(PEOPLE, "f0-p1", max_days="1"),
    "meetings in a row": lambda hall: hall.edit(PEOPLE, "f0-p1", max_in_row="2"),
    "languages": lambda hall: hall.edit(INTERPRETERS, "i0", languages="Chinese; Hungarian"),
    "another booth": lambda hall: hall.edit(FIRMS, "f0", booth="H1-77"),
    "another hall": lambda hall: hall.edit(FIRMS, "f1", hall="h0"),
    "a firm": lambda hall: hall.do(withdrawals.withdraw_records, FIRMS, ["f0"]),
    "a person": lambda hall: hall.do(withdrawals.withdraw_records, PEOPLE, ["f0-p0"]),
    "an interpreter": lambda hall: hall.do(withdrawals.withdraw_records, INTERPRETERS, ["i0"]),
    "an absence": lambda hall: hall.do(absences.set_absences, PEOPLE, "f0-p0", ["s0", "s1"]),
    "a shift": lambda hall: hall.do(absences.add_absences, INTERPRETERS, ["i0", "i1"], ["s4"]),
    "two firms": lambda hall: hall.do(merging.merge_records, FIRMS, "f0", "f1"),
    "two people": lambda hall: hall.do(merging.merge_records, PEOPLE, "f0-p0", "f0-p1"),
    "two interpreters": lambda hall: hall.do(merging.merge_records, INTERPRETERS, "i0", "i1"),
}


@pytest.mark.parametrize("name", STEPS)
def test_what_a_step_changed_is_put_back_whole(hall: Hall, name: str) -> None:
    before = hall.everything()
    STEPS[name](hall)
    assert hall.everything() != before
    hall.undo()
    after = hall.everything()
    new = [place for place in after["place"] if place not in before["place"]]
    assert all(place["is_retired"] for place in new)  # plans may hold meetings there
    after["place"] = [place for place in after["place"] if place not in new]
    assert after == before


def test_a_step_is_undone_once(hall: Hall) -> None:
    hall.edit(FIRMS, "f0", name="New name")
    hall.undo()
    with hall.database.read() as session:
        (step,) = journal.list_steps(session, hall.expo.organiser_actor())
    with pytest.raises(WrongState, match="is undone already"):
        hall.do(journal.undo_step, step.id, settings=SETTINGS)


def test_a_step_under_a_newer_one_is_not_undone(hall: Hall) -> None:
    hall.edit(FIRMS, "f0", name="First")
    with hall.database.read() as session:
        (step,) = journal.list_steps(session, hall.expo.organiser_actor())
    hall.edit(FIRMS, "f0", name="Second")
    with pytest.raises(WrongState, match="changed again since"):
        hall.do(journal.undo_step, step.id, settings=SETTINGS)
    assert hall.row(Firm, "f0").name == "Second"


def test_a_withdrawal_is_not_undone_over_a_newer_request_of_the_pair(hall: Hall) -> None:
    hall.do(withdrawals.withdraw_records, FIRMS, ["f0"])
    hall.do(withdrawals.restore_records, FIRMS, ["f0"])
    with hall.database.write() as session:
        make_request(session, hall.expo, 0, 2, state=RequestState.PENDING)
        steps = journal.list_steps(session, hall.expo.organiser_actor())
    before = hall.everything()
    with pytest.raises(WrongState):
        hall.do(journal.undo_step, steps[-1].id, settings=SETTINGS)
    assert hall.everything() == before


def test_a_step_of_another_event_is_not_there(hall: Hall) -> None:
    hall.edit(FIRMS, "f0", name="New name")
    with hall.database.write() as session:
        other = make_event(session, firms=0)
        (step,) = journal.list_steps(session, hall.expo.organiser_actor())
        with pytest.raises(NotFound):
            journal.undo_step(session, other.organiser_actor(), step.id, settings=SETTINGS, now=NOW)


def test_who_is_no_organiser_changes_nobody(hall: Hall) -> None:
    with hall.database.write() as session:
        for step in (editing.edit_records, withdrawals.withdraw_records):
            with pytest.raises(NotAllowed):
                more = {"settings": SETTINGS} if step is editing.edit_records else {}
                cells = [{"name": "Mine"}] if step is editing.edit_records else []
                step(session, hall.expo.actor(0), FIRMS, ["f0"], *cells, now=NOW, **more)  # type: ignore[operator]


def test_what_is_wrong_is_said_at_its_field(hall: Hall) -> None:
    with pytest.raises(InvalidInput) as error:
        hall.edit(FIRMS, "f0", country="Nowhere", booth="b1", max_per_day="many")
    assert {fault.path for fault in error.value.faults} == {"country", "booth", "max_per_day"}
    assert hall.row(Firm, "f0").country == "CN"
    with pytest.raises(InvalidInput, match="choose a column that can be changed here"):
        hall.do(editing.edit_records, FIRMS, ["f0"], {"key": "f9"}, settings=SETTINGS)


def test_many_rows_get_one_cell_by_one_step(hall: Hall) -> None:
    hall.do(editing.edit_records, FIRMS, ["f0", "f1", "f3"], {"tier": "downstream"}, settings=SETTINGS)
    with hall.database.read() as session:
        tiers = session.scalars(select(Firm.tier).order_by(Firm.key)).all()
        assert [tier.value for tier in tiers] == ["downstream", "downstream", "midstream", "downstream"]
        assert [step.subject for step in journal.list_steps(session, hall.expo.organiser_actor())] == [
            "Firm 0, Firm 1, Firm 3"
        ]


def test_the_limits_of_a_person_go_with_a_merge(hall: Hall) -> None:
    hall.edit(PEOPLE, "f0-p0", max_in_row="2", max_days="1")
    hall.do(merging.merge_records, PEOPLE, "f0-p0", "f0-p1")
    kept = hall.row(Attendee, "f0-p1")
    assert (kept.max_in_row, kept.max_days) == (2, 1)


def test_another_address_is_corrected_and_undone(hall: Hall) -> None:
    old = hall.expo.people[0][0].email
    hall.edit(PEOPLE, "f0-p0", email="new@corp.example")
    assert hall.row(Attendee, "f0-p0").email == "new@corp.example"
    hall.undo()
    assert hall.row(Attendee, "f0-p0").email == old


def test_requests_end_in_the_state_that_fits(hall: Hall) -> None:
    """Accepted requests are withdrawn, and those awaiting the firm's response are declined on its behalf."""
    hall.do(withdrawals.withdraw_records, FIRMS, ["f0"], note="No stand this year.")
    agreed, asked = (hall.row(MeetingRequest, each.key) for each in (hall.accepted, hall.pending))
    assert (agreed.state, agreed.responded_side) == (RequestState.WITHDRAWN, "from")
    assert (asked.state, asked.responded_side) == (RequestState.DECLINED, "to")
    assert asked.response_note == "No stand this year."
    with hall.database.read() as session:
        (step,) = history.list_history(session, hall.expo.actor(3), hall.pending.key)
        assert (step.verb, step.side, step.person, step.note) == (
            "decline",
            "to",
            None,
            "No stand this year.",
        )
    with pytest.raises(WrongState, match="left the event"), hall.database.write() as session:
        requests.accept_request(session, hall.expo.actor(0), hall.pending.key, now=NOW)


def test_a_firm_that_left_neither_asks_nor_is_asked(hall: Hall) -> None:
    hall.do(withdrawals.withdraw_records, FIRMS, ["f1"])
    for asking, asked in ((1, "f3"), (3, "f1")):
        with (
            hall.database.write() as session,
            pytest.raises(InvalidInput, match="was removed from the event"),
        ):
            requests.submit_form(session, hall.expo.actor(asking), NewRequest(asked, "Cells"), now=NOW)


def test_two_firms_that_ask_the_same_third_one_keep_what_is_agreed(hall: Hall) -> None:
    ended = hall.do(merging.merge_records, FIRMS, "f0", "f1")
    assert ended == 1
    assert hall.row(MeetingRequest, hall.rival.key).state is RequestState.WITHDRAWN
    agreed = hall.row(MeetingRequest, hall.accepted.key)
    assert (agreed.state, agreed.from_firm_id) == (RequestState.ACCEPTED, hall.expo.firms[1].id)
    assert hall.row(Attendee, "f0-p0").firm_id == hall.expo.firms[1].id
    assert hall.row(Place, "b0").is_retired
    with pytest.raises(WrongState, match="merged into another"):
        hall.do(withdrawals.restore_records, FIRMS, ["f0"])


def test_bulk_absences_add_to_what_is_there(hall: Hall) -> None:
    hall.do(absences.set_absences, PEOPLE, "f0-p0", ["s0"])
    hall.do(absences.add_absences, PEOPLE, ["f0-p0", "f1-p0"], ["s3"])
    with hall.database.read() as session:
        marks = {
            key: [
                each.slot.key
                for each in absences.list_absence_slots(
                    session, hall.expo.organiser_actor(), PEOPLE, key, now=NOW
                )
                if each.is_absent
            ]
            for key in ("f0-p0", "f1-p0")
        }
    assert marks == {"f0-p0": ["s0", "s3"], "f1-p0": ["s3"]}
    with pytest.raises(InvalidInput, match="is not a slot"):
        hall.do(absences.add_absences, PEOPLE, ["f0-p0"], ["s99"])


def test_nobody_is_mailed_before_a_publishing(hall: Hall) -> None:
    for name in ("a firm", "an absence", "another booth"):
        STEPS[name](hall)
    with hall.database.read() as session:
        assert session.scalars(select(OutboxEmail)).all() == []


@pytest.mark.parametrize("turn", range(3))
def test_an_answer_at_the_moment_of_a_withdrawal_does_not_outlive_it(hall: Hall, turn: int) -> None:
    expo = hall.expo
    race(
        hall.database,
        lambda session: requests.accept_request(session, expo.actor(0), hall.pending.key, now=NOW),
        lambda session: withdrawals.withdraw_records(session, expo.organiser_actor(), FIRMS, ["f0"], now=NOW),
    )
    request = hall.row(MeetingRequest, hall.pending.key)
    assert request.state in (RequestState.DECLINED, RequestState.WITHDRAWN)
    assert hall.row(Firm, "f0").withdrawn_at is not None


@pytest.mark.parametrize("turn", range(3))
def test_a_request_at_the_moment_of_a_withdrawal_is_refused_or_ended(hall: Hall, turn: int) -> None:
    expo = hall.expo
    race(
        hall.database,
        lambda session: requests.submit_form(session, expo.actor(1), NewRequest("f0", "Cells"), now=NOW),
        lambda session: withdrawals.withdraw_records(session, expo.organiser_actor(), FIRMS, ["f0"], now=NOW),
    )
    open_ = (RequestState.PENDING, RequestState.ACCEPTED)
    with hall.database.read() as session:
        left = MeetingRequest.to_firm_id == expo.firms[0].id, MeetingRequest.state.in_(open_)
        assert session.scalars(select(MeetingRequest).where(*left)).all() == []
