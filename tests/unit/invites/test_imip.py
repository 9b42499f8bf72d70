"""Rules M1 to M11: one message as one mail, whole and in the right shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

import pytest

from scheduler.domain.entities import Partstat
from scheduler.domain.errors import InvalidInput
from scheduler.invites.ical.calendar import build
from scheduler.invites.ical.itip import Key, Message, MessageKind, Off
from scheduler.invites.ical.itip_revisions import messages
from scheduler.invites.mail import imip
from scheduler.invites.mail.imip import RenderedMail, render
from tests.unit.invites.builders import (
    ATTENDEE,
    NOW,
    ORGANIZER,
    UID,
    cancel,
    content,
    details,
    envelope,
    event_of,
    new,
    only,
    parsed,
    part,
    told,
    update,
    wanted,
)

EVERY_KIND = [new(), update(), details(), cancel()]


def mail(message: Message, **changes: str | None) -> RenderedMail:
    return render(message, envelope(message, **changes))


def shape(message: EmailMessage) -> object:
    inner = message.get_payload()
    kind = message.get_content_type()
    return (kind, *map(shape, inner)) if isinstance(inner, list) else kind  # type: ignore[arg-type]


def text_of(made: RenderedMail, content_type: str = "text/plain") -> str:
    value = part(parsed(made), content_type).get_content()
    assert isinstance(value, str)
    return value


class Reader(HTMLParser):
    """Takes a page apart: its text and links, and whether every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str | None] = []
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda m: m.kind)
def test_m1_trap_11_trap_12_the_calendar_is_the_last_alternative_of_the_first_child(message: Message) -> None:
    made = parsed(mail(message))
    assert shape(made) == (
        "multipart/mixed",
        ("multipart/alternative", "text/plain", "text/html", "text/calendar"),
        "application/ics",
    )
    assert part(made, "text/calendar")["Content-Disposition"] is None


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda m: m.kind)
def test_m2_m3_method_is_upper_case_and_the_same_in_mime_and_body(message: Message) -> None:
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
def test_m6_the_attachment_is_the_same_bytes_under_the_same_name(message: Message) -> None:
    made = parsed(mail(message))
    attached = part(made, "application/ics")
    octets = build(message, ORGANIZER, ATTENDEE)
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
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ]
    assert header["Message-ID"] == made.message_id
    assert header["Auto-Submitted"] == "auto-generated"
    assert header["Date"].datetime == datetime(2027, 4, 1, 9, 30, 15, tzinfo=UTC)


def test_m9_what_follows_is_in_the_thread_of_the_first() -> None:
    header = parsed(mail(update(), thread_id="<first@meet.example>"))
    assert (header["In-Reply-To"], header["References"]) == ("<first@meet.example>",) * 2


def test_m9_a_mail_is_no_reply_to_itself() -> None:
    assert parsed(mail(new(), thread_id=envelope(new()).message_id))["In-Reply-To"] is None


def test_m10_trap_21_the_text_says_who_when_and_where_without_a_calendar() -> None:
    assert text_of(mail(only({}, wanted(content(reader_timezone="Europe/Budapest"))))).replace(
        "\r\n", "\n"
    ) == (
        "You have a new meeting\n"
        "Meeting with Huaxin\n"
        "\n"
        "When: Wednesday, 12 May 2027, 10:00–10:30 (Asia/Shanghai, UTC+08:00)\n"
        "Your time: Wednesday, 12 May 2027, 04:00–04:30 (Europe/Budapest, UTC+02:00)\n"
        "With: Huaxin Microelectronics\n"
        "People you meet: Wang Xiaoming, Li Na\n"
        "With you: Kovács Éva\n"
        "Where: Table 17, Hall 3\n"
        "Interpreter: Zhao Lei\n"
        "Topic: Power modules\n"
        "How to get there: South entrance,\n"
        "    level 2\n"
        "Event: Chain Expo\n"
        "\n"
        "Please accept or decline the invitation in this mail. Accepting puts the meeting in your calendar.\n"
        "\n"
        "Open your agenda:\n"
        "https://meet.example/agenda\n"
        "\n"
        "-- \n"
        "Sent by Chainmeet for Chain Expo. Accept and Decline go to the schedule. "
        "What you write in an answer reaches the organisers.\n"
    )


def test_m10_trap_14_links_to_answer_come_before_the_agenda() -> None:
    links = {
        "accept_url": "https://meet.example/a/accept",
        "decline_url": "https://meet.example/a/decline",
        "propose_url": "https://meet.example/a/propose",
    }
    expected = [*links.values(), "https://meet.example/agenda"]
    made = mail(new(), **links)
    assert Reader(text_of(made, "text/html")).links == expected
    assert [line for line in text_of(made).splitlines() if line.startswith("https:")] == expected


def test_1_3_a_cancelled_meeting_has_no_links_to_answer() -> None:
    made = mail(cancel(), accept_url="https://meet.example/a/accept")
    assert Reader(text_of(made, "text/html")).links == ["https://meet.example/agenda"]


def test_an_update_says_what_was_and_what_is_now() -> None:
    moved = update(
        start=datetime(2027, 5, 12, 6, 0, tzinfo=UTC),
        end=datetime(2027, 5, 12, 6, 30, tzinfo=UTC),
        hall="Hall 5",
        interpreter=None,
    )
    text = text_of(mail(moved)).replace("\r\n", "\n")
    assert text.split("\n\n")[1] == (
        "What changed:\n"
        "* Time: was 10:00–10:30, "
        "now Wednesday, 12 May 2027, 14:00–14:30 (Asia/Shanghai, UTC+08:00)\n"
        "* Hall: was Hall 3, now Hall 5\n"
        "* Interpreter: was Zhao Lei, now none"
    )


def test_the_readers_own_time_is_left_out_where_it_is_the_venues() -> None:
    assert "Your time" not in text_of(mail(only({}, wanted(content(reader_timezone="Asia/Singapore")))))


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        (new(), "Invitation: Wed 12 May 10:00, Meeting with Huaxin"),
        (update(), "Changed: Wed 12 May 10:00, Meeting with Huaxin"),
        (details(), "New details: Wed 12 May 10:00, Meeting with Huaxin"),
        (cancel(), "Cancelled: Wed 12 May 10:00, Meeting with Huaxin"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_the_subject_says_what_it_is_about(message: Message, subject: str) -> None:
    assert parsed(mail(message))["Subject"] == subject


def test_nobody_reads_how_to_get_to_a_meeting_that_is_off() -> None:
    shown = content(directions="Hall 3: Table 17. Please be there five minutes early.")
    assert "five minutes early" in text_of(mail(only({}, wanted(shown))))
    (off,) = messages(told(shown), {}, NOW)
    assert off.kind is MessageKind.CANCEL and "five minutes early" not in text_of(mail(off))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Booth of Zhen Co., Ltd.. Please come", "Booth of Zhen Co., Ltd. Please come"),
        ("S.p.A.。请提前到场。", "S.p.A。请提前到场。"),
        ("wait ... and see", "wait ... and see"),
    ],
)
def test_a_name_that_ends_in_a_full_stop_ends_the_sentence(written: str, read: str) -> None:
    assert read in text_of(mail(only({}, wanted(content(directions=written)))))


def test_the_way_to_another_place_is_no_change_of_its_own() -> None:
    """The place is: it was said twice, and three times in the mail."""
    old = content(place_name="Booth of Zhen Co., Ltd.", directions="Hall 3: Booth of Zhen Co., Ltd.. Come.")
    moved = replace(old, place_name="Booth 9", directions="Hall 3: Booth 9. Come.")
    said = text_of(mail(only(told(old), wanted(moved)))).partition("When:")[0]
    assert "Place: was Booth of Zhen Co., Ltd., now Booth 9" in said and "get there" not in said
    said = text_of(mail(only(told(old), wanted(replace(old, directions="By the north gate")))))
    assert "How to get there: was Hall 3: Booth of Zhen Co., Ltd. Come., now By the north gate" in said


def test_exchange_is_asked_for_no_automatic_answer() -> None:
    assert parsed(mail(new()))["X-Auto-Response-Suppress"] == "OOF, AutoReply"


def test_who_is_no_longer_needed_reads_that_the_meeting_goes_on() -> None:
    (made,) = messages(told() | told(key=Key(UID, 8)), wanted(), NOW)
    assert "The meeting goes on without you" in text_of(mail(made))


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda m: m.kind)
def test_the_html_says_the_same_in_tables_without_anything_to_load(message: Message) -> None:
    page = Reader(text_of(mail(message), "text/html"))
    assert page.open == []
    assert page.tags.isdisjoint({"script", "img", "link", "style", "iframe", "object"})
    said = " ".join(page.words)
    for word in (
        "Huaxin Microelectronics",
        "Wang Xiaoming",
        "Table 17",
        "Zhao Lei",
        "UTC+08:00",
        "Chain Expo",
    ):
        assert word in said


def test_the_html_escapes_what_people_typed() -> None:
    evil = '<script>alert("1")</script>&'
    shown = content(summary=evil, partner_firm=evil, topic=evil, agenda_url="javascript:alert(1)")
    made = only(told(content(topic=evil + "2")), wanted(shown))
    page = Reader(text_of(mail(made, accept_url='https://x.example/"><script>'), "text/html"))
    assert "script" not in page.tags
    assert page.words.count(evil) == 3  # the title, the firm and the topic
    assert page.links == ["https://x.example/%22%3E%3Cscript%3E"]


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
    calendar = build(update(), ORGANIZER, ATTENDEE)
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


ANSWERED = {
    "en": (
        "Your answer is still missing.",
        "You have accepted.",
        "10:00–10:30. It is now Wednesday, 12 May 2027",
    ),
    "hu": (
        "Még nem kaptunk választ Öntől.",
        "Ön már elfogadta.",
        "10:00–10:30. Az új időpont: 2027. május 12.",
    ),
    "zh": (
        "您尚未答复，请接受或谢绝。",
        "您已接受，无需再次答复。",
        "10:00–10:30。现在的时间是：2027年5月12日",
    ),
}


@pytest.mark.parametrize("kind", [MessageKind.DETAILS, MessageKind.AGAIN])
@pytest.mark.parametrize("language", ANSWERED)
def test_a_mail_that_keeps_the_time_says_whether_an_answer_is_missing(
    language: str, kind: MessageKind
) -> None:
    missing, accepted, _ = ANSWERED[language]
    message = replace(new(), kind=kind, content=content(language=language))
    known = replace(message, partstat=Partstat.ACCEPTED)
    assert missing in imip.show(message, envelope(message)).text
    assert accepted in imip.show(known, envelope(known)).text
    assert missing not in imip.show(known, envelope(known)).text


@pytest.mark.parametrize("language", ANSWERED)
def test_an_answer_to_an_earlier_time_is_told_with_both_times(language: str) -> None:
    later = content(
        language=language,
        start=datetime(2027, 5, 12, 6, 0, tzinfo=UTC),
        end=datetime(2027, 5, 12, 6, 30, tzinfo=UTC),
    )
    message = replace(new(), kind=MessageKind.AGAIN, content=later, previous=content())
    shown = imip.show(message, envelope(message))
    assert ANSWERED[language][2] in shown.text and ANSWERED[language][2] in shown.html


def test_an_answer_to_an_earlier_place_is_told_to_be_outdated() -> None:
    message = replace(new(), kind=MessageKind.AGAIN, previous=content(hall="Hall 5"))
    assert (
        "You answered an earlier version. The meeting has changed since."
        in imip.show(message, envelope(message)).text
    )


def test_a_mail_comes_from_the_event_and_from_the_site_only_where_no_event_is() -> None:
    for message in (new(), cancel()):
        made = parsed(mail(message))
        organizer = event_of(part(made, "text/calendar").get_content())["ORGANIZER"]
        assert made["From"].addresses[0].display_name == organizer.params["CN"] == "Chain Expo"
    nameless = only({}, wanted(content(event_name="")))
    assert parsed(mail(nameless))["From"].addresses[0].display_name == "Chainmeet"


def test_a_subject_has_a_firms_name_in_one_script_and_the_text_has_both() -> None:
    """Letters of two scripts in one subject are held against a mail by filters of spam."""
    for language, subject in (("en", "Meeting with Kunming Battery"), ("zh", "与昆明电池洽谈")):
        said = {"en": "Meeting with {}", "zh": "与{}洽谈"}[language]
        both = "Kunming Battery (昆明电池)"
        shown = content(language=language, partner_firm=both, summary=said.format(both))
        made = parsed(mail(only({}, wanted(shown))))
        assert made["Subject"].endswith(subject)
        text = part(made, "text/plain").get_content()
        assert "昆明电池" in text and "Kunming Battery" in text


def test_a_subject_that_is_not_ascii_is_utf_8_in_all_of_its_words() -> None:
    shown = content(language="hu", summary="Találkozó: Kunming (昆明电池有限公司) és Társa, " * 3)
    raw = mail(only({}, wanted(shown))).data.split(b"\r\nDate:")[0].split(b"Subject: ")[1]
    words = [line.strip() for line in raw.split(b"\r\n")]
    assert len(words) > 2 and all(word.startswith(b"=?utf-8?") and word.endswith(b"?=") for word in words)


def test_who_no_longer_takes_part_may_delete_what_stays_in_the_calendar() -> None:
    goes_on = replace(cancel(), meeting_is_off=False)
    assert "you may delete it" in imip.show(goes_on, envelope(goes_on)).text


OFF = {
    "en": ("Why: 王明 of Kunming declined or cancelled it.\n    “A <b>fair</b>”", "The organisers read it."),
    "hu": ("Miért: 王明 (Kunming) elutasította vagy lemondta.\n    „A <b>fair</b>”", "A szervezők"),
    "zh": ("原因：Kunming的王明谢绝或取消了这场洽谈。\n    “A <b>fair</b>”", "主办方会阅读。"),
}  # fmt: skip


@pytest.mark.parametrize("language", OFF)
def test_a_cancellation_says_who_called_it_off_what_they_wrote_and_whom_to_ask(language: str) -> None:
    off = Off(person="王明", firm="Kunming", note="A <b>fair</b>")
    message = replace(cancel(), off=off, content=content(language=language), meeting_is_off=True)
    assert Message.from_json(message.to_json()) == message
    shown = imip.show(message, envelope(message))
    assert all(said in shown.text for said in OFF[language])
    assert "<b>" not in shown.html and "fair" in shown.html


@pytest.mark.parametrize(
    ("off", "says"),
    [
        (Off(firm="Kunming"), "Kunming cancelled it."),
        (Off(firm="Kunming Co., Ltd."), "Kunming Co., Ltd. cancelled it."),
        (Off(), "The organisers cancelled it."),
        (Off(person="Wang (王)", firm="Kunming (昆明)"), "Wang of Kunming declined or cancelled it."),
        (Off(person="Wang", firm="Kunming", is_own=True), "You declined this meeting."),
        (Off(code="no-place"), "The new schedule does not hold it. No booth or table that suits it is free"),
        (
            Off(code="unheard-of"),
            "The new schedule does not hold it. It did not fit beside the other meetings.",
        ),
    ],
)
def test_a_cancellation_says_why_in_words_that_give_nobodys_diary_away(off: Off, says: str) -> None:
    message = replace(cancel(), off=off, meeting_is_off=True)
    assert says in imip.show(message, envelope(message)).text


def test_a_note_to_the_others_is_bounded_and_cannot_break_out_of_its_row() -> None:
    message = replace(
        cancel(), off=Off(firm="F", note="x\r\nBcc: y\n\n\n\n" + "z" * 9_999), meeting_is_off=True
    )
    made = parsed(mail(message))
    assert made["Bcc"] is None and len(part(made, "text/plain").get_content()) < 3_000


CONTACT = "+86 10 1234 5678, info@expo.example, Hall 1 desk"


def test_a_cancellation_names_whom_to_call_before_the_answer_by_mail() -> None:
    said = text_of(mail(cancel(), contact=CONTACT))
    assert f"Questions: {CONTACT}\n    Reply to this mail." in said.replace("\r\n", "\n")
    assert CONTACT in text_of(mail(cancel(), contact=CONTACT), "text/html")
    assert "Questions: Reply to this mail." in text_of(mail(cancel()))


@pytest.mark.parametrize("message", [new(), update(), details()], ids=lambda m: m.kind)
def test_who_has_a_meeting_reads_no_line_more(message: Message) -> None:
    assert text_of(mail(message, contact=CONTACT)) == text_of(mail(message))


def test_a_contact_adds_no_line_and_no_element() -> None:
    made = mail(cancel(), contact="a\r\nWhy: <b>x</b>")
    assert "Questions: a Why: <b>x</b>" in text_of(made) and "&lt;b&gt;" in text_of(made, "text/html")
