"""Headers round-trip through a parser."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.invites.mail import mime
from scheduler.invites.mail.imip import render_invitation
from scheduler.invites.mail.mime import mailbox_header, multipart, subject_header
from scheduler.invites.text import NAME_LIMIT, clean
from tests.unit.invites.builders import content, envelope, only, wanted

names = st.text(st.one_of(st.characters(), st.sampled_from(' ,.;:()<>@"\\[]é芯=?_')), max_size=140)


def lines_of(header: bytes) -> list[str]:
    assert header.endswith(b"\r\n")
    return header.decode("ascii").removesuffix("\r\n").split("\r\n")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("", b"To: <a@b.example>\r\n"),
        ("Ann Lee", b"To: Ann Lee <a@b.example>\r\n"),
        ("Lee, Ann", b'To: "Lee, Ann" <a@b.example>\r\n'),
        ('Ann "Boss" \\', b'To: "Ann \\"Boss\\" \\\\" <a@b.example>\r\n'),
        ("王小明", b"To: =?utf-8?b?546L5bCP5piO?= <a@b.example>\r\n"),
        ("Nagy, Péter", b"To: =?utf-8?b?TmFneSwgUMOpdGVy?= <a@b.example>\r\n"),
        ("A" * 80, b"To: " + b"A" * 80 + b"\r\n <a@b.example>\r\n"),
    ],
)
def test_a_mailbox_is_one_header(name: str, header: bytes) -> None:
    assert mailbox_header("To", name, "a@b.example") == header


@given(names)
def test_a_name_comes_back_and_the_address_with_it(name: str) -> None:
    shown = clean(name, 120)
    header = mailbox_header("To", name, "a@b.example")
    (address,) = email.message_from_bytes(header, policy=email.policy.SMTP)["To"].addresses
    assert address.addr_spec == "a@b.example"
    phrase = " ".join(lines_of(header)).removeprefix("To: ").removesuffix("<a@b.example>").strip()
    if phrase.startswith('"'):
        phrase = email.utils.unquote(phrase)
    elif "=?" in phrase:
        phrase = str(make_header(decode_header(phrase)))
    assert phrase == shown


@given(names)
def test_a_subject_comes_back(value: str) -> None:
    header = subject_header(value)
    folded = lines_of(header)
    assert all(line.startswith(" ") for line in folded[1:])
    assert all(len(line) <= 78 for line in folded) or " " not in clean(value, 250)
    typed = "".join(folded).removeprefix("Subject: ")
    assert (str(make_header(decode_header(typed))) if "=?" in typed else typed) == clean(value, 250)


def test_1_6_no_line_of_a_header_is_too_long_whatever_people_are_called() -> None:
    name, long = '芯 "Ann" ' * 40, content(summary="芯片 chips " * 60)
    for message in (only({}, wanted(long)), only({}, wanted(content(summary="x" * 400)))):
        mail = render_invitation(message, envelope(message, attendee_name=name, sender_name="x " * 200))
        head = mail.data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert max(map(len, head)) <= 998 and head == [line for line in head if line]
        for word in re.findall(rb"=\?utf-8\?[^ ]*\?=", mail.data):
            assert len(word) <= 75  # RFC 2047 2


def test_a_boundary_depends_on_the_seed_alone() -> None:
    assert multipart("mixed", "<1@x>", [b"a"]) == multipart("mixed", "<1@x>", [b"a"])
    assert multipart("mixed", "<1@x>", [b"a"]) != multipart("mixed", "<2@x>", [b"a"])


def test_one_press_is_offered_where_the_link_is_https_as_rfc_8058_wants_it() -> None:
    assert mime.list_headers("Expo", "summaries.a.example", "https://a.example/summaries/t") == (
        b"List-Id: Expo\r\n <summaries.a.example>\r\n"
        b"List-Unsubscribe: <https://a.example/summaries/t>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
    plain = mime.list_headers("Expo", "s.a.example", "http://a.example/t")
    assert plain.endswith(b"\r\nList-Unsubscribe: <http://a.example/t>\r\n")
    assert mime.list_headers("Expo", "s", "javascript:x") == mime.list_headers("Expo", "s", "") == b""


def test_a_list_is_called_as_its_event_in_any_script() -> None:
    """RFC 2919: a phrase, and an identifier in angle brackets."""
    for name in ("Chain Expo", 'A "B", C.', "供应链博览会", "Ellátási Lánc Expó, Budapest, 2027 " * 3):
        head = email.message_from_bytes(
            mime.list_headers(name, "s.a.example", "https://a.example/t") + b"\r\n"
        )
        phrase, _, rest = str(make_header(decode_header(head["List-Id"]))).rpartition("<")
        assert rest == "s.a.example>"
        assert phrase.strip().strip('"').replace("\\", "") == clean(name, NAME_LIMIT)
