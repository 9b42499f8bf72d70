"""The processing record names every table with data of people, and every kind of data with a period."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace

import pytest
from python_calamine import CalamineWorkbook

from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.errors import NotAllowed
from scheduler.services.privacy import processing_record
from scheduler.services.privacy.personal_tables import OWN_COLUMNS
from scheduler.services.privacy.processing_record import ACTIVITIES
from scheduler.services.privacy.retention import DataKind
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.integration.team.test_operators import signed_in
from tests.support.factories import make_account, make_event
from tests.support.notices import ask_consent, consent
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


def operator(database: Database) -> Account:
    with database.write() as session:
        found = make_account(session, "operator@x.example")
        found.is_operator = True
        return found


def test_each_table_and_each_kind_of_data_is_in_one_activity() -> None:
    tables = Counter(table for each in ACTIVITIES for table in each.tables)
    assert tables == Counter({*OWN_COLUMNS, "audit_log_entry"})
    assert Counter(kind for each in ACTIVITIES for kind in each.kinds) == Counter(DataKind)


def test_operators_see_the_record_with_the_settings_of_the_site(database: Database) -> None:
    named = {"controller": "Expo Ltd, privacy@expo.example", "privacy_notice": "https://expo.example/privacy"}
    hooks = {"alert_webhook": "https://hooks.example/secret-path", "imap_host": "imap.expo.example"}
    browser = Browser(web_app(database, NOWHERE, keep_letters=77, **named, **hooks), operator(database))
    page = browser.get("/operators/processing-record")
    assert all(value in page for value in named.values())
    assert "77 days" in page and "<code>outbox_email</code>" in page
    assert "hooks.example" in page and "imap.expo.example" in page and "secret-path" not in page
    assert "/operators/processing-record" in browser.get("/operators/retention")


def test_recipients_and_protection_follow_the_settings() -> None:
    asker = signed_in(Account(id=1, email="o@x.example", name="", is_operator=True))
    plain = replace(SETTINGS, imap_host="", smtp_security="none", base_url="http://127.0.0.1:8000")
    safe = replace(
        plain, imap_host="imap.x.example", smtp_security="tls", base_url="https://x.example",
        alert_webhook="https://h.example/x",
    )  # fmt: skip
    few, many = (processing_record.read_record(asker, each) for each in (plain, safe))
    assert {each.host for each in many.recipients} - {each.host for each in few.recipients} == {
        "imap.x.example",
        "h.example",
    }
    assert len(many.measures) - len(few.measures) == 2
    stranger = signed_in(Account(id=2, email="s@x.example", name="", is_operator=False))
    with pytest.raises(NotAllowed):
        processing_record.read_record(stranger, plain)


def test_operators_get_the_answers_to_an_audit_as_a_page_and_a_workbook(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        ask_consent(session, expo, ConsentPurpose.ABROAD)
        consent(session, expo, 0, ConsentPurpose.ABROAD)
        stranger = session.get_one(Account, expo.organiser.id)
    app = web_app(database, NOWHERE, controller="Expo Ltd", imap_host="imap.expo.example")
    browser = Browser(app, operator(database))
    page = browser.get("/operators/processing-record/pipl")
    assert "Events with a privacy notice: 1. Attendees with stored choices: 1." in page
    assert "Responsible: Expo Ltd" in page and "Mailbox for replies <code>imap.expo.example</code>" in page
    assert "/operators/processing-record/pipl" in browser.get("/operators/processing-record")
    made = browser.client.get("/operators/processing-record/pipl.xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(made.data)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["Topic", "PIPL articles", "From this site", "Your answer"]
    assert len(rows) == 1 + page.count('<th scope="row"') and "Transfers abroad" in [row[0] for row in rows]
    Browser(app, stranger).get("/operators/processing-record/pipl", 404)


def test_people_see_who_is_responsible_for_their_data(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        account = session.get_one(Account, expo.people[0][0].account_id)
    named = {
        "controller": "Expo Ltd <privacy@expo.example>",
        "privacy_notice": "https://expo.example/privacy",
    }
    page = Browser(web_app(database, NOWHERE, **named), account).get("/my-data")
    assert "Expo Ltd &lt;privacy@expo.example&gt;" in page and 'href="https://expo.example/privacy"' in page
    assert 'data-test="controller"' not in Browser(web_app(database, NOWHERE), account).get("/my-data")
