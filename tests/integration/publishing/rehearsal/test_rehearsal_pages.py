"""Rehearsal: the list, each email, and what going live sends; the notice on pages; the API."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from api.pages.publishing.rehearsal.rehearsal import KINDS
from scheduler.domain.entities import JobState, OutboxKind
from scheduler.domain.team import TeamRole
from scheduler.services.delivery import rehearsal_delivery
from scheduler.services.outbox.letters import OF_NO_EVENT
from scheduler.services.participants.colleagues import attendance_days as days_of
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.services.publishing.rehearsal import going_live, rehearsed_emails
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, Event, FirmRegistration, OutboxEmail, VersionJob
from tests.integration.publishing.rehearsal.post import post
from tests.support import clocks
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_member
from tests.support.publishing import SETTINGS
from tests.support.queries import count_of_look
from tests.support.rehearsing import LETTERS, all_mails, make_uninvited, rehearsed_event
from tests.support.web import Browser, web_app

pytestmark = pytest.mark.smtp

NOWHERE = "redis://127.0.0.1:1"
OF_CALENDARS = {"new", "update", "details", "again", "proposal", "cancel", "uninvited"}


@pytest.fixture
def expo(database: Database, monkeypatch: pytest.MonkeyPatch) -> Expo:
    """Return an event in rehearsal, with every email rehearsed and version 3 published."""
    clocks.hold(monkeypatch, NOW)
    expo = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
    return expo


@pytest.fixture
def browser(database: Database, expo: Expo) -> Browser:
    return Browser(web_app(database, NOWHERE), expo.organiser)


def path(expo: Expo, rest: str = "") -> str:
    return f"/events/{expo.event.key}/rehearsal{rest}"


def test_every_email_has_a_name(database: Database) -> None:
    beside = {kind.value for kind in (OutboxKind.SUMMARY, OutboxKind.DIGEST, OutboxKind.BRIEFING)}
    assert set(KINDS) == OF_CALENDARS | beside | (LETTERS - OF_NO_EVENT)


def test_the_list_has_every_email_and_can_be_narrowed(
    database: Database, expo: Expo, browser: Browser
) -> None:
    with database.read() as session:
        counts = rehearsed_emails.count_rehearsed_emails(session, expo.organiser_actor())
    total = sum(counts.values())
    page = browser.get(path(expo))
    assert f"{total} emails in rehearsal" in page
    assert f"Meeting invitation ({counts['new']})" in page
    narrowed = browser.get(f"{path(expo)}?kind=briefing")
    assert set(re.findall(r"rehearsal/\d+\">([^<]+)<", narrowed)) == {"Interpreter briefing"}
    person = expo.people[3][0]
    found = browser.get(f"{path(expo)}?text={person.email}")
    assert set(re.findall(r"<small>([^<]+@[^<]+)</small>", found)) == {person.email}
    assert "No emails match" in browser.get(f"{path(expo)}?text=nobody")
    assert "No emails match" not in browser.get(f"{path(expo)}?kind=odd")


def test_each_email_opens_as_its_reader_would_see_it(
    database: Database, expo: Expo, browser: Browser
) -> None:
    with database.read() as session:
        rows = {row.rehearsed_as: row for row in session.scalars(select(OutboxEmail)) if row.rehearsed_as}
        assert set(rows) == set(KINDS)
        for label, row in rows.items():
            page = browser.get(path(expo, f"/{row.id}"))
            assert row.to_address in page and "<iframe" in page
            shown = rehearsed_emails.show_rehearsed_email(
                session, expo.organiser_actor(), row.id, settings=SETTINGS
            )
            assert "[Rehearsal]" not in shown.subject
            assert shown.text and "<body" in shown.html, label
    assert _show(database, expo, rows["new"].id).files == ("invite.ics.txt",)
    assert _show(database, expo, rows["summary"].id).files == ("agenda.pdf",)


def _show(database: Database, expo: Expo, mail_id: int) -> rehearsed_emails.RenderedEmail:
    with database.read() as session:
        return rehearsed_emails.show_rehearsed_email(
            session, expo.organiser_actor(), mail_id, settings=SETTINGS
        )


def test_an_email_of_another_event_or_a_sample_is_not_found(
    database: Database, expo: Expo, browser: Browser
) -> None:
    other = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, other, sent.deliver)
    with database.read() as session:
        theirs = session.scalar(
            select(func.max(OutboxEmail.id)).where(OutboxEmail.event_id == other.event.id)
        )
        sample = session.scalar(select(func.max(OutboxEmail.id)).where(OutboxEmail.kind == OutboxKind.TEST))
    for mail_id in (theirs, sample, 999_999):
        browser.get(path(expo, f"/{mail_id}"), 404)


def test_going_live_by_the_page(database: Database, expo: Expo, browser: Browser) -> None:
    with database.read() as session:
        state = going_live.show_live_state(session, expo.organiser_actor())
    assert state.published is not None
    page = browser.get(path(expo))
    assert "Published schedule, version 3" in page
    assert f"{state.published.mails} emails to {state.published.people} people" in page
    assert "The event is live. Invitations are being sent." in browser.post(
        path(expo, "/go-live"), tell="published"
    )
    assert "The event is already live." in browser.post(path(expo, "/go-live"))
    page = browser.get(path(expo))
    assert "has been live since" in page and "Go live" not in page
    with database.read() as session:
        assert session.scalars(select(VersionJob.state)).all() == [JobState.QUEUED]
        (entry,) = session.scalars(select(AuditLogEntry).where(AuditLogEntry.about.contains("went live")))
        assert entry.after is not None and '"invitations_sent":true' in entry.after
    assert "Emails rehearsed" in browser.get(f"/events/{expo.event.key}/audit-log")


def test_going_live_without_invitations_sends_nothing(
    database: Database, expo: Expo, browser: Browser
) -> None:
    assert "The event is live. No emails were sent." in browser.post(path(expo, "/go-live"))
    with database.read() as session:
        assert session.scalars(select(VersionJob)).all() == []
        assert session.scalars(select(OutboxEmail)).all() == []


def test_a_new_event_says_so_on_each_page_of_its_organisers_until_it_is_live(
    database: Database, expo: Expo, browser: Browser
) -> None:
    pages = [f"/events/{expo.event.key}{rest}" for rest in ("", "/event-invitations", "/venue", "/schedule")]
    notice = "Rehearsal: emails from this event only reach its organisers."
    for each in pages:
        assert notice in browser.get(each)
    assert "Event in rehearsal" in browser.get(pages[0])
    browser.post(path(expo, "/go-live"))
    for each in pages:
        assert notice not in browser.get(each)
    assert "Event in rehearsal" not in browser.get(pages[0])


def test_readers_see_the_notice_and_not_the_emails(database: Database, expo: Expo) -> None:
    with database.write() as session:
        reader = make_member(session, expo, TeamRole.VIEWER)
    browser = Browser(web_app(database, NOWHERE), reader)
    page = browser.get(f"/events/{expo.event.key}")
    assert "Rehearsal: emails" in page and "/rehearsal" not in page
    browser.get(path(expo), 404)


def test_inviting_in_rehearsal_says_who_gets_the_emails(
    database: Database, expo: Expo, browser: Browser
) -> None:
    with database.write() as session:
        make_uninvited(session, expo, 2)
    said = browser.post(f"/events/{expo.event.key}/event-invitations", group="new")
    assert "2 rehearsal emails are being sent. Only the organisers receive them." in said


@pytest.mark.parametrize("is_live", [False, True])
def test_who_adds_a_colleague_reads_whom_the_invitation_reaches(
    database: Database, expo: Expo, is_live: bool
) -> None:
    with database.write() as session:
        session.get_one(Event, expo.event.id).live_at = NOW if is_live else None
        days = [str(day) for day in days_of.list_slots_by_day(session, session.get_one(Event, expo.event.id))]
        account = session.get_one(Account, expo.people[0][0].account_id)
    who = Browser(web_app(database, NOWHERE), account)
    said = who.post(
        f"/events/{expo.event.key}/colleagues",
        name="Nagy Anna", email="anna@firm.example", languages="magyar", days=days,
    )  # fmt: skip
    assert ("The invitation is being sent by email." in said) is is_live
    assert (
        "The event is in rehearsal, so the invitation reaches only the organisers." in said
    ) is not is_live


def test_who_registers_reads_that_the_event_is_in_rehearsal(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    expo = rehearsed_event(database, registration=True)
    stranger = Browser(web_app(database, NOWHERE))
    notice = "This event is in rehearsal. The confirmation email goes only to its organisers."
    assert notice in stranger.get(f"/register/{expo.event.key}")
    with database.write() as session:
        session.get_one(Event, expo.event.id).live_at = NOW
    assert notice not in stranger.get(f"/register/{expo.event.key}")
    with database.read() as session:
        assert session.scalars(select(FirmRegistration)).all() == []


def test_an_event_without_emails_says_what_comes_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    expo = rehearsed_event(database)
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    page = browser.get(path(expo))
    assert "No emails yet." in page and "Going live sends no emails by itself." in page


def test_the_list_takes_the_same_statements_for_any_number_of_emails(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)

    def look(firms: int) -> int:
        expo = rehearsed_event(database)
        with database.write() as session:
            make_uninvited(session, expo, firms)
            invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
            while rehearsal_delivery.deliver_rehearsed(session, SETTINGS, worker="w", now=NOW):
                pass
        actor = expo.organiser_actor()
        return count_of_look(database, lambda session: rehearsed_emails.list_rehearsed_emails(session, actor))

    assert look(200) == look(60)


def test_a_program_reads_the_state_and_takes_the_event_live(database: Database, expo: Expo) -> None:
    token = make_token(database, expo.organiser_actor(), "schedule:read", "schedule:publish")
    program = Program(web_app(database, NOWHERE), token)
    state = program.get("/rehearsal")
    assert state["live_at"] is None and state["published"]["number"] == 3
    live = program.post("/rehearsal/go-live", {"send_invitations": True})
    assert live["live_at"] and live["published"] is None
    program.post("/rehearsal/go-live", {}, status=409)
    with database.read() as session:
        assert session.scalars(select(VersionJob.state)).all() == [JobState.QUEUED]
