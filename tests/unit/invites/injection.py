"""Typed text cannot inject a line into a calendar, a header into an email, or an answer into a reply.

Run as a program (`python -O -m tests.unit.invites.injection`), it works without `assert`; hence all
checks here raise explicitly.
"""

from __future__ import annotations

import base64
import re
import sys
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduler.invites import inbound
from scheduler.invites.ical.feed import FeedEvent, build_feed
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.ical.lines import escape_text
from scheduler.invites.inbound import Participant
from scheduler.invites.mail.imip import render_invitation
from scheduler.invites.text import clean, clean_lines, clean_parameter
from tests.unit.invites.builders import (
    NOW,
    UID,
    content,
    envelope,
    new,
    only,
    parsed,
    part,
    told,
    unfolded,
    wanted,
)

# Characters that break lines, quotes, escapes, folds and headers are frequent.
_SHARP = st.sampled_from(list("\r\n\t\x00\x0b\x0c\x1b\x85\u2028\u2029\u202e\ud800\ufeff\"'\\;:,^=?<>@ Nn"))
typed = st.text(st.one_of(_SHARP, st.characters()), max_size=200) | st.sampled_from(
    ["a\r\nATTENDEE:mailto:x@y", "a\nX-EVIL:1", "a\r\nBcc: x@y", 'a";X=1:', "\\", "\\N", "=?utf-8?q?=0AX:1?="]
)
FEED_HEAD = [
    "BEGIN", "VERSION", "PRODID", "NAME", "X-WR-CALNAME", "REFRESH-INTERVAL", "X-PUBLISHED-TTL", "COLOR",
    "X-WR-TIMEZONE",
]  # fmt: skip


class Injected(Exception):
    """Typed text became more than text."""


@dataclass(frozen=True)
class Typed:
    """Values that people can type."""

    summary: str
    place: str
    firm: str
    person: str
    topic: str
    directions: str
    name: str


ANSWER = (
    b"From: peter.nagy@firm.example\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Type: text/calendar; charset=UTF-8; method=REPLY\r\n\r\n"
)
REPLY = [
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Client//EN", "METHOD:REPLY", "BEGIN:VEVENT", f"UID:{UID}",
    "SEQUENCE:0", "DTSTAMP:20270402T080000Z",
    'ATTENDEE;CN="{name}";PARTSTAT=ACCEPTED:mailto:peter.nagy@firm.example',
    "COMMENT:{comment}", "END:VEVENT", "END:VCALENDAR", "",
]  # fmt: skip


def expect(is_so: bool, what: str, found: object) -> None:
    if not is_so:
        raise Injected(f"{what}: {found!a}")


def names_of(octets: bytes) -> list[str]:
    """Return a calendar's property names in order, after checking every line."""
    written = octets.decode("utf-8")
    expect(written.endswith("\r\n"), "the last line end", written[-10:])
    for line in written.removesuffix("\r\n").split("\r\n"):
        hidden = [c for c in line if (c < " " or c in "\x7f\x85\u2028\u2029\u202e")]
        expect(not hidden, "a control character", line)
        expect(len(line.encode("utf-8")) <= 75, "a long line", line)
    return [line.partition(":")[0].partition(";")[0] for line in unfolded(octets)]


def message_of(value: Typed) -> ItipMessage:
    shown = content(
        summary=value.summary,
        place_name=value.place,
        hall=value.place,
        event_name=value.firm,
        own_people=(value.person,),
        partner_firm=value.firm,
        partner_people=(value.person,),
        interpreter=value.person,
        topic=value.topic,
        directions=value.directions,
    )
    return only(told(content(hall="Hall 9")), wanted(shown))


ORDINARY = render_invitation(new(), envelope(new(), thread_id="<first@meet.example>"))
HEADERS = parsed(ORDINARY).keys()
LINES = names_of(part(parsed(ORDINARY), "text/calendar").get_payload(decode=True))


def title_of(value: Typed) -> str:
    """Return a calendar event's title, which is never empty."""
    return clean(value.summary, 200) or "Meeting"


def check_mail(value: Typed) -> None:
    """Check an update's email: its headers, its calendar's lines, and icalendar's result."""
    message = message_of(value)
    changes = {"attendee_name": value.name, "sender_name": value.name, "thread_id": "<first@meet.example>"}
    mail = render_invitation(message, replace(envelope(message), **changes))
    expect(mail.data.isascii() and b"\0" not in mail.data, "an octet", mail.data)
    read = parsed(mail)
    expect(read.keys() == HEADERS, "a header", read.keys())
    expect(len(read["To"].addresses) == 1, "a recipient", str(read["To"]))
    leaves = [leaf for leaf in read.walk() if not leaf.is_multipart()]
    expect(len(leaves) == 4 and not any(leaf.defects for leaf in leaves), "a part", len(leaves))
    check_calendar(leaves[-1].get_payload(decode=True), value)


def check_calendar(octets: bytes, value: Typed) -> None:
    no_place = "" if clean(value.place, 200) else "LOCATION"
    expect(names_of(octets) == [name for name in LINES if name != no_place], "a line", octets)
    (event,) = Calendar.from_ical(octets).walk("VEVENT")
    expect(str(event["SUMMARY"]) == title_of(value), "SUMMARY", event["SUMMARY"])
    attendee = event["ATTENDEE"]
    expect(str(attendee) == "mailto:peter.nagy@firm.example", "ATTENDEE", attendee)
    shown = clean_parameter(value.name)
    expect(attendee.params.get("CN", "") == shown, "CN", (attendee.params.get("CN"), shown))
    directions = clean_lines(value.directions, 1_500)
    expect(directions in str(event["DESCRIPTION"]), "DESCRIPTION", event["DESCRIPTION"])


def check_feed(value: Typed) -> None:
    octets = build_feed(
        [FeedEvent(value.name, 0, NOW, message_of(value).content)], value.name, "", "Asia/Shanghai"
    )
    names = names_of(octets)
    expect(names[: len(FEED_HEAD)] == FEED_HEAD, "a line", names)
    expect(names.count("BEGIN") == names.count("END") == 4, "a component", names)
    calendar = Calendar.from_ical(octets)
    # icalendar 7.3 has no type for NAME, and returns its TEXT unparsed.
    expect(
        calendar["NAME"].to_ical().decode() == escape_text(clean(value.name, 200)), "NAME", calendar["NAME"]
    )


def check_answer(value: Typed) -> None:
    """Check a reply with a typed comment and name: one attendee's answer, and the comment as shown."""
    sent = re.sub("\r\n?", "\n", value.directions).encode("utf-8", "replace").decode("utf-8")
    calendar = "\r\n".join(REPLY).format(name=clean_parameter(value.name), comment=escape_text(sent))
    (answer,) = inbound.read_email(ANSWER + base64.encodebytes(calendar.encode("utf-8"))).answers
    meant = (Participant("peter.nagy@firm.example", "ACCEPTED"),)
    expect((answer.uid, answer.participants) == (UID, meant), "an answer", answer)
    expect(answer.comment == clean_lines(sent, 1_000), "COMMENT", answer.comment)


anything = st.builds(Typed, typed, typed, typed, typed, typed, typed, typed)


@settings(deadline=None)
@given(anything)
def nothing_is_injected(value: Typed) -> None:
    check_mail(value)
    check_feed(value)
    check_answer(value)


if __name__ == "__main__":
    nothing_is_injected()
    sys.stdout.write("asserts are on\n" if __debug__ else "asserts are off\n")
