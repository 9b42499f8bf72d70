"""Two workers that send to one provider at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from scheduler.domain.emails.rates import EmailRates
from scheduler.services.delivery import email_routes
from scheduler.storage.database import Database
from tests.integration.delivery.post import CONTENT, FREQUENCY, Post, Provider, claim, fill
from tests.integration.delivery.test_sending import SENT
from tests.unit.invites.test_transport import serving

pytestmark = pytest.mark.smtp


def test_two_workers_never_have_mails_to_a_provider_with_a_rate_at_once(database: Database) -> None:
    fill(database, 40, ["qq.com"])
    rates = EmailRates.parse("qq.com=600")
    taken: list[list[int]] = []
    start = threading.Barrier(2)

    def take(worker: str) -> None:
        start.wait()
        with database.write() as session:
            rows = claim(session, 0, email_routes.load_routes(session, rates), worker)
            taken.append([row.id for row in rows])

    threads = [threading.Thread(target=take, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, taken)) == [0, 10]


def test_two_workers_try_one_mail_between_them_after_a_pause(database: Database) -> None:
    fill(database, 40, ["qq.com"])
    with serving(Provider(says=lambda _: FREQUENCY)) as server:
        post = Post(database, server)
        post.deliver(0)
        assert len(server.asked) == 1
        both(lambda worker: post.deliver(1, worker))
        assert len(server.asked) == 2
        server.says = lambda _: None
        both(lambda worker: post.deliver(3, worker))
        post.deliver(6)
    assert post.states() == {SENT: 40}
    assert len(server.got()) == len(set(server.got())) == 40


def test_two_workers_lose_and_double_nothing_while_a_server_refuses_now_and_then(database: Database) -> None:
    fill(database, 60)
    refusals = iter([FREQUENCY, None, CONTENT, None, "451 4.7.1 Greylisted", None, "550 5.1.1 x", None] * 5)
    with serving(Provider(says=lambda _: next(refusals, None))) as server:
        post = Post(database, server)
        for minute in [0, 1.5, 4, 9, 20, 40, 80, 130, 200, 300]:
            both(lambda worker, at=minute: post.deliver(at, worker))
            post.deliver(minute + 0.3)
    assert post.states() == {SENT: 60}
    assert len(server.got()) == len(set(server.got())) == 60


def both(do: Callable[[str], object]) -> None:
    """Run a function as two workers at once, and raise the errors of either."""
    failed: list[BaseException] = []

    def run(worker: str) -> None:
        try:
            do(worker)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
