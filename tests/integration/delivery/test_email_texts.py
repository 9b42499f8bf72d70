"""Custom email texts: saved if they render, stored with each queued email, previewed before sending."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.invites.mail import wording
from scheduler.services.delivery import claims, email_texts, refusal_handling, rendering
from scheduler.services.publishing import sample_emails
from scheduler.services.replies import resend
from scheduler.storage.database import Database
from scheduler.storage.models import Account, EmailText, Event, Invitation, OutboxEmail
from tests.integration.identity.test_readers import read, text
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, meet
from tests.support.publishing import SETTINGS, draft, publish, send_all
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
ALL = {
    "subject": "Come to {hall}: {summary}",
    "headline": "Hello {name}",
    "note": "At {place}.",
    "footer": "{event}",
    "directions": "{hall}, {place}: ask at the door.",
}


def save(session: Session, expo: Expo, language: str = "en", mail_kind: str = "new", **typed: str) -> int:
    return email_texts.save_texts(session, expo.organiser_actor(), language, mail_kind, typed, now=NOW)


def texts(session: Session) -> dict[tuple[str, str], str]:
    return {(row.language, row.key): row.text for row in session.scalars(select(EmailText))}


def test_what_was_changed_is_kept_with_who_and_when(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        assert save(session, expo, note="  Bring  a card.\r\nThank you. ") == 1
        fields = email_texts.list_fields(session, expo.organiser_actor(), "en", "new")
        (changed,) = [field for field in fields if field.changed_at]
        assert (changed.part, changed.text) == ("note", "Bring a card.\nThank you.")
        assert (changed.changed_by, changed.changed_at) == (expo.organiser.email, NOW)
        assert changed.default.startswith("Please accept or decline")


def test_a_text_that_is_the_usual_one_again_is_kept_no_longer(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        usual = {
            f.part: f.text for f in email_texts.list_fields(session, expo.organiser_actor(), "en", "new")
        }
        assert save(session, expo, **usual) == 0
        save(session, expo, **ALL)
        assert save(session, expo, **usual) == 5
        assert texts(session) == {}


def test_a_text_that_was_not_changed_keeps_who_changed_it(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        save(session, expo, note="Bring a card.")
        later = NOW + timedelta(hours=1)
        email_texts.save_texts(
            session,
            expo.organiser_actor(),
            "en",
            "new",
            {"note": "Bring a card.", "headline": "Hi"},
            now=later,
        )
        rows = {row.key: row.changed_at for row in session.scalars(select(EmailText))}
        assert rows == {"note.new": NOW, "headline.new": later}


def test_resetting_gives_the_usual_text_back(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        save(session, expo, note="Bring a card.", footer="{event}")
        email_texts.reset_text(session, expo.organiser_actor(), "en", "new", "note", now=NOW)
        assert texts(session) == {("en", "footer"): "{event}"}


def test_one_text_that_does_not_render_keeps_all_from_being_saved(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(InvalidInput) as error:
            save(session, expo, note="Fine", subject="{partnr}", headline="{")
        assert [str(fault).partition(";")[0] for fault in error.value.faults] == [
            "subject: {partnr} can't be used here",
            "headline: close every brace",
        ]
        assert texts(session) == {}


def test_texts_are_the_organisers_and_of_known_languages_and_kinds(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        save(session, other, note="Theirs")
        assert email_texts.list_event_texts(session, expo.event.id) == {}
        with pytest.raises(NotAllowed):
            email_texts.save_texts(session, expo.actor(0), "en", "new", ALL, now=NOW)
        for language, mail_kind in (("xx", "new"), ("en", "birthday")):
            with pytest.raises(NotFound):
                save(session, expo, language, mail_kind, note="x")


def published(session: Session, language: str = "en") -> Expo:
    """Create an event with custom texts in a language and two invited attendees."""
    expo = make_event(session, firms=2)
    save(session, expo, language, **ALL)
    publish(session, expo, draft(session, expo, [meet(make_request(session, expo), expo)]), None)
    return expo


def first_mail(session: Session) -> OutboxEmail:
    return session.scalars(select(OutboxEmail).order_by(OutboxEmail.id).limit(1)).one()


def test_a_mail_is_written_with_the_events_texts_in_its_readers_language_only(database: Database) -> None:
    with database.write() as session:
        published(session)
        mail = read(rendering.render_invitation_email(SETTINGS, first_mail(session)).data)
        assert mail["Subject"] == "Come to Hall 0: Meeting with Firm 1"
        assert text(mail).startswith("Hello F0-P0\n")
        assert "Directions: Hall 0, Table t0: ask at the door." in text(mail)
    with database.write() as session:
        published(session, "hu")
        last = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id.desc()).limit(1)).one()
        assert read(rendering.render_invitation_email(SETTINGS, last).data)["Subject"].startswith(
            "Invitation: "
        )


def test_r8_a_retry_has_the_same_bytes_though_the_texts_changed_meanwhile(database: Database) -> None:
    with database.write() as session:
        expo = published(session)
        rows = claims.claim_emails(session, worker="w", limit=9, secret_key=SECRET_KEY, now=NOW)
        first = [rendering.render_invitation_email(SETTINGS, row) for row in rows]
        for row in rows:
            refusal_handling.mark_failed(session, row, "451 later", permanent=False, now=NOW)
        save(session, expo, subject="Another", note="Another", footer="Another", directions="Another")
        later = NOW + timedelta(minutes=1)
        again = claims.claim_emails(session, worker="w", limit=9, secret_key=SECRET_KEY, now=later)
        assert len(again) == 2
        assert [rendering.render_invitation_email(SETTINGS, row) for row in again] == first


def test_new_directions_are_told_as_details_and_other_texts_tell_nobody(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        meeting = meet(make_request(session, expo), expo)
        publish(session, expo, draft(session, expo, [meeting]), None)
        send_all(session, expo)
        save(session, expo, subject="Come", note="Please", footer="Us")
        assert publish(session, expo, draft(session, expo, [meeting]), 1, minutes=5) == 0
        save(session, expo, directions="{hall}, behind the fountain")
        assert publish(session, expo, draft(session, expo, [meeting]), 2, minutes=10) == 2
        assert {mail[1:] for mail in send_all(session, expo, 11)} == {("REQUEST", 0)}


def test_an_invitation_that_is_sent_again_has_the_texts_too(database: Database) -> None:
    with database.write() as session:
        expo = published(session)
        save(session, expo, mail_kind="again", subject="Once more")
        send_all(session, expo)
        invitation = session.scalars(select(Invitation).limit(1)).one()
        resend.resend_invitation(session, invitation, mail_domain="expo.example", now=NOW)
        row = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.RESEND)).one()
        assert read(rendering.render_invitation_email(SETTINGS, row).data)["Subject"] == "Once more"


def test_a_summary_has_the_events_footer(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, summary_mails=True)
        save(session, expo, footer="Ours: {event}")
        publish(session, expo, draft(session, expo, [meet(make_request(session, expo), expo)]), None)
        row = session.scalars(
            select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.SUMMARY).limit(1)
        ).one()
        assert f"Ours: {expo.event.name}" in text(read(rendering.render_summary_email(SETTINGS, row).data))


@pytest.mark.parametrize("mail_kind", wording.MAIL_KINDS)
def test_a_preview_is_of_a_real_meeting_in_the_language_of_the_texts(
    database: Database, mail_kind: str
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        publish(session, expo, draft(session, expo, [meet(make_request(session, expo), expo)]), None)
        shown = sample_emails.preview_email(
            session,
            expo.organiser_actor(),
            "hu",
            mail_kind,
            ALL | {"directions": "{hall}, jobbra"},
            settings=SETTINGS,
            now=NOW,
        )
        assert shown.subject == "Come to Hall 0: Találkozó: Firm 1"
        goes = mail_kind not in ("cancel", "uninvited")
        assert ("Megközelítés: Hall 0, jobbra" in shown.text) == goes
        assert ("Mi változott:" in shown.text) == (mail_kind in ("update", "details", "again"))
        assert texts(session) == {}


def test_without_a_meeting_the_preview_is_of_an_invented_one(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        actor = expo.organiser_actor()
        shown = sample_emails.preview_email(session, actor, "zh", "new", {}, settings=SETTINGS, now=NOW)
        assert shown.subject == "洽谈邀请：12月7日 周一 09:00，与Example Two洽谈"


def test_a_draft_serves_before_anything_is_published(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        draft(session, expo, [meet(make_request(session, expo), expo)])
        actor = expo.organiser_actor()
        shown = sample_emails.preview_email(session, actor, "en", "new", {}, settings=SETTINGS, now=NOW)
        assert "Meeting with Firm 1" in shown.subject


def test_a_test_mail_goes_through_the_outbox_to_who_asked_and_tells_no_calendar(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        actor = expo.organiser_actor()
        to = sample_emails.queue_test_email(session, actor, "en", "new", ALL, settings=SETTINGS, now=NOW)
        assert to == expo.organiser.email
        (row,) = claims.claim_emails(session, worker="w", limit=9, secret_key=SECRET_KEY, now=NOW)
        first = rendering.render_test_email(SETTINGS, row)
        mail = read(first.data)
        assert (first.to_addr, mail["Subject"]) == (to, "[Test] Come to Hall 0: Meeting with Example Two")
        assert "text/calendar" not in first.data.decode()
        assert f"{SETTINGS.base_url}/events/{expo.event.key}/email-texts/en/new" in text(mail)
        assert session.scalars(select(Invitation)).all() == []
        save(session, expo, subject="Another")
        assert rendering.render_test_email(SETTINGS, row) == first


def test_a_test_mail_with_a_text_that_does_not_render_is_not_queued(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        actor = expo.organiser_actor()
        with pytest.raises(InvalidInput):
            sample_emails.queue_test_email(
                session, actor, "en", "new", {"note": "{x}"}, settings=SETTINGS, now=NOW
            )
        assert session.scalars(select(OutboxEmail)).all() == []


class Site:
    """The page as an organiser sees it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(session, firms=2)
            request = make_request(session, self.expo)
            publish(session, self.expo, draft(session, self.expo, [meet(request, self.expo)]), None)
        self.app = web_app(database, NOWHERE)
        self.organiser = Browser(self.app, self.expo.organiser)
        self.path = f"/events/{self.expo.event.key}/email-texts"

    def post(self, do: str, status: int = 200, **typed: str) -> str:
        self.organiser.get(f"{self.path}/en/new")
        return self.organiser.post(f"{self.path}/en/new", status=status, do=do, **ALL | typed)

    def saved(self) -> dict[tuple[str, str], str]:
        with self.database.read() as session:
            return texts(session)


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


def test_the_page_leads_to_the_events_language_and_shows_every_text(site: Site) -> None:
    with site.database.write() as session:
        session.get_one(Event, site.expo.event.id).language = "zh"
    page = site.organiser.get(site.path)
    assert "接受后，这场洽谈会添加到您的日历。" in page and "请提前五分钟到场" in page
    assert page.count('aria-current="page"') == 2, "the language, and the type of email"


def test_saving_and_resetting_on_the_page(site: Site) -> None:
    page = site.post("save", note="Bring a card.")
    assert (
        "Texts changed: 5. Emails waiting to be sent keep their old texts." in page
        and "Bring a card." in page
    )
    assert f"Changed by {site.expo.organiser.email}" in page
    page = site.organiser.post(f"{site.path}/en/new", do="reset:note", **ALL)
    assert "Note: default text restored." in page
    assert ("en", "note.new") not in site.saved() and ("en", "subject.new") in site.saved()


def test_a_wrong_text_is_said_at_its_field_and_what_was_typed_stays(site: Site) -> None:
    for do in ("save", "preview", "test"):
        page = html.unescape(site.post(do, status=422, headline="For {nobody}"))
        assert "{nobody} can't be used here" in page
        assert 'value="For {nobody}"' in page and "At {place}." in page
    assert site.saved() == {}


def test_the_preview_is_a_sandboxed_frame_whose_mail_is_escaped(site: Site) -> None:
    site.organiser.get(f"{site.path}/en/new")
    typed = {"do": "preview", "csrf_token": site.organiser.token, **ALL, "note": "<script>alert(1)</script>"}
    response = site.organiser.client.post(f"{site.path}/en/new", data=typed)
    page = response.text
    assert "Come to Hall 0: Meeting with Firm 1" in page
    frame = re.search(r'<iframe class="mail-frame" title="[^"]+" sandbox srcdoc="([^"]+)"', page)
    assert frame is not None
    assert "&lt;script&gt;alert(1)" in html.unescape(frame[1])
    assert "<script>alert" not in page and "<script>alert" not in html.unescape(frame[1])
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "default-src 'none'" in policy
    assert site.saved() == {}


def test_a_test_mail_is_queued_by_its_button(site: Site) -> None:
    page = site.post("test")
    assert f"is being sent to {site.expo.organiser.email}" in page
    with site.database.read() as session:
        (row,) = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.TEST)).all()
        assert row.payload["wording"]["headline"] == "Hello {name}"
    assert site.saved() == {}


def test_the_page_is_not_there_for_anybody_else(site: Site) -> None:
    with site.database.read() as session:
        attendee = session.get_one(Account, site.expo.people[0][0].account_id)
    browser = Browser(site.app, attendee)
    for path in (site.path, f"{site.path}/en/new"):
        browser.get(path, status=404)
    browser.post(f"{site.path}/en/new", status=404, do="save", **ALL)
    assert site.saved() == {}


@pytest.mark.parametrize("path", ["xx/new", "en/birthday"])
def test_a_language_or_kind_that_is_none_is_not_found(site: Site, path: str) -> None:
    site.organiser.get(f"{site.path}/{path}", status=404)
