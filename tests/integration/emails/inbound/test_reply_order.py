"""Order of replies: shuffled and repeated deliveries, and concurrent replies."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import partial

import pytest

from scheduler.domain.entities import OutboxKind, Partstat
from scheduler.services.emails.inbound import inbox
from scheduler.services.replies import reply_links
from scheduler.storage.database import Database
from tests.support import replies
from tests.support.factories import NOW
from tests.support.published import LATER, MINUTE, Published
from tests.support.publishing import SETTINGS
from tests.support.threads import PATIENCE, Step

SAID = ("ACCEPTED", "DECLINED", "TENTATIVE", "ACCEPTED", "DECLINED")


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_and_repeated_deliveries_end_at_the_answer_that_was_made_last(
    database: Database, seed: int
) -> None:
    published, dice = Published(database), random.Random(seed)
    made = [SAID[dice.randrange(3)] for _ in range(5)]
    mails = [replies.calendar(published.mail_to(0), each, minutes=n) for n, each in enumerate(made)]
    delivered = [*mails, *dice.choices(mails, k=4)]
    dice.shuffle(delivered)
    for number, raw in enumerate(delivered):
        again = b"Received: again\r\n" * dice.randrange(2) + raw
        published.receive(again, published.mail_to(0), now=LATER + number * MINUTE)
    known = published.known(0)
    assert known is not None and known.partstat is Partstat(made[-1])
    receipts = [row for row in published.queued() if row.kind is OutboxKind.DESK]
    assert len(receipts) <= 1


def test_two_answers_at_once_end_at_the_later_one(published: Published) -> None:
    """By email and by link, in threads: the reply made later counts, whichever is processed first."""
    row, together = published.mail_to(0), threading.Barrier(2)

    def by_mail() -> None:
        together.wait(PATIENCE)
        raw = replies.calendar(row, "ACCEPTED", minutes=1)
        inbox.receive_email(published.database, SETTINGS, replies.address(row), raw, now=LATER)

    def by_link() -> None:
        together.wait(PATIENCE)
        answer: Callable[..., str] = partial(reply_links.submit_reply, token=replies.token(row), sequence=0)
        published.database.transact(
            lambda session: answer(session, partstat=Partstat.DECLINED, now=NOW + 2 * MINUTE)
        )

    for step in [Step(by_mail), Step(by_link)]:
        step.done()
    known = published.known(0)
    assert known is not None and known.partstat is Partstat.DECLINED


def test_two_mails_of_one_second_at_once_leave_one_answer_and_lose_none(published: Published) -> None:
    row, together = published.mail_to(0), threading.Barrier(2)

    def receive(partstat: str, late: int) -> None:
        together.wait(PATIENCE)
        raw = replies.calendar(row, partstat, minutes=1)
        now = LATER + late * MINUTE / 60
        inbox.receive_email(published.database, SETTINGS, replies.address(row), raw, now=now)

    for step in [Step(partial(receive, "ACCEPTED", 0)), Step(partial(receive, "DECLINED", 1))]:
        step.done()
    known = published.known(0)
    assert known is not None and known.partstat is Partstat.DECLINED
