"""Rules M1 to M11: one message as one email, complete and well formed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from scheduler.domain.errors import InvalidInput
from scheduler.invites.ical.calendar import build_calendar
from scheduler.invites.ical.itip import ItipMessage
from tests.unit.invites.builders import (
    ATTENDEE,
    ORGANIZER,
    cancel,
    content,
    details,
    envelope,
    event_of,
    new,
    only,
    parsed,
    part,
    update,
    wanted,
)
from tests.unit.invites.mails import EVERY_KIND, mail, shape, text_of


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda m: m.kind)
def test_m1_trap_11_trap_12_the_calendar_is_the_last_alternative_of_the_first_child(
    message: ItipMessage,
) -> None:
    made = parsed(mail(message))
    assert shape(made) == (
        "multipart/mixed",
        ("multipart/alternative", "text/plain", "text/html", "text/calendar"),
        "application/ics",
    )
    assert part(made, "text/calendar")["Content-Disposition"] is None


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda m: m.kind)
def test_m2_m3_method_is_upper_case_and_the_same_in_mime_and_body(message: ItipMessage) -> None:
    made = mail(message)
    calendar = part(parsed(made), "text/calendar")
    method = message.method.value
    header = f"\r\nContent-Type: text/calendar; charset=UTF-8; method={method}; component=VEVENT\r\n"
    assert made.data.count(header.encode()) == 1
    assert f"METHOD:{method}\r\n" in calendar.get_payload(decode=True).decode()


def test_m4_every_text_part_says_that_it_is_utf_8() -> None:
    made = parsed(mail(only({}, wanted(content(summary="与华芯会面")))))
    texts = [leaf for leaf in made.walk() if leaf.get_content_maintype() == "text"]
    assert [leaf.get_content_charset() for leaf in texts] == ["utf-8"] * 3
    assert all("与华芯会面" in leaf.get_content() for leaf in texts)


def test_m5_every_part_is_base64_with_crlf_inside_and_outside() -> None:
    made = mail(new())
    leaves = [leaf for leaf in parsed(made).walk() if not leaf.is_multipart()]
    assert [leaf["Content-Transfer-Encoding"] for leaf in leaves] == ["base64"] * 4
    for leaf in leaves:
        octets = leaf.get_payload(decode=True)
        assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r") > 0
    assert made.data.isascii()
    assert made.data.count(b"\n") == made.data.count(b"\r\n") == made.data.count(b"\r")
    assert max(map(len, made.data.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda m: m.kind)
def test_m6_the_attachment_is_the_same_bytes_under_the_same_name(message: ItipMessage) -> None:
    made = parsed(mail(message))
    attached = part(made, "application/ics")
    octets = build_calendar(message, ORGANIZER, ATTENDEE)
    assert attached.get_payload(decode=True) == octets
    assert part(made, "text/calendar").get_payload(decode=True) == octets
    assert (attached.get_filename(), attached.get_param("name")) == ("invite.ics", "invite.ics")
    assert attached.get_content_disposition() == "attachment"


def test_m7_trap_15_trap_16_from_is_the_organizers_address() -> None:
    made = parsed(mail(new()))
    assert str(made["From"]) == "Chain Expo <meetings+tok3n@meet.example>"
    assert "ORGANIZER;CN=Chain Expo:mailto:meetings+tok3n@meet.example\r\n" in part(
        made, "text/calendar"
    ).get_content().replace("\r\n ", "").replace("\n", "\r\n").replace("\r\r\n", "\r\n")


def test_m8_one_plain_recipient_and_bounces_to_a_token_that_is_nowhere_in_the_mail() -> None:
    made = mail(new())
    assert (made.from_addr, made.to_addr) == ("bounces+b0unce@meet.example", "peter.nagy@firm.example")
    leaves = [leaf.get_payload(decode=True) or b"" for leaf in parsed(made).walk()]
    assert not any(b"b0unce" in octets for octets in (made.data, *leaves))
    header = parsed(made)
    assert header["To"].addresses == (Address("Nagy, Péter", addr_spec="peter.nagy@firm.example"),)
    assert (header["Cc"], header["Bcc"]) == (None, None)


def test_m9_a_first_mail_starts_a_thread_and_is_auto_generated() -> None:
    made = mail(new())
    header = parsed(made)
    assert header.keys() == [
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ]
    assert header["Message-ID"] == made.message_id
    assert header["Auto-Submitted"] == "auto-generated"
    sent = made.dated(datetime(2027, 4, 1, 9, 30, 15, tzinfo=UTC))
    assert parsed(sent)["Date"].datetime == datetime(2027, 4, 1, 9, 30, 15, tzinfo=UTC)
    assert sent.data.endswith(made.data)


def test_m9_what_follows_is_in_the_thread_of_the_first() -> None:
    header = parsed(mail(update(), thread_id="<first@meet.example>"))
    assert (header["In-Reply-To"], header["References"]) == ("<first@meet.example>",) * 2


def test_m9_a_mail_is_no_reply_to_itself() -> None:
    assert parsed(mail(new(), thread_id=envelope(new()).message_id))["In-Reply-To"] is None


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        (new(), "Invitation: Wed 12 May 10:00, Meeting with Huaxin"),
        (update(), "Updated invitation: Wed 12 May 10:00, Meeting with Huaxin"),
        (details(), "New details: Wed 12 May 10:00, Meeting with Huaxin"),
        (cancel(), "Cancelled: Wed 12 May 10:00, Meeting with Huaxin"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_the_subject_says_what_it_is_about(message: ItipMessage, subject: str) -> None:
    assert parsed(mail(message))["Subject"] == subject


def test_exchange_is_asked_for_no_automatic_answer() -> None:
    assert parsed(mail(new()))["X-Auto-Response-Suppress"] == "OOF, AutoReply"


def test_a_name_that_looks_like_an_encoded_word_is_shown_as_typed() -> None:
    made = parsed(mail(new(), attendee_name="=?utf-8?q?Bcc=3A?="))
    assert made["To"].addresses[0].display_name == "=?utf-8?q?Bcc=3A?="


def test_1_6_a_line_break_in_a_name_or_subject_adds_no_header() -> None:
    shown = content(summary="Hello\r\nBcc: everyone@firm.example", event_name="S\nX: y")
    made = parsed(mail(only({}, wanted(shown)), attendee_name="A\r\nBcc: b@c.example"))
    assert made["Bcc"] is None and made["X"] is None
    assert made["To"].addresses[0].display_name == "A Bcc: b@c.example"
    assert made["From"].addresses[0].display_name == "S X: y"


@pytest.mark.parametrize(
    "change",
    [{"attendee_email": "a@b\r\nBcc: x@y.example"}, {"token": "a b"}, {"message_id": "<a@b>\r\nX: y"}],
    ids="".join,
)
def test_an_address_or_id_with_anything_else_in_it_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        mail(new(), **change)


def test_the_parts_read_as_what_the_standard_library_builds() -> None:
    ours = mail(update(), thread_id="<first@meet.example>")
    theirs = EmailMessage(policy=SMTP)
    theirs.set_content(text_of(ours), cte="base64")
    theirs.add_alternative(text_of(ours, "text/html"), subtype="html", cte="base64")
    calendar = build_calendar(update(), ORGANIZER, ATTENDEE)
    params = {"method": "REQUEST", "component": "VEVENT"}
    theirs.add_alternative(calendar.decode(), subtype="calendar", cte="base64", params=params)
    theirs.add_attachment(
        calendar, maintype="application", subtype="ics", filename="invite.ics", params={"name": "invite.ics"}
    )
    rebuilt = parsed(replace(ours, data=theirs.as_bytes()))
    assert shape(rebuilt) == shape(parsed(ours))
    for content_type in ("text/plain", "text/html", "text/calendar", "application/ics"):
        mine, other = part(parsed(ours), content_type), part(rebuilt, content_type)
        assert mine.get_payload(decode=True) == other.get_payload(decode=True)
        assert dict(mine["Content-Type"].params) | {"charset": "utf-8"} == dict(
            other["Content-Type"].params
        ) | {"charset": "utf-8"}


def test_a_mail_comes_from_the_event_and_from_the_site_only_where_no_event_is() -> None:
    for message in (new(), cancel()):
        made = parsed(mail(message))
        organizer = event_of(part(made, "text/calendar").get_content())["ORGANIZER"]
        assert made["From"].addresses[0].display_name == organizer.params["CN"] == "Chain Expo"
    nameless = only({}, wanted(content(event_name="")))
    assert parsed(mail(nameless))["From"].addresses[0].display_name == "Chainmeet"


def test_a_subject_has_a_firms_name_in_one_script_and_the_text_what_its_reader_needs() -> None:
    """Spam filters penalise subjects with letters of two scripts."""
    for language, subject in (("en", "Meeting with Kunming Battery"), ("zh", "与昆明电池洽谈")):
        said = {"en": "Meeting with {}", "zh": "与{}洽谈"}[language]
        both = "Kunming Battery (昆明电池)"
        shown = content(language=language, partner_firm=both, summary=said.format(both))
        made = parsed(mail(only({}, wanted(shown))))
        assert made["Subject"].endswith(subject)
        text = part(made, "text/plain").get_content()
        assert "昆明电池" in text and ("Kunming Battery" in text) == (language == "en")


def test_a_subject_that_is_not_ascii_is_utf_8_in_all_of_its_words() -> None:
    shown = content(language="hu", summary="Találkozó: Kunming (昆明电池有限公司) és Társa, " * 3)
    raw = mail(only({}, wanted(shown))).data.split(b"\r\nMessage-ID:")[0].split(b"Subject: ")[1]
    words = [line.strip() for line in raw.split(b"\r\n")]
    assert len(words) > 2 and all(word.startswith(b"=?utf-8?") and word.endswith(b"?=") for word in words)
