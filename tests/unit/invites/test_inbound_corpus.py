"""A corpus of emails as clients and servers write them, with the expected result of each.

The meeting's UID, SEQUENCE and attendee are the same throughout, so that only the dialect differs.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.domain.entities import MailKind, MailOutcome, Refusal
from scheduler.invites.inbound import CalendarReply, ParsedEmail, Participant, read_email
from tests.unit.invites.builders import UID

FOLDER = Path(__file__).parent / "corpus"
PETER = "peter.nagy@firm.example"
AFTERNOON = (datetime(2027, 5, 12, 6, 0, tzinfo=UTC), datetime(2027, 5, 12, 6, 30, tzinfo=UTC))

APPLIED, IGNORED, WAITING = MailOutcome.APPLIED, MailOutcome.IGNORED, MailOutcome.WAITING

# name: kind; an answer's PARTSTAT, or a bounce's action and status, or a part of the reason;
# the outcome if its sender was invited to the meeting; and the effect: the stored answer,
# the slots that the next plan tries, that the address is marked, or the METHOD of the reply
OUTCOMES = {
    "apple-nested-without-method": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "apple-urn-with-email": (MailKind.REPLY, "TENTATIVE", APPLIED, "TENTATIVE"),
    "binary-garbage": (MailKind.TEXT, "", WAITING, ""),
    "bounce-delayed": (MailKind.BOUNCE, "delayed 4.4.1", IGNORED, ""),
    "bounce-mailbox-full": (MailKind.BOUNCE, "failed 4.2.2", APPLIED, ""),
    "bounce-own-request-returned-as-headers": (
        MailKind.BOUNCE,
        "failed 5.7.1",
        APPLIED,
        "",
    ),
    "bounce-qmail": (MailKind.BOUNCE, "failed 5.1.1", WAITING, ""),
    "bounce-user-unknown": (MailKind.BOUNCE, "failed 5.1.1", APPLIED, ""),
    "calendar-cut-off": (MailKind.UNREADABLE, "isn't complete", WAITING, ""),
    "counter-google": (MailKind.COUNTER, "NEEDS-ACTION", APPLIED, "slots [2]"),
    "counter-in-an-unknown-zone": (MailKind.COUNTER, "NEEDS-ACTION", WAITING, ""),
    "counter-outlook-windows-zone": (MailKind.COUNTER, "TENTATIVE", APPLIED, "slots [2]"),
    "counter-with-duration": (MailKind.COUNTER, "NEEDS-ACTION", APPLIED, "slots [2]"),
    "delegation": (MailKind.DELEGATION, "DELEGATED", WAITING, ""),
    "duplicate-uid": (MailKind.UNREADABLE, "more than one UID", WAITING, ""),
    "eleven-events": (MailKind.UNREADABLE, "more than 10 entries", WAITING, ""),
    "exchange-accepted-no-organizer": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "forward-as-attachment": (MailKind.TEXT, "", WAITING, ""),
    "gbk-declared-as-utf8": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "gmail-accepted": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "gmail-declined-with-note": (MailKind.REPLY, "DECLINED", APPLIED, "DECLINED"),
    "headers-only": (MailKind.TEXT, "", WAITING, ""),
    "human-html-only": (MailKind.TEXT, "", WAITING, ""),
    "human-text": (MailKind.TEXT, "", WAITING, ""),
    "instance-of-a-series": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "kmail-upper-case-address": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "latin1-declared": (MailKind.REPLY, "DECLINED", APPLIED, "DECLINED"),
    "lf-line-ends": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "list-footer-behind-the-calendar": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "lone-cr-line-ends": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "lower-case-partstat": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "markup-in-a-comment": (MailKind.REPLY, "DECLINED", APPLIED, "DECLINED"),
    "method-differs": (MailKind.UNREADABLE, "CANCEL, REPLY", WAITING, ""),
    "method-only-in-mime": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "missing-uid": (MailKind.REPLY, "ACCEPTED", WAITING, ""),
    "mu4e-two-attendees": (MailKind.REPLY, "DECLINED", APPLIED, "DECLINED"),
    "no-method": (MailKind.UNREADABLE, "has no method", WAITING, ""),
    "no-text-at-all": (MailKind.TEXT, "", WAITING, ""),
    "octet-stream-named-ics": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "out-of-office": (MailKind.AUTO_REPLY, "", IGNORED, ""),
    "out-of-office-without-header": (MailKind.AUTO_REPLY, "", IGNORED, ""),
    "outlook-declined-with-comment": (MailKind.REPLY, "DECLINED", APPLIED, "DECLINED"),
    "outlook-tentative": (MailKind.REPLY, "TENTATIVE", APPLIED, "TENTATIVE"),
    "own-request-forwarded-with-a-note": (MailKind.TEXT, "NEEDS-ACTION", WAITING, ""),
    "own-request-looped-back": (MailKind.OWN, "NEEDS-ACTION", IGNORED, ""),
    "percent-encoded-address": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "pgp-encrypted": (MailKind.UNREADABLE, "doesn't have the key", WAITING, ""),
    "read-receipt": (MailKind.AUTO_REPLY, "", IGNORED, ""),
    "recurrence-bomb": (MailKind.UNREADABLE, "recurring", WAITING, ""),
    "refresh": (MailKind.REFRESH, "ACCEPTED", APPLIED, "REQUEST"),
    "sequence-huge": (MailKind.REPLY, "ACCEPTED", WAITING, ""),
    "sequence-missing": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "sequence-negative": (MailKind.REPLY, "ACCEPTED", WAITING, ""),
    "smime-clear-signed": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "smime-encrypted": (MailKind.UNREADABLE, "doesn't have the key", WAITING, ""),
    "text-before-the-calendar": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "thunderbird-accepted": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "ticket-system": (MailKind.AUTO_REPLY, "", IGNORED, ""),
    "two-answers-that-differ": (MailKind.REPLY, "ACCEPTED", WAITING, ""),
    "two-calendars-in-one-part": (MailKind.REPLY, "ACCEPTED", WAITING, ""),
    "unknown-charset": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "unknown-partstat": (MailKind.REPLY, "X-MAYBE", WAITING, ""),
    "utf16-calendar": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "utf8-declared-as-ascii": (MailKind.REPLY, "ACCEPTED", APPLIED, "ACCEPTED"),
    "winmail-dat": (MailKind.UNREADABLE, "winmail.dat", WAITING, ""),
}


def mail(name: str) -> ParsedEmail:
    return read_email((FOLDER / f"{name}.eml").read_bytes())


def answer(name: str) -> CalendarReply:
    return mail(name).answers[0]


def test_every_mail_of_the_corpus_has_an_outcome() -> None:
    assert {path.stem for path in FOLDER.glob("*.eml")} == OUTCOMES.keys()


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_a_mail_is_what_the_table_says(name: str) -> None:
    kind, detail, _, _ = OUTCOMES[name]
    found = mail(name)
    if found.bounce is not None:
        said = f"{found.bounce.action} {found.bounce.status}"
    elif found.answers:
        said = found.answers[0].participants[0].partstat
    else:
        said = detail if detail and detail in found.reason else found.reason
    assert (found.kind, said) == (kind, detail)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, (kind, *_) in OUTCOMES.items()
        if kind in (MailKind.REPLY, MailKind.COUNTER, MailKind.REFRESH)
        and not name.startswith(("sequence", "missing"))
    ],
)
def test_an_answer_names_the_meeting_its_revision_and_the_attendee(name: str) -> None:
    found = answer(name)
    assert (found.uid, found.sequence, found.participants[0].email) == (UID, 2, PETER)
    assert found.dtstamp == datetime(2027, 4, 2, 8, 0, tzinfo=UTC)


def test_trap_1_an_answer_of_exchange_needs_no_organizer() -> None:
    raw = (FOLDER / "exchange-accepted-no-organizer.eml").read_bytes()
    assert b"ORGANIZER" not in raw and answer("exchange-accepted-no-organizer").uid == UID


def test_trap_2_the_method_may_stand_in_one_of_two_places() -> None:
    assert mail("method-only-in-mime").kind is MailKind.REPLY
    assert mail("apple-nested-without-method").kind is MailKind.REPLY


def test_m3_two_methods_that_differ_are_for_a_person() -> None:
    assert mail("method-differs").reason == "The calendar has several methods: CANCEL, REPLY"


def test_m9_an_answer_that_is_marked_as_automatic_is_an_answer() -> None:
    assert b"Auto-Submitted: auto-generated" in (FOLDER / "gmail-accepted.eml").read_bytes()
    assert mail("gmail-accepted").kind is MailKind.REPLY


def test_m11_the_same_calendar_twice_is_one_answer() -> None:
    assert len(mail("gmail-accepted").answers) == 1
    assert len(mail("two-answers-that-differ").answers) == 2


def test_trap_19_an_answer_in_outlooks_own_format_is_kept_for_a_person() -> None:
    assert mail("winmail-dat").reason == "The reply is in Outlook's own format (winmail.dat)."


def test_1_4_both_attendees_of_an_answer_are_read() -> None:
    assert answer("mu4e-two-attendees").participants == (
        Participant(PETER, "DECLINED"),
        Participant("wang.xiaoming@huaxin.example", "ACCEPTED"),
    )


@pytest.mark.parametrize(
    ("name", "comment"),
    [
        ("outlook-declined-with-comment", "Ich bin an dem Tag leider auf Reisen.\nTut mir leid, P."),
        ("utf8-declared-as-ascii", "Köszönöm, ott leszek – Péter"),
        ("gbk-declared-as-utf8", "我们会准时到。"),
        ("latin1-declared", "Désolé, à bientôt"),
        ("utf16-calendar", "はい"),
        ("markup-in-a-comment", "<script>alert(1)</script>evil"),
    ],
)
def test_i13_a_comment_is_read_in_its_own_script(name: str, comment: str) -> None:
    assert answer(name).comment == comment


def test_a_note_of_google_is_a_comment_of_the_attendee() -> None:
    assert answer("gmail-declined-with-note").participants[0].comment == "On another stand, sorry"


@pytest.mark.parametrize("name", ["counter-google", "counter-outlook-windows-zone", "counter-with-duration"])
def test_1_4_the_proposed_time_of_a_counter_is_in_utc(name: str) -> None:
    found = answer(name)
    assert (found.start, found.end) == AFTERNOON


def test_i14_a_time_in_an_unknown_zone_is_no_time() -> None:
    found = answer("counter-in-an-unknown-zone")
    assert (found.start, found.has_unknown_zone) == (None, True)


@pytest.mark.parametrize(
    ("name", "sequence"), [("sequence-missing", 0), ("sequence-negative", None), ("sequence-huge", None)]
)
def test_i12_a_sequence_is_a_number_that_rfc_5545_allows(name: str, sequence: int | None) -> None:
    assert answer(name).sequence == sequence


def test_i12_a_uid_that_is_missing_is_none_of_ours() -> None:
    assert answer("missing-uid").uid == ""


@pytest.mark.parametrize("name", ["UID", "DTSTAMP"])
def test_an_answer_with_two_different_values_of_what_it_has_once_is_for_a_person(name: str) -> None:
    """RFC 5546 3.2.3: one UID and one DTSTAMP; a repetition of the same value counts once."""
    raw = (FOLDER / "kmail-upper-case-address.eml").read_bytes()
    found = re.search(rb"%s:(.*)\n" % name.encode(), raw)
    assert found is not None
    assert read_email(raw.replace(found[0], 2 * found[0])).kind is MailKind.REPLY
    other = {"UID": b"UID:another@firm.example\n", "DTSTAMP": b"DTSTAMP:20270402T080001Z\n"}[name]
    assert (
        read_email(raw.replace(found[0], found[0] + other)).reason == f"The reply has more than one {name}."
    )


def test_trap_22_an_answer_about_one_of_a_series_is_told_apart() -> None:
    found = answer("instance-of-a-series")
    assert found.is_instance and found.instance == found.start
    assert not answer("gmail-accepted").is_instance


def test_our_own_request_inside_a_bounce_is_not_an_answer() -> None:
    bounced = mail("bounce-user-unknown")
    assert b"METHOD:REQUEST" in (FOLDER / "bounce-user-unknown.eml").read_bytes()
    assert bounced.answers == () and bounced.bounce is not None
    assert (bounced.bounce.recipient, bounced.bounce.refusal) == (PETER, Refusal.DEAD)
    assert (bounced.bounce.message_id, bounced.bounce.is_report) == ("<first@meet.example>", True)


def test_the_mail_that_a_report_is_about_is_known_by_its_headers_too() -> None:
    bounce = mail("bounce-own-request-returned-as-headers").bounce
    assert bounce is not None
    assert (bounce.message_id, bounce.refusal) == ("<first@meet.example>", Refusal.HOLD)


def test_a_bounce_for_a_while_is_about_this_mail_alone() -> None:
    for name in ("bounce-delayed", "bounce-mailbox-full"):
        bounce = mail(name).bounce
        assert bounce is not None and bounce.refusal is Refusal.LATER


def test_a_notice_that_is_no_report_says_so() -> None:
    bounce = mail("bounce-qmail").bounce
    assert bounce is not None and not bounce.is_report


def test_people_are_read_as_text_without_markup() -> None:
    assert mail("human-text").text.startswith("Dear team,\ncould we have")
    assert mail("human-html-only").text == "I am late & sorry"
    assert mail("own-request-forwarded-with-a-note").text == "Could we meet an hour later? Peter"


def test_headers_are_decoded_whatever_they_claim() -> None:
    assert mail("out-of-office-without-header").subject == "Automatikus válasz: találkozó"
    assert mail("latin1-declared").subject == "Décliné"
    assert mail("bounce-qmail").sender == "mailer-daemon@mx.firm.example"
    assert mail("gmail-accepted").message_id == "<gmail-accepted@mail.example>"
