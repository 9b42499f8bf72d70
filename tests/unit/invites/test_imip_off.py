"""Emails about a cancelled meeting: who cancelled it, why, and whom to contact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.invites.ical.itip import Cancellation, EntryKey, ItipMessage, MessageKind
from scheduler.invites.ical.itip_revisions import next_messages
from scheduler.invites.mail import imip
from tests.unit.invites.builders import (
    NOW,
    UID,
    cancel,
    content,
    details,
    envelope,
    new,
    only,
    parsed,
    part,
    told,
    update,
    wanted,
)
from tests.unit.invites.mails import Reader, mail, text_of


def test_1_3_a_cancelled_meeting_has_no_links_to_answer() -> None:
    made = mail(cancel(), accept_url="https://meet.example/a/accept")
    assert Reader(text_of(made, "text/html")).links == ["https://meet.example/agenda"]


def test_nobody_reads_how_to_get_to_a_meeting_that_is_off() -> None:
    shown = content(directions="Hall 3: Table 17. Please be there five minutes early.")
    assert "five minutes early" in text_of(mail(only({}, wanted(shown))))
    (off,) = next_messages(told(shown), {}, NOW)
    assert off.kind is MessageKind.CANCEL and "five minutes early" not in text_of(mail(off))


def test_who_is_no_longer_needed_reads_that_the_meeting_goes_on() -> None:
    (made,) = next_messages(told() | told(key=EntryKey(UID, 8)), wanted(), NOW)
    assert "The meeting takes place without you" in text_of(mail(made))


def test_who_no_longer_takes_part_may_delete_what_stays_in_the_calendar() -> None:
    goes_on = replace(cancel(), meeting_is_off=False)
    assert "you can delete it" in imip.preview_email(goes_on, envelope(goes_on)).text


OFF = {
    "en": (
        "Reason: 王明 of Kunming declined or cancelled it.\n    “A <b>fair</b>”",
        "The organisers will read it.",
    ),
    "hu": ("Ok: 王明 (Kunming) elutasította vagy lemondta.\n    „A <b>fair</b>”", "A szervezők elolvassák."),
    "zh": ("原因：Kunming的王明谢绝或取消了这场洽谈。\n    “A <b>fair</b>”", "主办方会阅读。"),
}  # fmt: skip


@pytest.mark.parametrize("language", OFF)
def test_a_cancellation_says_who_called_it_off_what_they_wrote_and_whom_to_ask(language: str) -> None:
    off = Cancellation(person="王明", firm="Kunming", note="A <b>fair</b>")
    message = replace(cancel(), off=off, content=content(language=language), meeting_is_off=True)
    assert ItipMessage.from_json(message.to_json()) == message
    shown = imip.preview_email(message, envelope(message))
    assert all(said in shown.text for said in OFF[language])
    assert "<b>" not in shown.html and "fair" in shown.html


@pytest.mark.parametrize(
    ("off", "says"),
    [
        (Cancellation(firm="Kunming"), "Kunming cancelled it."),
        (Cancellation(firm="Kunming Co., Ltd."), "Kunming Co., Ltd. cancelled it."),
        (Cancellation(), "The organisers cancelled it."),
        (
            Cancellation(person="Wang (王)", firm="Kunming (昆明)"),
            "Wang of Kunming declined or cancelled it.",
        ),
        (
            Cancellation(person="Wang", firm="Kunming", how="declined"),
            "Wang of Kunming declined the invitation.",
        ),
        (Cancellation(person="Wang", firm="Kunming", how="cancelled"), "Wang of Kunming cancelled it."),
        (
            Cancellation(person="Wang", firm="Kunming", is_own=True, how="cancelled"),
            "You cancelled this meeting.",
        ),
        (Cancellation(person="Wang", firm="Kunming", is_own=True), "You declined this meeting."),
        (
            Cancellation(code="no-place"),
            "It is not in the new schedule. No suitable booth or table is free",
        ),
        (
            Cancellation(code="unheard-of"),
            "It is not in the new schedule. It did not fit alongside the other meetings.",
        ),
    ],
)
def test_a_cancellation_says_why_in_words_that_give_nobodys_diary_away(off: Cancellation, says: str) -> None:
    message = replace(cancel(), off=off, meeting_is_off=True)
    assert says in imip.preview_email(message, envelope(message)).text


def test_a_note_to_the_others_is_bounded_and_cannot_break_out_of_its_row() -> None:
    message = replace(
        cancel(), off=Cancellation(firm="F", note="x\r\nBcc: y\n\n\n\n" + "z" * 9_999), meeting_is_off=True
    )
    made = parsed(mail(message))
    assert made["Bcc"] is None and len(part(made, "text/plain").get_content()) < 3_000


CONTACT = "+86 10 1234 5678, info@expo.example, Hall 1 desk"


def test_a_cancellation_names_whom_to_call_before_the_answer_by_mail() -> None:
    said = text_of(mail(cancel(), contact=CONTACT))
    assert f"Questions: {CONTACT}\n    Reply to this email." in said.replace("\r\n", "\n")
    assert CONTACT in text_of(mail(cancel(), contact=CONTACT), "text/html")
    assert "Questions: Reply to this email." in text_of(mail(cancel()))


@pytest.mark.parametrize("message", [new(), update(), details()], ids=lambda m: m.kind)
def test_who_has_a_meeting_reads_no_line_more(message: ItipMessage) -> None:
    assert text_of(mail(message, contact=CONTACT)) == text_of(mail(message))


def test_a_contact_adds_no_line_and_no_element() -> None:
    made = mail(cancel(), contact="a\r\nWhy: <b>x</b>")
    assert "Questions: a Why: <b>x</b>" in text_of(made) and "&lt;b&gt;" in text_of(made, "text/html")
