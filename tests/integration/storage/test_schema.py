"""The migrations create the tables of the models, on both databases."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.schema import SchemaOutOfDate, alembic_config, require_current, upgrade_schema
from tests.support.databases import owning
from tests.support.factories import make_event, make_request, meet
from tests.support.publishing import draft, publish


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    """Return the database with the owner's role, which may change tables."""
    with owning(database) as owner:
        yield owner


def test_upgrading_from_empty_makes_every_table(database: Database) -> None:
    tables = set(inspect(database.engine).get_table_names())
    assert tables - {"alembic_version"} == set(Base.metadata.tables)


def test_migrations_and_models_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        command.check(alembic_config(connection))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    upgrade_schema(database)
    require_current(database)


def test_a_database_that_was_not_upgraded_is_refused_by_name(tmp_path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaOutOfDate, match="chainmeet db upgrade"):
        require_current(empty)


def test_a_kind_of_mail_that_is_none_is_refused_by_the_database(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        publish(session, expo, draft(session, expo, [meet(make_request(session, expo, 0, 1), expo)]), None)
    with database.engine.connect() as connection:
        for column in ("kind", "method"):
            with pytest.raises(IntegrityError), connection.begin_nested():
                connection.execute(text(f"UPDATE outbox_mail SET {column} = 'letter'"))
