"""Consent by purpose: what a notice asks for happens only for people who agreed, until they withdraw."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.consents import ConsentChannel, ConsentPurpose
from scheduler.domain.entities import Partstat, RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.directory import search
from scheduler.services.directory.facets import FirmFilters
from scheduler.services.identity import consents, privacy_notices
from scheduler.services.identity.sign_in import make_sign_in_link
from scheduler.services.participants import journal
from scheduler.services.participants.registration import decisions, public_registration
from scheduler.services.participants.registration.registrations import get_registration
from scheduler.services.privacy import erasure, person_export
from scheduler.services.requests.digests import digest_settings
from scheduler.services.requests.digests.digest_settings import RequestMails
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    AuditLogEntry,
    Consent,
    Event,
    FirmRegistration,
    Invitation,
)
from tests.integration.agendas.my_day.test_my_day import before, my_day
from tests.integration.participants.registration.test_registration_form import FORM, write
from tests.integration.publishing.test_summaries import make, queued, two_meetings
from tests.integration.requests.digests.test_digests import MORNING, expo_of, kinds, tell
from tests.integration.team.test_operators import signed_in
from tests.support.databases import owning
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request
from tests.support.notices import TRANSFER, ask_consent, consent, notice_form
from tests.support.publishing import SETTINGS, publish
from tests.support.running_event import Fair, make_fair
from tests.support.web import Browser, web_app

CONTACTS, DIRECTORY, NOTIFICATIONS, ABROAD = ConsentPurpose
NOWHERE = "redis://127.0.0.1:1"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


def met(database: Database) -> Fair:
    """Create a meeting that both sides have accepted."""
    with database.write() as session:
        fair = make_fair(session, each=1, days=1, told=True)
        session.execute(update(Invitation).values(partstat=Partstat.ACCEPTED))
    return fair


def cards(database: Database, fair: Fair) -> list[str]:
    """Return the contacts that our person sees at the meeting."""
    with database.read() as session:
        found = my_day(session, fair, before(fair, minutes=10)).next
        assert found is not None and found.details.shows_contacts
        return [card.email for card in found.details.cards]


def test_partners_see_contact_details_of_those_who_agree(database: Database) -> None:
    fair = met(database)
    theirs = fair.expo.people[1][0].email
    assert cards(database, fair) == [theirs]
    with database.write() as session:
        ask_consent(session, fair.expo, CONTACTS)
    assert cards(database, fair) == []
    with database.write() as session:
        consent(session, fair.expo, 1, CONTACTS)
    assert cards(database, fair) == [theirs]
    with database.write() as session:
        consent(session, fair.expo, 1, now=LATER)
    assert cards(database, fair) == []


@pytest.mark.parametrize(("country", "sees"), [("CN", False), ("DE", True)])
def test_partners_from_other_countries_need_a_consent_of_its_own(
    database: Database, country: str, sees: bool
) -> None:
    fair = met(database)
    with database.write() as session:
        ask_consent(session, fair.expo, ABROAD)
        session.merge(fair.expo.firms[1]).country = country
    assert bool(cards(database, fair)) is sees
    with database.write() as session:
        consent(session, fair.expo, 1, ABROAD)
    assert cards(database, fair)


def test_the_directory_lists_those_who_agree_and_colleagues_and_organisers_see_all(
    database: Database, expo: Expo
) -> None:
    person = expo.people[1][0]

    def sees(session: Session, firm: int | None) -> set[bool]:
        """Return whether a firm, or the organiser, finds the person in each place of the directory."""
        actor = expo.organiser_actor() if firm is None else expo.actor(firm)
        found = search.search_people(session, actor, text=person.name).items
        of_firm = search.show_firm(session, actor, expo.firms[1].key).people
        listed = {any(each.key == person.key for each in people) for people in (found, of_firm)}
        try:
            search.show_person(session, actor, person.key)
        except NotFound:
            return listed | {False}
        return listed | {True}

    def matches(session: Session) -> bool:
        """Return whether the search for firms finds the firm by the person's name."""
        return bool(search.search_firms(session, expo.actor(0), FirmFilters(text=person.name)).items)

    with database.write() as session:
        session.merge(person).name = person.name = "Zsuzsanna Quill"
        session.flush()
        assert sees(session, 0) == {True} and matches(session)
        ask_consent(session, expo, DIRECTORY)
        assert (sees(session, 0), sees(session, 1), sees(session, None)) == ({False}, {True}, {True})
        assert not matches(session)
        consent(session, expo, 1, DIRECTORY)
        assert sees(session, 0) == {True} and matches(session)


def test_emails_about_requests_go_to_those_who_agree(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        ask_consent(session, expo, NOTIFICATIONS)
        make_request(session, expo, 0, 1, state=RequestState.PENDING)
        assert digest_settings.new_request_emails(session, expo.actor(1), now=NOW) is RequestMails.NEVER
    assert tell(database, MORNING) == []
    with database.write() as session:
        consent(session, expo, 1, NOTIFICATIONS)
        assert digest_settings.new_request_emails(session, expo.actor(1), now=NOW) is RequestMails.DAILY
    assert kinds(tell(database, MORNING)) == [("F1-P0", ["asked"])]
    with database.write() as session:
        consent(session, expo, 1, now=LATER)
        make_request(session, expo, 2, 1, state=RequestState.PENDING)
    assert tell(database, MORNING + timedelta(days=1)) == []


def test_schedule_summaries_go_to_those_who_agree(database: Database) -> None:
    with database.write() as session:
        expo = make(session)
        ask_consent(session, expo, NOTIFICATIONS)
        consent(session, expo, 0, NOTIFICATIONS)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        assert list(queued(session)) == [expo.people[0][0].email]


def test_a_decision_has_its_version_language_time_and_place(database: Database, expo: Expo) -> None:
    with database.write() as session:
        ask_consent(session, expo, CONTACTS, DIRECTORY)
        consents.save_own_consents(
            session,
            expo.actor(0),
            {CONTACTS},
            version="1",
            language="zh",
            channel=ConsentChannel.SIGN_IN,
            now=NOW,
        )
        consent(session, expo, 0, DIRECTORY, now=LATER)
        own = consents.get_own_consents(session, expo.actor(0), language="hu")
    assert own.given == {DIRECTORY} and not own.is_due and own.notice.language == "en"
    said = [
        (each.purpose, each.is_given, each.language, each.decided_at, each.ended_at) for each in own.decisions
    ]
    assert sorted(said[2:]) == [(DIRECTORY, False, "zh", NOW, LATER), (CONTACTS, True, "zh", NOW, LATER)]
    assert sorted(said[:2]) == [(DIRECTORY, True, "en", LATER, None), (CONTACTS, False, "en", LATER, None)]
    assert [each.channel for each in own.decisions] == ["privacy_page"] * 2 + ["sign_in"] * 2
    with database.read() as session:
        entries = session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.id.desc()).limit(1)).one()
    assert entries.act == "privacy" and json.loads(entries.after or "") == {
        "partner_contacts": False,
        "directory": True,
    }


def test_an_earlier_choice_counts_until_the_next_unless_the_new_version_says_no(
    database: Database, expo: Expo
) -> None:
    def given(session: Session) -> tuple[set[ConsentPurpose], bool]:
        own = consents.get_own_consents(session, expo.actor(0), language="en")
        return set(own.given), own.is_due

    with database.write() as session:
        ask_consent(session, expo, CONTACTS)
        consent(session, expo, 0, CONTACTS)
        assert ask_consent(session, expo, CONTACTS, DIRECTORY) == 2
        assert given(session) == ({CONTACTS}, True)
        with pytest.raises(InvalidInput):
            consent(session, expo, 0, CONTACTS, version=1)
        ask_consent(session, expo, CONTACTS, asks_again=True)
        assert given(session) == (set(), True)
        consent(session, expo, 0, CONTACTS, version=3)
        assert given(session) == ({CONTACTS}, False)


def test_a_notice_names_who_is_responsible_and_each_part_of_a_transfer(
    database: Database, expo: Expo
) -> None:
    form = notice_form([ABROAD])
    with database.write() as session:
        for wrong, paths in (
            (replace(form, controller=" "), {"controller"}),
            (
                replace(form, texts={"zh": form.texts["zh"]}),
                {"text-en", *(f"{name}-en" for name in TRANSFER)},
            ),
            (replace(form, texts={"en": {"text": "x"}}), {f"{name}-en" for name in TRANSFER}),
            (replace(form, texts={"en": {**form.texts["en"], "text": "x" * 10_001}}), {"text-en"}),
        ):
            with pytest.raises(InvalidInput) as refused:
                privacy_notices.publish_notice(session, expo.organiser_actor(), wrong, now=NOW)
            assert {fault.path for fault in refused.value.faults} == paths
        with pytest.raises(NotAllowed):
            privacy_notices.publish_notice(session, expo.actor(0), form, now=NOW)
        with pytest.raises(NotFound):
            consents.get_own_consents(session, expo.actor(0), language="en")


def test_a_registration_stores_the_choices_of_the_version_that_was_read(database: Database) -> None:
    form = replace(FORM, purposes=("directory", "no-purpose"), notice="1", language="zh")
    with database.write() as session:
        expo = make_event(session)
        session.get_one(Event, expo.event.id).registration = True
        ask_consent(session, expo, CONTACTS, DIRECTORY)
        with pytest.raises(InvalidInput) as refused:
            write(session, expo, replace(form, notice="2"))
        assert [fault.path for fault in refused.value.faults] == ["notice"]
        public_registration.confirm_registration(session, write(session, expo, form), now=NOW)
        row = session.scalars(select(FirmRegistration)).one()
        actor = expo.organiser_actor()
        typed = get_registration(session, actor, row.id).form
        decisions.accept_registration(session, actor, row.id, typed, settings=SETTINGS, now=LATER)
        people = session.scalars(select(Attendee.id).where(Attendee.email == row.email)).all()
        found = session.scalars(select(Consent).order_by(Consent.purpose)).all()
        assert [(each.purpose, each.is_given) for each in found] == [(DIRECTORY, True), (CONTACTS, False)]
        assert {(each.attendee_id, each.language, each.channel, each.decided_at) for each in found} == {
            (people[0], "zh", ConsentChannel.REGISTRATION, NOW)
        }
        step = journal.list_steps(session, actor)[0]
        journal.undo_step(session, actor, step.id, settings=SETTINGS, now=LATER)
        assert session.scalars(select(Consent)).all() == []


@pytest.mark.own_schema
def test_the_export_has_the_decisions_and_erasure_deletes_them(database: Database, expo: Expo) -> None:
    person = expo.people[0][0]
    with database.write() as session:
        ask_consent(session, expo, DIRECTORY)
        consent(session, expo, 0, DIRECTORY)
        consent(session, expo, 1, DIRECTORY)
        found = person_export.export_own_data(
            session, signed_in(session.get_one(Account, person.account_id)), now=NOW
        )
        assert [row["purpose"] for row in found.tables["consent"]] == ["directory"]
        session.merge(person).withdrawn_at = NOW
    with owning(database) as owner:
        erasure.erase_person(owner, SETTINGS, person.email)
    with database.read() as session:
        assert session.scalars(select(Consent.attendee_id)).all() == [expo.people[1][0].id]


def test_signing_in_shows_a_notice_that_is_new_to_the_person_first(database: Database, expo: Expo) -> None:
    app = web_app(database, NOWHERE)
    with database.write() as session:
        person = session.get_one(Account, expo.people[0][0].account_id)
        ask_consent(session, expo, CONTACTS, ABROAD)
    page = f"/events/{expo.event.key}/privacy"
    browser = Browser(app)
    browser.sign_in(app, person)
    arrived = browser.client.get("/my-data")
    assert page in arrived.text  # also there later
    token = link(database, person)
    browser.get(f"/sign-in/{token}")
    asked = browser.client.post(f"/sign-in/{token}", data={"csrf_token": browser.token})
    assert asked.location.startswith(f"{page}?next=")
    shown = browser.get(asked.location)
    assert "Expo Ltd" in shown and "recipient_contact of the transfer" in shown and " checked" not in shown
    saved = browser.client.post(
        page, data={"csrf_token": browser.token, "version": "1", "purposes": "abroad", "next": "/my-data"}
    )
    assert saved.location == "/my-data"
    token = link(database, person)
    browser.get(f"/sign-in/{token}")
    again = browser.client.post(f"/sign-in/{token}", data={"csrf_token": browser.token})
    assert page not in again.location
    shown = browser.get(page)
    assert shown.count(" checked") == 1 and "After signing in" in shown
    assert "You get none of these emails" not in browser.get(f"/events/{expo.event.key}/preferences")


def link(database: Database, account: Account) -> str:
    """Return the token of a new sign-in link."""
    with database.write() as session:
        now = database.now_in(session)
        return make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=now)


def test_organisers_publish_versions_and_see_how_many_agreed(database: Database, expo: Expo) -> None:
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    page = f"/events/{expo.event.key}/privacy-notice"
    assert "Not published yet" in browser.get(page)
    refused = browser.post(page, 422, controller="Expo Ltd", purposes="directory")
    assert "Expo Ltd" in refused and "Nothing was saved" in refused
    fields = {
        "controller": "Expo Ltd",
        "contact": "p@x.example",
        "purposes": "directory",
        "text-en": "We use it.",
    }
    assert "Version 1 published." in browser.post(page, **fields)
    with database.write() as session:
        consent(session, expo, 0, DIRECTORY)
        consent(session, expo, 1)
        with pytest.raises(NotAllowed):
            privacy_notices.get_record(session, expo.actor(0))
        (count,) = privacy_notices.get_record(session, expo.organiser_actor()).counts
    assert (count.given, count.refused, count.undecided) == (1, 1, 1)
    assert "We use it." in browser.get(page)
