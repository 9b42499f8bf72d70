"""The mail catcher: stored emails, their page, and no active content there."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from chainmeet.mailcatcher.page import create_page
from chainmeet.mailcatcher.parts import linked
from chainmeet.mailcatcher.server import smtp_server
from chainmeet.mailcatcher.store import MailStore
from chainmeet.stack import ports

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MailStore]:
    store = MailStore(tmp_path / "mails.db")
    yield store
    store.close()


@pytest.fixture
def page(store: MailStore) -> FlaskClient:
    return create_page(store).test_client()


def mail(to: str = "ann@a.example", subject: str = "Invitation: 甲乙", html: str = "<p>Hello</p>") -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = "meetings@expo.example", to, subject
    message["Message-ID"] = "<1@expo.example>"
    message.set_content("See http://127.0.0.1:8000/agenda.")
    message.add_alternative(html, subtype="html")
    message.add_alternative(CALENDAR, subtype="calendar", params={"method": "REQUEST"}, cte="base64")
    message.set_boundary("the-same-each-time")
    return message.as_bytes()


def add(store: MailStore, to: str = "ann@a.example", **keys: str) -> None:
    store.add("bounce@expo.example", [to], mail(to, **keys))


def listed(page: FlaskClient, query: str) -> list[dict[str, Any]]:
    answer = page.get(f"/api/mails?{query}")
    assert answer.status_code == 200
    return list(answer.get_json()["mails"])


def test_a_mail_is_listed_with_what_its_headers_say(store: MailStore) -> None:
    add(store)
    (found,) = store.find()
    assert (found.recipients, found.subject, found.method, found.message_id) == (
        "ann@a.example",
        "Invitation: 甲乙",
        "REQUEST",
        "<1@expo.example>",
    )


def test_a_mail_is_kept_byte_by_byte_and_outlives_a_restart(tmp_path: Path) -> None:
    first = MailStore(tmp_path / "mails.db")
    add(first)
    first.close()
    again = MailStore(tmp_path / "mails.db")
    kept = again.get(1)
    assert kept is not None
    assert kept[1] == mail()
    again.close()


def test_what_is_no_mail_at_all_is_kept_too(store: MailStore) -> None:
    store.add("", ["x@y.example"], b"\xff\x00 Subject: =?nonsense?q?=FF?=\r\n")
    assert [found.subject for found in store.find()] == [""]


def test_a_search_finds_parts_of_subjects_and_addresses_in_any_script(store: MailStore) -> None:
    add(store, "bob@b.example", subject="ВСТРЕЧА")
    add(store, "ann@a.example")
    assert [found.id for found in store.find("встреча")] == [1]
    assert [found.id for found in store.find("B.EXAMPLE")] == [1]
    assert store.count("example") == 2
    assert store.find("nobody") == []


def test_a_recipient_is_matched_whole(store: MailStore) -> None:
    add(store, "ann@a.example")
    add(store, "joann@a.example")
    assert [found.recipients for found in store.find(to="Ann@a.example")] == ["ann@a.example"]


def test_pages_follow_each_other_without_gaps(page: FlaskClient, store: MailStore) -> None:
    for _ in range(5):
        add(store)
    first = listed(page, "limit=2")
    second = listed(page, f"limit=9&before={first[-1]['id']}")
    assert [row["id"] for row in first + second] == [5, 4, 3, 2, 1]


def test_the_json_gives_the_parts_when_asked(page: FlaskClient, store: MailStore) -> None:
    add(store)
    (row,) = listed(page, "to=ann@a.example&parts=1")
    assert row["calendar"] == CALENDAR
    assert row["text"] == "See http://127.0.0.1:8000/agenda.\r\n"
    assert "calendar" not in listed(page, "to=ann@a.example")[0]


def test_the_list_shows_fifty_and_leads_to_the_older_ones(page: FlaskClient, store: MailStore) -> None:
    for _ in range(51):
        add(store)
    newest = page.get("/").text
    assert newest.count('<a href="/mails/') == 50
    assert "?q=&amp;before=2" in newest
    older = page.get("/?q=&before=2").text
    assert older.count('<a href="/mails/') == 1
    assert "Older mails" not in older


def test_a_mails_html_can_neither_run_nor_be_reached_by_scripts(page: FlaskClient, store: MailStore) -> None:
    add(store, html="<script>alert(1)</script><p>Hello</p>", subject="<b>bold</b>")
    around = page.get("/mails/1")
    assert "alert(1)" not in around.text
    assert "&lt;b&gt;bold&lt;/b&gt;" in around.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in around.text
    assert "default-src 'none'" in around.headers["Content-Security-Policy"]
    inside = page.get("/mails/1/html").headers["Content-Security-Policy"]
    assert inside.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")


def test_the_text_has_its_links_and_nothing_else_as_html() -> None:
    url = "http://a.example/x?y=1&amp;z=2"
    assert linked("<i> http://a.example/x?y=1&z=2. (https://b.example)") == (
        f'&lt;i&gt; <a href="{url}" rel="noreferrer">{url}</a>. '
        '(<a href="https://b.example" rel="noreferrer">https://b.example</a>)'
    )


def test_a_mail_can_be_downloaded_as_it_came(page: FlaskClient, store: MailStore) -> None:
    add(store)
    answer = page.get("/mails/1/raw")
    assert answer.data == mail()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mail-1.eml"'


def test_a_mail_that_is_not_there_is_not_found(page: FlaskClient) -> None:
    assert [page.get(f"/mails/1{end}").status_code for end in ("", "/html", "/raw")] == [404, 404, 404]


def test_a_page_of_another_name_cannot_read_the_mails(page: FlaskClient) -> None:
    assert page.get("/", headers={"Host": "rebound.example"}).status_code == 400


@pytest.mark.smtp
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b".",
        b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n",
        b"x" * 5000,
        b"Subject: long\r\n\r\n" + b"line\r\n" * 40_000,
    ],
    ids=["empty", "dot", "dots", "one-long-line", "large"],
)
def test_a_mail_arrives_byte_by_byte(store: MailStore, raw: bytes) -> None:
    server = smtp_server(store, ports.take(0, "a test", ""))
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail("bounce@expo.example", ["ann@a.example"], raw)
            client.sendmail("bounce@expo.example", ["ann@a.example"], mail())
    finally:
        server.stop()
    first, second = store.get(1), store.get(2)
    assert first is not None
    assert second is not None
    assert first[1].removesuffix(b"\r\n") == raw.removesuffix(b"\r\n")
    assert second[1] == mail()


@pytest.mark.smtp
def test_a_mail_for_nobody_is_refused(store: MailStore) -> None:
    server = smtp_server(store, ports.take(0, "a test", ""))
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.ehlo()
            client.mail("bounce@expo.example")
            assert client.docmd("DATA")[0] == 503
    finally:
        server.stop()
    assert store.count() == 0


@pytest.mark.smtp
def test_what_is_sent_is_kept_for_each_recipient(store: MailStore) -> None:
    server = smtp_server(store, ports.take(0, "a test", ""))
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail("bounce@expo.example", ["ann@a.example", "bob@b.example"], mail())
            client.sendmail("bounce@expo.example", ["ann@a.example"], mail(subject="Second"))
    finally:
        server.stop()
    assert [found.subject for found in store.find(to="ann@a.example")] == ["Second", "Invitation: 甲乙"]
    assert [found.recipients for found in store.find(to="bob@b.example")] == ["ann@a.example bob@b.example"]
