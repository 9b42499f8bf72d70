"""Sign-in with an OpenID provider of other people: npm's oidc-provider, by HTTPS."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
import trustme
import urllib3
from flask import Flask
from sqlalchemy import select

from api import context
from chainmeet.doctor import service_checks
from scheduler.domain.findings import Level
from scheduler.domain.oidc_providers import parse_providers
from scheduler.invites.transport.remote import Fetcher
from scheduler.services.identity.oidc_client import MAX_OCTETS, OidcClient
from scheduler.storage.database import Database
from scheduler.storage.models import Account, FederatedIdentity
from tests.integration.identity.clock import NOWHERE
from tests.support import missing_programs
from tests.support.factories import make_account
from tests.support.oidc import signing_key
from tests.support.web import Browser, web_app

SCRIPT = Path(__file__).parent / "oidc" / "provider.mjs"
HOST = "login.agency.example"
CLIENT = {"client_id": "chainmeet", "client_secret": "the secret of the client: + &"}
URI = "http://127.0.0.1:8000/sign-in/providers/agency/callback"
PEOPLE = {
    "ann": {"email": "ann@agency.example", "email_verified": True, "groups": ["staff", "operators"]},
    "bob": {"email": "ann@agency.example", "email_verified": False},
}
"""What the provider says about each person, by subject. Bob claims an address that is not his."""


@dataclass
class Agency:
    """The running provider, and how a browser gets there."""

    port: int
    authority: trustme.CA
    folder: Path

    @property
    def issuer(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def setting(self) -> str:
        row = {
            "key": "agency",
            "name": "Agency",
            "issuer": self.issuer,
            **CLIENT,
            "domains": ["agency.example"],
            "scopes": ["groups"],
            "operators": {"claim": "groups", "values": ["operators"]},
        }
        return json.dumps([row])

    def client(self) -> OidcClient:
        fetcher = Fetcher(
            max_octets=MAX_OCTETS,
            resolve=lambda _host, _port: ["127.0.0.1"],
            is_allowed=lambda _address: True,
            ports=frozenset({self.port}),
        )
        self.authority.configure_trust(fetcher.context)
        return OidcClient(parse_providers(self.setting)["agency"], fetcher)

    def authenticate(self, address: str, person: str) -> dict[str, str]:
        """Sign in at the provider as a browser does. Return the parameters of its response."""
        cookies: dict[str, str] = {}
        pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            self.port,
            server_hostname=HOST,
            assert_hostname=HOST,
            ca_certs=str(self.folder / "ca.pem"),
        )
        fields: Mapping[str, str] | None = None
        for _ in range(12):
            parts = urlsplit(address)
            method = "GET" if fields is None else "POST"
            response = pool.request(
                method,
                f"{parts.path}?{parts.query}",
                body=None if fields is None else urlencode(fields),
                headers={
                    "Host": f"{HOST}:{self.port}",
                    "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
                    "Content-Type": "application/x-www-form-urlencoded",
                },
                redirect=False,
            )
            for line in response.headers.getlist("Set-Cookie"):
                cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            if response.status in (302, 303):
                address, fields = urljoin(address, response.headers["Location"]), None
                if address.startswith(URI):
                    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
                continue
            page = response.data.decode()
            form = re.search(r'<form[^>]* action="([^"]+)"', page)
            assert response.status == 200 and form is not None, page
            address = urljoin(address, form[1])
            prompt = re.search(r'name="prompt" value="([^"]+)"', page)
            assert prompt is not None, page
            fields = {"prompt": prompt[1], "login": person, "password": "any"}
        raise AssertionError("the provider did not answer")


@contextmanager
def running(folder: Path, *, claims_in_userinfo: bool) -> Iterator[Agency]:
    """Run the provider for the duration of the block."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    settings = {
        "host": HOST,
        "cert": "".join(blob.bytes().decode() for blob in certificate.cert_chain_pems),
        "key": certificate.private_key_pem.bytes().decode(),
        "client": {**CLIENT, "redirect_uris": [URI]},
        "people": PEOPLE,
        "jwks": {"keys": [signing_key("agency").as_dict(private=True)]},
        "claims_in_userinfo": claims_in_userinfo,
    }
    with (folder / "log").open("w") as log:
        node = subprocess.Popen(
            ["node", SCRIPT, missing_programs.NODE_MODULES],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        assert node.stdin is not None and node.stdout is not None
        try:
            node.stdin.write(json.dumps(settings))
            node.stdin.close()
            port = node.stdout.readline()
            assert port.strip().isdigit(), (folder / "log").read_text()
            yield Agency(int(port), authority, folder)
        finally:
            node.kill()
            node.wait(30)
            node.stdout.close()


@pytest.fixture(scope="module", params=[True, False], ids=["claims in UserInfo", "claims in the token"])
def agency(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    missing_programs.require("Node.js", "npm's packages")
    with running(tmp_path_factory.mktemp("oidc"), claims_in_userinfo=request.param) as agency:
        yield agency


@pytest.fixture
def app(database: Database, agency: Agency) -> Flask:
    app = web_app(database, NOWHERE, oidc_providers=agency.setting, oidc_required="organisers")
    app.extensions[context.KEY]["oidc_clients"] = {"agency": agency.client()}
    with database.write() as session:
        make_account(session, "ann@agency.example")
    return app


def leave(browser: Browser, **fields: str) -> str:
    """Press the button of the provider. Return the authorization address."""
    browser.get("/sign-in")
    data = {"csrf_token": browser.token, **fields}
    response = browser.client.post("/sign-in/providers/agency", data=data)
    return response.headers["Refresh"].removeprefix("0; url=")


def arrive(browser: Browser, parameters: Mapping[str, str]) -> Any:
    return browser.client.get(f"{urlsplit(URI).path}?{urlencode(parameters)}")


def test_a_person_signs_in_and_is_an_operator_by_a_claim(
    app: Flask, database: Database, agency: Agency
) -> None:
    browser = Browser(app)
    response = agency.authenticate(leave(browser), "ann")
    assert response.keys() == {"code", "state", "iss"} and response["iss"] == agency.issuer
    assert arrive(browser, response).headers["Location"] == "/"
    assert browser.client.get("/operators").status_code == 200
    with database.read() as session:
        found = session.scalars(select(FederatedIdentity)).one()
        account = session.get_one(Account, found.account_id)
    assert (found.issuer, found.subject, account.email) == (agency.issuer, "ann", "ann@agency.example")


def test_a_code_counts_once_and_in_its_browser(app: Flask, agency: Agency) -> None:
    victim, attacker = Browser(app), Browser(app)
    response = agency.authenticate(leave(victim), "ann")
    own = agency.authenticate(leave(attacker), "bob")
    assert arrive(attacker, response).status_code == 410, "the victim's state"
    assert arrive(attacker, {**own, "code": response["code"]}).status_code == 502, "the victim's code"
    assert attacker.client.get("/sessions").status_code == 302


def test_an_address_that_the_provider_has_not_verified_gets_no_account(app: Flask, agency: Agency) -> None:
    browser = Browser(app)
    assert arrive(browser, agency.authenticate(leave(browser), "bob")).status_code == 403
    assert browser.client.get("/sessions").status_code == 302


def test_a_fresh_sign_in_is_by_the_provider(app: Flask, agency: Agency) -> None:
    browser = Browser(app)
    arrive(browser, agency.authenticate(leave(browser), "ann"))
    address = leave(browser, again="1")
    assert "prompt=login" in address and "max_age=0" in address
    assert arrive(browser, agency.authenticate(address, "ann")).status_code == 303


def test_the_doctor_checks_the_provider(app: Flask, agency: Agency) -> None:
    settings = app.extensions[context.KEY]["settings"]
    (found,) = service_checks.check_providers(settings, {"agency": agency.client()})
    assert (found.level, found.what) == (Level.OK, f"{agency.issuer} has valid metadata and keys.")
