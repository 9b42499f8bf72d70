"""One query parameter for a list of any length, on both databases."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.dialects import sqlite

from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Firm
from scheduler.storage.schema import upgrade_schema
from tests.support.factories import make_event
from tests.support.queries import statements


def test_rows_are_those_whose_column_is_listed(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
        ids = [firm.id for firm in expo.firms]
        keys = [firm.key for firm in expo.firms]
        firms = select(Firm.id).order_by(Firm.id)
        assert session.scalars(firms.where(in_chunks(Firm.id, ids[:2]))).all() == ids[:2]
        assert session.scalars(firms.where(~in_chunks(Firm.id, ids[:2]))).all() == ids[2:]
        assert session.scalars(firms.where(in_chunks(Firm.key, {keys[1], "it's", '\\"{}'}))).all() == [ids[1]]
        assert session.scalars(firms.where(in_chunks(Firm.id, ()))).all() == []
        session.execute(delete(Firm).where(in_chunks(Firm.id, ())))
        assert session.scalars(firms).all() == ids


def test_more_values_than_a_statement_may_have_parameters_make_the_same_statement(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        with statements(database.engine) as seen:
            for most in (1, 100_000):
                listed = in_chunks(Firm.id, range(expo.firms[0].id, expo.firms[0].id + most))
                assert len(session.scalars(select(Firm.id).where(listed)).all()) == min(most, 2)
    assert len(seen) == 2 and len(set(seen)) == 1


def test_sqlite_looks_up_the_listed_rows_instead_of_looking_at_all(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'rows.sqlite'}")
    upgrade_schema(database)
    listed = select(Firm.id).where(in_chunks(Firm.id, [1]), Firm.country == "HU")
    statement = str(listed.compile(dialect=sqlite.dialect()))
    with database.read() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("[1]", "HU")).all()
    database.dispose()
    assert any("SEARCH firm USING INTEGER PRIMARY KEY" in row[-1] for row in plan), plan
