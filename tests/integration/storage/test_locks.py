"""Lock waits on PostgreSQL: a locked parent row blocks no inserts of children."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxState, Partstat, ReplySource, RequestState
from scheduler.services.delivery import claims
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.replies import attendee_replies
from scheduler.services.replies.attendee_replies import Reply
from scheduler.services.requests import requests
from scheduler.services.requests.form import NewRequest
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.support.factories import SECRET_KEY, meet
from tests.support.published import LATER, Published
from tests.support.publishing import SETTINGS, draft, publish
from tests.support.threads import Step

SOURCES = [
    path
    for folder in ("api", "chainmeet", "scheduler", "workers")
    for path in sorted((Path(__file__).parents[3] / folder).rglob("*.py"))
]
postgres = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def locks(tree: ast.AST) -> Iterator[ast.keyword | ast.Call]:
    """Yield each row lock: `.with_for_update(...)` and `with_for_update=...`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "with_for_update":
            yield node
        if isinstance(node, ast.keyword) and node.arg == "with_for_update":
            yield node


WHOLE = {"archiving.py", "firm_notes.py", "pruning.py", "withdrawals.py"}
"""Locks that block new rows with references: no requests or exclusions for a firm that is being removed, and
no rows for an event or for expired rows that are being deleted."""


def test_every_row_lock_leaves_foreign_keys_alone() -> None:
    found = [(path, lock) for path in SOURCES for lock in locks(ast.parse(path.read_text("utf-8")))]
    assert found
    assert [
        f"{path.name}:{lock.lineno}"
        for path, lock in found
        if "key_share" not in ast.unparse(lock) and path.name not in WHOLE
    ] == []


def ask(session: Session, published: Published) -> str:
    form = NewRequest(to_firm=published.expo.firms[2].key, topic="Cells")
    return requests.submit_request(session, published.expo.actor(1), form, now=LATER).key


def decline(session: Session, published: Published) -> str:
    row = published.mail_to(0)
    invitation = attendee_replies.find_latest_invitation(session, row.uid, row.attendee_id)
    given = Reply(
        partstat=Partstat.DECLINED, sequence=invitation.sequence, source=ReplySource.LINK, dtstamp=LATER
    )
    return attendee_replies.submit_reply(session, invitation, given, now=LATER)


def claim(session: Session) -> int:
    later = LATER + timedelta(minutes=10)
    return len(claims.claim_emails(session, worker="w", limit=9, secret_key=SECRET_KEY, now=later))


def republish(session: Session, published: Published) -> int:
    """Publish the meeting half an hour later."""
    moved = [meet(published.request, published.expo, slot=2)]
    return publish(session, published.expo, draft(session, published.expo, moved), 1, minutes=10)


def in_own(database: Database, do: Callable[[Session], Any]) -> Callable[[], Any]:
    """Return a function that does this in its own transaction."""

    def work() -> Any:
        with database.write() as session:
            return do(session)

    return work


@postgres
def test_a_request_is_asked_while_a_publishing_is_open(database: Database) -> None:
    published = Published(database)
    with database.write() as publishing:
        assert republish(publishing, published) == 2
        assert Step(in_own(database, lambda session: ask(session, published))).done()


@postgres
def test_an_answer_is_given_while_a_publishing_is_open(database: Database) -> None:
    published = Published(database)
    with database.write() as publishing:
        republish(publishing, published)
        assert Step(in_own(database, lambda session: decline(session, published))).done()


@postgres
def test_publishing_goes_on_while_an_answer_about_a_meeting_that_it_moves_is_open(database: Database) -> None:
    published = Published(database)
    with database.write() as answering:
        row = published.mail_to(0)
        attendee_replies.lock_request(
            answering, attendee_replies.find_latest_invitation(answering, row.uid, row.attendee_id)
        )
        assert Step(in_own(database, lambda session: republish(session, published))).done() == 2
        assert decline(answering, published)
    assert published.state() is RequestState.WITHDRAWN


@postgres
def test_mails_of_an_event_are_claimed_while_somebody_asks(database: Database) -> None:
    published = Published(database)
    with database.write() as session:
        republish(session, published)
    with database.write() as asking:
        ask(asking, published)
        assert Step(in_own(database, claim)).done() == 2


@postgres
def test_a_request_is_asked_while_an_address_is_corrected(database: Database) -> None:
    published = Published(database)
    with database.write() as correcting:
        person = published.person(0)
        address_corrections.correct_address(
            correcting,
            published.expo.organiser_actor(),
            person.key,
            "new@firm.example",
            settings=SETTINGS,
            now=LATER,
        )
        assert Step(in_own(database, lambda session: ask(session, published))).done()


def test_of_two_versions_made_at_once_each_has_a_number_of_its_own(database: Database) -> None:
    published = Published(database)

    def make(session: Session) -> int:
        return draft(session, published.expo, [])

    with database.write() as first:
        number = make(first)
        second = Step(in_own(database, make))
    assert {number, second.done()} == {2, 3}


def test_a_sender_gives_back_only_mails_that_are_still_its_own(database: Database) -> None:
    published = Published(database)
    with database.write() as session:
        republish(session, published)
        later = LATER + timedelta(minutes=10)
        rows = claims.claim_emails(session, worker="w1", limit=9, secret_key=SECRET_KEY, now=later)
        session.expunge_all()  # the sender's cached copies do not reflect others' changes
        session.execute(update(OutboxEmail).where(OutboxEmail.id == rows[0].id).values(claimed_by="w2"))
        claims.release_claims(session, rows, at=LATER)
        states = dict(session.execute(select(OutboxEmail.id, OutboxEmail.state)).all())
    assert [states[row.id] for row in rows] == [OutboxState.SENDING, OutboxState.QUEUED]
