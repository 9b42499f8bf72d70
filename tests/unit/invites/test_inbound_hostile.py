"""Hostile emails cause no errors and little work: oversized ones are rejected before parsing."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.entities import MailKind
from scheduler.invites.inbound import ParsedEmail, read_email

HEAD = b"From: a@b.example\r\nMessage-ID: <1@b.example>\r\n"
REPLY = HEAD + b"Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n\r\n"
EVENT = b"BEGIN:VEVENT\r\nUID:u@x\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example\r\nEND:VEVENT\r\n"
CORPUS = [path.read_bytes() for path in sorted((Path(__file__).parent / "corpus").glob("*.eml"))]


def calendar(*inside: bytes) -> bytes:
    return b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n" + b"".join(inside) + b"END:VCALENDAR\r\n"


def nested(depth: int) -> bytes:
    parts = [b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)]
    return HEAD + b"".join(parts) + b"Content-Type: text/plain\r\n\r\nhi"


def enclosed(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"hi"


BOMBS = {
    "i15 a description of 2 MB": (REPLY + calendar(EVENT[:-12], b"DESCRIPTION:" + b"x" * 2_000_000), "line"),
    "a calendar of line breaks": (
        REPLY.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        + base64.encodebytes(b"BEGIN:VCALENDAR" + 190_000 * b"\n"),
        "isn't complete",
    ),
    "a disposition of blanks": (HEAD + b"Content-Disposition: a;" + b" " * 24_000 + b"\r\n\r\nhi", "header"),
    "a subject without end": (HEAD + b"Subject: " + b"=?" * 9_000 + b"\r\n\r\nhi", "header"),
    "another header without end": (HEAD + b"X-Own: " + b"a\r\n " * 30_000 + b"\r\n\r\nhi", "header"),
    "101 attendees": (
        REPLY + calendar(EVENT[:-12], b"ATTENDEE:mailto:x@y.example\r\n" * 101, EVENT[-12:]),
        "100",
    ),
    "i15 40,000 events": (REPLY + calendar(EVENT * 40_000), "lines"),
    "i15 20,000 events": (REPLY + calendar(EVENT * 20_000), "256 KB"),
    "11 events": (REPLY + calendar(EVENT * 11), "10 entries"),
    "i15 1,000 components inside each other": (REPLY + calendar(b"BEGIN:X\r\n" * 1_000), "entries"),
    "300 multiparts inside each other": (nested(300), "100 parts"),
    "21 multiparts inside each other": (nested(21), "20 parts inside parts"),
    "21 messages inside each other": (enclosed(21), "20 parts inside parts"),
    "parts without a header": (
        HEAD + b"Content-Type: multipart/digest; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 200,
        "100 parts",
    ),
    "a header of quotes": (HEAD + b"Content-Type: multipart/mixed; " + b'";' * 9_000, "header"),
    "6 MiB": (HEAD + b"\r\n" + b"x" * (6 * 1024 * 1024), "5 MB"),
    "200,000 lines": (HEAD + b"\r\n" + b"\r\n" * 200_000, "lines"),
    "a rule of every second": (REPLY + calendar(EVENT[:-12], b"RRULE:FREQ=SECONDLY\r\n"), "recurring"),
    "a rule in a zone of every second": (
        REPLY + calendar(b"BEGIN:VTIMEZONE\r\nRRULE:FREQ=SECONDLY\r\nEND:VTIMEZONE\r\n", EVENT),
        "recurring",
    ),
    "a rule behind a zone": (
        REPLY + calendar(b"BEGIN:VTIMEZONE\r\nEND:VTIMEZONE\r\n", EVENT[:-12], b"RDATE:20270101T000000Z\r\n"),
        "recurring",
    ),
    "a rule of every second, folded over an empty line": (
        REPLY + calendar(b"RRU\r\n\r\n  LE:FREQ=SECONDLY\r\nRRU\r\n\r\n LE:FREQ=SECONDLY\r\n"),
        "recurring",
    ),
    "a rule of every second with a blank": (REPLY + calendar(b"RRULE ;X=1:FREQ=SECONDLY\r\n"), "recurring"),
    "a rule of every second, folded": (REPLY + calendar(b"RRU\r\n LE:FREQ=SEC\r\n ONDLY\r\n"), "recurring"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_i15_a_bomb_is_refused_with_a_sentence(name: str) -> None:
    raw, part_of_reason = BOMBS[name]
    found = read_email(raw)
    assert found.kind is MailKind.UNREADABLE
    assert part_of_reason in found.reason
    assert found.message_id == "<1@b.example>", "what the mail calls itself is known all the same"


def test_what_is_just_inside_the_limits_is_read() -> None:
    assert len(read_email(REPLY + calendar(EVENT * 10)).answers) == 1
    assert read_email(nested(20)).kind is MailKind.TEXT
    assert read_email(enclosed(20)).kind is MailKind.TEXT
    assert read_email(HEAD + b"\r\n" + b"x\r\n" * 90_000).kind is MailKind.TEXT


@given(st.binary(max_size=2_000))
@settings(max_examples=300, deadline=None)
def test_no_octets_raise(raw: bytes) -> None:
    assert isinstance(read_email(raw), ParsedEmail)


@given(st.sampled_from(CORPUS), st.data())
@settings(max_examples=300, deadline=None)
def test_no_damage_to_a_real_mail_raises(raw: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    assert isinstance(read_email(raw[:start] + data.draw(st.binary(max_size=20)) + raw[end:]), ParsedEmail)


_LINES = """UID:x
SEQUENCE:
SEQUENCE:٣
DTSTART
DTSTART;TZID=
DTSTART:99991231T235959Z
DTSTART:00010101T000000Z
DTSTART:20270101T000000
DURATION:P9W
DURATION:-P9999999W
ATTENDEE:
ATTENDEE;PARTSTAT=:mailto:
:
BEGIN:VEVENT
END:VEVENT
BEGIN:VTIMEZONE
END:VTIMEZONE
TZID:X
BEGIN:STANDARD
END:STANDARD
TZOFFSETFROM:+0100
TZOFFSETTO:+9900
RRULE:FREQ=YEARLY"""
_LINE = st.sampled_from(_LINES.split("\n")) | st.text(st.characters(exclude_characters="\r\n"), max_size=30)


@given(st.lists(_LINE, max_size=25))
@settings(max_examples=300, deadline=None)
def test_no_calendar_lines_raise(lines: list[str]) -> None:
    body = "\r\n".join(["BEGIN:VCALENDAR", "METHOD:REPLY", *lines, "END:VCALENDAR", ""])
    found = read_email(REPLY + body.encode("utf-8", "surrogatepass"))
    assert all(answer.sequence is None or answer.sequence >= 0 for answer in found.answers)
