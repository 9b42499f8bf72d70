"""A database server that is lost for good: its standby takes over, and no commit is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from api.errors import RETRY_AFTER
from scheduler.services.publishing import job_execution
from scheduler.storage.database import Database
from tests.faults.installation import Installation
from tests.faults.test_sending_faults import server_of
from tests.support import seconds, servers
from tests.support.databases import Databases, for_application
from tests.support.servers import ReplicatedPostgres
from tests.support.web import Browser, web_app

pytestmark = [pytest.mark.smtp, pytest.mark.postgres]

READERS = 4
Answer = tuple[int, str | None]
"""A status, and `Retry-After`."""


@pytest.fixture
def servers_of_database() -> Iterator[ReplicatedPostgres]:
    with seconds.uncounted(servers.replicated_postgres()) as pair:
        yield pair


@pytest.fixture
def database(servers_of_database: ReplicatedPostgres) -> Iterator[Database]:
    """Return the database by an address with both servers, as an operator would set it."""
    database = Database(for_application(Databases(servers_of_database.url).create("expo")))
    yield database
    database.dispose()


def test_a_sender_goes_on_with_the_standby_and_loses_no_email(
    installation: Installation, servers_of_database: ReplicatedPostgres
) -> None:
    numbers = count(1)

    def fail_over() -> bool:
        if next(numbers) == 3:
            servers_of_database.fail_over()
        return False

    server_of(installation).after = fail_over
    installation.publish(5, 1, None, 6, 7)
    with suppress(OperationalError):
        installation.deliver()
    server_of(installation).mend()
    installation.recover()
    assert installation.breaches(in_flight=1) == []


def test_a_publication_goes_on_with_the_standby_while_people_read_pages(
    installation: Installation, servers_of_database: ReplicatedPostgres, broker_url: str
) -> None:
    app = web_app(installation.database, broker_url)
    job = installation.request_publication(5, 1, None, 6, 7)
    numbers = count(1)

    def fail_over() -> bool:
        if next(numbers) == 1:
            servers_of_database.fail_over()
        return False

    with readers(app, installation) as seen:
        with suppress(OperationalError):
            job_execution.execute_job(
                installation.database,
                job,
                worker="w",
                settings=installation.settings,
                should_stop=fail_over,
            )
        installation.recover_jobs()
    installation.recover()
    assert installation.breaches() == []
    assert set(seen) <= {(200, None), (503, str(RETRY_AFTER))}
    assert seen.count((200, None)) >= READERS


@contextmanager
def readers(app: Flask, installation: Installation) -> Iterator[list[Answer]]:
    """Open pages in several threads. Yield the answers. At the end each reader opens one more."""
    expo, stop = installation.expo, threading.Event()
    seen: list[Answer] = []
    clients = [Browser(app, expo.organiser).client for _ in range(READERS)]
    app.testing = False
    pages = [f"/events/{expo.event.key}/{page}" for page in ("schedule", "firms", "requests/received")]

    def read(number: int) -> None:
        for turn in count(number):
            response = clients[number].get(pages[turn % len(pages)])
            seen.append((response.status_code, response.headers.get("Retry-After")))
            if stop.is_set():
                return

    threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for client in clients:
        assert client.get(pages[0]).status_code == 200
