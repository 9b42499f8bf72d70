"""Operators of the installation: added and removed by each other, and never none."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.team import operators
from scheduler.services.team.operators import LastOperator
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, OutboxEmail
from tests.support.factories import NOW, make_account
from tests.support.publishing import SETTINGS
from tests.support.threads import Step
from tests.support.web import Browser, web_app


def signed_in(account: Account) -> SignedIn:
    return SignedIn(1, account.id, account.email, account.name, account.is_operator, NOW, NOW, NOW)


@pytest.fixture
def first(database: Database) -> Account:
    with database.write() as session:
        return make_account(session, "first@site.example", is_operator=True)


def test_an_operator_adds_another_who_is_told(database: Database, first: Account) -> None:
    with database.write() as session:
        asker = signed_in(first)
        operators.add_operator(session, asker, "New@site.example", settings=SETTINGS, now=NOW)
        with pytest.raises(InvalidInput, match="this person is already an operator"):
            operators.add_operator(session, asker, "new@site.example", settings=SETTINGS, now=NOW)
        assert [card.email for card in operators.list_operators(session, signed_in(first))] == [
            "first@site.example",
            "new@site.example",
        ]
        (mail,) = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK))
        assert mail.to_address == "new@site.example"
    with database.read() as session:
        (entry,) = session.scalars(select(AuditLogEntry))
        assert (entry.chain, entry.role, entry.about) == (0, "operator", "operator new@site.example")


def test_the_last_operator_cannot_go(database: Database, first: Account) -> None:
    with database.write() as session:
        with pytest.raises(LastOperator):
            operators.remove_operator(session, signed_in(first), first.id, now=NOW)
        second = make_account(session, is_operator=True)
        with pytest.raises(NotFound):
            operators.remove_operator(session, signed_in(first), 999, now=NOW)
        operators.remove_operator(session, signed_in(first), first.id, now=NOW)
        with pytest.raises(NotAllowed):  # a page opened earlier
            operators.remove_operator(session, signed_in(first), second.id, now=NOW)


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_of_two_operators_who_remove_each_other_at_once_one_stays(database: Database, first: Account) -> None:
    with database.write() as session:
        second = make_account(session, is_operator=True)

    def remove(by: Account, whom: Account) -> None:
        with database.write() as session:
            operators.remove_operator(session, signed_in(by), whom.id, now=NOW)

    refused = 0
    for step in [Step(lambda: remove(first, second)), Step(lambda: remove(second, first))]:
        try:
            step.done()
        except (LastOperator, NotAllowed):
            refused += 1
    with database.read() as session:
        assert len(session.scalars(select(Account).where(Account.is_operator)).all()) == 1
    assert refused == 1


def test_operators_do_so_by_their_page(database: Database, first: Account) -> None:
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), first)
    assert "Operators of this site" in browser.get("/operators")
    assert 'value="nobody"' in browser.post("/operators", 422, email="nobody")
    assert "new@site.example is now an operator" in browser.post("/operators", email="new@site.example")
    assert "The site needs an operator" not in browser.get("/operators")
