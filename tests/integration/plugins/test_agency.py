"""The example plugins in `examples/`: installed by entry points, used by pages, API and workers."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from scheduler.domain.entities import Refusal, RequestState
from scheduler.invites import refusals
from scheduler.invites.transport import posting
from scheduler.invites.transport.posting import PostFailure, post
from scheduler.plugins import EVERY_GROUP, SUBSCRIBERS, ImporterPlugin
from scheduler.plugins.loading import found, load
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.exports import plugin_exports
from scheduler.services.identity.actors import Actor
from scheduler.services.operations import subscribers
from scheduler.sheets.tables import UnreadableSheet
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditCursor, AuditLogEntry
from scheduler.untrusted import parsers
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.plugins import installed
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app
from tests.support.webhooks import webhook_receiver

ROOT = Path(__file__).parents[3]
SECRET = "a secret of the agency"


@pytest.fixture(scope="module", autouse=True)
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installed(ROOT / "examples/chainmeet-agency", tmp_path_factory.mktemp("site")):
        yield


@pytest.fixture
def expo(database: Database) -> Expo:
    """Return two firms that meet in the published version, and a third."""
    with database.write() as session:
        expo = make_event(session, firms=3)
        expo.people[0][0].name, expo.people[0][0].phone = "Ann <b>Boss</b>", "+36 1 555"
        held = make_request(session, expo, 0, 1, state=RequestState.ACCEPTED)
        make_version(session, expo, [meet(held, expo, slot=1)])
        return expo


@pytest.fixture
def app(database: Database, broker_url: str) -> Flask:
    return web_app(database, broker_url)


def test_all_of_them_are_loaded() -> None:
    ours = [each for each in found(EVERY_GROUP) if each.distribution == "chainmeet-agency 1.0"]
    assert [(each.name, each.fault) for each in ours] == [
        ("agency-webhook", ""),
        ("badges", ""),
        ("agency-mail", ""),
        ("exhibitor-dump", ""),
        ("hall-figures", ""),
    ]


def test_the_export_is_on_the_page_and_in_the_api(database: Database, app: Flask, expo: Expo) -> None:
    browser = Browser(app, expo.organiser)
    assert "Badges" in browser.get(f"/events/{expo.event.key}/exports/")
    answer = browser.client.get(f"/events/{expo.event.key}/exports/plugins/badges")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert f'filename="badges-{expo.event.key}-1.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["Name", "Company", "First meeting", "Hall"]
    assert rows[1][0] == "Ann <b>Boss</b>" and rows[1][2] == "Mon 09:30" and len(rows) == 3
    program = Program(app, make_token(database, expo.organiser_actor()))
    (offered,) = program.get("/exports")["items"]
    assert (offered["name"], offered["file_extension"]) == ("badges", "csv")
    sent = program.send("/exports/badges?version=1", method="get")
    assert (sent.status_code, sent.data) == (200, answer.data)
    with database.read() as session:
        taken = session.scalars(select(AuditLogEntry.about).where(AuditLogEntry.act == Act.EXPORT)).all()
    assert taken == [f"badges-{expo.event.key}-1.csv"] * 2


def test_an_export_asks_for_its_right(database: Database, app: Flask, expo: Expo) -> None:
    program = Program(app, make_token(database, expo.organiser_actor(), "people:read"))
    program.get("/exports", status=403)
    exhibitor = expo.actor(1)
    assert plugin_exports.offered(exhibitor) == ()
    Browser(app, account(database, exhibitor)).get(f"/events/{expo.event.key}/exports/plugins/badges", 404)
    Program(app, make_token(database, expo.organiser_actor())).get("/exports/no-such", status=404)


def account(database: Database, actor: Actor) -> Account:
    with database.read() as session:
        return session.get_one(Account, actor.account_id)


def test_what_a_plugin_refuses_is_said_in_a_sentence(database: Database, app: Flask) -> None:
    with database.write() as session:
        empty = make_event(session)
    page = Browser(app, empty.organiser).get(f"/events/{empty.event.key}/exports/plugins/badges", 500)
    assert "Badges could not be exported: publish a schedule first." in page
    program = Program(app, make_token(database, empty.organiser_actor()))
    told = program.get("/exports/badges", status=500)["detail"]
    assert told == "Badges could not be exported: publish a schedule first."


def test_contacts_are_given_to_an_export_of_that_right_alone(database: Database, expo: Expo) -> None:
    with database.read() as session:
        schedule = plugin_exports.prepare(session, expo.organiser_actor(), "badges").schedule
        with_contacts = plugin_exports.read_schedule(session, expo.organiser_actor(), has_contacts=True)
    people = [person for each in schedule.meetings for person in each.requesting.people]
    assert [(person.email, person.phone) for person in people] == [("", "")]
    assert with_contacts.meetings[0].requesting.people[0].phone == "+36 1 555"


def test_the_pages_are_in_the_frame_and_for_organisers(database: Database, app: Flask, expo: Expo) -> None:
    path = f"/events/{expo.event.key}/x/hall-figures/"
    browser = Browser(app, expo.organiser)
    page = browser.get(path)
    assert f'<a href="{path}" aria-current="page">Hall figures</a>' in page
    assert page.count(": 1</li>") == 1
    assert browser.post(f"{path}badge", name="<i>Ann</i>").count("&lt;i&gt;Ann&lt;/i&gt;") == 2
    assert browser.client.post(f"{path}badge", data={"name": "Ann"}).status_code == 400  # no CSRF token
    assert "/sign-in" in app.test_client().get(path).headers["Location"]
    Browser(app, account(database, expo.actor(1))).get(path, 404)
    with database.write() as session:
        stranger = make_event(session)
    Browser(app, stranger.organiser).get(path, 404)


DUMP = b"EXHIBITOR-DUMP 1\n[Firms]\nkey|name|country|tier|areas\nf901|Dump & Sons|HU|upstream|chips\n"


def test_the_importer_reads_in_the_child_process() -> None:
    workbook = parsers.read_sheets(DUMP)
    assert workbook.read_as == "exhibitor dump"
    assert [(sheet.name, [row.cells for row in sheet.rows]) for sheet in workbook.sheets] == [
        (
            "Firms",
            [("key", "name", "country", "tier", "areas"), ("f901", "Dump & Sons", "HU", "upstream", "chips")],
        )
    ]
    with pytest.raises(UnreadableSheet, match="Only dumps of version 1 are read"):
        parsers.read_sheets(b"EXHIBITOR-DUMP 9\n")
    assert parsers.read_sheets(b"a,b\n1,2\n").read_as != "exhibitor dump"


def test_an_import_takes_such_a_file(database: Database, app: Flask, expo: Expo) -> None:
    browser = Browser(app, expo.organiser)
    browser.get(f"/events/{expo.event.key}/imports/")
    page = browser.post(f"/events/{expo.event.key}/imports/", file=(io.BytesIO(DUMP), "dump.txt"))
    assert "Dump &amp; Sons" in page


def test_file_pickers_offer_the_endings_of_an_importer(database: Database, app: Flask, expo: Expo) -> None:
    browser = Browser(app, expo.organiser)
    assert ',.tsv,.dump"' in browser.get(f"/events/{expo.event.key}/imports/")
    with database.write() as session:
        session.get_one(Account, expo.organiser.id).is_operator = True
    assert ',.tsv,.dump"' in browser.get("/events/new/workbook/")


@pytest.mark.parametrize("ending", ["dump", ".", '.x" autofocus="', ".tar.gz"])
def test_an_importer_says_no_other_endings(ending: str) -> None:
    with pytest.raises(ValueError, match="no file name ending"):
        ImporterPlugin("a format", bool, lambda _: {}, endings=(ending,))


def test_the_provider_is_one_route_and_its_replies_are_understood() -> None:
    rates = SETTINGS.rates
    assert rates.route("a@agency-post.example") == "agency-mail.example"
    assert rates.per_minute["agency-mail.example"] == 30
    assert refusals.classify_refusal(550, "Come back calmer, please") is Refusal.SLOW
    assert refusals.classify_refusal(451, "mailbox closed") is Refusal.DEAD
    assert refusals.classify_refusal(451, "something else") is Refusal.LATER


def test_the_webhook_is_signed_and_a_receiver_that_fails_gets_it_again(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENCY_WEBHOOK_SECRET", SECRET)
    given = {"agency-webhook": load(SUBSCRIBERS)["agency-webhook"]}

    def give() -> int:
        return subscribers.deliver(database, given, should_stop=lambda: False)

    give()
    with database.write() as session:
        recording.record_act(session, expo.organiser_actor(), Act.PUBLISH, AuditSubject("version 1"), now=NOW)
    with webhook_receiver() as receiver:
        monkeypatch.setenv("AGENCY_WEBHOOK_URL", receiver.address)
        monkeypatch.setattr(posting, "fetcher", receiver.fetcher)
        receiver.answers = [503]
        assert give() == 0
        with database.write() as session:
            session.execute(update(AuditCursor).values(retry_at=database.now() - timedelta(seconds=1)))
        assert give() == 1
        bodies = [verified(headers, body) for headers, body in receiver.came]
    assert len(bodies) == 2 and bodies[0] == bodies[1]
    assert (bodies[1]["event"], bodies[1]["act"], bodies[1]["about"]) == (
        expo.event.key,
        "publish",
        "version 1",
    )


def verified(headers: dict[str, str], body: bytes) -> Any:
    """Return a request's audit entry after verifying, as a receiver does, the signature of time and body."""
    parts = dict(part.split("=") for part in headers["Chainmeet-Signature"].split(","))
    wanted = hmac.digest(SECRET.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hex()
    assert hmac.compare_digest(parts["v1"], wanted)
    assert headers["Idempotency-Key"] == json.loads(body)["id"]
    return json.loads(body)


def test_a_webhook_never_reaches_what_is_not_public() -> None:
    for address in (
        "https://127.0.0.1/",
        "https://[::1]/",
        "http://example.org/",
        "https://169.254.169.254/",
    ):
        with pytest.raises(PostFailure, match="not on the public internet"):
            post(address, b"{}", {})
