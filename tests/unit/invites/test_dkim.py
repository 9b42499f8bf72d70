"""DKIM signatures, as a server gets them, verified by another implementation that asks a DNS server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from dns.resolver import Resolver
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.invites.mail.digest_mail import render_digest
from scheduler.invites.mail.imip import RenderedMail
from scheduler.invites.mail.mime import list_headers, mail_headers, text_part
from scheduler.invites.mail.summary_mail import render_summary
from scheduler.invites.transport import dkim
from scheduler.invites.transport.dkim import DkimKey, read_keys
from scheduler.invites.transport.smtp import Smtp
from tests.support.dns_server import serving_dns
from tests.support.mail_server import Catcher, serving
from tests.support.signing import ed25519_pem, rsa_pem, verified, zone
from tests.unit.invites import test_digest, test_summary
from tests.unit.invites.builders import NOW, content, only, wanted
from tests.unit.invites.mails import EVERY_KIND, mail

pytestmark = pytest.mark.smtp

DOMAIN = "meet.example"


def keys(domain: str = DOMAIN) -> tuple[DkimKey, ...]:
    return read_keys(rsa_pem() + ed25519_pem(), "s1 e.2027", domain)


def summary() -> RenderedMail:
    made = test_summary.each_kind()
    return render_summary(made, test_summary.envelope(made))


EMAILS = {
    **{
        f"invitation {each.method} {each.sequence} {number}": mail(each)
        for number, each in enumerate(EVERY_KIND)
    },
    "invitation in Chinese": mail(only({}, wanted(content(language="zh")))),
    "invitation in Arabic": mail(only({}, wanted(content(language="ar")))),
    "summary with a PDF": summary(),
    "digest": render_digest(test_digest.digest(), test_digest.ENVELOPE, test_digest.LINKS),
}


@pytest.fixture(scope="module")
def resolver() -> Iterator[Resolver]:
    """A DNS server with the records of the keys."""
    with serving_dns(zone(keys())) as found:
        yield found


def received(*emails: RenderedMail) -> list[bytes]:
    with serving(Catcher()) as catcher, Smtp("127.0.0.1", catcher.port, dkim_keys=keys()) as smtp:
        for each in emails:
            smtp.send(each)
    return [content for *_, content in catcher.taken]


def test_each_signature_of_each_kind_of_email_is_valid_and_nothing_else_changes(resolver: Resolver) -> None:
    sent = [each.dated(NOW) for each in EMAILS.values()]
    arrived = received(*sent)
    for name, before, after in zip(EMAILS, sent, arrived, strict=True):
        assert verified(after, resolver) == [True, True], name
        assert after.endswith(before.data), name


def test_lines_of_a_signature_are_short_and_ascii() -> None:
    (message,) = received(EMAILS["digest"].dated(NOW))
    head = message.partition(b"\r\nDate:")[0].decode("ascii")
    assert max(map(len, head.split("\r\n"))) <= 78
    assert head.count("DKIM-Signature:") == 2


ADDED = [
    b"From: Eve <eve@evil.example>\r\n",
    b"Subject: Other\r\n",
    b"Date: Mon, 3 May 2027 09:00:00 +0000\r\n",
    b"Message-ID: <x@evil.example>\r\n",
    b"List-Unsubscribe: <https://evil.example>\r\n",
    b"Reply-To: eve@evil.example\r\n",
    b"Content-Type: text/html\r\n",
    b"Cc: a@b.example\r\n",
]


@pytest.mark.parametrize("header", ADDED)
@pytest.mark.parametrize("at_the_top", [True, False])
def test_a_header_that_is_added_makes_the_signatures_invalid(
    header: bytes, at_the_top: bool, resolver: Resolver
) -> None:
    message = dkim.signed(EMAILS["digest"].dated(NOW).data, keys())
    head, _, body = message.partition(b"\r\n\r\n")
    changed = header + message if at_the_top else head + b"\r\n" + header + b"\r\n" + body
    assert verified(message, resolver) == [True, True]
    assert verified(changed, resolver) == [False, False]


@pytest.mark.parametrize(
    ("old", "new", "is_valid"),
    [
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost", False),
        (b"MIME-Version: 1.0\r\n", b"", False),
        (b"\r\n--=_", b"\r\nfooter\r\n--=_", False),
        (b"MIME-Version: 1.0\r\n", b"mime-version:\t1.0 \r\n", True),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nX-Spam: no\r\n", True),
        (b"\r\nDate: ", b"\r\nReceived: from a by b;\r\n\tnow\r\nDate: ", True),
    ],
)
def test_a_signature_covers_content_and_not_how_it_is_folded(
    old: bytes, new: bytes, is_valid: bool, resolver: Resolver
) -> None:
    message = dkim.signed(EMAILS["digest"].dated(NOW).data, keys())
    assert old in message
    assert verified(message.replace(old, new), resolver) == [is_valid] * 2


def test_the_two_headers_of_one_click_unsubscription_are_signed() -> None:
    """RFC 8058, section 4."""
    message = dkim.signed(EMAILS["digest"].dated(NOW).data, keys())
    signatures = message_from_bytes(message, policy=policy.compat32).get_all("DKIM-Signature", [])
    named = [re.sub(r"\s", "", re.search(r"h=([^;]*)", str(each))[1]).split(":") for each in signatures]  # type: ignore[index]
    assert all({"List-Unsubscribe", "List-Unsubscribe-Post"} <= set(names) for names in named)
    assert all(
        names.count(name) == 2 for names in named for name in ("From", "Subject", "Date", "Message-ID")
    )


def test_a_signature_of_the_same_email_is_the_same_so_that_a_retry_differs_only_in_its_date() -> None:
    message = EMAILS["digest"].dated(NOW).data
    assert dkim.signed(message, keys()) == dkim.signed(message, keys())


def test_without_a_key_an_email_is_as_before() -> None:
    message = EMAILS["digest"].data
    assert dkim.signed(message, ()) is message


WIRE = st.lists(st.text("ab \t.", max_size=9)).map(
    lambda lines: "".join(f"{each}\r\n" for each in lines).encode()
)


@given(subject=st.text(max_size=60), body=WIRE)
@example(subject="", body=b"")
@example(subject="=?utf-8?q?x?=", body=b"\r\n\r\n \t\r\n")
@example(subject="会议 — \u200fموعد", body=b"a  b\t\r\n\r\n\r\n")
def test_any_subject_and_any_body_has_a_valid_signature(
    resolver: Resolver, subject: str, body: bytes
) -> None:
    head = mail_headers(
        ("Éva", "a@meet.example"), ("李", "b@firm.example"), subject, "<1@meet.example>", None
    )
    assert verified(dkim.signed(head + b"\r\n" + body, keys()), resolver) == [True, True]


def test_a_key_that_is_not_published_verifies_nothing() -> None:
    listed = list_headers("Expo", "expo.meet.example", "https://meet.example/stop")
    head = mail_headers(("Expo", "a@meet.example"), ("Li", "b@firm.example"), "Hi", "<1@meet.example>", None)
    message = dkim.signed(head + listed + text_part("plain", "hi\n"), keys())
    others = [
        replace(key, private=read_keys(rsa_pem(2_048, 1), "s1", DOMAIN)[0].private) for key in keys()[:1]
    ]
    with serving_dns(zone(others)) as resolver:
        assert verified(message, resolver) == [False, False]
