"""Self-registration on an open public page: not visible to organisers before confirmation by email."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.domain.team import RegistrationState
from scheduler.invites.catalogue import languages
from scheduler.services.delivery import claims, rendering
from scheduler.services.events.pending_work import count_pending_work
from scheduler.services.identity.tokens import REGISTER, derive_token
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.participants.registration import public_registration
from scheduler.services.participants.registration.form import RegistrationForm
from scheduler.services.participants.registration.public_registration import (
    LINK_LIFETIME,
    MAX_UNCONFIRMED,
    RegistrationFull,
    UnusableRegistration,
)
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry, Event, FirmRegistration, OutboxEmail
from tests.integration.identity.test_readers import read
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.threads import Step
from tests.support.web import Browser, web_app

FORM = RegistrationForm(
    name="宁德电池有限公司",
    latin_name="Ningde Battery Co.",
    country="CN",
    tier="upstream",
    areas=("batteries",),
    person="李娜",
    latin_person="Li Na",
    email="Li.Na@Ningde.example",
    languages="中文; English",
    mail_language="zh",
    consent=True,
)
WEBSITES = {
    "www.ningde.example": "https://www.ningde.example",
    "HTTP://Ningde.example:8080/a?b=c": "http://Ningde.example:8080/a?b=c",
    "  https://宁德.example ": "https://宁德.example",
    "": "",
}
NO_WEBSITES = (
    "see our stand", "ningde", "javascript:alert(1)", "javascript://ningde.example/%0aalert(1)",
    "mailto:li@ningde.example", "https://li:pw@ningde.example", "ftp://ningde.example", "//ningde.example",
    "https://", "https://[ningde.example", "ningde.example:port",
)  # fmt: skip
NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        made = make_event(session)
        session.get_one(Event, made.event.id).registration = True
    return made


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, NOWHERE)


def write(session: Session, expo: Expo, form: RegistrationForm = FORM) -> str:
    """Create a registration, and return the token of its emailed link."""
    public_registration.submit_registration(session, expo.event.key, form, settings=SETTINGS, now=NOW)
    row = session.scalars(select(FirmRegistration).order_by(FirmRegistration.id.desc()).limit(1)).one()
    return derive_token(SECRET_KEY, REGISTER, row.seed or "")


def bare(page: str) -> str:
    """Return a page without the tokens of its forms, which contain the time."""
    return re.sub(r'value="[^"]{40,}"', "", page)


def states(session: Session) -> list[str]:
    return [
        row.state.value for row in session.scalars(select(FirmRegistration).order_by(FirmRegistration.id))
    ]


def test_organisers_read_it_once_its_link_was_used(database: Database, expo: Expo) -> None:
    with database.write() as session:
        token = write(session, expo)
        assert count_pending_work(session, expo.organiser_actor(), now=NOW).registrations == 0
        assert not public_registration.get_registration(session, token, now=NOW).is_confirmed
        assert states(session) == ["unconfirmed"]
        assert public_registration.confirm_registration(session, token, now=NOW).is_confirmed
        assert public_registration.confirm_registration(session, token, now=NOW).is_confirmed
        assert count_pending_work(session, expo.organiser_actor(), now=NOW).registrations == 1
    with database.read() as session:
        acts = session.scalars(select(AuditLogEntry.act)).all()
        assert acts.count("registration") == 1


def test_a_website_is_of_http_or_https_or_is_refused_at_its_field(database: Database, expo: Expo) -> None:
    with database.write() as session:
        for at, (typed, kept) in enumerate(WEBSITES.items()):
            write(session, expo, replace(FORM, email=f"li{at}@ningde.example", website=typed))
            newest = select(FirmRegistration.website).order_by(FirmRegistration.id.desc()).limit(1)
            assert session.scalars(newest).one() == kept
    with database.write() as session:
        for typed in NO_WEBSITES:
            with pytest.raises(InvalidInput) as refused:
                write(session, expo, replace(FORM, website=typed))
            assert [fault.path for fault in refused.value.faults] == ["website"], typed


@pytest.mark.parametrize("language", languages())
def test_the_mail_repeats_nothing_that_was_typed(database: Database, expo: Expo, language: str) -> None:
    form = replace(FORM, name="Buy now www.spam.example", latin_name="", person="Buy", mail_language=language)
    with database.write() as session:
        token = write(session, expo, form)
        row = session.scalars(select(OutboxEmail)).one()
        made = read(rendering.render_email(SETTINGS, row, {}).data)
        said = made.as_string() + made.get_body(("plain",)).get_content()
        assert token in said and expo.event.name in said
        assert "spam" not in said and "Buy" not in said and "{" not in made.get_body(("plain",)).get_content()
        assert (row.to_address, row.to_name) == ("li.na@ningde.example", "")


def test_a_link_ends_and_what_nobody_confirmed_is_forgotten(database: Database, expo: Expo) -> None:
    with database.write() as session:
        token = write(session, expo)
        with pytest.raises(UnusableRegistration) as ended:
            public_registration.confirm_registration(session, token, now=NOW + LINK_LIFETIME)
        assert ended.value.event_key == expo.event.key
        with pytest.raises(UnusableRegistration):
            public_registration.get_registration(
                session, token[:-1] + ("b" if token.endswith("a") else "a"), now=NOW
            )
        public_registration.submit_registration(
            session,
            expo.event.key,
            replace(FORM, email="b@b.example"),
            settings=SETTINGS,
            now=NOW + LINK_LIFETIME,
        )
        assert [row.email for row in session.scalars(select(FirmRegistration))] == ["b@b.example"]


def test_the_page_is_not_there_unless_it_is_open(database: Database, expo: Expo, app: Flask) -> None:
    with database.write() as session:
        token = write(session, expo)
        ended = expo.slots[-1].end
        public_registration.get_open_event(session, expo.event.key, now=ended - timedelta(seconds=1))
        for key, now in ((expo.event.key, ended), ("no-such-event", NOW), ("\x00", NOW)):
            with pytest.raises(NotFound):
                public_registration.get_open_event(session, key, now=now)
        event = session.get_one(Event, expo.event.id)
        event.registration = False
        with pytest.raises(UnusableRegistration):
            public_registration.get_registration(session, token, now=NOW)
    path = f"/register/{expo.event.key}"
    closed, none = Browser(app).client.get(path), Browser(app).client.get("/register/none")
    assert (closed.status_code, none.status_code) == (404, 404)
    assert bare(closed.text).replace(expo.event.key, "none") == bare(none.text)


def test_the_answer_is_the_same_whoever_is_known(database: Database, expo: Expo, app: Flask) -> None:
    fields = {
        "name": "Ningde", "country": "CN", "tier": "upstream", "areas": "batteries", "person": "Li",
        "languages": "en", "mail_language": "en", "consent": "yes",
    }  # fmt: skip
    browser, path = Browser(app), f"/register/{expo.event.key}"
    known, new = expo.people[0][0].email, "new@firm.example"
    pages = []
    for email in (known, new, *[new] * MAX_UNCONFIRMED):
        browser.get(path)
        pages.append(bare(browser.post(path, email=email, **fields)).replace(email, "EMAIL"))
    assert len(set(pages)) == 1
    with database.read() as session:
        to = func.count().filter(OutboxEmail.to_address == new)
        assert session.scalars(select(to)).one() == MAX_UNCONFIRMED
        assert (
            session.scalars(select(func.count()).select_from(FirmRegistration)).one() == MAX_UNCONFIRMED + 1
        )


def test_what_is_wrong_stands_at_its_field_and_stays_typed(
    database: Database, expo: Expo, app: Flask
) -> None:
    browser, path = Browser(app), f"/register/{expo.event.key}"
    browser.get(path)
    typed = {"name": "Ningde ★", "country": "Atlantis", "email": "nowhere", "booth": "B7", "note": "x" * 1001}
    answer = browser.post(path, 422, **typed)
    wrong = set(re.findall(r'id="([a-z_]+)-error"', answer))
    assert wrong == {
        "country", "tier", "areas", "hall", "person", "email", "languages", "mail_language", "note",
        "consent",
    }  # fmt: skip
    assert "Ningde ★" in answer and "x" * 1001 in answer
    with database.write() as session:
        with pytest.raises(InvalidInput) as caught:
            public_registration.submit_registration(
                session, expo.event.key, RegistrationForm(), settings=SETTINGS, now=NOW
            )
        assert "consent" in {fault.path for fault in caught.value.faults}
        assert session.scalars(select(FirmRegistration)).all() == []


def test_many_posts_are_held_back_by_address_and_by_network(database: Database, expo: Expo) -> None:
    app = web_app(database, NOWHERE, limit_sign_in=2, limit_register_network=3)
    browser, path = Browser(app), f"/register/{expo.event.key}"
    browser.get(path)
    for email, status in (("a@b.c", 422), ("a@b.c", 422), ("a@b.c", 429), ("d@e.f", 422), ("g@h.i", 429)):
        browser.post(path, status, email=email)


def test_a_page_that_is_full_says_so_and_mails_nothing(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_registration, "MAX_WAITING", 1)
    browser, path = Browser(web_app(database, NOWHERE)), f"/register/{expo.event.key}"
    with database.write() as session:
        write(session, expo, replace(FORM, email="nobody@firm.example"))  # never confirmed, so it closes none
        public_registration.confirm_registration(session, write(session, expo), now=NOW)
        with pytest.raises(RegistrationFull):
            write(session, expo, replace(FORM, email="other@firm.example"))
        before = session.scalar(select(func.count()).select_from(OutboxEmail))
    browser.get(path)
    fields = {
        "name": FORM.name, "latin_name": FORM.latin_name, "country": "CN", "tier": "upstream",
        "areas": "batteries", "person": FORM.person, "latin_person": FORM.latin_person, "languages": "en",
        "mail_language": "en", "consent": "yes",
    }  # fmt: skip
    said = browser.post(path, 503, email="third@firm.example", **fields)
    assert "Registration is closed for now" in said and "on its way" not in said
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxEmail)) == before


def test_a_mailbox_has_few_links_however_its_address_is_written(database: Database, expo: Expo) -> None:
    spellings = (
        "victim+{}@gmail.com",
        "v.i.c.tim+{}@googlemail.com",
        "victim@gmail.com",
        "vic.tim@gmail.com",
    )
    with database.write() as session:
        for number, spelling in enumerate((*spellings, *spellings)):
            write(session, expo, replace(FORM, email=spelling.format(number)))
        write(session, expo, replace(FORM, email="victor@gmail.com"))
        to = session.scalars(select(OutboxEmail.to_address).order_by(OutboxEmail.id)).all()
    assert len(to) == MAX_UNCONFIRMED + 1 and to[-1] == "victor@gmail.com"


def test_letters_of_strangers_go_last_at_the_rate_of_their_event(database: Database, expo: Expo) -> None:
    """Alerts and sign-ins overtake 500 registrations, and another event's letters are sent in parallel."""

    def letter(name: str, at: int, event_id: int | None) -> NewLetter:
        to = f"{name}{at}@firm{at}.example"
        return NewLetter(letter=name, to_address=to, language="en", seed=f"s{at}", about_event_id=event_id)

    with database.write() as session:
        quiet = make_event(session).event
        for event_id, rate in ((expo.event.id, 60), (quiet.id, 60_000)):
            session.get_one(Event, event_id).mail_per_minute = rate
        flood = [letter("register", at, expo.event.id) for at in range(500)]
        letters.queue_letters(session, flood, now=NOW - timedelta(minutes=1))
        letters.queue_letters(session, [letter("register", 500 + at, quiet.id) for at in range(40)], now=NOW)
        letters.queue_letters(session, [letter("team", 999, None)], now=NOW)

    def claim(seconds: int, *, urgent: bool = False) -> list[str]:
        given: dict[str, Any] = {"worker": "w", "limit": 100, "secret_key": SECRET_KEY, "urgent": urgent}
        with database.write() as session:
            rows = claims.claim_emails(session, now=NOW + timedelta(seconds=seconds), **given)
            return [row.to_address.partition("@")[0] for row in rows]

    assert claim(0, urgent=True) == ["team999"], "who sends urgent mails waits for no rate"
    assert Counter(name.startswith("register5") for name in claim(1)) == {True: 40, False: 1}
    assert [len(claim(second)) for second in (2, 3)] == [1, 1]


def test_of_two_registrations_of_an_address_the_confirmed_one_counts(database: Database, expo: Expo) -> None:
    with database.write() as session:
        first, second = write(session, expo), write(session, expo, replace(FORM, booth="", title="Head"))
        public_registration.confirm_registration(session, first, now=NOW)
        with pytest.raises(UnusableRegistration):
            public_registration.confirm_registration(session, second, now=NOW)
        third = write(session, expo, replace(FORM, title="Director"))
        public_registration.confirm_registration(session, third, now=NOW)
        rows = session.scalars(select(FirmRegistration)).all()
        assert [(row.state, row.title) for row in rows] == [(RegistrationState.WAITING, "Director")]


def test_two_links_at_once_leave_one(database: Database, expo: Expo) -> None:
    with database.write() as session:
        tokens = [write(session, expo), write(session, expo)]

    def confirm(token: str) -> bool:
        try:
            database.transact(
                lambda session: public_registration.confirm_registration(session, token, now=NOW)
            )
        except UnusableRegistration:
            return False
        return True

    steps = [Step(lambda token=token: confirm(token)) for token in tokens]
    assert sorted(step.done() for step in steps) == [False, True]
    with database.read() as session:
        assert states(session) == ["waiting"]
