"""Summaries: one per person and publication, after the invitations, of actual changes, or none."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pymupdf
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.brand import BrandPicture
from scheduler.domain.entities import MailOutcome, OutboxState
from scheduler.invites.mail.summary import Summary
from scheduler.services.branding import brands, sheets
from scheduler.services.branding.brands import BrandForm
from scheduler.services.delivery import claims, refusal_handling, rendering
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.emails.inbound import inbox
from scheduler.services.events import events
from scheduler.services.outbox import outbox
from scheduler.services.publishing import summaries
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    InboundEmail,
    Invitation,
    MeetingRequest,
    OutboxEmail,
    ScheduleVersion,
)
from tests.integration.delivery.test_sending import Sender, to
from tests.support import replies
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, meet
from tests.support.publishing import SETTINGS, draft, preview, publish
from tests.support.queries import count_selects
from tests.support.raster_images import picture
from tests.unit.invites.test_transport import Catcher, serving

LATER = NOW + timedelta(hours=1)


def make(session: Session, firms: int = 3, **columns: object) -> Expo:
    values = {"summary_mails": True, "mail_per_minute": 60_000, **columns}
    return make_event(session, firms=firms, slots="8", **values)


def queued(session: Session) -> dict[str, dict[str, int]]:
    """Return the counts of the queued summaries by address."""
    rows = session.scalars(
        select(OutboxEmail).where(OutboxEmail.kind == "summary", OutboxEmail.state == OutboxState.QUEUED)
    )
    found = [(row.to_address, Summary.from_json(row.payload)) for row in rows]
    assert len(found) == len(dict(found))  # one per person
    return {to: {str(kind): count for kind, count in made.counts().items()} for to, made in found}


def claim(session: Session, limit: int = 100, minutes: int = 0) -> list[OutboxEmail]:
    now = NOW + timedelta(minutes=minutes)
    rows = claims.claim_emails(session, worker="w", limit=limit, secret_key=SECRET_KEY, now=now)
    for row in rows:
        claims.mark_sent(session, row.id, worker="w", now=now)
    return rows


def two_meetings(session: Session, expo: Expo, slots: tuple[int, int]) -> int:
    """Return a draft in which firm 0 meets firms 1 and 2 in these slots."""
    requests = session.scalars(
        select(MeetingRequest).where(MeetingRequest.event_id == expo.event.id).order_by(MeetingRequest.id)
    ).all() or [make_request(session, expo, 0, i) for i in (1, 2)]
    return draft(session, expo, [meet(r, expo, slot=slot) for r, slot in zip(requests, slots, strict=True)])


def address(expo: Expo, firm: int) -> str:
    return expo.people[firm][0].email


def test_a_publishing_sends_each_person_one_summary_behind_all_invitations(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        assert publish(session, expo, two_meetings(session, expo, (0, 1)), None) == 4 + 3
        assert queued(session) == {
            address(expo, 0): {"new": 2},
            address(expo, 1): {"new": 1},
            address(expo, 2): {"new": 1},
        }
        kinds = [row.kind for row in claim(session)]
        assert kinds == ["invitation"] * 4 + ["summary"] * 3
        assert len(session.scalars(select(Invitation)).all()) == 4


def test_only_those_to_whom_something_changed_get_one(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        claim(session)
        publish(session, expo, two_meetings(session, expo, (0, 2)), 1, 5)
        assert queued(session) == {address(expo, 0): {"moved": 1}, address(expo, 2): {"moved": 1}}
        claim(session, minutes=5)
        publish(session, expo, two_meetings(session, expo, (0, 2)), 2, 10)
        assert queued(session) == {}


def test_a_summary_has_the_whole_agenda_not_only_what_changed(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        claim(session)
        publish(session, expo, two_meetings(session, expo, (0, 2)), 1, 5)
        row = next(row for row in claim(session, minutes=5) if row.kind == "summary")
        made = Summary.from_json(row.payload)
        assert sorted(content.partner_firm for content in made.agenda.values()) == ["Firm 1", "Firm 2"]


def test_each_kind_of_change_is_counted(database: Database) -> None:
    with database.write() as session:
        expo = make(session, firms=6)
        moved, kept, gone, renamed, new = (make_request(session, expo, 0, i) for i in range(1, 6))
        first = [meet(r, expo, slot=i) for i, r in enumerate((moved, kept, gone, renamed))]
        publish(session, expo, draft(session, expo, first), None)
        claim(session)
        renamed.topic = "Chips"
        session.flush()
        second = [
            meet(moved, expo, slot=5),
            meet(kept, expo, slot=1, place=expo.tables[1]),
            meet(renamed, expo, slot=3),
            meet(new, expo, slot=6),
        ]
        publish(session, expo, draft(session, expo, second), 1, 5)
        counts = {"moved": 1, "changed": 1, "new": 1, "cancelled": 1, "details": 1}
        assert queued(session)[address(expo, 0)] == counts


def test_an_unsent_summary_gives_way_to_one_of_the_net_effect(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        claim(session)
        publish(session, expo, two_meetings(session, expo, (0, 2)), 1, 5)
        publish(session, expo, two_meetings(session, expo, (0, 3)), 2, 6)
        assert queued(session) == {address(expo, 0): {"moved": 1}, address(expo, 2): {"moved": 1}}
        publish(session, expo, two_meetings(session, expo, (0, 1)), 3, 7)
        assert queued(session) == {}
        assert claim(session, minutes=8) == []


def test_what_was_told_under_a_summary_that_was_dropped_is_not_forgotten(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        assert [row.kind for row in claim(session, limit=4)] == ["invitation"] * 4
        number = two_meetings(session, expo, (0, 2))
        found = preview(session, event_id=expo.event.id, number=number, now=LATER)
        assert (found.mails, found.summaries, found.people) == (2 + 2, 2, 2), "one is on its way already"
        assert publish(session, expo, number, 1, 5) == 2 + 3
        assert queued(session) == {
            address(expo, 0): {"new": 1, "moved": 1},
            address(expo, 1): {"new": 1},
            address(expo, 2): {"moved": 1},
        }


def test_an_event_that_has_them_switched_off_sends_none(database: Database) -> None:
    with database.write() as session:
        expo = make(session, summary_mails=False)
        number = two_meetings(session, expo, (0, 1))
        found = preview(session, event_id=expo.event.id, number=number)
        assert (found.mails, found.summaries, found.people) == (4, 0, 3)
        assert publish(session, expo, number, None) == 4
        assert {row.kind for row in claim(session)} == {"invitation"}


def test_switching_them_off_also_stops_those_that_wait(database: Database) -> None:
    with database.write() as session:
        expo = make(session, solve_seconds=60)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        actor = expo.organiser_actor()
        form = events.get_settings(session, actor)
        assert form.summary_mails
        events.update_settings(session, actor, form, now=NOW)
        assert len(queued(session)) == 3
        events.update_settings(session, actor, replace(form, summary_mails=False), now=NOW)
        assert {row.kind for row in claim(session)} == {"invitation"}


def test_events_keep_their_summaries_apart(database: Database) -> None:
    with database.write() as session:
        one, other = make(session), make(session)
        publish(session, other, two_meetings(session, other, (0, 1)), None)
        publish(session, one, draft(session, one, []), None)
        assert len(summaries.find_unsent_summaries(session, other.event.id)) == 3
        assert summaries.find_unsent_summaries(session, one.event.id) == {}


def test_looking_ahead_asks_no_more_for_more_people_who_wait_for_a_summary(database: Database) -> None:
    def selects(meetings: int) -> int:
        with database.write() as session:
            expo = make(session, firms=meetings + 1)
            requests = [make_request(session, expo, 0, i + 1) for i in range(meetings)]
            first = [meet(request, expo, slot=i) for i, request in enumerate(requests)]
            publish(session, expo, draft(session, expo, first), None)
            moved = [meet(request, expo, slot=i + 1) for i, request in enumerate(requests)]
            event_id, number = expo.event.id, draft(session, expo, moved)

        def look(session: Session) -> None:
            assert preview(session, event_id=event_id, number=number, now=LATER).summaries == meetings + 1

        return count_selects(database, look)

    assert selects(1) == selects(5)


@pytest.mark.smtp
def test_summaries_arrive_after_the_invitations_with_the_agenda_as_a_pdf(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        first = address(expo, 0)
    with serving(Catcher()) as catcher:
        assert Sender(database, to(catcher)).deliver() == 7
    assert [recipients for _, recipients, _ in catcher.taken][4] == [first]
    message = email.message_from_bytes(catcher.taken[4][2], policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert message["Subject"] == f"Your agenda: 2 new ({expo.event.name})"
    (attached,) = message.iter_attachments()
    page = pymupdf.open("pdf", attached.get_content())[0]
    said = page.get_text()
    assert "Firm 1" in said and "Firm 2" in said and "09:00–09:30" in said


def set_logo(database: Database, expo: Expo) -> None:
    form = BrandForm(files={BrandPicture.LOGO: picture(400, 100)})
    brands.save_brand(database, expo.organiser_actor(), form, now=NOW)


def logos_of(content: bytes) -> int:
    """Return the number of pictures on the first page of the agenda attached to an email."""
    message = email.message_from_bytes(content, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    (attached,) = message.iter_attachments()
    return len(pymupdf.open("pdf", attached.get_content())[0].get_image_rects("I0"))


@pytest.mark.smtp
def test_the_attached_agenda_has_the_logo_of_the_event(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
    set_logo(database, expo)
    with database.write() as session:
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
    with serving(Catcher()) as catcher:
        assert Sender(database, to(catcher)).deliver() == 7
    assert [logos_of(content) for _, _, content in catcher.taken[4:]] == [1, 1, 1]


@pytest.mark.smtp
def test_an_agenda_queued_before_the_logo_is_sent_without_it(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
    set_logo(database, expo)
    with serving(Catcher()) as catcher:
        assert Sender(database, to(catcher)).deliver() == 7
    message = email.message_from_bytes(catcher.taken[4][2], policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    (attached,) = message.iter_attachments()
    assert pymupdf.open("pdf", attached.get_content())[0].get_images() == []


def test_a_logo_is_read_once_for_all_events_of_a_batch_and_decoded_once(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
    set_logo(database, expo)
    found = []

    def load(session: Session) -> None:
        found.append(sheets.load_logos(session, [expo.event.id, expo.event.id + 1]))

    assert count_selects(database, load) == count_selects(database, load) == 1
    assert list(found[0]) == [expo.event.id] and found[0][expo.event.id] is found[1][expo.event.id]


def test_a_summary_that_is_tried_again_is_the_same_to_the_byte(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        rows = claims.claim_emails(session, worker="w", limit=100, secret_key=SECRET_KEY, now=NOW)
        row = rows[-1]
        once = rendering.render_summary_email(SETTINGS, row)
        refusal_handling.mark_failed(session, row, "try later", permanent=False, now=NOW)
        expo.firms[0].name = expo.firms[1].name = "Another name"
        session.flush()
        (again,) = claims.claim_emails(session, worker="w", limit=100, secret_key=SECRET_KEY, now=LATER)
        assert rendering.render_summary_email(SETTINGS, again) == once


def test_a_summary_that_bounces_marks_the_address(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        row = next(row for row in claim(session) if row.kind == "summary")
    for minutes in (60, 120):  # two that keep the email, which is sent again between them
        raw = replies.bounce(row, message_id="") + b"\r\n" * minutes
        now = NOW + timedelta(minutes=minutes)
        assert inbox.receive_email(database, SETTINGS, replies.address(row, "bounces"), raw, now=now)
        with database.write() as session:
            again = [mail.id for mail in claim(session, minutes=minutes + 35)]
        assert again == ([row.id] if minutes == 60 else [])
    with database.read() as session:
        mail, _ = session.scalars(select(InboundEmail))
        bounced = session.scalars(select(Attendee.email).where(Attendee.bounced_at.is_not(None))).all()
        assert (mail.outcome, bounced) == (MailOutcome.APPLIED, [row.to_address])


def test_what_a_person_writes_back_to_a_summary_waits_for_the_organiser(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        row = next(row for row in claim(session) if row.kind == "summary")
    raw = f"From: {row.to_address}\r\nSubject: Re: agenda\r\n\r\nI come later.\r\n".encode()
    assert inbox.receive_email(database, SETTINGS, replies.address(row), raw, now=LATER)
    with database.read() as session:
        (mail,) = session.scalars(select(InboundEmail))
        assert (mail.outcome, mail.attendee_id) == (MailOutcome.WAITING, row.attendee_id)


def test_a_summary_that_failed_is_put_away_once_there_is_a_newer_one(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        rows = claims.claim_emails(session, worker="w", limit=100, secret_key=SECRET_KEY, now=NOW)
        for row in rows:
            if row.kind == "summary":
                refusal_handling.mark_failed(session, row, "550 No", permanent=True, now=NOW)
            else:
                claims.mark_sent(session, row.id, worker="w", now=NOW)
        assert len(_dead(session)) == 3
        publish(session, expo, two_meetings(session, expo, (0, 2)), 1, 5)
        assert _dead(session) == [address(expo, 1)]


def test_a_new_address_gets_no_summary_that_the_old_one_waits_for_and_the_old_one_none(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        for row in claims.claim_emails(session, worker="w", limit=100, secret_key=SECRET_KEY, now=NOW):
            if row.kind == "summary":
                refusal_handling.mark_failed(session, row, "451 Later", permanent=False, now=NOW)
            else:
                claims.mark_sent(session, row.id, worker="w", now=NOW)
        person = expo.people[0][0]
        address_corrections.correct_address(
            session, expo.organiser_actor(), person.key, "new@right.example", settings=SETTINGS, now=NOW
        )
        summed_up = [row.to_address for row in claim(session, minutes=60) if row.kind == "summary"]
        assert sorted(summed_up) == [address(expo, 1), address(expo, 2)]


def _dead(session: Session) -> list[str]:
    rows = session.scalars(
        select(OutboxEmail).where(outbox.failed_condition()).order_by(OutboxEmail.id)
    ).all()
    assert all(row.kind == "summary" for row in rows)
    return [row.to_address for row in rows]


def test_a_summary_says_which_accepted_requests_are_not_held_and_why_and_is_not_sent_for_them(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make(session, people=2)
        held, lost = make_request(session, expo, 0, 1), make_request(session, expo, 2, 0)
        expo.firms[2].name, expo.firms[2].latin_name = "Zöld Kft.", "Zold Kft."
        seated = [*expo.people[0], expo.people[1][0]]
        number = draft(session, expo, [meet(held, expo, people=seated)])
        version = session.scalars(select(ScheduleVersion).where(ScheduleVersion.number == number)).one()
        version.unscheduled = [{"request": lost.key, "reason": "no-interpreter"}]
        publish(session, expo, number, None)
        rows = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "summary")).all()
        texts = {row.to_address: plain(rendering.render_summary_email(SETTINGS, row).data) for row in rows}
        assert texts.keys() == {person.email for person in seated}, "nobody is told for it alone"
        why = "The two companies share no language, and no interpreter for both is free when they are."
        said = f"Accepted, but not scheduled\nZöld Kft.: {why}\n"
        assert said in texts[expo.people[0][0].email]
        assert "not scheduled" not in texts[expo.people[0][1].email], "the firm's, and not theirs"
        assert "not scheduled" not in texts[address(expo, 1)]


def plain(data: bytes) -> str:
    mail = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
