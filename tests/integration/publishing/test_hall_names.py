"""Hall names by reader's language: adding a translation sends no email, renaming a hall does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from scheduler.domain.names import translated_name
from scheduler.services.delivery import rendering
from scheduler.services.schedule import agendas
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Hall
from tests.integration.identity.test_readers import read, text
from tests.support.published import Published
from tests.support.publishing import SETTINGS


@pytest.fixture
def published(database: Database) -> Published:
    """Publish in English; then both halls get Chinese names, and firm 1's person reads Chinese."""
    found = Published(database, language="en")
    with database.write() as session:
        session.execute(update(Hall).values(names={"zh": "一号馆"}))
        person = session.get_one(Attendee, found.person(1).id)
        person.mail_language = "zh"
    return found


def rename(published: Published, name: str, **names: str) -> None:
    with published.database.write() as session:
        session.execute(update(Hall).values(name=name, names=names))


def test_neither_a_translation_nor_another_language_is_told(published: Published) -> None:
    assert published.publish_again(slot=0) == {}


def test_the_next_mail_has_the_name_that_its_reader_reads(published: Published) -> None:
    moved = published.publish_again(slot=3, minutes=60)
    own, theirs = moved[published.person(0).email], moved[published.person(1).email]
    said = text(read(rendering.render_invitation_email(SETTINGS, theirs).data))
    assert "一号馆" in said and "Hall 0" not in said
    assert "Hall 0" in text(read(rendering.render_invitation_email(SETTINGS, own).data))
    assert [row.payload["sequence"] for row in (own, theirs)] == [1, 1], "the time moved, and nothing else"


def test_a_hall_that_is_renamed_is_told_to_those_who_read_its_new_name(published: Published) -> None:
    published.publish_again(slot=3, minutes=60)
    rename(published, "Hall East", zh="一号馆")
    assert list(published.publish_again(slot=3, minutes=90)) == [published.person(0).email]
    rename(published, "Hall West", zh="西馆")
    assert set(published.publish_again(slot=3, minutes=120)) == {
        published.person(0).email, published.person(1).email
    }  # fmt: skip
    rename(published, "Hall West", zh="西一馆")
    assert published.publish_again(slot=3, minutes=150) == {}


def test_agendas_name_halls_in_the_reader_s_language(published: Published) -> None:
    with published.database.read() as session:
        for firm, language, hall in ((0, "en", "Hall 0"), (1, "zh", "一号馆"), (1, "hu", "Hall 0")):
            actor = replace(published.expo.actor(firm), language=language)
            (item,) = agendas.attendee_agenda(session, actor).items
            assert item.hall == "Hall 0" and translated_name(item.hall, item.hall.names, language) == hall
