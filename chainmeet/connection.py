"""Database and broker of a command: from a data folder or the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler.domain.errors import ChainmeetError

if TYPE_CHECKING:
    from scheduler.config import Settings
    from scheduler.storage.database import Database

DEFAULT_FOLDER = Path("data")

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder of an embedded stack. Default: the environment, or ./data if it sets no database.",
)


def command_settings(data: Path | None) -> Settings:
    """Return the settings of a command. Raises ChainmeetError that names what is missing."""
    from chainmeet.stack.data_folder import DataFolder
    from scheduler import logs
    from scheduler.config import Settings

    in_environment = any(f"CHAINMEET_DATABASE_URL{end}" in os.environ for end in ("", "_FILE"))
    if data is None and (in_environment or not DEFAULT_FOLDER.is_dir()):
        settings = Settings.from_env()
    else:
        settings = DataFolder((data or DEFAULT_FOLDER).resolve()).settings()
    logs.configure(settings.log_format, sentry_dsn=settings.sentry_dsn)
    return settings


@contextmanager
def open_database(settings: Settings, *, any_schema: bool = False) -> Iterator[Database]:
    """Open the database and check its schema. Connection errors print a message without a traceback."""
    from sqlalchemy.exc import DBAPIError

    from scheduler.storage.database import Database
    from scheduler.storage.schema import require_usable

    database = Database(settings.database_url)
    try:
        if not any_schema:
            require_usable(database)
        yield database
    except DBAPIError as error:
        where = database.url.render_as_string(hide_password=True)
        raise ChainmeetError(f"The database {where} isn't responding: {error.orig}") from error
    finally:
        database.dispose()
