"""Transactions: isolation, retries, lock timeouts, and errors without secrets."""

from __future__ import annotations

import threading
import time
import traceback

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput
from scheduler.services.problems import snapshot
from scheduler.services.requests import requests
from scheduler.storage import engines
from scheduler.storage.database import Database
from scheduler.storage.engines import WEB, WORKER, Limits
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, Event, Firm, MeetingRequest
from tests.support.databases import end_connections
from tests.support.factories import NOW, make_event, make_request
from tests.support.threads import Step

postgres = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def again(database: Database, limits: Limits) -> Database:
    """Return the same database with other limits."""
    return Database(database.url.render_as_string(hide_password=False), limits=limits)


def test_a_reader_sees_the_database_as_it_was_at_its_first_question(database: Database) -> None:
    with database.write() as session:
        make_event(session)
    with database.read() as reader:
        before = reader.scalars(select(func.count()).select_from(Firm)).one()
        with database.write() as session:
            make_event(session)
        assert reader.scalars(select(func.count()).select_from(Firm)).one() == before
    with database.read() as reader:
        assert reader.scalars(select(func.count()).select_from(Firm)).one() == 2 * before


def test_a_request_accepted_during_a_runs_snapshot_comes_with_its_people_or_not_at_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        named = {"from_people": expo.people[0][1:], "to_people": expo.people[1][1:]}
        asked = make_request(session, expo, 0, 1, state=RequestState.PENDING, **named)
    read_people = snapshot._Snapshot.named_people

    def accepted_in_between(reader: snapshot._Snapshot) -> object:
        people = read_people(reader)
        with database.write() as other:
            requests.accept_request(other, expo.actor(1), asked.key, now=NOW)
        return people

    monkeypatch.setattr(snapshot._Snapshot, "named_people", accepted_in_between)
    with database.read() as session:
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    assert problem.requests == ()


def test_a_reader_cannot_write(database: Database) -> None:
    with database.write() as session:
        event_id = make_event(session).event.id
    with database.read() as reader, pytest.raises(DBAPIError, match=r"read-?only"):
        reader.get_one(Event, event_id).name = "Another"
        reader.flush()


@postgres
def test_statements_stay_prepared_from_one_reader_to_the_next(database: Database) -> None:
    with database.write() as session:
        make_event(session)
    question = select(func.count()).select_from(Firm)
    for _ in range(3):
        with database.read() as reader:
            reader.scalars(question).one()
    with database.read() as reader:
        kept = reader.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert any("firm" in statement for statement in kept)


def test_a_text_that_is_too_long_for_its_column_is_refused_by_name(database: Database) -> None:
    with database.write() as session:
        event_id = make_event(session).event.id
    with pytest.raises(InvalidInput, match="name: must have at most"), database.write() as session:
        session.get_one(Event, event_id).name = "x" * 10_000


def test_an_error_tells_no_value_that_was_to_be_stored(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught, database.write() as session:
        session.execute(text("INSERT INTO event (id, key) VALUES (:id, :key)"), {"id": 1, "key": "a secret"})
    assert "NOT NULL constraint failed" in str(caught.value) or "violates not-null" in str(caught.value)
    assert "a secret" not in "".join(traceback.format_exception(caught.value)).replace(
        '"key": "a secret"', ""
    )


@postgres
@pytest.mark.parametrize("limits", [WEB, WORKER])
def test_every_wait_for_the_database_has_an_end(database: Database, limits: Limits) -> None:
    limited = again(database, limits)
    with limited.read() as session:
        shown = {
            name: session.execute(
                text(f"SELECT extract(epoch FROM current_setting('{name}')::interval)")
            ).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    limited.dispose()
    assert [float(value) for value in shown.values()] == [limits.statement, limits.lock, limits.idle]


@postgres
def test_a_wait_for_a_lock_ends_with_an_error(database: Database) -> None:
    with database.write() as session:
        event_id = make_event(session).event.id
    hasty = again(database, Limits(statement=30, lock=0.1, idle=60, pool=5))
    lock = select(Event.id).where(Event.id == event_id).with_for_update(key_share=True)
    with database.write() as holder:
        holder.execute(lock)
        with pytest.raises(OperationalError, match="lock timeout"), hasty.write() as session:
            session.execute(lock)
    hasty.dispose()


@postgres
def test_two_transactions_that_stand_in_each_others_way_both_happen(database: Database) -> None:
    with database.write() as session:
        firms = [firm.id for firm in make_event(session).firms[:2]]
    both_hold_one = threading.Barrier(2)
    tries: list[int] = []

    def crossing(first: int, second: int) -> Step:
        def work(session: Session) -> None:
            tries.append(first)
            session.get_one(Firm, first).description += "x"
            session.flush()
            if len(tries) <= 2:
                both_hold_one.wait(30)
            session.get_one(Firm, second).description += "x"

        return Step(lambda: database.transact(work))

    for step in [crossing(firms[0], firms[1]), crossing(firms[1], firms[0])]:
        step.done()
    assert len(tries) > 2
    with database.read() as session:
        assert [session.get_one(Firm, firm).description for firm in firms] == ["xx", "xx"]


def test_a_transaction_is_done_anew_for_a_conflict_alone(database: Database) -> None:
    tries = []

    def work(session: Session) -> None:
        tries.append(1)
        session.execute(text("INSERT INTO event (id) VALUES (1)"))

    with pytest.raises(IntegrityError):
        database.transact(work)
    assert tries == [1]


@postgres
def test_connections_that_the_server_dropped_are_noticed_after_a_pause(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PING_AFTER", 0.0)
    other = again(database, WEB)
    with other.read() as session:
        mine = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with database.write() as session:
        session.execute(text(f"SELECT pg_terminate_backend({mine})"))
    gone = text(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {mine}")
    for _ in range(600):
        with database.read() as session:
            if not session.execute(gone).scalar_one():
                break
        time.sleep(0.05)
    with other.read() as session:
        assert session.scalars(select(func.count()).select_from(MeetingRequest)).one() == 0
        assert session.scalars(select(func.count()).select_from(Account)).one() == 0
    other.dispose()


@postgres
def test_a_connection_that_is_lost_after_reading_is_no_error(database: Database) -> None:
    with database.read() as session:
        session.execute(text("SELECT 1"))
        end_connections(database)
    with database.read() as session:
        assert session.scalars(select(func.count()).select_from(Account)).one() == 0


@postgres
@pytest.mark.parametrize("odd", ["\ud800", "f0\x00"])
def test_a_text_that_no_column_takes_is_its_writers_fault(database: Database, odd: str) -> None:
    """Also in searches, for one value or a list. The rest of the transaction continues."""
    with database.read() as session:
        for where in (Firm.key == odd, in_chunks(Firm.key, ["f0", odd]), Firm.key.in_([odd])):
            with pytest.raises(InvalidInput, match="character that can't be saved"):
                session.scalars(select(Firm.id).where(where)).all()
        assert session.scalars(select(Firm.id).where(Firm.key == "f0")).all() == []
