"""Organisers accept registrations, add the person to a firm, or decline, with an email each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.domain.team import RegistrationState
from scheduler.invites.catalogue import languages
from scheduler.services.delivery import rendering
from scheduler.services.identity.rights import Role
from scheduler.services.participants import journal
from scheduler.services.participants.registration import decisions, public_registration, registrations
from scheduler.services.participants.registration.form import RegistrationForm
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Event, Firm, FirmRegistration, OutboxEmail, Place
from tests.integration.identity.test_readers import read
from tests.integration.participants.registration.test_registration_form import FORM, NOWHERE, write
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.queries import count_selects
from tests.support.threads import Step
from tests.support.web import Browser, web_app

WAITING = RegistrationState.WAITING


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        made = make_event(session)
        session.get_one(Event, made.event.id).registration = True
    return made


def waits(session: Session, expo: Expo, form: RegistrationForm = FORM) -> int:
    """Create a waiting registration, and return its number."""
    public_registration.confirm_registration(session, write(session, expo, form), now=NOW)
    return session.scalars(select(func.max(FirmRegistration.id))).one()


def accept(session: Session, expo: Expo, number: int, form: RegistrationForm = FORM) -> str:
    return decisions.accept_registration(
        session, expo.organiser_actor(), number, form, settings=SETTINGS, now=NOW
    )


def newest(session: Session) -> OutboxEmail:
    return session.scalars(select(OutboxEmail).order_by(OutboxEmail.id.desc()).limit(1)).one()


def test_an_accepted_firm_takes_part_with_its_exhibitor_as_the_organiser_mended_it(
    database: Database, expo: Expo
) -> None:
    hall = expo.halls[0].key
    with database.write() as session:
        number = waits(session, expo)
        fixed = replace(FORM, tier="midstream", hall=hall, booth="B-77", email="other@other.example")
        key = accept(session, expo, number, fixed)
        firm = session.scalars(select(Firm).where(Firm.key == key)).one()
        person = session.scalars(select(Attendee).where(Attendee.firm_id == firm.id)).one()
        booth = session.scalars(select(Place).where(Place.firm_id == firm.id)).one()
        assert (firm.name, firm.tier.value, firm.areas, booth.key) == (
            FORM.name,
            "midstream",
            ["batteries"],
            "B-77",
        )
        assert (person.email, person.is_exhibitor, person.mail_language) == (
            "li.na@ningde.example",
            True,
            "zh",
        )
        assert (newest(session).to_address, newest(session).payload["letter"]) == (person.email, "registered")
    with database.read() as session:
        shown = registrations.list_registrations(session, expo.organiser_actor(), RegistrationState.ACCEPTED)
        assert [row.firm.key for row in shown.page.items if row.firm] == [key]
        assert shown.counts[WAITING] == 0
    with database.write() as session, pytest.raises(WrongState):
        accept(session, expo, number)


def test_a_firm_whose_name_has_no_letter_is_accepted_too(database: Database, expo: Expo) -> None:
    with database.write() as session:
        number = waits(session, expo, replace(FORM, name="***", latin_name="", person="—", latin_person=""))
        key = accept(session, expo, number, replace(FORM, name="***", latin_name="", person="—"))
        assert session.scalars(select(Firm.name).where(Firm.key == key)).one() == "***"


def test_an_acceptance_is_undone_as_a_step_of_the_desk_and_waits_again(
    database: Database, expo: Expo
) -> None:
    with database.write() as session:
        number, key = waits(session, expo), ""
        key = accept(session, expo, number)
    with database.write() as session:
        (step,) = journal.list_steps(session, expo.organiser_actor())
        journal.undo_step(session, expo.organiser_actor(), step.id, settings=SETTINGS, now=NOW)
        assert session.scalar(select(Firm.id).where(Firm.key == key)) is None
        assert session.get_one(FirmRegistration, number).state is RegistrationState.WAITING
    with database.write() as session:
        assert accept(session, expo, number) == key


def test_nobody_of_the_event_is_changed_by_a_registration_of_the_same_name_or_address(
    database: Database, expo: Expo
) -> None:
    person = expo.people[0][0]
    with database.write() as session:
        same_name = waits(session, expo, replace(FORM, name=expo.firms[1].name.upper(), latin_name=""))
        same_person = waits(session, expo, replace(FORM, email=person.email))
        for number, field in ((same_name, "name"), (same_person, "email")):
            form = registrations.get_registration(session, expo.organiser_actor(), number).form
            with pytest.raises(InvalidInput) as caught, session.begin_nested():
                accept(session, expo, number, form)
            assert [fault.path for fault in caught.value.faults] == [field]
        alike = registrations.get_registration(session, expo.organiser_actor(), same_name).alike
        assert expo.firms[1].key in [firm.key for firm in alike]
        assert session.get_one(Attendee, person.id).firm_id == expo.firms[0].id


def test_a_person_joins_a_firm_that_is_there(database: Database, expo: Expo) -> None:
    actor, known = expo.organiser_actor(), expo.people[0][0].email
    with database.write() as session:
        new, old = waits(session, expo), waits(session, expo, replace(FORM, email=known))
        for key in ("", "none", "\x00"):
            with pytest.raises(InvalidInput, match="into"):
                decisions.join_firm(session, actor, new, key, settings=SETTINGS, now=NOW)
        assert decisions.join_firm(session, actor, new, "f2", settings=SETTINGS, now=NOW) == "f2"
        joined = session.scalars(select(Attendee).where(Attendee.email == "li.na@ningde.example")).one()
        assert (joined.firm_id, joined.is_exhibitor) == (expo.firms[2].id, True)
        with pytest.raises(InvalidInput, match="email"), session.begin_nested():
            decisions.join_firm(session, actor, old, "f2", settings=SETTINGS, now=NOW)
        people = session.scalars(select(func.count()).select_from(Attendee)).one()
        decisions.join_firm(session, actor, old, "f0", settings=SETTINGS, now=NOW)
        assert session.scalars(select(func.count()).select_from(Attendee)).one() == people


@pytest.mark.parametrize("language", languages())
def test_who_is_declined_reads_why(database: Database, expo: Expo, language: str) -> None:
    with database.write() as session:
        number = waits(session, expo, replace(FORM, mail_language=language))
        for reason in (" ", "x" * 201):
            with pytest.raises(InvalidInput, match="reason"):
                decisions.decline_registration(session, expo.organiser_actor(), number, reason, now=NOW)
        decisions.decline_registration(session, expo.organiser_actor(), number, "The hall is full", now=NOW)
        mail = read(rendering.render_email(SETTINGS, newest(session), {}).data)
        said = mail.get_body(("plain",)).get_content()
        assert "The hall is full" in said and f"/register/{expo.event.key}" in said and "{" not in said


def test_some_at_once_are_decided_each_on_its_own(database: Database, expo: Expo) -> None:
    with database.write() as session:
        good = [waits(session, expo, replace(FORM, name=f"New {i}", latin_name="", email=f"{i}@n.example"))
                for i in range(3)]  # fmt: skip
        bad = waits(session, expo, replace(FORM, name=expo.firms[0].name, latin_name="", email="x@n.example"))
        actor = expo.organiser_actor()
        done = decisions.accept_registrations(
            session, actor, [*good[:2], bad, 2**40, 999_999], settings=SETTINGS, now=NOW
        )
        assert (done.count, [name for name, _ in done.left]) == (2, [expo.firms[0].name])
        done = decisions.decline_registrations(session, actor, [*good, bad], "Full", now=NOW)
        assert (done.count, done.left) == (2, ())
        for numbers in ([], list(range(1, 60))):
            with pytest.raises(InvalidInput, match="numbers"):
                decisions.accept_registrations(session, actor, numbers, settings=SETTINGS, now=NOW)


def test_only_organisers_of_the_event_read_and_decide(database: Database, expo: Expo) -> None:
    with database.write() as session:
        number, other = waits(session, expo), make_event(session, key="other-expo")
        reader = replace(expo.organiser_actor(), team_role=Role.VIEWER)
        unconfirmed = session.get_one(FirmRegistration, number).id + 1
        write(session, expo, replace(FORM, email="later@firm.example"))
        for actor in (reader, expo.actor(0)):
            with pytest.raises(NotAllowed):
                registrations.list_registrations(session, actor, WAITING)
            with pytest.raises(NotAllowed):
                decisions.decline_registration(session, actor, number, "no", now=NOW)
        for actor, which in ((other.organiser_actor(), number), (expo.organiser_actor(), unconfirmed)):
            with pytest.raises(NotFound):
                registrations.get_registration(session, actor, which)
            with pytest.raises(NotFound):
                decisions.decline_registration(session, actor, which, "no", now=NOW)


def test_of_two_organisers_one_decides(database: Database, expo: Expo) -> None:
    with database.write() as session:
        number = waits(session, expo)

    def decide() -> bool:
        try:
            database.transact(lambda session: accept(session, expo, number))
        except WrongState:
            return False
        return True

    steps = [Step(decide), Step(decide)]
    assert sorted(step.done() for step in steps) == [False, True]
    with database.read() as session:
        assert session.scalars(select(func.count()).where(Firm.name == FORM.name)).one() == 1


def test_the_list_takes_as_many_queries_however_long_it_is(database: Database, expo: Expo) -> None:
    counts, actor = [], expo.organiser_actor()
    for start, end in ((0, 1), (1, 40)):
        with database.write() as session:
            for i in range(start, end):
                waits(
                    session, expo, replace(FORM, name=f"New {i}", latin_name="", email=f"n{i}@n{i}.example")
                )
        counts.append(
            count_selects(
                database,
                lambda session: registrations.list_registrations(session, actor, WAITING, text="new"),
            )
        )
    assert counts[0] == counts[1] <= 8
    with database.read() as session:
        shown = registrations.list_registrations(session, actor, WAITING, text="new", number=2)
    assert (shown.page.total, shown.page.last, len(shown.page.items)) == (40, 2, 15)


def test_an_organiser_decides_on_the_page(database: Database, expo: Expo) -> None:
    with database.write() as session:
        new = [replace(FORM, name=f"New {i}", latin_name="", email=f"n{i}@n.example") for i in range(4)]
        numbers = [waits(session, expo, form) for form in new]
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    path = f"/events/{expo.event.key}/registrations/"
    assert "<b>4 companies</b> are waiting" in browser.get(path)
    assert "Exhibitor registrations" in browser.get(f"/events/{expo.event.key}")
    browser.get(f"{path}{numbers[0]}")
    assert "Add the hall of the booth." in browser.post(
        f"{path}{numbers[0]}", 422, verb="accept", name="New 0", booth="B1"
    )
    form = {"name": "Newer", "country": "HU", "tier": "upstream", "areas": "batteries", "person": "Kiss Éva",
            "languages": "hu", "mail_language": "hu"}  # fmt: skip
    assert "Accepted" in browser.post(f"{path}{numbers[0]}", verb="accept", **form)
    assert "Accepted" in browser.post(f"{path}{numbers[1]}", verb="join", into="f1")
    assert "Reason: enter a reason for the person to read." in browser.post(
        path, 422, verb="decline", numbers=numbers[2], reason=""
    )
    assert "1 registration declined." in browser.post(path, verb="decline", numbers=numbers[2], reason="Full")
    assert "1 registration accepted." in browser.post(path, verb="accept", numbers=numbers[3])
    assert "No registrations are waiting." in browser.get(path) and "Full" in browser.get(
        f"{path}?state=declined"
    )
    assert "Newer" in browser.get(f"{path}{numbers[0]}")
