"""Interpreters get one email about the changes of each schedule, and can subscribe to a feed."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime, timedelta
from email.message import EmailMessage

import pymupdf
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxState
from scheduler.domain.errors import NotFound
from scheduler.domain.plan import Meeting
from scheduler.invites.mail.summary import Summary
from scheduler.services.delivery import claims, rendering
from scheduler.services.identity import actors, sign_in
from scheduler.services.outbox import outbox
from scheduler.services.publishing import release, version_jobs
from scheduler.services.publishing.interpreter_notices import notifications
from scheduler.services.schedule import feed_addresses, feed_states, feeds, versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Interpreter,
    InterpreterFeed,
    InterpreterNotice,
    MeetingRequest,
    OutboxEmail,
)
from tests.integration.delivery.test_sending import Sender, to
from tests.support import clocks
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_interpreter, make_request, meet
from tests.support.publishing import SETTINGS, carry_out, draft, preview, publish
from tests.support.queries import count_selects
from tests.support.races import race
from tests.support.web import Browser, web_app
from tests.unit.invites.test_transport import Catcher, serving

NOWHERE = "redis://127.0.0.1:1"
OWN, OTHER = "lin.yue@interpreters.example", "i1@interpreters.example"
LATER = timedelta(minutes=5)


class Scene:
    """Firm 0, which speaks Chinese, meets firms 1 and 2 with an interpreter who reads English."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bodies: dict[str, str] = {}
        """Rendered feeds by entity tag."""
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=3, slots="4|4", mail_per_minute=60_000)
            for firm, language in enumerate(("zh", "hu", "en")):
                self.expo.people[firm][0].languages = [language]
            values = {"name": "林悦", "latin_name": "Lin Yue", "mail_language": "en"}
            self.own = make_interpreter(session, self.expo, email=OWN, **values)
            self.other = make_interpreter(session, self.expo, email=OTHER)
            self.requests = [make_request(session, self.expo, 0, i) for i in (1, 2)]
            self.requests[0].topic = "Battery packs"
            self.account = sign_in.ensure_account(session, OWN, now=NOW)

    def meetings(self, *slots: int, by: Interpreter | None = None) -> list[Meeting]:
        rows = zip(self.requests, slots, strict=False)
        return [meet(each, self.expo, slot=slot, interpreter=by or self.own) for each, slot in rows]

    def publish(self, meetings: list[Meeting], after: int | None, minutes: float = 0) -> int:
        with self.database.write() as session:
            return publish(session, self.expo, draft(session, self.expo, meetings), after, minutes)

    def send(self, minutes: float = 0) -> list[str]:
        """Send all queued emails. Return the recipients of briefings."""
        now = NOW + timedelta(minutes=minutes)
        with self.database.write() as session:
            rows = claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=now)
            for row in rows:
                claims.mark_sent(session, row.id, worker="w", now=now)
            return [row.to_address for row in rows if row.kind == "briefing"]

    def queued(self) -> dict[str, dict[str, int]]:
        """Return the counts of queued briefings by address."""
        with self.database.read() as session:
            rows = session.scalars(
                select(OutboxEmail).where(
                    OutboxEmail.kind == "briefing", OutboxEmail.state == OutboxState.QUEUED
                )
            ).all()
        assert len(rows) == len({row.to_address for row in rows}), "one mail an interpreter"
        found = {row.to_address: Summary.from_json(row.payload).counts() for row in rows}
        return {to: {str(kind): count for kind, count in counts.items()} for to, counts in found.items()}

    def actor(self) -> actors.Actor:
        with self.database.read() as session:
            return actors.actor_for(session, self.account.id, self.expo.event.key, now=NOW)

    def renew(self) -> str:
        with self.database.write() as session:
            feed_addresses.renew_interpreter_feed(session, self.actor(), secret_key=SECRET_KEY)
            owner = feed_addresses.own_interpreter_feed(session, self.actor())
        return feed_addresses.feed_token(owner, SECRET_KEY) or ""

    def feed(self, token: str, now: datetime = NOW) -> str:
        with self.database.read() as session:
            state = feed_states.find_feed_state(session, token, now=clocks.at(now))
            url = "https://x.example/f.ics"
            body = feeds.render_feed(session, state.owner, url=url, now=state.now).decode()
            assert self.bodies.setdefault(state.etag(url), body) == body
            return body


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_a_publishing_tells_each_interpreter_once_of_what_changed(scene: Scene) -> None:
    scene.publish(scene.meetings(0, 1), None)
    assert scene.queued() == {OWN: {"new": 2}}
    assert scene.send() == [OWN]
    scene.publish(scene.meetings(0, 2), 1, 5)
    assert scene.queued() == {OWN: {"moved": 1}}
    scene.send(5)
    scene.publish(scene.meetings(0, 2), 2, 10)
    assert scene.queued() == {}


def test_who_takes_over_is_told_and_so_is_who_is_relieved(scene: Scene) -> None:
    scene.publish(scene.meetings(0, 1), None)
    scene.send()
    first, _ = scene.meetings(0, 1)
    _, second = scene.meetings(0, 1, by=scene.other)
    scene.publish([first, second], 1, 5)
    assert scene.queued() == {OWN: {"cancelled": 1}, OTHER: {"new": 1}}


def test_of_mails_that_were_not_sent_only_the_net_effect_is_told(scene: Scene) -> None:
    scene.publish(scene.meetings(0), None)
    scene.publish(scene.meetings(0, 1), 1, 1)
    assert scene.queued() == {OWN: {"new": 2}}
    scene.publish([], 2, 2)
    assert scene.queued() == {}, "made and cancelled before it was told"


def test_a_publishing_that_is_carried_out_twice_tells_nobody_twice(scene: Scene) -> None:
    scene.publish(scene.meetings(0, 1), None)
    scene.send()
    with scene.database.write() as session:
        version = versions.find_published_version(session, scene.expo.event.id)
        assert version is not None
        assert release.queue_interpreter_notices(session, version, SETTINGS, now=NOW) == 0


def test_a_topic_and_the_people_s_languages_are_part_of_what_is_told(scene: Scene) -> None:
    scene.publish(scene.meetings(0), None)
    scene.send()
    with scene.database.write() as session:
        request = session.get_one(MeetingRequest, scene.requests[0].id)
        request.topic = "Recycling"
    scene.publish(scene.meetings(0), 1, 5)
    assert scene.queued() == {OWN: {"details": 1}}
    scene.send(5)
    with scene.database.write() as session:
        session.merge(scene.expo.people[1][0]).languages = ["hu", "de"]
    scene.publish(scene.meetings(0), 2, 10)
    assert scene.queued() == {OWN: {"changed": 1}}


def test_a_new_reader_of_the_place_is_told_everything(scene: Scene) -> None:
    scene.publish(scene.meetings(0, 1), None)
    scene.send()
    with scene.database.write() as session:
        session.merge(scene.own).email = "new@interpreters.example"
    scene.publish(scene.meetings(0, 1), 1, 5)
    assert scene.queued() == {"new@interpreters.example": {"new": 2}}


def test_a_retry_gives_way_to_a_newer_mail(scene: Scene) -> None:
    scene.publish(scene.meetings(0), None)
    with scene.database.write() as session:
        (row,) = [
            row
            for row in claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=NOW)
            if row.kind == "briefing"
        ]
        claims.release_claims(session, [row], at=NOW + 2 * LATER)
    scene.publish(scene.meetings(1), 1, 5)
    assert sorted(scene.send(20)) == [OWN], "the first one says what no longer holds"
    with scene.database.read() as session:
        assert session.scalars(select(OutboxEmail.id).where(outbox.failed_condition())).all() == []


def test_the_look_before_publishing_counts_them(scene: Scene) -> None:
    with scene.database.write() as session:
        number = draft(session, scene.expo, scene.meetings(0, 1))
        found = preview(session, event_id=scene.expo.event.id, number=number)
        assert found.told is not None and found.told["kinds"]["briefing"] == 1
        before = found.mails
    with scene.database.write() as session:
        assert publish(session, scene.expo, number, None) == before


def test_the_job_that_publishes_tells_them_too(scene: Scene) -> None:
    with scene.database.write() as session:
        number = draft(session, scene.expo, scene.meetings(0))
        version_jobs.request_publishing(
            session,
            event_id=scene.expo.event.id,
            number=number,
            compared_with=None,
            by=scene.expo.organiser.id,
            now=scene.database.now(),
        )
    assert carry_out(scene.database) == ["done"]
    assert scene.queued() == {OWN: {"new": 1}}


@pytest.mark.smtp
def test_the_mail_has_both_sides_what_they_speak_and_the_topic(scene: Scene) -> None:
    scene.publish(scene.meetings(0), None)
    with serving(Catcher()) as catcher:
        assert Sender(scene.database, to(catcher)).deliver() == 3
    (octets,) = [octets for _, recipients, octets in catcher.taken if recipients == [OWN]]
    mail = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert isinstance(mail, EmailMessage)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for said in ("Firm 0 – Firm 1", "Chinese", "Hungarian", "Battery packs", "/interpreter-day"):
        assert said in text, said
    assert "calendar" not in {part.get_content_subtype() for part in mail.walk()}, "no answer is asked for"
    (pdf,) = [part for part in mail.walk() if part.get_content_type() == "application/pdf"]
    with pymupdf.open("pdf", pdf.get_payload(decode=True)) as document:
        assert "Battery packs" in document[0].get_text()


def test_the_same_row_gives_the_same_bytes(scene: Scene) -> None:
    scene.publish(scene.meetings(0), None)
    with scene.database.read() as session:
        row = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "briefing")).one()
        assert rendering.render_email(SETTINGS, row, {}) == rendering.render_email(SETTINGS, row, {})


def test_what_was_told_is_written_down_before_the_first_byte(scene: Scene) -> None:
    scene.publish(scene.meetings(0), None)
    with scene.database.write() as session:
        assert session.scalars(select(InterpreterNotice)).all() == []
        claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=NOW)
        assert [row.address for row in session.scalars(select(InterpreterNotice))] == [OWN]


def test_the_feed_has_their_meetings_at_once_and_shows_what_was_cancelled(scene: Scene) -> None:
    token = scene.renew()
    assert "VEVENT" not in scene.feed(token)
    scene.publish(scene.meetings(0, 1), None)
    waiting = scene.feed(token)
    assert waiting.count("BEGIN:VEVENT") == 2 and "METHOD" not in waiting and "ATTENDEE" not in waiting
    scene.send()
    assert scene.feed(token) == waiting, "what the mail says, and no more"
    scene.publish(scene.meetings(0), 1, 5)
    scene.send(5)
    assert scene.feed(token).count("STATUS:CANCELLED") == 1
    gone = scene.feed(token, NOW + feeds.KEEP_CANCELLED + LATER)
    assert gone.count("BEGIN:VEVENT") == 1 and "CANCELLED" not in gone


def test_presses_at_once_give_one_address(scene: Scene) -> None:
    actor = scene.actor()

    def press(session: Session) -> bool:
        feed_addresses.renew_interpreter_feed(session, actor, secret_key=SECRET_KEY)
        return True

    assert race(scene.database, *[press] * 6) == [True] * 6


def test_an_address_of_a_feed_ends_with_a_new_one_a_new_reader_and_a_withdrawal(scene: Scene) -> None:
    first = scene.renew()
    second = scene.renew()
    with pytest.raises(NotFound):
        scene.feed(first)
    assert "VCALENDAR" in scene.feed(second)
    with scene.database.read() as session:
        assert second not in str(session.scalars(select(InterpreterFeed.token_hash)).all())
    for column, value in (("email", "new@interpreters.example"), ("withdrawn_at", NOW)):
        with scene.database.write() as session:
            row = session.get_one(Interpreter, scene.own.id)
            before = getattr(row, column)
            setattr(row, column, value)
        with pytest.raises(NotFound):
            scene.feed(second)
        with scene.database.write() as session:
            setattr(session.get_one(Interpreter, scene.own.id), column, before)
    assert "VCALENDAR" in scene.feed(second)


def test_on_their_page_they_get_an_address_and_may_change_it(scene: Scene) -> None:
    page = Browser(web_app(scene.database, NOWHERE), scene.account)
    path = f"/events/{scene.expo.event.key}/interpreter-day"
    assert "Create calendar link" in page.get(path)
    shown = page.post(f"{path}/feed")
    assert "webcal://" in shown and "Google" in shown
    assert page.client.get(f"/calendar/{scene.renew()}.ics").status_code == 200


def test_telling_takes_as_many_queries_for_any_number_of_meetings(scene: Scene) -> None:
    def look(session: Session) -> int:
        version = versions.find_published_version(session, scene.expo.event.id)
        assert version is not None
        return len(notifications.pending_notices(session, version, SETTINGS, now=NOW))

    scene.publish(scene.meetings(0), None)
    few = count_selects(scene.database, look)
    scene.publish(scene.meetings(0, 1), 1, 5)
    assert count_selects(scene.database, look) == few
