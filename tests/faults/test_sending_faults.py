"""Faults in the middle of sending: of the mail server, of the database, and of the sender itself."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest
from sqlalchemy.exc import OperationalError

from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.operations import site_pause
from scheduler.storage.database import Database
from tests.faults.faulty_server import FaultyServer
from tests.faults.installation import Installation, Killed, killed_before_commit
from tests.support.databases import end_connections
from tests.support.factories import NOW

pytestmark = pytest.mark.smtp

SHORT = 0.3
"""Timeout in seconds of a wait for a reply that never comes."""

postgres_only = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def server_of(installation: Installation) -> FaultyServer:
    assert isinstance(installation.catcher, FaultyServer)
    return installation.catcher


def greylist() -> Callable[[str], str | None]:
    """Return replies that refuse each recipient once."""
    seen: set[str] = set()

    def reply(address: str) -> str | None:
        if address in seen:
            return None
        seen.add(address)
        return "451 4.7.1 Greylisted, try again later"

    return reply


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(lambda server: setattr(server, "before", "451 4.3.0 Try again later"), id="451 to all"),
        pytest.param(lambda server: setattr(server, "before", "550 5.7.1 Blocked"), id="550 to all"),
        pytest.param(lambda server: setattr(server, "before", "ABORT"), id="connections are reset"),
        pytest.param(lambda server: setattr(server, "recipient", greylist()), id="greylisting"),
    ],
)
def test_what_a_mail_server_refuses_for_a_while_arrives_once(
    installation: Installation, begin: Callable[[FaultyServer], None]
) -> None:
    server = server_of(installation)
    installation.publish(5, 1, None, 6, 7)
    begin(server)
    installation.deliver()
    assert server.refused
    if server.before:
        server.mend()
    installation.recover()
    assert installation.breaches() == []


def test_emails_wait_for_a_mail_server_that_is_down(installation: Installation) -> None:
    installation.publish(5, 1, None, 6, 7)
    port, installation.catcher.port = installation.catcher.port, 1
    assert installation.deliver() == 0
    installation.catcher.port = port
    installation.recover()
    assert installation.breaches() == []


def test_emails_wait_for_a_mail_server_that_accepts_connections_and_says_no_word(
    installation: Installation,
) -> None:
    installation.publish(5, 1, None, 6, 7)
    port = installation.catcher.port
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the system accepts its connections
        installation.catcher.port = silent.getsockname()[1]
        assert installation.deliver(timeout=SHORT) == 0
        silent.setblocking(False)
        silent.accept()[0].close()
    installation.catcher.port = port
    installation.recover()
    assert installation.breaches() == []


def test_of_a_mail_server_that_hangs_after_an_email_only_this_one_comes_twice(
    installation: Installation,
) -> None:
    server = server_of(installation)
    accepted = len(server.taken)
    installation.publish(5, 1, None, 6, 7)
    server.hangs = True
    while len(server.taken) == accepted:  # on a busy machine, a connection may take longer than `SHORT`
        assert installation.deliver(timeout=SHORT) == 0
    in_flight = len(server.taken) - accepted
    server.mend()
    installation.recover()
    assert installation.breaches(in_flight=in_flight) == []
    assert installation.breaches() != []


def test_an_email_that_was_taken_without_a_reply_may_arrive_twice_and_no_other(
    installation: Installation,
) -> None:
    numbers = count(1)
    server_of(installation).after = lambda: next(numbers) == 3
    installation.publish(5, 1, None, 6, 7)
    installation.deliver()
    installation.recover()
    assert installation.breaches(in_flight=1) == []
    assert installation.breaches() != []


@postgres_only
def test_a_database_that_ends_all_connections_in_the_middle_loses_no_email(
    installation: Installation, database: Database
) -> None:
    numbers = count(1)

    def lose() -> bool:
        if next(numbers) == 3:
            end_connections(database)
        return False

    server_of(installation).after = lose
    installation.publish(5, 1, None, 6, 7)
    with suppress(OperationalError):
        installation.deliver()
    server_of(installation).mend()
    installation.recover()
    assert installation.breaches(in_flight=1) == []


def test_a_sender_that_is_killed_before_any_of_its_commits_loses_no_email(installation: Installation) -> None:
    """The email in flight at each death may arrive twice."""
    plans = [(5, 1, 2, 3, None), (0, 1, 2, 3, None)]
    deaths = 0
    for nth in count(1):
        installation.publish(*plans[nth % 2])
        try:
            with killed_before_commit(installation.database, nth):
                installation.deliver()
        except Killed:
            deaths += 1
        else:
            break
        installation.recover()
        assert installation.breaches(in_flight=deaths) == [], f"killed before commit {nth}"
    assert deaths >= 5


def test_two_senders_at_once_send_each_email_once(installation: Installation) -> None:
    installation.publish(5, 1, None, 6, 7)
    with ThreadPoolExecutor(2) as threads:
        sent = [threads.submit(installation.deliver, 0, name) for name in ("one", "two")]
        assert sum(each.result() for each in sent) == 8
    assert installation.breaches() == []


def test_a_pause_in_the_middle_sends_nothing_more_and_loses_nothing(installation: Installation) -> None:
    numbers = count(1)

    def pause() -> bool:
        if next(numbers) == 3:
            with installation.database.write() as session:
                site_pause.pause(session, OPERATOR, now=NOW)
        return False

    server_of(installation).after = pause
    installation.publish(5, 1, None, 6, 7)
    assert installation.deliver() == 3
    assert installation.deliver() == 0
    with installation.database.write() as session:
        site_pause.resume(session, OPERATOR, now=NOW)
    installation.recover()
    assert installation.breaches() == []


OPERATOR = NamedDoer(name="operator")
