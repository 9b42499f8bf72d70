"""The migrations make the tables that the code wants, on both databases."""

import pytest
from alembic import command
from sqlalchemy import inspect

from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.schema import SchemaOutOfDate, alembic_config, require_current, upgrade


def test_upgrading_from_empty_makes_every_table(database: Database) -> None:
    tables = set(inspect(database.engine).get_table_names())
    assert tables - {"alembic_version"} == set(Base.metadata.tables)


def test_migrations_and_models_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        command.check(alembic_config(connection))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    upgrade(database)
    require_current(database)


def test_a_database_that_was_not_upgraded_is_refused_by_name(tmp_path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaOutOfDate, match="chainmeet db upgrade"):
        require_current(empty)
