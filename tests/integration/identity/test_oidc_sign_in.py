"""Sign-in with an OpenID provider: who gets which account, and the attacks that are published."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from api import context
from chainmeet import accounts
from scheduler.domain.team import TeamRole
from scheduler.services.identity import oidc_sign_in, sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    AuditLogEntry,
    FederatedIdentity,
    OidcRequest,
    TeamMember,
    WebSession,
)
from tests.integration.identity.clock import HOUR, NOWHERE, Clock
from tests.support.factories import SECRET_KEY, Expo, make_account
from tests.support.oidc import StubProvider, serving_provider, use_providers
from tests.support.web import Browser, web_app


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[StubProvider, StubProvider]]:
    with serving_provider("acme") as acme, serving_provider("evil") as evil:
        yield acme, evil


@pytest.fixture
def acme(servers: tuple[StubProvider, StubProvider], clock: Clock) -> StubProvider:
    return renewed(servers[0], clock)


@pytest.fixture
def evil(servers: tuple[StubProvider, StubProvider], clock: Clock) -> StubProvider:
    return renewed(servers[1], clock)


def renewed(server: StubProvider, clock: Clock) -> StubProvider:
    """Return the provider as it is at first, with the clock of the test."""
    fresh = StubProvider(server.key, port=server.port, trusting=server.trusting, now=lambda: clock.now)
    for name in StubProvider.__dataclass_fields__:
        setattr(server, name, getattr(fresh, name))
    return server


@dataclass
class Site:
    """The site with both providers. `ann` has an account with an address of the first one's domain."""

    app: Flask
    database: Database
    acme: StubProvider
    evil: StubProvider
    ann: Account

    def browser(self) -> Reader:
        return Reader(self, Browser(self.app))

    def count(self, table: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def acts(self) -> list[str]:
        with self.database.read() as session:
            entries = session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.id))
            return [f"{entry.act}: {entry.about}" for entry in entries]


@dataclass
class Reader:
    """A person with a browser."""

    site: Site
    browser: Browser
    pages: list[str] = field(default_factory=list)

    def leave(self, key: str = "acme", **fields: str) -> str:
        """Press the button of a provider. Return the authorization address."""
        self.browser.get("/sign-in")
        response = self.browser.client.post(
            f"/sign-in/providers/{key}", data={"csrf_token": self.browser.token, **fields}
        )
        assert response.status_code == 200, response.text
        address = response.headers["Refresh"].removeprefix("0; url=")
        assert f'href="{html.escape(address)}"' in response.text
        return address

    def arrive(self, parameters: Mapping[str, str], status: int, key: str = "acme") -> str:
        """Open the redirect URI. Return the page, or the location of a redirect."""
        query = urlencode(parameters)
        response = self.browser.client.get(f"/sign-in/providers/{key}/callback?{query}")
        assert response.status_code == status, (response.status_code, response.text)
        return response.headers.get("Location") or html.unescape(response.text)

    def sign_in(self, status: int = 303, **fields: str) -> str:
        return self.arrive(self.site.acme.authorize(self.leave(**fields)), status)

    def account(self) -> str:
        """Return the address that is signed in, or an empty text."""
        page = self.browser.client.get("/sessions")
        found = re.search(r"<b>([^<]*@[^<]*)</b>", page.text) if page.status_code == 200 else None
        return found[1].replace("\u2060", "") if found else ""


def make_site(database: Database, acme: StubProvider, evil: StubProvider, **settings: Any) -> Site:
    rows = [
        acme.row(operators={"claim": "groups", "values": ["operators"]}),
        evil.row(domains=["evil.example"]),
    ]
    app = web_app(database, NOWHERE, oidc_providers=json.dumps(rows), **settings)
    use_providers(app, acme, evil)
    with database.write() as session:
        return Site(app, database, acme, evil, make_account(session, "ann@example.org"))


@pytest.fixture
def site(database: Database, acme: StubProvider, evil: StubProvider) -> Site:
    return make_site(database, acme, evil)


def test_a_person_signs_in_with_their_organisation(site: Site) -> None:
    reader = site.browser()
    page = reader.browser.get("/sign-in")
    assert "Sign in with Acme" in page and "Sign in with Evil" in page
    asked = parse_qs(urlsplit(reader.leave()).query)
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/sign-in/providers/acme/callback"]
    assert asked["scope"] == ["openid email"]
    assert reader.sign_in() == "/"
    assert reader.account() == "ann@example.org"
    assert site.acts() == ["sign-in: ann@example.org linked to Acme", "sign-in: signed in with Acme"]


def test_only_hashes_of_a_request_are_stored(site: Site) -> None:
    reader = site.browser()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(reader.leave()).query).items()}
    with site.database.read() as session:
        row = session.scalars(select(OidcRequest)).one()
        stored = " ".join(str(getattr(row, column.key)) for column in OidcRequest.__table__.columns)
    cookie = reader.browser.client.get_cookie("chainmeet")
    assert cookie is not None
    with site.app.test_request_context(headers={"Cookie": f"chainmeet={cookie.value}"}):
        from flask import session as web_session

        secret = web_session["oidc"]
    assert not any(value in stored for value in (asked["state"], asked["nonce"], secret))


def test_the_page_that_was_asked_for_follows(site: Site) -> None:
    reader = site.browser()
    page = reader.browser.get("/sign-in?next=/my-data")
    errand = re.search(r'name="errand" value="([^"]+)"', page)
    assert errand is not None
    assert reader.sign_in(errand=html.unescape(errand[1])) == "/my-data"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)"]
)
def test_no_other_site_follows_a_sign_in(site: Site, target: str) -> None:
    reader = site.browser()
    page = reader.browser.get(f"/sign-in?{urlencode({'next': target})}")
    errand = re.search(r'name="errand" value="([^"]*)"', page)
    assert errand is not None
    assert reader.sign_in(errand=html.unescape(errand[1])) == "/"
    forged = site.browser()
    assert forged.sign_in(errand=json.dumps({"path": target})) == "/", "only what this site has signed counts"


def test_a_response_signs_in_once(site: Site) -> None:
    reader = site.browser()
    response = site.acme.authorize(reader.leave())
    reader.arrive(response, 303)
    other = site.browser()
    other.leave()
    assert "expired" in other.arrive(response, 410)
    assert other.account() == "" and len(site.acme.forms) == 1


def test_a_response_to_another_browsers_request_signs_no_one_in(site: Site) -> None:
    """Login CSRF: an attacker lets a victim's browser finish the attacker's own sign-in."""
    attacker, victim = site.browser(), site.browser()
    response = site.acme.authorize(attacker.leave())
    victim.leave()
    assert "another browser" in victim.arrive(response, 410)
    assert "another browser" in site.browser().arrive(response, 410), "a browser without any request"
    assert victim.account() == "" and site.acme.forms == []
    attacker.arrive(response, 303)


def test_a_response_without_a_request_signs_no_one_in(site: Site) -> None:
    for state in ("", "x" * 32, "é\u2028"):
        reader = site.browser()
        reader.leave()
        reader.arrive({"code": "code-0", "state": state, "iss": site.acme.issuer}, 410)
    assert site.acme.forms == []


def test_a_request_expires(site: Site, clock: Clock) -> None:
    reader = site.browser()
    response = site.acme.authorize(reader.leave())
    clock.now += oidc_sign_in.VALID
    assert "expired" in reader.arrive(response, 410)
    with site.database.write() as session:
        assert oidc_sign_in.delete_expired_requests(session, now=clock.now) == 1
    assert site.count(OidcRequest) == 0


def test_a_stolen_code_is_worth_nothing_in_another_sign_in(site: Site) -> None:
    """Code injection: the code of a victim's response in a sign-in that the attacker began."""
    victim, attacker = site.browser(), site.browser()
    stolen = site.acme.authorize(victim.leave())["code"]
    own = site.acme.authorize(attacker.leave())
    assert "can't sign you in" in attacker.arrive({**own, "code": stolen}, 502)
    assert attacker.account() == ""


def test_an_id_token_of_an_earlier_sign_in_is_worth_nothing(site: Site) -> None:
    """Nonce replay: the provider's token is of another request."""
    site.browser().sign_in()
    with site.database.write() as session:
        before = session.scalar(select(func.count()).select_from(WebSession))
    site.acme.claims = {"nonce": "that of the earlier sign-in"}
    assert "can't sign you in" in site.browser().sign_in(502)
    assert site.count(WebSession) == before


def test_a_response_of_another_issuer_is_a_mix_up(site: Site) -> None:
    """RFC 9207: the honest provider's code must not reach the evil one's token endpoint."""
    reader = site.browser()
    response = site.acme.authorize(reader.leave("evil"))
    assert "expired" in reader.arrive(response, 410, key="acme"), "the request was to the other one"
    assert "can't sign you in" in reader.arrive(response, 502, key="evil"), "the response names its issuer"
    assert site.evil.forms == [] and site.acme.forms == []


def test_a_response_that_hides_its_issuer_is_refused(site: Site) -> None:
    reader = site.browser()
    response = site.acme.authorize(reader.leave())
    del response["iss"]
    reader.arrive(response, 502)
    assert site.acme.forms == []


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": None}, {"email": None}])
def test_an_address_that_is_not_verified_gets_no_account(site: Site, claims: dict[str, Any]) -> None:
    site.acme.claims = claims
    reader = site.browser()
    assert "hasn't verified your email address" in reader.sign_in(403)
    assert reader.account() == "" and site.count(FederatedIdentity) == 0


def test_a_provider_cannot_sign_in_the_people_of_another(site: Site) -> None:
    reader = site.browser()
    site.evil.claims = {"email": "ann@example.org"}
    response = site.evil.authorize(reader.leave("evil"))
    assert "can't sign in ann@example.org" in reader.arrive(response, 403, key="evil")
    assert reader.account() == "" and site.count(FederatedIdentity) == 0


@pytest.mark.parametrize(
    "email",
    ["ann@example.org\u200b", " ann@example.org", "ann@sub.example.org", "ann@example.org.evil.example"],
)
def test_an_address_counts_only_as_it_is(site: Site, email: str) -> None:
    site.acme.claims = {"email": email}
    site.browser().sign_in(403)
    assert site.count(FederatedIdentity) == 0


def test_a_changed_address_leads_to_no_other_account(site: Site) -> None:
    with site.database.write() as session:
        make_account(session, "boss@example.org", is_operator=True)
    site.browser().sign_in()
    site.acme.claims = {"email": "boss@example.org", "email_verified": True}
    reader = site.browser()
    reader.sign_in()
    assert reader.account() == "ann@example.org"


def test_an_address_that_was_given_to_someone_else_does_not_lead_to_the_account(site: Site) -> None:
    site.browser().sign_in()
    site.acme.claims = {"sub": "subject-2"}
    reader = site.browser()
    assert "linked to another person at Acme" in reader.sign_in(403)
    assert reader.account() == ""
    assert site.acts()[-1] == "sign-in-failed: another person at Acme"
    assert accounts.unlink_account(site.database, "ann@example.org") == 1
    reader.sign_in()
    assert reader.account() == "ann@example.org"


def test_an_unknown_address_gets_no_account(site: Site) -> None:
    site.acme.claims = {"email": "stranger@example.org"}
    accounts_before = site.count(Account)
    assert "No event or team here knows stranger@example.org" in site.browser().sign_in(403)
    assert site.count(Account) == accounts_before


def test_a_claim_makes_an_operator_and_ends_it(site: Site) -> None:
    site.acme.claims = {"email": "chief@example.org", "groups": ["operators"]}
    reader = site.browser()
    reader.sign_in()
    assert reader.browser.client.get("/operators").status_code == 200
    assert "role: operator chief@example.org" in site.acts()
    site.acme.claims = {"email": "chief@example.org", "groups": ["staff"]}
    site.browser().sign_in()
    assert reader.browser.client.get("/operators").status_code == 404, "in sessions that are open, too"


def test_an_operators_role_that_operators_gave_stays_without_the_claim(site: Site) -> None:
    with site.database.write() as session:
        session.get_one(Account, site.ann.id).is_operator = True
    for groups in (["operators"], []):
        site.acme.claims = {"groups": groups}
        reader = site.browser()
        reader.sign_in()
        assert reader.browser.client.get("/operators").status_code == 200


def test_a_person_who_cancels_at_the_provider_is_not_signed_in(site: Site) -> None:
    reader = site.browser()
    state = site.acme.authorize(reader.leave())["state"]
    answer = {"error": "access_denied", "state": state, "iss": site.acme.issuer}
    page = reader.arrive(answer, 403)
    assert "You weren't signed in with Acme" in page
    assert "expired" in reader.arrive(answer, 410)


def test_a_provider_that_is_away_is_said_so(site: Site) -> None:
    site.acme.metadata = {"issuer": "https://login.other.example"}
    reader = site.browser()
    reader.browser.get("/sign-in")
    page = html.unescape(reader.browser.post("/sign-in/providers/acme", status=502))
    assert "can't sign you in at the moment" in page
    assert site.count(OidcRequest) == 0


def test_there_is_no_other_provider(site: Site) -> None:
    reader = site.browser()
    reader.browser.get("/sign-in")
    reader.browser.post("/sign-in/providers/none", status=404)
    reader.browser.get("/sign-in/providers/none/callback", status=404)


def test_a_session_ends_with_its_provider(
    site: Site, database: Database, acme: StubProvider, evil: StubProvider
) -> None:
    reader = site.browser()
    reader.sign_in()
    app = web_app(database, NOWHERE, oidc_providers=json.dumps([evil.row(domains=["evil.example"])]))
    cookie = reader.browser.client.get_cookie("chainmeet")
    assert cookie is not None
    client = app.test_client()
    client.set_cookie("chainmeet", cookie.value)
    assert client.get("/sessions").status_code == 302


def test_sign_ins_are_limited_by_network(database: Database, acme: StubProvider, evil: StubProvider) -> None:
    site = make_site(database, acme, evil, limit_sign_in_network=2, limit_sign_in=1)
    reader = site.browser()
    reader.leave()
    reader.leave()
    reader.browser.get("/sign-in")
    reader.browser.post("/sign-in/providers/acme", status=429)


def test_unknown_responses_are_limited_by_network(
    database: Database, acme: StubProvider, evil: StubProvider
) -> None:
    site = make_site(database, acme, evil, limit_unknown_token=3)
    reader = site.browser()
    statuses = [
        reader.browser.client.get(f"/sign-in/providers/acme/callback?state={number}").status_code
        for number in range(5)
    ]
    assert statuses == [410, 410, 410, 429, 429]


def link_of(site: Site, account: Account) -> str:
    with site.app.app_context(), context.database().write() as session:
        return sign_in.make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=context.now())


@pytest.mark.parametrize(
    ("required", "role", "is_refused"),
    [
        ("off", "owner", False),
        ("off", "operator", False),
        ("operators", "operator", True),
        ("operators", "owner", False),
        ("organisers", "operator", True),
        ("organisers", "owner", True),
        ("organisers", "organiser", True),
        ("organisers", "viewer", False),
        ("organisers", "attendee", False),
    ],
)
def test_a_link_signs_in_no_role_that_must_use_a_provider(
    database: Database,
    acme: StubProvider,
    evil: StubProvider,
    expo: Expo,
    required: str,
    role: str,
    is_refused: bool,
) -> None:
    site = make_site(database, acme, evil, oidc_required=required)
    roles = {"owner": TeamRole.OWNER, "organiser": TeamRole.ORGANISER, "viewer": TeamRole.VIEWER}
    with database.write() as session:
        if role == "operator":
            session.get_one(Account, site.ann.id).is_operator = True
        elif role in roles:
            session.add(TeamMember(event_id=expo.event.id, account_id=site.ann.id, role=roles[role]))
    browser, path = Browser(site.app), f"/sign-in/{link_of(site, site.ann)}"
    browser.get("/sign-in")
    shown = browser.client.get(path)
    used = browser.client.post(path, data={"csrf_token": browser.token})
    assert (shown.status_code, used.status_code) == ((403, 403) if is_refused else (200, 303))
    assert ("Your role requires that you sign in with your organisation" in shown.text) == is_refused
    assert site.count(WebSession) == (0 if is_refused else 1)
    printed = accounts.account_link(database, site.app.extensions[context.KEY]["settings"], "ann@example.org")
    assert printed.endswith("/sign-in") == is_refused
    reader = site.browser()
    reader.sign_in()
    assert reader.account() == "ann@example.org", "the provider signs everyone in"


def test_a_sign_in_with_a_provider_needs_no_second_factor_here(
    database: Database, acme: StubProvider, evil: StubProvider, expo: Expo
) -> None:
    site = make_site(database, acme, evil, second_factor_required="organisers")
    with database.write() as session:
        session.add(TeamMember(event_id=expo.event.id, account_id=site.ann.id, role=TeamRole.OWNER))
    by_link = Browser(site.app, site.ann)
    assert by_link.client.get("/sessions").location == "/sign-in/second-factor"
    reader = site.browser()
    reader.sign_in()
    assert reader.account() == "ann@example.org"


def test_a_session_by_a_link_ends_when_its_person_becomes_an_organiser(
    database: Database, acme: StubProvider, evil: StubProvider, expo: Expo
) -> None:
    site = make_site(database, acme, evil, oidc_required="organisers")
    browser = Browser(site.app, site.ann)
    reader = site.browser()
    reader.sign_in()
    with database.write() as session:
        session.add(TeamMember(event_id=expo.event.id, account_id=site.ann.id, role=TeamRole.ORGANISER))
    assert browser.client.get("/sessions").status_code == 302
    assert reader.account() == "ann@example.org"


def test_an_action_that_needs_a_recent_sign_in_goes_by_when_the_provider_asked(
    site: Site, expo: Expo, clock: Clock
) -> None:
    path = f"/events/{expo.event.key}/tokens"
    fields = {"name": "CRM", "scopes": ["runs:read"]}
    with site.database.write() as session:
        session.add(TeamMember(event_id=expo.event.id, account_id=site.ann.id, role=TeamRole.OWNER))
    earlier = int((clock.now - 2 * HOUR).timestamp())
    site.acme.claims = {"auth_time": earlier}  # it remembers the person, and asks nothing
    reader = site.browser()
    reader.sign_in()
    reader.browser.get(path)
    page = reader.browser.post(path, status=403, **fields)
    errand = re.search(r'name="errand" value="([^"]+)"', page)
    assert errand is not None and "Sign in again" in page and "Email link" not in page
    again = {"again": "1", "errand": html.unescape(errand[1])}
    address = reader.leave(**again)
    asked = parse_qs(urlsplit(address).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    stripped = address.replace("prompt=login", "").replace("max_age=0", "")
    assert "didn't ask you to sign in again" in reader.arrive(site.acme.authorize(stripped), 403)
    site.acme.claims = {"auth_time": None}
    assert "can't sign you in" in reader.sign_in(502, **again)
    site.acme.claims = {}
    assert reader.sign_in(**again) == "/sign-in/continue"
    assert "Your entries are still here" in reader.browser.get("/sign-in/continue")
    assert "Your token" in reader.browser.post(path, **fields)


def test_without_auth_time_the_sign_in_itself_counts(
    database: Database, acme: StubProvider, evil: StubProvider, clock: Clock
) -> None:
    site = make_site(database, acme, evil)
    row = acme.row(auth_time=False)
    app = web_app(database, NOWHERE, oidc_providers=json.dumps([row]))
    use_providers(app, acme)
    site.app = app
    acme.claims = {"auth_time": int((clock.now - timedelta(days=1)).timestamp())}
    reader = site.browser()
    assert "max_age" not in parse_qs(urlsplit(reader.leave()).query)
    reader.sign_in()
    with database.read() as session:
        assert session.scalars(select(WebSession.authenticated_at)).all() == [None]
