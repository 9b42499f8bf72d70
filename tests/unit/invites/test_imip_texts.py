"""Rule M10: what an email about a meeting says, in its text and in its HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduler.domain.entities import Partstat
from scheduler.invites.ical.itip import ItipMessage, MessageKind
from scheduler.invites.mail import imip
from tests.unit.invites.builders import (
    content,
    envelope,
    new,
    only,
    told,
    update,
    wanted,
)
from tests.unit.invites.mails import EVERY_KIND, Reader, mail, text_of


def test_m10_trap_21_the_text_says_who_when_and_where_without_a_calendar() -> None:
    assert text_of(mail(only({}, wanted(content(reader_timezone="Europe/Budapest"))))).replace(
        "\r\n", "\n"
    ) == (
        "You have a new meeting\n"
        "Meeting with Huaxin\n"
        "\n"
        "When: Wednesday, 12 May 2027, 10:00–10:30 (Beijing time, UTC+08:00)\n"
        "Your time: Wednesday, 12 May 2027, 04:00–04:30 (Budapest, UTC+02:00)\n"
        "With: Huaxin Microelectronics\n"
        "You'll meet: Wang Xiaoming, Li Na\n"
        "Your colleagues: Kovács Éva\n"
        "Where: Table 17, Hall 3\n"
        "Interpreter: Zhao Lei\n"
        "Topic: Power modules\n"
        "Directions: South entrance,\n"
        "    level 2\n"
        "Event: Chain Expo\n"
        "\n"
        "Please accept or decline the invitation in this email. Accepting adds the meeting to"
        " your calendar.\n"
        "\n"
        "View your agenda:\n"
        "https://meet.example/agenda\n"
        "\n"
        "-- \n"
        "Sent by Chainmeet for Chain Expo. Accept and Decline are processed automatically. "
        "Anything you write in a reply goes to the organisers.\n"
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
        "now Wednesday, 12 May 2027, 14:00–14:30 (Beijing time, UTC+08:00)\n"
        "* Hall: was Hall 3, now Hall 5\n"
        "* Interpreter: was Zhao Lei, now none"
    )


def test_the_readers_own_time_is_left_out_where_it_is_the_venues() -> None:
    assert "Your time" not in text_of(mail(only({}, wanted(content(reader_timezone="Asia/Singapore")))))


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
    """The place itself is a change: it appeared twice as text, and three times in the email."""
    old = content(place_name="Booth of Zhen Co., Ltd.", directions="Hall 3: Booth of Zhen Co., Ltd.. Come.")
    moved = replace(old, place_name="Booth 9", directions="Hall 3: Booth 9. Come.")
    said = text_of(mail(only(told(old), wanted(moved)))).partition("When:")[0]
    assert "Location: was Booth of Zhen Co., Ltd., now Booth 9" in said and "Directions" not in said
    said = text_of(mail(only(told(old), wanted(replace(old, directions="By the north gate")))))
    assert "Directions: was Hall 3: Booth of Zhen Co., Ltd. Come., now By the north gate" in said


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda m: m.kind)
def test_the_html_says_the_same_in_tables_without_anything_to_load(message: ItipMessage) -> None:
    page = Reader(text_of(mail(message), "text/html"))
    assert page.open == []
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert not re.search(r"url\(|@import", text_of(mail(message), "text/html"))
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
    assert page.words.count(evil) == 2  # the title, which has the firm's name, and the topic
    assert page.links == ["https://x.example/%22%3E%3Cscript%3E"]


ANSWERED = {
    "en": (
        "You haven't replied yet.",
        "You've accepted.",
        "10:00–10:30. The new time is Wednesday, 12 May 2027",
    ),
    "hu": (
        "Még nem válaszolt.",
        "Ön már elfogadta.",
        "10:00–10:30. Az új időpont: 2027. május 12.",
    ),
    "zh": (
        "您尚未回复，请接受或谢绝。",
        "您已接受，无需再次回复。",
        "10:00–10:30。新的时间是：2027年5月12日",
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
    assert missing in imip.preview_email(message, envelope(message)).text
    assert accepted in imip.preview_email(known, envelope(known)).text
    assert missing not in imip.preview_email(known, envelope(known)).text


@pytest.mark.parametrize("language", ANSWERED)
def test_an_answer_to_an_earlier_time_is_told_with_both_times(language: str) -> None:
    later = content(
        language=language,
        start=datetime(2027, 5, 12, 6, 0, tzinfo=UTC),
        end=datetime(2027, 5, 12, 6, 30, tzinfo=UTC),
    )
    message = replace(new(), kind=MessageKind.AGAIN, content=later, previous=content())
    shown = imip.preview_email(message, envelope(message))
    assert ANSWERED[language][2] in shown.text and ANSWERED[language][2] in shown.html


def test_an_answer_to_an_earlier_place_is_told_to_be_outdated() -> None:
    message = replace(new(), kind=MessageKind.AGAIN, previous=content(hall="Hall 5"))
    assert "The meeting has changed since you replied." in imip.preview_email(message, envelope(message)).text
