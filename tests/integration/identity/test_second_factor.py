"""The second factor after a link: what is closed without it, how it is proved, and recovery codes."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from api import context
from chainmeet import accounts
from scheduler.domain.team import TeamRole
from scheduler.services.identity import second_factor, sessions
from scheduler.services.identity.second_factor import CodeRefused
from scheduler.services.identity.sessions import SECOND_FACTOR_WITHIN
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, OutboxEmail, Passkey, RecoveryCode, WebSession
from tests.integration.identity.clock import HOUR, NOWHERE, Clock
from tests.integration.identity.test_passkeys import ORIGIN, REFUSED, answer, ask, is_in, read_text
from tests.integration.team.test_invitations import invite
from tests.support.factories import NOW, SECRET_KEY, Expo, make_account, make_member
from tests.support.passkeys import PRESENT, Authenticator
from tests.support.web import Browser, web_app

FACTOR = "/sign-in/second-factor"
NOT_VALID = "This recovery code isn&#39;t valid, or was already used."


@dataclass
class Site:
    """A site that requires a second factor of organisers, and one of them, who has none yet."""

    app: Flask
    database: Database
    account: Account
    event: str

    def link(self, account: Account | None = None) -> Browser:
        """Return a browser in which a link was used, and nothing else."""
        browser = Browser(self.app)
        browser.sign_in(self.app, account or self.account)
        browser.get(FACTOR)
        return browser

    def enrol(self, browser: Browser, status: int = 200) -> tuple[Authenticator, tuple[str, ...]]:
        """Add the first passkey. Return it, and the recovery codes of the page."""
        authenticator = Authenticator(ORIGIN, "localhost")
        response = authenticator.create(ask(browser, f"{FACTOR}/passkey/options"))
        page = browser.post(f"{FACTOR}/passkey", status, credential=response, name="Phone")
        authenticator.sign_count = 1
        return authenticator, read_codes(page)

    def set(self, **settings: str) -> None:
        reached = self.app.extensions[context.KEY]
        reached["settings"] = replace(reached["settings"], **settings)

    def count(self, table: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def acts(self) -> list[str]:
        with self.database.read() as session:
            entries = session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.id))
            return [f"{entry.act}: {entry.about}" for entry in entries]

    def last_email(self) -> str:
        with self.database.read() as session:
            mail = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id.desc()).limit(1)).one()
            assert mail.to_address == self.account.email
            return read_text(mail)


def read_codes(page: str) -> tuple[str, ...]:
    return tuple(re.findall(r'<code class="mono">([a-z0-9]{5}-[a-z0-9]{5})</code>', page))


def use(browser: Browser, code: str, status: int = 200) -> str:
    return browser.post(f"{FACTOR}/code", status, code=code)


@pytest.fixture
def site(database: Database, broker_url: str, expo: Expo, clock: Clock) -> Site:
    app = web_app(database, broker_url, base_url=ORIGIN, second_factor_required="organisers")
    with database.write() as session:
        account = make_member(session, expo, TeamRole.ORGANISER)
    return Site(app, database, account, f"/events/{expo.event.key}")


def test_a_link_alone_opens_no_page(site: Site) -> None:
    browser = site.link()
    for path in ("/", "/sessions", "/my-data", site.event, "/sessions/passkeys/new"):
        response = browser.client.get(path)
        assert (response.status_code, response.location) == (303, FACTOR), path
    assert (
        browser.client.post("/sessions/recovery-codes", data={"csrf_token": browser.token}).location == FACTOR
    )
    assert site.count(RecoveryCode) == 0


def test_the_first_passkey_completes_the_sign_in_and_gives_codes(site: Site) -> None:
    browser = site.link()
    _, codes = site.enrol(browser)
    assert len(set(codes)) == 10 and is_in(browser)
    assert site.acts()[-2:] == ["sign-in: passkey Phone added", "sign-in: recovery codes made"]
    assert "New recovery codes were made for your account." in site.last_email()
    assert "10 codes are left." in browser.get("/sessions")
    with site.database.read() as session:
        stored = {row.code_hash for row in session.scalars(select(RecoveryCode))}
        mails = "".join(read_text(mail) for mail in session.scalars(select(OutboxEmail)))
    assert not any(code in mails or code in stored or code.replace("-", "") in stored for code in codes)


def test_the_page_that_was_asked_for_comes_after_the_second_factor(site: Site) -> None:
    with site.app.app_context(), context.database().write() as session:
        found = sessions.begin_session(
            session, site.account.id, settings=context.settings(), errand={"path": "/my-data"}, now=NOW
        )
    browser = site.link()
    with browser.client.session_transaction() as cookie:
        cookie["awaiting"] = found
    _, (code, *_) = site.enrol(browser)
    assert browser.client.get("/sign-in/continue").location == "/my-data"
    again = site.link()
    use(again, code)
    assert is_in(again)


def test_a_link_and_the_passkey_sign_in(site: Site) -> None:
    passkey, _ = site.enrol(site.link())
    browser = site.link()
    assert "Confirm your sign-in" in browser.get(FACTOR)
    assert REFUSED in answer(browser, replace(passkey, flags=PRESENT).get(ask(browser)))
    assert not is_in(browser)
    answer(browser, passkey.get(ask(browser)), 200)
    assert is_in(browser) and browser.client.get(site.event).status_code == 200


def test_a_passkey_alone_needs_nothing_else(site: Site) -> None:
    passkey, _ = site.enrol(site.link())
    browser = Browser(site.app)
    answer(browser, passkey.get(ask(browser)), 200)
    assert is_in(browser)


def test_who_has_a_second_factor_adds_no_passkey_without_it(site: Site) -> None:
    """Else who reads the mailbox would add one of their own."""
    early, thief = site.link(), site.link()
    options = ask(thief, f"{FACTOR}/passkey/options")
    site.enrol(early)
    response = Authenticator(ORIGIN, "localhost").create(options)
    thief.post(f"{FACTOR}/passkey", 422, credential=response, name="Thief")
    thief.post(f"{FACTOR}/passkey/options", 403)
    assert not is_in(thief) and site.count(Passkey) == 1
    with site.database.write() as session:
        session.delete(session.scalars(select(Passkey)).one())
    assert "Confirm your sign-in" in thief.get(FACTOR)
    thief.post(f"{FACTOR}/passkey/options", 403)


def test_a_recovery_code_signs_in_once(site: Site) -> None:
    _, (code, *_) = site.enrol(site.link())
    browser = site.link()
    use(browser, f" {code.upper().replace('-', ' ')} ")
    assert is_in(browser)
    assert site.acts()[-1] == "sign-in: signed in with a recovery code"
    assert "Unused codes left: 9." in site.last_email() and code not in site.last_email()
    second = site.link()
    assert NOT_VALID in use(second, code, 422)
    assert not is_in(second)
    assert site.acts()[-1] == "sign-in-failed: a recovery code that isn't valid"


def test_a_code_opens_no_other_account_and_nothing_without_a_link(site: Site, expo: Expo) -> None:
    _, (code, *_) = site.enrol(site.link())
    site.enrol(site.link(expo.organiser))
    other = site.link(expo.organiser)
    assert NOT_VALID in use(other, code, 422)
    stranger = Browser(site.app)
    stranger.get("/sign-in")
    response = stranger.client.post(f"{FACTOR}/code", data={"csrf_token": stranger.token, "code": code})
    assert response.location == "/sign-in"
    assert site.count(RecoveryCode) == 20


@pytest.mark.parametrize("code", ["", "aaaaa-aaaaa", "x" * 70_000, "\0", "ä"])
def test_other_texts_are_no_codes(site: Site, code: str) -> None:
    site.enrol(site.link())
    browser = site.link()
    assert NOT_VALID in use(browser, code, 422)
    assert site.count(RecoveryCode) == 10


def test_one_code_used_twice_at_the_same_time_signs_in_once(site: Site) -> None:
    _, (code, *_) = site.enrol(site.link())
    with site.database.write() as session:
        asker = signed_in(site, session)
    barrier, outcomes = threading.Barrier(2), []

    def enter() -> None:
        barrier.wait()
        try:
            with site.database.write() as db:
                second_factor.use_code(db, asker, code, secret_key=SECRET_KEY, now=NOW)
            outcomes.append("used")
        except CodeRefused:
            outcomes.append("refused")

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "used"]
    assert site.count(RecoveryCode) == 9


def signed_in(site: Site, session: Any) -> sessions.SignedIn:
    """Return a session of the organiser that awaits its second factor."""
    with site.app.app_context():
        settings = context.settings()
    secret = sessions.begin_session(session, site.account.id, settings=settings, now=NOW)
    found = sessions.find_awaiting_session(session, secret, settings=settings, now=site.database.clock())
    assert found is not None
    return found


def test_new_codes_end_the_earlier_ones_and_need_a_recent_sign_in(site: Site, clock: Clock) -> None:
    browser = site.link()
    _, (code, *_) = site.enrol(browser)
    browser.get("/sessions")
    new = read_codes(browser.post("/sessions/recovery-codes"))
    assert len(new) == 10 and site.count(RecoveryCode) == 10
    assert NOT_VALID in use(site.link(), code, 422)
    use(site.link(), new[0])
    clock.now += HOUR
    assert "Sign in again" in browser.post("/sessions/recovery-codes", 403)
    assert site.count(RecoveryCode) == 9


def test_codes_are_limited_by_account(database: Database, expo: Expo, clock: Clock) -> None:
    app = web_app(database, NOWHERE, base_url=ORIGIN, second_factor_required="organisers", limit_sign_in=3)
    site = Site(app, database, expo.organiser, "")
    site.enrol(site.link())
    for status in (422, 422, 422, 429):
        use(site.link(), "aaaaa-aaaaa", status)


def test_a_session_waits_for_minutes(site: Site, clock: Clock) -> None:
    browser = site.link()
    clock.now += SECOND_FACTOR_WITHIN
    response = browser.client.get(FACTOR)
    assert (response.status_code, response.location) == (303, "/sign-in")


def test_signing_out_ends_a_session_that_waits(site: Site) -> None:
    browser, before = site.link(), site.count(WebSession)
    browser.post("/sign-out")
    assert site.count(WebSession) == before - 1
    assert browser.client.get(FACTOR).location == "/sign-in"


NAMED = {
    "off": "",
    "operators": "operator",
    "owners": "operator owner",
    "organisers": "operator owner organiser",
}


@pytest.mark.parametrize(("required", "named"), NAMED.items())
@pytest.mark.parametrize("who", ["operator", "owner", "organiser", "read-only", "exhibitor"])
def test_the_setting_names_the_roles(site: Site, expo: Expo, required: str, named: str, who: str) -> None:
    site.set(second_factor_required=required)
    with site.database.write() as session:
        if who == "operator":
            account = make_account(session, is_operator=True)
        elif who == "exhibitor":
            account = session.get_one(Account, expo.people[0][0].account_id)
        else:
            account = make_member(session, expo, TeamRole(who))
    assert is_in(site.link(account)) is (who not in named.split())


def test_a_session_closes_when_its_account_gets_the_role(site: Site, expo: Expo, clock: Clock) -> None:
    with site.database.write() as session:
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = site.link(account)
    assert is_in(browser)
    with site.database.write() as session:
        make_member(session, expo, TeamRole.OWNER, account=account)
    assert not is_in(browser)


def test_who_joins_a_team_adds_a_passkey_before_the_event_opens(site: Site, expo: Expo) -> None:
    with site.database.write() as session:
        token = invite(session, expo, email="new@example.org")
    browser = Browser(site.app)
    browser.get(f"/team/{token}")
    assert "Your role requires a passkey after the link." in browser.post(f"/team/{token}")
    assert not is_in(browser)
    site.enrol(browser)
    assert browser.client.get("/sign-in/continue").location == site.event


def test_a_person_who_lost_everything_starts_anew(site: Site) -> None:
    browser = site.link()
    passkey, (code, *_) = site.enrol(browser)
    assert accounts.reset_second_factor(site.database, site.account.email) == 1
    assert (site.count(Passkey), site.count(RecoveryCode), is_in(browser)) == (0, 0, False)
    assert f"passkeys and recovery codes of {site.account.email} removed" in site.acts()[-1]
    assert "An operator of this site has removed all passkeys" in site.last_email()
    stranger = Browser(site.app)
    assert REFUSED in answer(stranger, passkey.get(ask(stranger)))
    again = site.link()
    use(again, code, 422)
    assert not is_in(again)
    assert len(site.enrol(again)[1]) == 10 and is_in(again)
