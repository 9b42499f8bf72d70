"""The call list: who, why, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, OutboxEmail
from tests.support.event_with_replies import OVERDUE, Health, board_of, busy_expo, rows
from tests.support.publishing import draft, publish


def test_the_list_of_calls_has_who_why_and_when_at_the_venue(health: Health) -> None:
    with health.database.write() as session:
        session.execute(
            update(Attendee)
            .where(Attendee.id == health.person(0).id)
            .values(name="王伟", latin_name="Wang Wei", phone="+86 10 6552", languages=["zh", "en"])
        )
    health.bounce(5)
    health.answer(1, "ACCEPTED")
    assert health.calls() == [
        {
            "Name": "王伟",
            "Name in Latin letters": "Wang Wei",
            "Firm": "Firm 0",
            "Country": "China",
            "Languages": "Chinese, English",
            "Phone": "\N{NO-BREAK SPACE}+86 10 6552",
            "Email": health.first,
            "Reason": "emails to the address bounce (550 5.1.1 no such user): 1 meeting",
            "First meeting (Asia/Shanghai)": "2026-12-07 09:00",
            "Meetings": "1",
            "Who calls": "",
            "Note": "",
        }
    ]


def test_a_name_that_is_a_formula_is_harmless_in_the_list_of_calls(health: Health) -> None:
    with health.database.write() as session:
        session.execute(update(Attendee).values(name='=HYPERLINK("http://x")'))
    assert {row["Name"] for row in health.calls(5000)} == {'\'=HYPERLINK("http://x")'}


def test_the_list_of_calls_follows_the_filters(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        board = board_of(session, expo, OVERDUE, day="2026-12-08")
        assert [row["Firm"] for row in rows(session, expo.organiser_actor(), board)] == [
            "Firm 0", "Firm 3", "Firm 4",
        ]  # fmt: skip


def test_who_declined_is_to_be_called_until_the_next_publishing(health: Health) -> None:
    health.answer(0, "DECLINED")
    assert health.shown(0).reason == "declined 1 scheduled meeting"
    with health.database.write() as session:
        publish(session, health.expo, draft(session, health.expo, []), 1, minutes=20)
    health.send(21)
    assert health.board().people == ()


@pytest.mark.parametrize(
    ("sent", "before", "needs"),
    [
        (timedelta(seconds=15), timedelta(days=10), False),
        (timedelta(days=3) - timedelta(minutes=1), timedelta(days=10), False),
        (timedelta(days=3), timedelta(days=10), True),
        (timedelta(hours=1), timedelta(hours=20), False),
        (timedelta(hours=2), timedelta(hours=20), True),
        (timedelta(hours=2), timedelta(days=2, minutes=1), False),
        (timedelta(days=5), timedelta(0), False),
    ],
)
def test_who_has_not_answered_needs_a_call_only_when_it_is_due(
    database: Database, sent: timedelta, before: timedelta, needs: bool
) -> None:
    """`sent`: time since the invitation; `before`: time to the meeting. Board and person page agree."""
    with database.write() as session:
        expo = busy_expo(session)
        now = expo.slots[0].start - before
        session.execute(update(OutboxEmail).values(sent_at=now - sent))
        board = board_of(session, expo, now, firm="f1")
        assert [bool(listed.tally.calls) for listed in board.people] == [needs]
        shown = calendar_health.show_person(session, expo.organiser_actor(), expo.people[1][0].key, now=now)
        assert bool(shown.calls) is needs
        assert board.facets.calls == int(needs)
