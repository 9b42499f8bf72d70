"""The contact and the reminder are in emails that are sent anyway, as set at that time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select

from api import context
from scheduler.services.delivery import rendering
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.events import events
from scheduler.services.replies import resend
from scheduler.storage.database import Database
from scheduler.storage.models import Invitation, OutboxEmail
from tests.integration.identity.test_readers import read, text
from tests.support import replies
from tests.support.api import Program, make_token
from tests.support.factories import NOW
from tests.support.published import LATER, Published
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

CONTACT = "+86 10 1234 5678, Hall 1 desk"
NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def published(database: Database) -> Published:
    return Published.copied(database)


def put(published: Published, **changes: object) -> None:
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        form = replace(events.get_settings(session, actor), **changes)  # type: ignore[arg-type]
        events.update_settings(session, actor, form, now=NOW)


def calendar_of(row: OutboxEmail) -> str:
    mail = read(rendering.render_invitation_email(SETTINGS, row).data)
    (part,) = (part for part in mail.walk() if part.get_content_type() == "text/calendar")
    return str(part.get_content())


def said(mails: Mapping[str, OutboxEmail]) -> list[str]:
    return [text(read(rendering.render_invitation_email(SETTINGS, row).data)) for row in mails.values()]


def test_setting_them_tells_nobody_and_the_next_mails_have_them(published: Published) -> None:
    assert not [row for row in published.mails.values() if "VALARM" in calendar_of(row)]
    put(published, contact=CONTACT, remind_minutes=15)
    assert published.publish_again(slot=0) == {}, "the same plan is no reason for a mail"
    moved = published.publish_again(slot=3, minutes=60)
    assert len(moved) == 2
    assert all(
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M" in calendar_of(row) for row in moved.values()
    )
    off = published.publish_again(minutes=90)
    assert len(off) == 2 and not [row for row in off.values() if "VALARM" in calendar_of(row)]
    assert all(f"Questions: {CONTACT}" in each for each in said(off))


def test_a_mail_that_waits_keeps_what_was_set_when_it_was_made(published: Published) -> None:
    put(published, contact=CONTACT, remind_minutes=15)
    moved = published.publish_again(slot=3)
    before = {to: rendering.render_invitation_email(SETTINGS, row).data for to, row in moved.items()}
    put(published, contact="", remind_minutes=0)
    with published.database.read() as session:
        rows = session.scalars(
            select(OutboxEmail).where(OutboxEmail.id.in_([row.id for row in moved.values()]))
        )
        assert {
            row.to_address: rendering.render_invitation_email(SETTINGS, row).data for row in rows
        } == before


def test_an_invitation_that_is_sent_again_and_one_to_a_corrected_address_remind_too(
    published: Published,
) -> None:
    put(published, remind_minutes=30)
    with published.database.write() as session:
        invitation = session.scalars(
            select(Invitation).where(Invitation.attendee_id == published.expo.people[0][0].id)
        ).one()
        sent_again = resend.resend_invitation(
            session, invitation, mail_domain=SETTINGS.mail_domain, now=LATER
        )
        assert sent_again is resend.ResendResult.NOW
        key = published.expo.people[1][0].key
        actor = published.expo.organiser_actor()
        address_corrections.correct_address(
            session, actor, key, "new@firm.example", settings=SETTINGS, now=LATER
        )
    sent = published.send(90)
    assert {"new@firm.example", published.expo.people[0][0].email} <= sent.keys()
    asked = [row for row in sent.values() if row.payload["method"] == "REQUEST"]
    assert len(asked) == 2 and all("TRIGGER:-PT30M" in calendar_of(row) for row in asked)


def test_whom_to_call_stands_on_the_page_of_an_answer_and_in_the_api(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "now", lambda: NOW)
    app = web_app(published.database, NOWHERE)
    link = f"/answers/{replies.token(published.mail_to(0))}/"
    assert "Questions" not in Browser(app).get(link)
    put(published, contact=CONTACT)
    assert f"Questions: {CONTACT}" in Browser(app).get(link)
    token = make_token(published.database, published.expo.actor(0))
    assert Program(app, token).get("/event")["contact"] == CONTACT
