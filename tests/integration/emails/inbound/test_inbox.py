"""The inbox: each email is stored and processed once, and readable by its event's organisers."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from scheduler.domain.entities import MailOutcome, Partstat, RequestState
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.services.emails.inbound import inbox, inbox_actions, intake
from scheduler.storage.database import Database
from scheduler.storage.models import (
    InboundEmail,
    InvitationReply,
)
from tests.support import replies
from tests.support.factories import NOW, make_event
from tests.support.published import CORPUS, LATER, Published
from tests.support.publishing import SETTINGS


def test_every_dialect_is_kept_and_judged_and_answers_about_other_meetings_change_nothing(
    published: Published,
) -> None:
    for day, path in enumerate(CORPUS):  # an address accepts 20 emails a day
        later = LATER + timedelta(days=day / 10)
        mail = published.receive(path.read_bytes(), published.mail_to(0), now=later)
        assert mail.outcome is not MailOutcome.RECEIVED, path.name
        assert "could not be judged" not in mail.reason, path.name
    assert published.count(InboundEmail) == len(CORPUS)
    assert (published.count(InvitationReply), published.state()) == (0, RequestState.ACCEPTED)


def test_mail_to_an_address_that_is_not_ours_is_refused(database: Database, published: Published) -> None:
    for address in ("meetings+" + "a" * 32 + "@expo.example", "info@expo.example", "", "meetings+@x"):
        assert not inbox.receive_email(database, SETTINGS, address, b"hi", now=NOW)
    other = replies.address(published.mail_to(0)).replace("expo.example", "else.example")
    assert not inbox.receive_email(database, SETTINGS, other, b"hi", now=NOW)
    assert published.count(InboundEmail) == 0


def test_the_address_is_taken_in_any_case(published: Published) -> None:
    to = replies.address(published.mail_to(0)).upper()
    raw = replies.calendar(published.mail_to(0))
    assert inbox.receive_email(published.database, SETTINGS, f"<{to}>", raw, now=LATER)
    assert published.known(0) is not None


def test_the_database_has_no_token_but_its_hash(published: Published) -> None:
    published.answer(0, "ACCEPTED")
    with published.database.read() as session:
        row = session.scalars(select(InboundEmail)).one()
        assert re.fullmatch("[0-9a-f]{64}", row.token_hash)
        assert row.token_hash != replies.token(published.mail_to(0))


def test_a_mail_is_judged_once_by_two_at_the_same_time(published: Published) -> None:
    raw = replies.calendar(published.mail_to(0), "DECLINED")
    to = replies.address(published.mail_to(0))
    threads = [
        threading.Thread(
            target=inbox.receive_email, args=(published.database, SETTINGS, to, raw), kwargs={"now": LATER}
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert published.count(InboundEmail) == 1
    answer = published.known(0)
    assert answer is not None and answer.partstat is Partstat.DECLINED


def test_a_mail_whose_judge_died_is_found_and_judged(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(inbox, "_judge_all", lambda *_, **__: None)
        published.answer(0, "ACCEPTED")
    assert published.known(0) is None
    with published.database.read() as session:
        assert inbox.find_unjudged(session, now=LATER) == [], "it may be judged just now"
        (mail_id,) = inbox.find_unjudged(session, now=LATER + inbox.PATIENCE)
    inbox.judge_email(published.database, SETTINGS, mail_id, now=LATER)
    assert published.known(0) is not None
    with published.database.read() as session:
        assert inbox.find_unjudged(session, now=LATER + inbox.PATIENCE) == []


def test_a_large_mail_is_kept_up_to_a_limit(published: Published) -> None:
    raw = replies.mail(published.mail_to(0), "Content-Type: text/plain\n\n" + "x" * 3_000_000)
    mail = published.receive(raw, published.mail_to(0))
    with published.database.read() as session:
        kept = session.get_one(InboundEmail, mail.id)
        assert (kept.size, len(kept.raw)) == (len(raw), intake.KEPT)


def test_the_inbox_is_the_organisers_of_its_event(published: Published) -> None:
    mail = published.answer(0, "ACCEPTED")
    with published.database.write() as session:
        with pytest.raises(NotAllowed):
            inbox_actions.list_emails(session, published.expo.actor(0))
        stranger = make_event(session).organiser_actor()
        assert inbox_actions.list_emails(session, stranger).items == ()
        with pytest.raises(NotFound):
            inbox_actions.get_email(session, stranger, mail.id)


def test_the_inbox_lists_by_outcome_and_page(published: Published) -> None:
    for minutes in range(1, 4):
        published.answer(0, "ACCEPTED", minutes=minutes)
    published.answer(0, "NEEDS-ACTION", minutes=5)
    actor = published.expo.organiser_actor()
    with published.database.read() as session:
        first = inbox_actions.list_emails(session, actor, limit=3)
        rest = inbox_actions.list_emails(session, actor, limit=3, cursor=first.next_cursor)
        ignored = inbox_actions.list_emails(session, actor, outcome=MailOutcome.IGNORED)
        counted = inbox_actions.count_outcomes(session, actor)
    assert (len(first.items), len(rest.items), first.total, ignored.total) == (3, 1, 4, 1)
    assert (counted[MailOutcome.APPLIED], counted[MailOutcome.WAITING]) == (3, 0)
