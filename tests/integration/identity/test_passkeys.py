"""Sign-in with a passkey: its person gets in, and the published attacks don't."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from api import context
from scheduler.config import Settings
from scheduler.domain.entities import AlertKind, OutboxKind
from scheduler.services.delivery.rendering import render_letter_email
from scheduler.services.identity import passkeys
from scheduler.services.identity.passkeys import LONGEST_RESPONSE, VALID
from scheduler.services.operations import alerts, passkey_alerts
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Alert,
    AuditLogEntry,
    OutboxEmail,
    Passkey,
    PasskeyChallenge,
    WebSession,
)
from tests.integration.identity.clock import HOUR, NOWHERE, Clock
from tests.support.factories import Expo, make_account
from tests.support.passkeys import PRESENT, Authenticator
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

ORIGIN = "http://localhost"
REFUSED = "The passkey wasn&#39;t accepted."


@dataclass
class Site:
    """The site, and Ann with a browser in which she signed in by a link."""

    app: Flask
    database: Database
    ann: Account
    browser: Browser

    def authenticator(self) -> Authenticator:
        return Authenticator(ORIGIN, "localhost")

    def add(self, authenticator: Authenticator, status: int = 200, name: str = "Phone") -> str:
        """Add a passkey to the account of the browser. Return the page."""
        response = authenticator.create(ask(self.browser, "/sessions/passkeys/options"))
        return self.browser.post("/sessions/passkeys", status, credential=response, name=name)

    def count(self, table: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def acts(self) -> list[str]:
        with self.database.read() as session:
            entries = session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.id))
            return [f"{entry.act}: {entry.about}" for entry in entries]


def ask(browser: Browser, path: str = "/sign-in/passkey/options") -> Any:
    """Return the options that the site sends to a browser."""
    if path.startswith("/sign-in"):
        browser.get("/sign-in")
    response = browser.client.post(path, data={"csrf_token": browser.token})
    assert response.status_code == 200, response.text
    return response.get_json()


def answer(browser: Browser, response: str, status: int = 403) -> str:
    return browser.post("/sign-in/passkey", status, credential=response)


def read_text(mail: OutboxEmail) -> str:
    """Return the plain text of a queued email to a person."""
    message = message_from_bytes(render_letter_email(SETTINGS, mail).data, policy=default)
    body = message.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return body.get_content()


def is_in(browser: Browser) -> bool:
    return browser.client.get("/sessions").status_code == 200


@pytest.fixture
def site(database: Database, broker_url: str, expo: Expo, clock: Clock) -> Site:
    app = web_app(database, broker_url, base_url=ORIGIN)
    with database.write() as session:
        ann = make_account(session)
    return Site(app, database, ann, Browser(app, ann))


@pytest.fixture
def passkey(site: Site) -> Authenticator:
    """Ann's passkey, whose authenticator counts its signatures."""
    authenticator = site.authenticator()
    assert "Passkey added." in site.add(authenticator)
    authenticator.sign_count = 1
    return authenticator


def test_a_passkey_signs_in_its_account(site: Site, passkey: Authenticator) -> None:
    browser = Browser(site.app)
    page = answer(browser, passkey.get(ask(browser)), 200)
    assert is_in(browser) and REFUSED not in page
    assert site.ann.email in browser.get("/sessions")
    assert site.acts()[-1] == "sign-in: signed in with the passkey Phone"


def test_the_page_of_sessions_lists_passkeys_and_removes_them(site: Site, passkey: Authenticator) -> None:
    page = site.browser.get("/sessions")
    assert "<b>Phone</b>" in page
    with site.database.read() as session:
        (row,) = session.scalars(select(Passkey.id))
    assert "Passkey removed." in site.browser.post(f"/sessions/passkeys/{row}/delete")
    assert site.acts()[-1] == "sign-out: passkey Phone removed"
    browser = Browser(site.app)
    assert REFUSED in answer(browser, passkey.get(ask(browser)))


def test_a_second_passkey_has_the_user_handle_of_the_first(site: Site, passkey: Authenticator) -> None:
    second = site.authenticator()
    site.add(second, name="Key")
    assert second.user_handle == passkey.user_handle
    assert site.ann.email not in second.user_handle


def test_an_authenticator_is_not_added_twice(site: Site, passkey: Authenticator) -> None:
    excluded = ask(site.browser, "/sessions/passkeys/options")["excludeCredentials"]
    assert len(excluded) == 1
    assert REFUSED in site.add(passkey, 422)


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_passkey_has_a_name(site: Site, name: str) -> None:
    assert "Enter a name, up to 120 characters." in site.add(site.authenticator(), 422, name=name)
    assert site.count(Passkey) == 0


def test_an_account_has_a_bounded_number_of_passkeys(
    site: Site, monkeypatch: pytest.MonkeyPatch, passkey: Authenticator
) -> None:
    options = ask(site.browser, "/sessions/passkeys/options")
    monkeypatch.setattr(passkeys, "MOST", 1)
    site.browser.post("/sessions/passkeys", 422, credential=site.authenticator().create(options), name="Key")
    assert site.count(Passkey) == 1


def test_adding_and_removing_need_a_recent_sign_in(site: Site, passkey: Authenticator, clock: Clock) -> None:
    options = ask(site.browser, "/sessions/passkeys/options")
    with site.database.read() as session:
        (row,) = session.scalars(select(Passkey.id))
    clock.now += HOUR
    response = site.authenticator().create(options)
    for path in ("/sessions/passkeys", "/sessions/passkeys/options", f"/sessions/passkeys/{row}/delete"):
        assert "Sign in again" in site.browser.post(path, 403, credential=response, name="Key")
    assert site.count(Passkey) == 1


def test_a_passkey_of_another_account_cannot_be_removed(
    site: Site, passkey: Authenticator, expo: Expo
) -> None:
    with site.database.read() as session:
        (row,) = session.scalars(select(Passkey.id))
    Browser(site.app, expo.organiser).post(f"/sessions/passkeys/{row}/delete", 404)
    assert site.count(Passkey) == 1


def test_a_used_response_is_refused(site: Site, passkey: Authenticator) -> None:
    browser = Browser(site.app)
    response = passkey.get(ask(browser))
    answer(browser, response, 200)
    browser.post("/sign-out")
    assert REFUSED in answer(browser, response)
    assert not is_in(browser) and site.count(PasskeyChallenge) == 0


def test_a_refused_response_has_used_its_challenge(site: Site, passkey: Authenticator) -> None:
    browser = Browser(site.app)
    options = ask(browser)
    answer(browser, replace(passkey, flags=PRESENT).get(options))
    assert REFUSED in answer(browser, passkey.get(options))


def test_a_response_of_another_browser_is_refused(site: Site, passkey: Authenticator) -> None:
    """Else a thief of a response would sign in elsewhere, or sign others in to an account of his own."""
    victim, thief = Browser(site.app), Browser(site.app)
    ask(thief)
    assert REFUSED in answer(thief, passkey.get(ask(victim)))
    assert not is_in(thief)


def test_a_challenge_ends_and_is_forgotten(site: Site, passkey: Authenticator, clock: Clock) -> None:
    browser = Browser(site.app)
    response = passkey.get(ask(browser))
    clock.now += VALID
    assert REFUSED in answer(browser, response)
    with site.database.write() as session:
        assert passkeys.delete_expired_challenges(session, now=clock.now) == 1
    assert site.count(PasskeyChallenge) == 0


def test_a_challenge_for_adding_signs_nobody_in(site: Site, passkey: Authenticator) -> None:
    options = ask(site.browser, "/sessions/passkeys/options")
    assert REFUSED in answer(site.browser, passkey.get(options))


def test_a_challenge_of_another_session_adds_no_passkey(site: Site, expo: Expo) -> None:
    other = Browser(site.app, expo.organiser)
    options = ask(other, "/sessions/passkeys/options")
    response = site.authenticator().create(options)
    assert REFUSED in site.browser.post("/sessions/passkeys", 422, credential=response, name="Key")
    assert site.count(Passkey) == 0


FALSIFIED = {
    "other origin": {"origin": "https://localhost.evil.example"},
    "other scheme": {"origin": "https://localhost"},
    "other RP ID": {"rp_id": "evil.example"},
    "unverified user": {"flags": PRESENT},
    "absent user": {"flags": 0x04},
}


@pytest.mark.parametrize("changed", FALSIFIED.values(), ids=list(FALSIFIED))
def test_falsified_responses_are_refused(site: Site, passkey: Authenticator, changed: dict[str, Any]) -> None:
    browser = Browser(site.app)
    assert REFUSED in answer(browser, replace(passkey, **changed).get(ask(browser)))
    assert not is_in(browser)
    assert site.acts()[-1] == "sign-in-failed: a passkey that wasn't accepted"
    assert REFUSED in site.add(replace(site.authenticator(), **changed), 422)
    assert site.count(Passkey) == 1


def test_the_key_of_another_passkey_signs_for_no_account(site: Site, passkey: Authenticator) -> None:
    browser, own = Browser(site.app), site.authenticator()
    forged = replace(passkey, key=own.key)
    assert REFUSED in answer(browser, forged.get(ask(browser)))


def test_a_user_handle_of_another_account_is_refused(site: Site, passkey: Authenticator) -> None:
    browser = Browser(site.app)
    other = replace(passkey, user_handle="b3RoZXI")
    assert REFUSED in answer(browser, other.get(ask(browser)))


@pytest.mark.parametrize("part", ["signature", "authenticatorData"])
def test_a_tampered_response_is_refused(site: Site, passkey: Authenticator, part: str) -> None:
    browser = Browser(site.app)
    response = json.loads(passkey.get(ask(browser)))
    text = response["response"][part]
    response["response"][part] = text[:-8] + ("B" if text[-8] == "A" else "A") + text[-7:]
    assert REFUSED in answer(browser, json.dumps(response))
    assert not is_in(browser)


def test_a_response_of_the_other_ceremony_is_refused(site: Site, passkey: Authenticator) -> None:
    browser = Browser(site.app)
    assert REFUSED in answer(browser, passkey.get(ask(browser), kind="webauthn.create"))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_signature_counter_that_does_not_grow_is_refused(
    site: Site, passkey: Authenticator, count: int
) -> None:
    browser = Browser(site.app)
    passkey.sign_count = 2
    answer(browser, passkey.get(ask(browser)), 200)
    thief = Browser(site.app)
    assert REFUSED in answer(thief, replace(passkey, sign_count=count).get(ask(thief)))
    assert site.acts()[-1] == "sign-in-failed: a passkey that may have been copied"


def test_operators_are_alerted_to_a_copy_until_the_passkey_is_removed(
    site: Site, passkey: Authenticator, clock: Clock
) -> None:
    with site.database.write() as session:
        operator = make_account(session, is_operator=True).email
    for status in (200, 403, 403):
        assert site.count(Alert) == 0 or status == 403
        browser = Browser(site.app)
        answer(browser, passkey.get(ask(browser)), status)
    with site.database.write() as session:
        passkey_alerts.end_copy_alerts(session, now=clock.now)
        (alert,) = alerts.list_open_alerts(session, None)
        assert alert.kind is AlertKind.PASSKEY_COPIED and site.ann.email in alert.reason
        mails = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.ALERT)).all()
        assert [mail.to_address for mail in mails] == [operator]
        (row,) = session.scalars(select(Passkey.id))
    site.browser.post(f"/sessions/passkeys/{row}/delete")
    with site.database.write() as session:
        passkey_alerts.end_copy_alerts(session, now=clock.now)
        assert not alerts.list_open_alerts(session, None)


def test_adding_and_removing_send_emails_to_the_person(site: Site, passkey: Authenticator) -> None:
    with site.database.read() as session:
        (row,) = session.scalars(select(Passkey.id))
    site.browser.post(f"/sessions/passkeys/{row}/delete")
    with site.database.read() as session:
        mails = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)).all()
        assert {mail.to_address for mail in mails} == {site.ann.email}
        added, removed = (read_text(mail) for mail in mails)
    assert "The passkey “Phone” was added to your account." in added
    assert "The passkey “Phone” was removed from your account." in removed
    assert f"{SETTINGS.base_url}/sessions" in removed


def test_authenticators_without_a_counter_sign_in_again_and_again(site: Site, passkey: Authenticator) -> None:
    passkey.sign_count = 0
    for _ in range(2):
        browser = Browser(site.app)
        answer(browser, passkey.get(ask(browser)), 200)
        assert is_in(browser)


MALFORMED = {
    "empty": "",
    "no JSON": "{",
    "other JSON": "[1]",
    "null": "null",
    "no response": '{"id": "x"}',
    "client data of another kind": '{"id": "x", "response": {"clientDataJSON": 5}}',
    "deep": "[" * 8_000,
    "NUL": json.dumps({"id": "\0", "response": {"clientDataJSON": "e30"}}),
}


@pytest.mark.parametrize("response", MALFORMED.values(), ids=list(MALFORMED))
def test_malformed_responses_are_refused(site: Site, passkey: Authenticator, response: str) -> None:
    browser = Browser(site.app)
    ask(browser)
    assert REFUSED in answer(browser, response)


@pytest.mark.parametrize("attestation", ["", "gA", "n" * 4_000, "gYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGB"])
def test_malformed_attestations_are_refused(site: Site, attestation: str) -> None:
    response = json.loads(site.authenticator().create(ask(site.browser, "/sessions/passkeys/options")))
    response["response"]["attestationObject"] = attestation
    form = {"credential": json.dumps(response), "name": "Key"}
    assert REFUSED in site.browser.post("/sessions/passkeys", 422, **form)


def test_a_response_is_bounded_before_it_is_parsed(
    site: Site, passkey: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(site.app)
    response = passkey.get(ask(browser))
    too_long = response[:-1] + " " * (LONGEST_RESPONSE + 1 - len(response)) + "}"
    parsed: list[str] = []
    monkeypatch.setattr(passkeys, "json", SimpleNamespace(loads=parsed.append))
    assert REFUSED in answer(browser, too_long)
    assert parsed == []


def test_nobody_learns_which_accounts_have_passkeys(site: Site, passkey: Authenticator) -> None:
    """The options name no passkey, and an unknown passkey gets the page of a refused one."""
    pages, browsers = [], [Browser(site.app), Browser(site.app)]
    for browser, authenticator in zip(
        browsers, (replace(passkey, flags=PRESENT), site.authenticator()), strict=True
    ):
        options = ask(browser)
        assert not options.get("allowCredentials")
        pages.append(answer(browser, authenticator.get(options)).replace(browser.token, ""))
    assert pages[0] == pages[1]


def test_requests_are_limited_by_network(database: Database, expo: Expo, clock: Clock) -> None:
    app = web_app(database, NOWHERE, base_url=ORIGIN, limit_sign_in_network=2, limit_unknown_token=3)
    browser = Browser(app)
    browser.get("/sign-in")
    for status in (200, 200, 429):
        response = browser.client.post("/sign-in/passkey/options", data={"csrf_token": browser.token})
        assert response.status_code == status
    for status in (403, 403, 403, 429):
        answer(browser, "{}", status)


def test_a_passkey_is_no_way_around_a_required_provider(
    site: Site, passkey: Authenticator, broker_url: str
) -> None:
    with site.database.write() as session:
        session.get_one(Account, site.ann.id).is_operator = True
    settings = context_settings(site.app)
    site.app.extensions[context.KEY]["settings"] = replace(settings, oidc_required="operators")
    browser, sessions = Browser(site.app), site.count(WebSession)
    page = answer(browser, passkey.get(ask(browser)))
    assert "Your role requires that you sign in with your organisation." in page
    assert site.count(WebSession) == sessions


def context_settings(app: Flask) -> Settings:
    with app.app_context():
        return context.settings()


def test_a_site_without_passkeys_offers_none(
    database: Database, broker_url: str, expo: Expo, clock: Clock
) -> None:
    app = web_app(database, broker_url, base_url="http://192.0.2.1")
    browser = Browser(app, expo.organiser)
    assert "passkey" not in browser.get("/sessions").lower()
    browser.post("/sessions/passkeys/options", 404)


def test_challenges_are_stored_hashed_and_last_minutes(site: Site, clock: Clock) -> None:
    challenge = ask(Browser(site.app))["challenge"]
    with site.database.read() as session:
        (row,) = session.scalars(select(PasskeyChallenge))
    assert challenge not in (row.challenge_hash, row.browser_hash)
    assert row.expires_at - clock.now == timedelta(minutes=5)
