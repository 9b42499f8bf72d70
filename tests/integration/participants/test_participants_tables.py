"""Participants tables: filter, sort, pagination, and constant query counts."""

from collections.abc import Callable
from typing import Any

import pytest

from scheduler.domain.entities import RequestState, VersionState
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import (
    absences,
    journal,
    record_tables,
    request_table,
    row_counts,
    withdrawals,
)
from scheduler.services.participants.record_tables import TableQuery
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.full_size import add_version, fill
from tests.support.queries import count_selects

PAGES: dict[str, tuple[Callable[..., Any], int]] = {
    "firms": (record_tables.list_firms, 9),
    "people": (record_tables.list_people, 5),
    "interpreters": (record_tables.list_interpreters, 5),
    "requests": (request_table.list_requests, 3),
    "counts": (row_counts.count_records, 1),
    "states": (request_table.count_states, 1),
    "steps": (journal.list_steps, 1),
}


def organiser(database: Database, event_id: int) -> Actor:
    with database.read() as session:
        return actors.operator_actor(session.get_one(Event, event_id))


def test_a_page_takes_few_queries(database: Database) -> None:
    few = fill(database, firms=70, meetings=100)
    add_version(database, few, state=VersionState.PUBLISHED)
    for name, (ask, most) in PAGES.items():
        actor = organiser(database, few)
        taken = count_selects(database, lambda session, ask=ask, actor=actor: ask(session, actor))
        assert taken <= most, name


@pytest.mark.slow
def test_sorting_and_paging_take_no_more_queries_at_full_size(database: Database) -> None:
    event_id = fill(database)
    add_version(database, event_id, state=VersionState.PUBLISHED)
    actor = organiser(database, event_id)
    for number in (1, 40):
        for listing, sorts, most in (
            (record_tables.list_firms, record_tables.FIRM_SORTS, 9),
            (record_tables.list_people, record_tables.PERSON_SORTS, 5),
        ):
            for sort in sorts:
                ask = TableQuery(sort=sort, number=number)
                assert count_selects(database, lambda session: listing(session, actor, ask)) <= most, ask  # noqa: B023
        for sort in request_table.REQUEST_SORTS:
            which = {"sort": sort, "number": number}
            taken = count_selects(
                database,
                lambda session: request_table.list_requests(session, actor, **which),  # noqa: B023
            )
            assert taken <= 3, which
    with database.read() as session:
        page = record_tables.list_firms(session, actor, TableQuery(number=60))
        assert (page.total, page.number, page.last, len(page.items)) == (3_000, 60, 60, 50)
        assert request_table.count_states(session, actor)[""] == 47_000


def test_a_firm_is_found_by_each_script_and_sorted(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4, people=2, slots="2")
        expo.firms[2].name, expo.firms[2].latin_name, expo.firms[2].country = "比亚迪", "BYD", "AT"
        make_request(session, expo, 0, 1, state=RequestState.PENDING)
        held = make_request(session, expo, 2, 3)
        make_request(session, expo, 3, 1)
        make_version(session, expo, [meet(held, expo)])
    actor = expo.organiser_actor()
    with database.read() as session:
        for text in ("比亚", "byd", "f2"):
            assert [
                row.key for row in record_tables.list_firms(session, actor, TableQuery(text=text)).items
            ] == ["f2"]
        assert (
            next(
                row.key for row in record_tables.list_firms(session, actor, TableQuery(sort="country")).items
            )
            == "f2"
        )
        assert (
            next(
                row.key for row in record_tables.list_firms(session, actor, TableQuery(sort="waiting")).items
            )
            == "f1"
        )
        rows = {row.key: row for row in record_tables.list_firms(session, actor).items}
        assert [(row.waiting, row.accepted, row.meetings) for row in rows.values()] == [
            (0, 1, 1), (0, 0, 0), (1, 1, 0), (0, 2, 1)
        ]  # fmt: skip
        assert [
            row.key for row in record_tables.list_people(session, actor, TableQuery(text="byd")).items
        ] == [
            "f2-p0",
            "f2-p1",
        ]
        assert [row.key for row in record_tables.list_people(session, actor, TableQuery(sort="firm")).items][
            :2
        ] == [
            "f2-p0",
            "f2-p1",
        ]


def test_who_left_is_in_a_list_of_its_own(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, people=2, interpreters=1)
        actor = expo.organiser_actor()
        withdrawals.withdraw_records(session, actor, ImportKind.FIRMS, ["f0"], now=NOW)
        withdrawals.withdraw_records(session, actor, ImportKind.PEOPLE, ["f1-p1"], now=NOW)
        absences.add_absences(session, actor, ImportKind.PEOPLE, ["f1-p0"], ["s0", "s2"], now=NOW)
    with database.read() as session:
        assert [row.key for row in record_tables.list_firms(session, actor).items] == ["f1"]
        assert [
            row.key for row in record_tables.list_firms(session, actor, TableQuery(state="withdrawn")).items
        ] == ["f0"]
        (person,) = record_tables.list_people(session, actor).items
        assert (person.key, person.absent) == ("f1-p0", 2)
        gone = record_tables.list_people(session, actor, TableQuery(state="withdrawn")).items
        assert [row.key for row in gone] == ["f0-p0", "f0-p1", "f1-p1"]
        assert all(row.is_withdrawn for row in gone)
        assert row_counts.count_records(session, actor)[ImportKind.FIRMS] == 1


def test_requests_are_narrowed_by_firm_state_and_text(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
        make_request(session, expo, 0, 1, state=RequestState.PENDING, key="one", topic="Packs")
        make_request(session, expo, 1, 2, key="two")
        make_request(session, expo, 0, 2, state=RequestState.DECLINED, key="three")
    actor = expo.organiser_actor()
    with database.read() as session:

        def keys(**asked: Any) -> set[str]:
            return {row.key for row in request_table.list_requests(session, actor, **asked).items}

        assert keys(firm="f0") == {"one", "three"}
        assert keys(state="accepted") == {"two"}
        assert keys(text="packs") == {"one"}
        assert keys(text="Firm 2") == {"two", "three"}
        assert keys(text="two") == {"two"} and keys(text="tw") == set(), "a key matches only as a whole"
        taken = count_selects(database, lambda session: request_table.list_requests(session, actor, total=0))
        assert taken == 0, "of none that were counted, none is read"
        counts = request_table.count_states(session, actor, firm="f0")
        assert (counts[""], counts["pending"], counts["accepted"]) == (2, 1, 0)
