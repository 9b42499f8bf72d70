"""An event in rehearsal emails only its organisers, for every kind of email and a real mail server."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from scheduler.domain.entities import OutboxKind, OutboxState
from scheduler.domain.team import TeamRole
from scheduler.invites.catalogue import load_words
from scheduler.services.delivery import delivery, email_alerts, email_queue, rehearsal_delivery, sent_records
from scheduler.services.identity import sign_in
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import OF_NO_EVENT, NewLetter
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.services.publishing import sample_emails
from scheduler.services.team import invitations
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Invitation, OutboxEmail
from tests.integration.publishing.rehearsal.post import post
from tests.support.factories import NOW, SECRET_KEY, make_event, make_member
from tests.support.publishing import SETTINGS
from tests.support.queries import count_of_look
from tests.support.rehearsing import LETTERS, all_mails, make_uninvited, rehearsed_event

pytestmark = pytest.mark.smtp

OF_CALENDARS = {"new", "update", "details", "again", "proposal", "cancel", "uninvited"}


def labels(database: Database) -> Counter[str | None]:
    with database.read() as session:
        return Counter(
            session.scalars(select(OutboxEmail.rehearsed_as).where(OutboxEmail.rehearsed_as.is_not(None)))
        )


def test_every_mail_of_an_event_reaches_its_organisers_alone(database: Database) -> None:
    expo = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
        assert sent.readers == {expo.organiser.email}
    kinds = labels(database)
    beside = {OutboxKind.SUMMARY, OutboxKind.DIGEST, OutboxKind.BRIEFING}
    assert set(kinds) >= {kind.value for kind in beside} | (LETTERS - OF_NO_EVENT)
    assert set(kinds) >= OF_CALENDARS
    with database.read() as session:
        open_ = session.scalars(select(OutboxEmail).where(OutboxEmail.state != OutboxState.SENT)).all()
        assert open_ == []


def test_the_same_mails_of_a_live_event_reach_their_readers(database: Database) -> None:
    """The control: without rehearsal, the preceding test would fail."""
    expo = rehearsed_event(database, live_at=NOW)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
        assert len(sent.readers) > 10
    assert not labels(database)


def test_a_sample_says_to_whom_it_would_have_gone_and_opens_nothing(database: Database) -> None:
    expo = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
        mails = sent.mails
    assert mails
    for mail in mails:
        assert mail["Subject"].startswith("[Rehearsal] ")
        assert mail["To"].addresses[0].addr_spec == expo.organiser.email
        parts = [part for part in mail.walk() if not part.is_multipart()]
        kinds = {part.get_content_type() for part in parts}
        assert kinds <= {"text/plain", "text/html", "application/pdf"}, "no calendar takes it in"
        assert mail["List-Unsubscribe"] is None
        for part in parts[:2]:
            text = part.get_content()
            assert re.search(r"would have been sent to .+@", text)
            paths = set(re.findall(re.escape(SETTINGS.base_url) + r"([^\s\"'<>]*)", text))
            assert all(re.fullmatch(rf"/events/{expo.event.key}/rehearsal/\d+", path) for path in paths)


def test_an_invitation_comes_with_its_calendar_as_text(database: Database) -> None:
    expo = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
        (first, *_) = [mail for mail in sent.mails if "Invitation: " in mail["Subject"]]
    (file,) = first.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("invite.ics.txt", "text/plain")
    assert "BEGIN:VCALENDAR" in file.get_content()


def test_no_token_in_a_sample_is_one_of_the_site(database: Database) -> None:
    expo = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
        said = " ".join(data.decode() for _, _, data in sent.catcher.taken)
    with database.read() as session:
        rows = session.scalars(select(OutboxEmail).where(OutboxEmail.rehearsed_as.is_not(None))).all()
        tokens = {sent_records.address_token(row, SECRET_KEY) for row in rows if row.uid}
    assert tokens
    assert not any(token in said for token in tokens)


def test_three_of_a_kind_are_shown_an_hour_and_all_are_kept(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        make_uninvited(session, expo, 20)
        invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
    with post(database) as sent:
        sent.deliver()
        assert len(sent.mails) == rehearsal_delivery.SAMPLES
        with database.write() as session:
            letters.queue_letters(session, [_welcome(expo)], now=NOW)
        sent.deliver(NOW + timedelta(minutes=30))
        assert len(sent.mails) == rehearsal_delivery.SAMPLES
        with database.write() as session:
            letters.queue_letters(session, [_welcome(expo)], now=NOW + timedelta(minutes=61))
        sent.deliver(NOW + timedelta(minutes=61))
        assert len(sent.mails) == rehearsal_delivery.SAMPLES + 1
    assert labels(database)["welcome"] == 27


def _welcome(expo: object) -> NewLetter:
    person = expo.people[0][0]  # type: ignore[attr-defined]
    return NewLetter(
        letter="welcome",
        to_address=person.email,
        language="en",
        event="Expo",
        values={"firm": "Firm"},
        path="/",
        event_id=person.event_id,
    )


def test_everybody_who_leads_the_event_gets_samples_and_no_reader_or_helper(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        organiser = make_member(session, expo, TeamRole.ORGANISER)
        make_member(session, expo, TeamRole.VIEWER)
        make_member(session, expo, TeamRole.ORGANISER, until=NOW - timedelta(days=1))
        invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
    with post(database) as sent:
        sent.deliver()
        assert sent.readers == {expo.organiser.email, organiser.email}


def test_the_line_is_in_the_language_of_its_reader(database: Database) -> None:
    expo = rehearsed_event(database, language="hu")
    with database.write() as session:
        invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
    with post(database) as sent:
        sent.deliver()
        subject = sent.mails[0]["Subject"]
    assert subject == load_words("hu").rehearsal["subject"].format(subject=subject.partition("] ")[2])


def test_mails_to_the_team_go_as_usual(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        invitations.send_invitation(
            session,
            expo.organiser_actor(),
            "new@team.example",
            role=TeamRole.ORGANISER,
            until=None,
            language="en",
            settings=SETTINGS,
            now=NOW,
        )
        sign_in.queue_sign_in_email(
            session, expo.organiser.email, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
        )
        sample_emails.queue_test_email(
            session, expo.organiser_actor(), "en", "new", {}, settings=SETTINGS, now=NOW
        )
    with post(database) as sent:
        sent.deliver()
        assert sent.readers == {"new@team.example", expo.organiser.email}
        assert not any("Rehearsal" in mail["Subject"] for mail in sent.mails)


def test_a_pause_and_a_stop_hold_in_rehearsal_too(database: Database) -> None:
    expo = rehearsed_event(database)
    actor = expo.organiser_actor()
    with database.write() as session:
        invitation_emails.send_invitations(session, actor, Invitees.NEW, now=NOW)
        email_queue.pause_emails(session, actor, now=NOW)
    with post(database) as sent:
        sent.deliver()
        assert not labels(database)
        with database.write() as session:
            email_queue.resume_emails(session, actor, now=NOW)
        sent.deliver()
    assert labels(database)["welcome"] == 5


def test_a_letter_that_a_person_waits_for_is_kept_by_an_urgent_delivery(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        letter = NewLetter(
            letter="registered",
            to_address="new@firm.example",
            language="en",
            values={"firm": "Firm"},
            path=f"/events/{expo.event.key}",
            about_event_id=expo.event.id,
        )
        letters.queue_letters(session, [letter], now=NOW)
        assert delivery.is_delivery_due(session, SETTINGS, urgent=True, now=NOW)
    with post(database) as sent:
        sent.deliver(urgent=True)
        assert sent.readers <= {expo.organiser.email}
    assert labels(database) == {"registered": 1}


def test_a_letter_to_somebody_who_is_not_of_the_team_names_its_event(database: Database) -> None:
    letter = NewLetter(letter="welcome", to_address="a@b.example", language="en")
    with database.write() as session, pytest.raises(ValueError, match="of which event"):
        letters.queue_letters(session, [letter], now=NOW)


def test_nothing_waits_for_a_worker_once_all_is_kept(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
        assert delivery.is_delivery_due(session, SETTINGS, now=NOW)
    with post(database) as sent:
        sent.deliver()
    with database.write() as session:
        assert not delivery.is_delivery_due(session, SETTINGS, now=NOW)


def test_mails_that_went_to_nobody_do_not_hide_that_others_wait(database: Database) -> None:
    """A withheld email counts as sent, but tells nothing about the mail server."""
    expo = rehearsed_event(database)
    with database.write() as session:
        live = make_event(session)
        letters.queue_letters(session, [_welcome(live)], now=NOW - timedelta(hours=2))
        invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
    with database.write() as session:
        rehearsal_delivery.deliver_rehearsed(session, SETTINGS, worker="w", now=NOW)
        assert email_alerts.update_outbox_alert(session, now=NOW)


def test_what_was_said_counts_as_told_so_that_changes_are_rehearsed(database: Database) -> None:
    expo = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Invitation))
    assert labels(database)["update"]


def test_a_batch_takes_the_same_statements_for_any_number_of_mails(database: Database) -> None:
    def statements(firms: int) -> int:
        expo = rehearsed_event(database)
        with database.write() as session:
            make_uninvited(session, expo, firms)
            invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
        return count_of_look(
            database,
            lambda session: rehearsal_delivery.deliver_rehearsed(session, SETTINGS, worker="w", now=NOW),
        )

    assert statements(40) <= statements(5) + 2


def test_an_event_is_born_in_rehearsal(database: Database) -> None:
    with database.write() as session:
        made = Event(key="new", name="New", timezone="UTC", created_at=NOW)
        session.add(made)
        session.flush()
        assert made.live_at is None
        session.execute(update(Event).where(Event.id == made.id).values(live_at=NOW))


def test_a_sign_in_link_does_not_name_an_event_in_rehearsal_to_who_does_not_run_it(
    database: Database,
) -> None:
    expo = rehearsed_event(database)
    readers = {expo.people[0][0].email: "Team", expo.organiser.email: expo.event.name}
    with database.write() as session:
        for address in readers:
            sign_in.queue_sign_in_email(
                session, address, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
            )
    with post(database) as sent:
        sent.deliver()
        shown = {
            mail["To"].addresses[0].addr_spec: mail["From"].addresses[0].display_name for mail in sent.mails
        }
    assert shown == readers
