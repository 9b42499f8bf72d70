"""The most viewed exhibitor pages use prebuilt statements, which saves a third of their time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from scheduler.domain.entities import RequestState, VersionState
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.web import Browser, web_app

BY_NUMBER = {"agenda": 1, "agenda/firm": 1}
"""Rows that a page asks for by their number alone: SQLAlchemy makes such a statement itself."""


@contextmanager
def executed(database: Database) -> Iterator[list[Any]]:
    """Yield the statements executed in the block, as objects."""
    seen: list[Any] = []

    def note(_connection: object, statement: Any, *_: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_execute", note)


@pytest.mark.parametrize(
    "page",
    [
        "firms",
        "firms?text=f",
        "firms/f2",
        "firms/f2/ask",
        "requests/sent",
        "requests/received",
        "requests/received?state=pending",
        "agenda",
        "agenda/firm",
    ],
)
def test_a_page_that_was_looked_at_before_makes_no_statement(
    database: Database, broker_url: str, page: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
        held, *_ = make_request(session, expo), make_request(session, expo, 2, 0, state=RequestState.PENDING)
        make_version(session, expo, [meet(held, expo)], state=VersionState.PUBLISHED)
    with database.read() as session:
        browser = Browser(
            web_app(database, broker_url), session.get_one(Account, expo.people[0][0].account_id)
        )
    path = f"/events/{expo.event.key}/{page}"
    with executed(database) as before:
        browser.get(path)
        browser.get(path)
    with executed(database) as after:
        browser.get(path)
    made = [statement for statement in after if not any(statement is each for each in before)]
    assert len(after) >= 5
    assert len(made) == BY_NUMBER.get(page, 0), [str(statement) for statement in made]
