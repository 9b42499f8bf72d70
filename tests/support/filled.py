"""Write database dumps of the present schema version: `python -m tests.support.filled`.

The event has one of everything, in the middle of sending: some emails of a publication are sent, some are
claimed by a lost sender, and some are queued. Each database engine gets a SQL file named by its revision, and
a file with secret links. They are kept permanently: `test_releases` upgrades each of them to the present
code, or sees it rejected if it is older than the baseline (docs/releasing.md).
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxState
from scheduler.services.delivery import claims
from scheduler.services.identity import api_tokens, tokens
from scheduler.services.schedule import feed_addresses
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Firm, Interpreter, InterpreterFeed, OutboxEmail
from scheduler.storage.schema import upgrade_schema
from tests.support import clocks, servers
from tests.support.databases import Databases
from tests.support.everything import NOWHERE, Everything
from tests.support.factories import NOW, SECRET_KEY
from tests.support.publishing import publish_version
from tests.support.rows import rows_of
from tests.support.web import Browser, web_app

FOLDER = Path(__file__).parent / "releases"
LOST = "a sender that is gone"
CLAIMED, SENT = 7, 3
"""Emails of the second publication that a sender claimed, and those that it sent."""


@dataclass(frozen=True, slots=True)
class Release:
    """The dump of a release: SQL statements, links, and row counts by table."""

    engine: str
    revision: str

    @property
    def sql(self) -> Path:
        return FOLDER / f"{self.revision}.{self.engine}.sql.gz"

    @property
    def facts(self) -> Path:
        return FOLDER / f"{self.revision}.{self.engine}.json"

    def known(self) -> dict[str, Any]:
        """Return the facts of the release.

        They are `links` that respond 200, an API `token` of the `event`, the `cookie` of its organiser, and
        the number of `rows` by table.
        """
        found: dict[str, Any] = json.loads(self.facts.read_text())
        return found

    def restore_into(self, url: str) -> None:
        """Restore into an empty database: the URL of a SQLite file or a PostgreSQL database."""
        statements = gzip.decompress(self.sql.read_bytes()).decode()
        if self.engine == "sqlite":
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
                file.executescript(statements)
        else:
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute(statements.encode())


def releases() -> list[Release]:
    """Return all releases, oldest first."""
    names = sorted(path.name.split(".") for path in FOLDER.glob("*.sql.gz"))
    return [Release(engine, revision) for revision, engine, *_ in names]


def fill(database: Database) -> dict[str, Any]:
    """Create everything, and a second publication that is being sent. Return the facts of `Release.known`."""
    everything = Everything(database, web_app(database, NOWHERE))
    expo = everything.expo
    with database.write() as session:
        session.get_one(Event, expo.event.id).publish_hold = 0
        publish_version(session, event_id=expo.event.id, number=2, compared_with=1, by=expo.organiser.id)
    with database.write() as session:
        rows = claims.claim_emails(session, worker=LOST, limit=CLAIMED, secret_key=SECRET_KEY, now=NOW)
        for row in rows[:SENT]:
            claims.mark_sent(session, row.id, worker=LOST, now=NOW)
        assert len(rows) == CLAIMED
        waits = select(OutboxEmail.id).where(OutboxEmail.state == OutboxState.QUEUED)
        assert session.scalars(waits).all(), "some wait behind them"
        links, token = _addresses(session, everything)
    known = everything.known
    names = ("answer", "summaries", "digests", "invitation", "registration", "print", "sign_in")
    links += [*(str(known[name]) for name in names), f"{known['asked']}/accept"]
    browser = Browser(everything.app, everything.account("organiser"))
    cookie = browser.client.get_cookie("chainmeet")
    assert cookie is not None
    return {"links": sorted(links), "token": token, "event": expo.event.key, "cookie": cookie.value}


def _addresses(session: Session, everything: Everything) -> tuple[list[str], str]:
    """Return the feeds of a person, a firm and an interpreter, and an API token."""
    expo = everything.expo
    exhibitor = expo.actor(0)
    feed_addresses.renew_firm_feed(session, exhibitor, secret_key=SECRET_KEY)
    interpreter = session.get_one(Interpreter, expo.interpreters[0].id)
    seed, hashed = tokens.new_feed(SECRET_KEY)
    session.add(
        InterpreterFeed(
            interpreter_id=interpreter.id, address=interpreter.email, seed=seed, token_hash=hashed
        )
    )
    firm = session.get_one(Firm, expo.firms[0].id)
    seeds = [expo.people[0][0].feed_seed, firm.feed_seed, seed]
    feeds = [f"/calendar/{tokens.derive_token(SECRET_KEY, tokens.FEED, str(each))}.ics" for each in seeds]
    actor = expo.organiser_actor()
    _, token = api_tokens.create_api_token(session, actor, "A program", ["schedule:read"], now=NOW)
    return feeds, token


def write(engine: str, url: str) -> Release:
    """Fill an empty database and dump it."""
    database = Database(url)
    upgrade_schema(database)
    known = fill(database)
    counted = {name: len(rows) for name, rows in rows_of(database).items() if rows}
    database.fold_in()
    database.dispose()
    release = Release(engine, str(schema.head_revision()))
    statements = _sqlite(url) if engine == "sqlite" else _postgresql(url)
    release.sql.write_bytes(gzip.compress(statements.encode(), mtime=0))
    release.facts.write_text(json.dumps(known | {"rows": counted}, indent=1, sort_keys=True) + "\n")
    return release


def _sqlite(url: str) -> str:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
        return "\n".join(file.iterdump()) + "\n"


def _postgresql(url: str) -> str:
    """Return the dump without the tests' clock and psql commands."""
    command = [
        str(servers.postgres_binaries() / "pg_dump"), "--inserts", "--rows-per-insert=100", "--no-owner",
        "--no-privileges", "--exclude-schema=tests", url.replace("+psycopg", ""),
    ]  # fmt: skip
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "".join(line for line in dump.splitlines(keepends=True) if not line.startswith(("\\", "--")))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    clocks.start()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        clocks.hold(patch, NOW)
        written = [write("sqlite", f"sqlite:///{folder}/filled.db")]
        with servers.postgres() as url:
            written.append(write("postgresql", Databases(url).create("filled", "template1")))
    for release in written:
        sys.stdout.write(f"{release.sql}: {release.sql.stat().st_size} octets\n")


if __name__ == "__main__":
    main()
