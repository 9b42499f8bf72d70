"""Lists of requests: search, counts, pagination, and access to one's own requests only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.domain.errors import InvalidInput
from scheduler.services.paging import encode_cursor
from scheduler.services.requests import outcomes, request_lists, requests
from scheduler.services.requests.form import NewRequest
from scheduler.storage.database import Database
from tests.support.factories import (
    NOW,
    make_event,
    make_firm,
    make_request,
    make_version,
    meet,
)
from tests.support.queries import count_rows, count_selects

PENDING = RequestState.PENDING
DAY = timedelta(days=1)
FORM = NewRequest(to_firm="f1", topic="Cells")


def test_sent_and_received_are_the_firms_own_newest_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        first = make_request(session, expo, 0, 1, created_at=NOW)
        second = make_request(session, expo, 0, 2, created_at=NOW + DAY)
        back = make_request(session, expo, 3, 0, state=PENDING)
        make_request(session, expo, 1, 2)
        actor = expo.actor(0)
        assert [card.key for card in request_lists.list_requests(session, actor, side=Side.FROM).items] == [
            second.key,
            first.key,
        ]
        received = request_lists.list_requests(session, actor, side=Side.TO).items
        assert [(card.key, card.steps) for card in received] == [(back.key, ("accept", "decline"))]
        assert request_lists.list_requests(session, actor).total == 3
        assert request_lists.list_requests(session, expo.organiser_actor()).total == 4
        assert (
            request_lists.list_requests(session, expo.organiser_actor(), side=Side.FROM, firm="f1").total == 1
        )


def test_requests_are_filtered_by_state_and_words(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_firm(session, expo, name="上海电池有限公司", latin_name="Shanghai Batteries")
        make_firm(session, expo, name="Öko Żelazo", latin_name="Oko")
        cells = make_request(session, expo, 0, 3, topic="Solid-state cells")
        scrap = make_request(session, expo, 0, 4, topic="100% scrap", state=PENDING)

        def found(text: str = "", state: RequestState | None = None) -> list[str]:
            page = request_lists.list_requests(session, expo.actor(0), side=Side.FROM, text=text, state=state)
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
            page = request_lists.list_requests(session, actor, side=Side.FROM, cursor=cursor, limit=2)
            keys, cursor = keys + [card.key for card in page.items], page.next_cursor
            assert page.total == 5
        assert (keys, cursor) == (made[::-1], None)


def test_pages_of_requests_have_numbers_and_the_last_stands_for_all_behind_it(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6)
        made = [make_request(session, expo, 0, i).key for i in range(1, 6)][::-1]
        for number, wanted in ((0, made[:2]), (1, made[:2]), (2, made[2:4]), (3, made[4:]), (9, made[4:])):
            page = request_lists.list_requests(session, expo.actor(0), side=Side.FROM, number=number, limit=2)
            assert [card.key for card in page.items] == wanted
            assert (page.total, page.last, page.number) == (5, 3, min(max(number, 1), 3))
            assert page.first_item == made.index(wanted[0]) + 1
        empty = request_lists.list_requests(session, expo.actor(5), side=Side.FROM, number=4)
        assert (empty.items, empty.number, empty.last) == ((), 1, 1)


def test_a_cursor_that_is_not_of_the_list_is_refused(database: Database) -> None:
    bad = ("x", "é", "bm8", "WyJyZXF1ZXN0cyIsMSwyXQ", "W10", "WyJmaXJtcyIsImEiLCIxIl0")
    naive = encode_cursor("requests", ["2026-11-24T08:00:00", 1])
    huge = encode_cursor("requests", [NOW, 10**30])
    with database.write() as session:
        actor = make_event(session).actor(0)
        for cursor in (*bad, naive, huge, encode_cursor("firms", [NOW, 1])):
            with pytest.raises(InvalidInput, match="cursor: is not a cursor of this list"):
                request_lists.list_requests(session, actor, side=Side.FROM, cursor=cursor)
        assert (
            request_lists.list_requests(
                session, actor, side=Side.FROM, cursor=encode_cursor("requests", [NOW, 1])
            ).items
            == ()
        )


def test_the_size_of_a_page_has_limits(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session).actor(0)
        for limit in (0, 201):
            with pytest.raises(InvalidInput, match="limit: enter a value from 1 to 200"):
                request_lists.list_requests(session, actor, side=Side.FROM, limit=limit)


def test_a_page_takes_as_many_queries_for_one_request_as_for_twenty(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=22)
        make_request(session, expo, 0, 1, from_people=expo.people[0])
    few = count_selects(
        database, lambda session: request_lists.list_requests(session, expo.actor(0), side=Side.FROM)
    )
    with database.write() as session:
        for i in range(2, 22):
            make_request(session, expo, 0, i, from_people=expo.people[0], to_people=expo.people[i])
    assert (
        count_selects(
            database, lambda session: request_lists.list_requests(session, expo.actor(0), side=Side.FROM)
        )
        == few
        == 3
    )


def test_a_list_whose_length_is_known_is_not_counted_again(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        for i in range(1, 4):
            make_request(session, expo, 0, i)
    totals = []

    def look(session: Session, total: int | None) -> None:
        totals.append(
            request_lists.list_requests(session, expo.actor(0), side=Side.FROM, limit=2, total=total).total
        )

    counted = count_selects(database, lambda session: look(session, None))
    known = count_selects(database, lambda session: look(session, 3))
    assert (counted, known, totals) == (4, 3, [3, 3])


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
        counts = request_lists.count_requests(session, expo.actor(0))
        assert counts.sent == {**none, RequestState.ACCEPTED: 1, PENDING: 1}
        assert counts.received == {**none, RequestState.DECLINED: 1}
        everything = {**none, RequestState.ACCEPTED: 2, PENDING: 1, RequestState.DECLINED: 1}
        whole = request_lists.count_requests(session, expo.organiser_actor())
        assert whole.sent == whole.received == everything


def test_counts_are_of_the_same_search_as_the_list(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 0, 1, topic="Cells")
        make_request(session, expo, 0, 2, topic="Tools", state=PENDING, reply_topic="Cells too")
        counts = request_lists.count_requests(session, expo.actor(0), text="too cells").sent
        assert (counts[RequestState.ACCEPTED], counts[PENDING]) == (0, 1)


def test_characters_that_turn_text_around_are_not_kept(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        form = replace(FORM, topic="Cells \u202egnp.exe", message="a\u2066b\u2069 \u05d0")
        request = requests.submit_request(session, expo.actor(0), form, now=NOW)
        assert (request.topic, request.message) == ("Cells gnp.exe", "ab \u05d0")


def test_not_held_are_the_accepted_ones_that_the_published_schedule_left_out(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=5)
        held = make_request(session, expo, 0, 1)
        left_out = make_request(session, expo, 0, 2, topic="Tools")
        make_request(session, expo, 3, 0, responded_at=NOW + timedelta(hours=1))
        make_request(session, expo, 4, 0, state=PENDING)
        assert (
            request_lists.list_requests(session, expo.actor(0), side=Side.FROM, unscheduled=True).items == ()
        ), "nothing is published"
        make_version(session, expo, [meet(held, expo)])
        page = request_lists.list_requests(session, expo.actor(0), side=Side.FROM, unscheduled=True)
        assert ([card.key for card in page.items], page.total) == ([left_out.key], 1)
        assert (
            request_lists.list_requests(session, expo.actor(0), side=Side.TO, unscheduled=True).items == ()
        ), "accepted since"
        counts = request_lists.count_requests(session, expo.actor(0))
        assert (counts.sent_unscheduled, counts.received_unscheduled) == (1, 0)
        assert request_lists.count_requests(session, expo.actor(0), text="cells").sent_unscheduled == 0
        assert request_lists.count_requests(session, expo.organiser_actor()).received_unscheduled == 1


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_page_reads_why_its_own_requests_are_not_held_and_no_other_answer(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        mine = make_request(session, expo, 0, 1)
        version = make_version(session, expo, [])
        keys = mine.key, "others1", "others2"
        version.unscheduled = [{"request": key, "reason": "no-place"} for key in keys]
    with database.read() as session:
        cards = request_lists.list_requests(session, expo.actor(0)).items
    seen = []

    def look(session: Session) -> None:
        seen.append(outcomes.list_outcomes(session, expo.actor(0), cards)[mine.key].reason)

    rows = count_rows(database, look)  # version, solver's answer; the reader's firm, its event, the times
    assert (rows, seen[0]) == (5, "no suitable booth or table is free when the attendees are available")
