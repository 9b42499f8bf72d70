"""A page reads in one transaction, and loads no row twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from api import context
from scheduler.domain.entities import VersionState
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event
from tests.support.factories import Expo, make_event, make_request, make_version, meet
from tests.support.web import Browser, web_app

ASKED = re.compile(r"FROM (event|account|web_session) ")


@contextmanager
def counting(database: Database) -> Iterator[Counter[str]]:
    """Count transactions, and queries for one event, account or session."""
    seen: Counter[str] = Counter()

    def begun(_connection: object) -> None:
        seen["begin"] += 1

    def asked(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if found := ASKED.search(" ".join(statement.split())):
            seen[found[1]] += 1

    event.listen(database.engine, "begin", begun)
    event.listen(database.engine, "before_cursor_execute", asked)
    yield seen
    event.remove(database.engine, "begin", begun)
    event.remove(database.engine, "before_cursor_execute", asked)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo), expo)
        make_version(session, expo, [meeting], state=VersionState.PUBLISHED)
    return expo


def reader(database: Database, expo: Expo) -> Account:
    with database.read() as session:
        return session.get_one(Account, expo.people[0][0].account_id)


@pytest.mark.parametrize("page", ["agenda", "agenda/firm", "firms", "requests/sent", "firms/f2/request"])
def test_a_page_is_one_transaction_with_each_row_asked_once(
    database: Database, broker_url: str, expo: Expo, page: str
) -> None:
    browser = Browser(web_app(database, broker_url), reader(database, expo))
    with counting(database) as seen:
        browser.get(f"/events/{expo.event.key}/{page}")
    assert (seen["begin"], seen["event"] <= 1, seen["account"] <= 1) == (1, True, True)


def test_who_asks_and_as_what_in_the_event_is_one_question(
    database: Database, broker_url: str, expo: Expo
) -> None:
    browser = Browser(web_app(database, broker_url), reader(database, expo))
    with counting(database) as seen:
        browser.get(f"/events/{expo.event.key}/firms")
    assert (seen["web_session"], seen["event"], seen["account"]) == (1, 0, 0)


def test_what_a_request_writes_is_seen_by_what_it_reads_next(
    database: Database, broker_url: str, expo: Expo
) -> None:
    with web_app(database, broker_url).app_context():
        mine = context.database()
        with mine.read() as session:
            before = session.get_one(Event, expo.event.id)
        with mine.write() as session:
            session.get_one(Event, expo.event.id).name = "Renamed"
            with mine.read() as inside:
                assert inside is session
        with mine.read() as session:
            assert session.get_one(Event, expo.event.id).name == "Renamed"
        assert before.name == expo.event.name


def test_a_request_does_not_write_inside_a_write(database: Database, broker_url: str) -> None:
    app, refused = web_app(database, broker_url), pytest.raises(RuntimeError)
    with app.app_context(), context.database().write(), refused, context.database().write():
        pass


def test_nothing_stays_open_after_a_request_or_for_a_service_with_transactions_of_its_own(
    database: Database, broker_url: str, expo: Expo
) -> None:
    app = web_app(database, broker_url)
    browser = Browser(app, reader(database, expo))
    browser.get(f"/events/{expo.event.key}/agenda")
    assert database.engine.pool.checkedout() == 0
    with app.app_context():
        with context.database().read() as session:
            session.get_one(Event, expo.event.id)
        assert database.engine.pool.checkedout() == 1
        assert context.own_transactions() is database
        assert database.engine.pool.checkedout() == 0


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_page_leaves_its_statements_prepared_for_the_next(
    database: Database, broker_url: str, expo: Expo
) -> None:
    browser = Browser(web_app(database, broker_url), reader(database, expo))
    for _ in range(3):
        browser.get(f"/events/{expo.event.key}/agenda")
    with database.read() as session:
        kept = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert any("FROM planned_meeting" in statement for statement in kept)
