"""The only way into the outbox, and the only one by which emails leave it unsent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, OutboxKind, OutboxState
from scheduler.services.delivery import claims
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.support.factories import NOW, SECRET_KEY, make_event
from tests.unit.invites.builders import new

NOBODY = NewMail(
    kind=OutboxKind.TEST,
    to_address="ada@firm.example",
    message_id="<1@expo.example>",
    payload={},
    created_at=NOW,
    next_attempt_at=NOW,
)


def some(count: int) -> list[NewMail]:
    return [replace(NOBODY, message_id=f"<{number}@expo.example>") for number in range(count)]


def rows(session: Session) -> Sequence[OutboxEmail]:
    return session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)).all()


def test_mails_are_queued_in_their_order_for_the_providers_that_take_them(database: Database) -> None:
    mails = [*some(2), replace(NOBODY, to_address="bo@mail.example", message_id="<2@expo.example>")]
    with database.write() as session:
        outbox.enqueue(session, mails)
        outbox.enqueue(session, [])
        found = [(row.message_id, row.domain, row.state, row.attempts) for row in rows(session)]
    assert found == [
        ("<0@expo.example>", "firm.example", OutboxState.QUEUED, 0),
        ("<1@expo.example>", "firm.example", OutboxState.QUEUED, 0),
        ("<2@expo.example>", "mail.example", OutboxState.QUEUED, 0),
    ]


def test_a_message_to_a_calendar_stands_in_columns_as_in_its_payload(database: Database) -> None:
    message = new()
    mail = outbox.calendar_mail(
        OutboxKind.INVITATION,
        message,
        to=("ada@firm.example", "Ada"),
        event_id=1,
        request_id=1,
        payload=message.to_json(),
        domain="meet.example",
        now=NOW,
        thread_id=None,
        facts="digest",
    )
    assert (mail.uid, mail.method, mail.sequence) == (message.uid, Method.REQUEST, 0)
    assert (mail.dtstamp, mail.facts) == (message.dtstamp, "digest")
    said = {name: mail.payload[name] for name in ("uid", "method", "sequence", "dtstamp")}
    assert said == {
        "uid": mail.uid,
        "method": "REQUEST",
        "sequence": 0,
        "dtstamp": message.dtstamp.isoformat(),
    }


def test_what_a_sender_has_had_once_is_never_dropped(database: Database) -> None:
    with database.write() as session:
        outbox.enqueue(session, some(3))
        (taken,) = claims.claim_emails(session, worker="w", limit=1, secret_key=SECRET_KEY, now=NOW)
    with database.write() as session:
        claims.release_claims(session, [taken], at=NOW)
    with database.write() as session:
        gone = outbox.delete_untouched(session, true(), OutboxEmail.message_id)
        assert gone == [("<1@expo.example>",), ("<2@expo.example>",)]
        assert [row.id for row in rows(session)] == [taken.id]


@pytest.mark.parametrize("with_aside", [True, False])
def test_what_is_set_aside_is_not_sent_and_dropped_by_who_asks_for_it(
    database: Database, with_aside: bool
) -> None:
    with database.write() as session:
        outbox.enqueue(session, some(2))
        outbox.set_aside_mails(session, OutboxEmail.message_id == "<0@expo.example>", now=NOW)
        assert [row.state for row in rows(session)] == [OutboxState.FAILED, OutboxState.QUEUED]
        outbox.delete_untouched(session, true(), with_aside=with_aside)
        left = [row.message_id for row in rows(session)]
    assert left == ([] if with_aside else ["<0@expo.example>"])


def test_only_the_mails_that_are_meant_are_dropped(database: Database) -> None:
    with database.write() as session:
        event = make_event(session).event.id
        outbox.enqueue(session, [*some(1), replace(NOBODY, event_id=event, message_id="<e@expo.example>")])
        outbox.delete_untouched(session, OutboxEmail.event_id == event)
        assert [row.message_id for row in rows(session)] == ["<0@expo.example>"]
