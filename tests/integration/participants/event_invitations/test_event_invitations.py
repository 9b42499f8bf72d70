"""Event invitations: recipients, exclusions, once, in their language, and replies."""

from __future__ import annotations

from collections import Counter
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import func, select, update

from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.invites.catalogue import load_words
from scheduler.services.delivery import rendering
from scheduler.services.events import dashboard
from scheduler.services.identity import sessions
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.participants import withdrawals
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import (
    REMINDER_INTERVAL,
    InvitationCounts,
    Invitees,
)
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, AuditLogEntry, OutboxEmail
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_attendee, make_event
from tests.support.full_size import fill
from tests.support.publishing import SETTINGS
from tests.support.queries import count_of_look
from tests.support.races import race
from tests.support.web import Browser, web_app

LATER = NOW + REMINDER_INTERVAL


@pytest.fixture
def expo(database: Database) -> Expo:
    """Five firms: 0 has a colleague too, 1 has signed in, 2's address bounces, 3 was removed."""
    with database.write() as session:
        expo = make_event(session, firms=5)
        make_attendee(session, expo, 0, languages=["hu"])
        expo.people[4][0].mail_language = "zh"
        sessions.begin_session(session, expo.people[1][0].account_id, settings=SETTINGS, now=NOW)
        expo.people[2][0].bounced_at = NOW
        session.flush()
        organiser, gone = expo.organiser_actor(), expo.firms[3].key
        withdrawals.withdraw_records(session, organiser, ImportKind.FIRMS, [gone], now=NOW)
    return expo


def invite(database: Database, expo: Expo, group: Invitees = Invitees.NEW, **options: object) -> int:
    with database.write() as session:
        return invitation_emails.send_invitations(
            session, expo.organiser_actor(), group, **{"now": NOW, **options}
        )  # type: ignore[arg-type]


def _text(data: bytes) -> str:
    body = message_from_bytes(data, policy=default).get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return " ".join(body.get_content().split())


def told(database: Database) -> Counter[str]:
    """Return the number of emails by address."""
    with database.read() as session:
        query = select(OutboxEmail.to_address).where(OutboxEmail.kind == OutboxKind.DESK)
        return Counter(session.scalars(query))


def test_exhibitors_who_never_signed_in_are_invited_once(database: Database, expo: Expo) -> None:
    assert invite(database, expo) == 2
    assert invite(database, expo) == 0
    assert told(database) == {expo.people[0][0].email: 1, expo.people[4][0].email: 1}


def test_attendees_are_invited_where_that_is_asked(database: Database, expo: Expo) -> None:
    assert invite(database, expo, with_attendees=True) == 3
    assert told(database)[expo.people[0][1].email] == 1


def test_who_has_not_come_is_reminded_after_some_days_and_no_sooner(database: Database, expo: Expo) -> None:
    invite(database, expo)
    assert invite(database, expo, Invitees.REMINDED, now=LATER - (REMINDER_INTERVAL / 2)) == 0
    with database.write() as session:
        sessions.begin_session(session, expo.people[0][0].account_id, settings=SETTINGS, now=LATER)
    assert invite(database, expo, Invitees.REMINDED, now=LATER) == 1
    assert told(database)[expo.people[4][0].email] == 2


def test_the_numbers_say_where_everybody_stands(database: Database, expo: Expo) -> None:
    def standing() -> InvitationCounts:
        with database.read() as session:
            return invitation_emails.count_invitations(session, expo.organiser_actor(), now=LATER)[0]

    def uninvited() -> int:
        with database.read() as session:
            return dashboard.get_dashboard(session, expo.organiser_actor(), now=LATER).uninvited

    assert standing() == InvitationCounts(new=2, came=1, bounced=1)
    assert uninvited() == 2
    invite(database, expo)
    assert standing() == InvitationCounts(due=2, came=1, bounced=1, last=NOW)
    assert uninvited() == 0
    invite(database, expo, Invitees.REMINDED, now=LATER)
    assert standing() == InvitationCounts(waits=2, came=1, bounced=1, last=LATER)


def test_each_reads_the_mail_in_their_language_and_what_comes_back_is_known(
    database: Database, expo: Expo
) -> None:
    invite(database, expo, note="The halls open at eight.", with_attendees=True)
    with database.read() as session:
        rows = {row.to_address: row for row in session.scalars(select(OutboxEmail))}
        mails = {address: rendering.render_email(SETTINGS, row, {}) for address, row in rows.items()}
    for person, language, kind in (
        (expo.people[0][1], "hu", "attendee"),
        (expo.people[4][0], "zh", "welcome"),
    ):
        said = load_words(language).desk
        text = _text(mails[person.email].data)
        assert said[f"{kind}_headline"].format(event=expo.event.name) in text
        assert said["note"].format(note="The halls open at eight.") in text
        assert f"{SETTINGS.base_url}/events/{expo.event.key}" in text
        assert mails[person.email].from_addr.startswith("bounces+")
    assert {row.event_id for row in rows.values()} == {expo.event.id}  # rate-limited by event


def test_two_who_press_at_once_send_one_mail_to_each(database: Database, expo: Expo) -> None:
    def press(session: object) -> int:
        return invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)  # type: ignore[arg-type]

    assert sorted(race(database, press, press, press)) == [0, 0, 2]  # type: ignore[type-var]
    assert set(told(database).values()) == {1}


def test_a_note_that_is_too_long_sends_nothing(database: Database, expo: Expo) -> None:
    with pytest.raises(InvalidInput) as error:
        invite(database, expo, note="x" * 1001)
    assert [fault.path for fault in error.value.faults] == ["note"]
    assert not told(database)


def test_only_who_steers_mails_invites(database: Database, expo: Expo) -> None:
    reader = Actor(
        account_id=expo.organiser.id, event_id=expo.event.id, event_key=expo.event.key, team_role=Role.VIEWER
    )
    for actor in (expo.actor(0), reader):
        with database.write() as session, pytest.raises(NotAllowed):
            invitation_emails.send_invitations(session, actor, Invitees.NEW, now=NOW)


def test_three_thousand_firms_are_invited_with_as_many_queries_as_five(
    database: Database, expo: Expo
) -> None:
    def look(event_id: int) -> int:
        actor = Actor(account_id=expo.organiser.id, event_id=event_id, event_key="any", team_role=Role.OWNER)
        return count_of_look(
            database, lambda s: invitation_emails.send_invitations(s, actor, Invitees.NEW, now=NOW)
        )

    few = look(expo.event.id)
    large = fill(database, firms=3000, meetings=10)
    assert look(large) == few
    with database.write() as session:
        session.execute(update(Attendee).where(Attendee.event_id == large).values(invited_at=None))
        actor = Actor(account_id=expo.organiser.id, event_id=large, event_key="any", team_role=Role.OWNER)
        assert invitation_emails.send_invitations(session, actor, Invitees.NEW, now=NOW) == session.scalar(
            select(func.count()).where(Attendee.event_id == large, Attendee.is_exhibitor)
        )


def test_the_page_invites_and_the_trail_has_it(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    path = f"/events/{expo.event.key}/event-invitations"
    assert "<b>2</b> company contacts not invited yet" in browser.get(path)
    assert "Enter at most 1,000 characters." in browser.post(path, 422, group="new", note="x" * 1001)
    assert "2 emails are being sent." in browser.post(path, group="new", note="See you")
    assert "No emails to send." in browser.post(path, group="new")
    with database.read() as session:
        (entry,) = session.scalars(select(AuditLogEntry).where(AuditLogEntry.about.contains("invited")))
    assert entry.after == '{"note":"See you"}'
