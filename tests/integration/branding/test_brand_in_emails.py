"""Emails have the brand as it is when they are queued. Setting it is no reason for an email."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.brand import BrandPicture
from scheduler.invites.mail.mime import RenderedMail
from scheduler.services.branding import brands
from scheduler.services.branding.brands import BrandForm
from scheduler.services.delivery import rendering
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.publishing import sample_emails
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.integration.identity.test_readers import read
from tests.support.factories import NOW
from tests.support.published import Published
from tests.support.publishing import SETTINGS
from tests.support.raster_images import picture

FORM = BrandForm(accent="#c8102e", sender="Chain Expo team", files={BrandPicture.LOGO: picture(400, 100)})


@pytest.fixture
def published(database: Database) -> Published:
    return Published.copied(database)


def set_brand(published: Published, form: BrandForm = FORM) -> None:
    brands.save_brand(published.database, published.expo.organiser_actor(), form, now=NOW)


def rendered(row: OutboxEmail) -> RenderedMail:
    return rendering.render_email(SETTINGS, row, {})


def look(row: OutboxEmail) -> tuple[str, bool, bool]:
    """Return the sender of an email, and whether it has the accent and the logo."""
    mail = read(rendered(row).data)
    (page,) = (each for each in mail.walk() if each.get_content_type() == "text/html")
    html = str(page.get_content())
    return str(mail["From"]).partition(" <")[0].strip('"'), "#c8102e" in html, "/logo.png" in html


def test_setting_a_brand_sends_no_email_and_later_emails_have_it(published: Published) -> None:
    set_brand(published)
    assert published.queued() == []
    assert published.publish_again(slot=0) == {}, "the same plan is no reason for an email"
    moved = published.publish_again(slot=3, minutes=60)
    assert len(moved) == 2
    assert {look(row) for row in moved.values()} == {("Chain Expo team", True, True)}
    set_brand(published, BrandForm(removed=frozenset(BrandPicture)))
    assert published.publish_again(slot=3, minutes=90) == {}, "a brand that is gone is no reason either"
    off = published.publish_again(minutes=120)
    assert len(off) == 2
    assert {look(row)[1:] for row in off.values()} == {(False, False)}


def test_an_email_that_waits_keeps_the_look_it_was_queued_with(published: Published) -> None:
    set_brand(published)
    moved = published.publish_again(slot=3)
    before = {to: rendered(row).data for to, row in moved.items()}
    set_brand(published, BrandForm(accent="#003399", removed=frozenset(BrandPicture)))
    with published.database.read() as session:
        rows = session.scalars(
            select(OutboxEmail).where(OutboxEmail.id.in_([row.id for row in moved.values()]))
        )
        assert {row.to_address: rendered(row).data for row in rows} == before


def test_letters_about_the_event_have_the_brand_and_those_of_the_site_do_not(published: Published) -> None:
    set_brand(published)

    def letter(**of: Any) -> NewLetter:
        return NewLetter(
            letter="team",
            to_address="a@b.example",
            language="en",
            values={"by": "Ada", "role": "viewer"},
            seed="x",
            **of,
        )

    with published.database.write() as session:
        letters.queue_letters(session, [letter(about_event_id=published.expo.event.id), letter()], now=NOW)
    with_brand, without = published.queued()
    assert "brand" in with_brand.payload and "brand" not in without.payload


def test_the_preview_of_texts_has_the_brand(published: Published) -> None:
    set_brand(published)
    with published.database.read() as session:
        shown = sample_emails.preview_email(
            session, published.expo.organiser_actor(), "en", "new", {}, settings=SETTINGS, now=NOW
        )
    assert "#c8102e" in shown.html and "/logo.png" in shown.html
