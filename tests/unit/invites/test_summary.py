"""Summaries: their counts, their text, and that they are no invitations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pymupdf
import pytest

from scheduler.domain.entities import Method
from scheduler.invites.ical import itip, itip_revisions
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import SentEntry
from scheduler.invites.mail.imip import Envelope
from scheduler.invites.mail.summary import (
    Summary,
    SummaryKind,
    UnscheduledRequest,
    summary_change,
    unsent_changes,
)
from scheduler.invites.mail.summary_mail import message_id, render_summary, thread_id
from tests.unit.invites import builders
from tests.unit.invites.builders import NOW, content, parsed, part, told, wanted

LATER = {
    "start": datetime(2027, 5, 13, 3, 0, tzinfo=UTC),
    "end": datetime(2027, 5, 13, 3, 30, tzinfo=UTC),
}


def summary(
    messages: Sequence[itip.ItipMessage], stays: Sequence[Content] = (), stamp: datetime = NOW
) -> Summary:
    """Return the summary of messages; its agenda is their result and some unchanged meetings."""
    agenda = {m.uid: m.content for m in messages if m.method is Method.REQUEST}
    agenda |= {f"stays{i}@meet.example": each for i, each in enumerate(stays)}
    return Summary(version=3, stamp=stamp, agenda=agenda, changes=[summary_change(m) for m in messages])


def each_kind() -> Summary:
    messages = [
        builders.update(**LATER),
        builders.update(hall="Hall 5"),
        builders.new(),
        builders.new(),
        builders.cancel(),
        builders.details(),
    ]
    apart = [replace(m, uid=f"{i}@meet.example") for i, m in enumerate(messages)]
    return summary(apart, [content(partner_firm="Stays Ltd")])


def envelope(made: Summary, **changes: Any) -> Envelope:
    values: dict[str, Any] = {
        "attendee_name": "Nagy Péter",
        "attendee_email": "peter.nagy@firm.example",
        "sender_name": "Chainmeet",
        "domain": "meet.example",
        "token": "tok3n",
        "bounce_token": "b0unce",
        "message_id": message_id(made, 7, "meet.example"),
        "thread_id": thread_id(7, "meet.example"),
    }
    return Envelope(**values | changes)


def text_of(made: Summary) -> str:
    mail = parsed(render_summary(made, envelope(made)))
    return str(part(mail, "text/plain").get_content()).replace("\r\n", "\n")


def pdf_of(made: Summary) -> pymupdf.Document:
    mail = parsed(render_summary(made, envelope(made)))
    return pymupdf.open("pdf", part(mail, "application/pdf").get_content())


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (builders.new(), SummaryKind.NEW),
        (builders.update(**LATER), SummaryKind.MOVED),
        (builders.update(**LATER, hall="Hall 5"), SummaryKind.MOVED),
        (builders.update(hall="Hall 5"), SummaryKind.CHANGED),
        (builders.update(partner_people=("Li Na",)), SummaryKind.CHANGED),
        (builders.details(), SummaryKind.DETAILS),
        (builders.cancel(), SummaryKind.CANCELLED),
    ],
    ids=lambda value: str(value) if isinstance(value, SummaryKind) else "",
)
def test_a_change_has_the_kind_that_a_person_would_call_it(
    message: itip.ItipMessage, kind: SummaryKind
) -> None:
    assert summary_change(message).kind is kind


def test_the_subject_counts_each_kind_once() -> None:
    made = each_kind()
    assert made.counts() == {
        SummaryKind.MOVED: 1,
        SummaryKind.CHANGED: 1,
        SummaryKind.NEW: 2,
        SummaryKind.CANCELLED: 1,
        SummaryKind.DETAILS: 1,
    }
    assert parsed(render_summary(made, envelope(made)))["Subject"] == (
        "Your agenda: 1 moved, 1 with changed attendees or location, 2 new, 1 cancelled, "
        "1 with new details (Chain Expo)"
    )


def test_the_mail_says_what_changed_and_the_whole_agenda_by_day_in_venue_time() -> None:
    moved = builders.update(**LATER)
    stays = content(partner_firm="Stays Ltd", place_name="Table 2")
    assert text_of(summary([moved], [stays])) == (
        "Your agenda\n"
        "1 moved\n"
        "\n"
        "What changed:\n"
        "* Moved: Meeting with Huaxin\n"
        "    Time: was Wednesday, 12 May 2027, 10:00–10:30, now Thursday, 13 May 2027, "
        "11:00–11:30 (Beijing time, UTC+08:00)\n"
        "\n"
        "All your current meetings\n"
        "\n"
        "Wednesday, 12 May 2027 (Beijing time, UTC+08:00)\n"
        "10:00–10:30: Stays Ltd\n"
        "    Table 2, Hall 3\n"
        "    Wang Xiaoming, Li Na\n"
        "\n"
        "Thursday, 13 May 2027 (Beijing time, UTC+08:00)\n"
        "11:00–11:30: Huaxin Microelectronics\n"
        "    Table 17, Hall 3\n"
        "    Wang Xiaoming, Li Na\n"
        "\n"
        "This is only a summary. Each invitation comes in its own email: please reply there. "
        "Your full agenda is attached as a PDF.\n"
        "\n"
        "View your agenda:\n"
        "https://meet.example/agenda\n"
        "\n"
        "-- \n"
        "Sent by Chainmeet for Chain Expo. Accept and Decline are processed automatically. "
        "Anything you write in a reply goes to the organisers.\n"
    )


def test_a_first_agenda_is_not_said_twice() -> None:
    said = text_of(summary([builders.new()]))
    assert "What changed" not in said
    assert said.count("Huaxin Microelectronics") == 1


def test_a_person_without_meetings_left_is_told_so() -> None:
    said = text_of(summary([builders.cancel()]))
    assert "Cancelled: Meeting with Huaxin\n    Wednesday, 12 May 2027, 10:00–10:30" in said
    assert "You currently have no meetings." in said


def test_no_calendar_takes_a_summary_for_an_invitation() -> None:
    made = each_kind()
    mail = parsed(render_summary(made, envelope(made)))
    types = [leaf.get_content_type() for leaf in mail.walk() if not leaf.is_multipart()]
    assert types == ["text/plain", "text/html", "application/pdf"]
    assert part(mail, "application/pdf").get_filename() == "agenda.pdf"


def test_what_comes_back_goes_where_answers_and_bounces_of_the_token_go() -> None:
    made = each_kind()
    mail = render_summary(made, envelope(made))
    head = parsed(mail)
    assert (mail.from_addr, mail.to_addr) == ("bounces+b0unce@meet.example", "peter.nagy@firm.example")
    assert head["From"].addresses[0].addr_spec == "meetings+tok3n@meet.example"
    assert head["Auto-Submitted"] == "auto-generated"


def test_summaries_of_a_person_are_one_thread_and_each_has_an_id_of_its_own() -> None:
    first, second = summary([builders.new()]), summary([builders.new()], stamp=NOW + timedelta(days=1))
    heads = [parsed(render_summary(made, envelope(made))) for made in (first, second)]
    assert heads[0]["References"] == heads[1]["References"] == thread_id(7, "meet.example")
    assert heads[0]["Message-ID"] != heads[1]["Message-ID"]
    assert thread_id(8, "meet.example") != thread_id(7, "meet.example")


def test_a_retry_is_the_same_mail_to_the_byte_from_what_is_stored() -> None:
    made = each_kind()
    stored = json.loads(json.dumps(made.to_json()))
    assert Summary.from_json(stored) == made
    once, again = (render_summary(Summary.from_json(stored), envelope(made)) for _ in range(2))
    assert once == again


def test_what_meetings_share_is_stored_once() -> None:
    stored = json.dumps(each_kind().to_json())
    assert (stored.count("Asia/Shanghai"), stored.count("https://meet.example/agenda")) == (1, 1)


def test_the_pdf_has_the_agenda() -> None:
    (page,) = pdf_of(summary([builders.new()]))
    said = page.get_text()
    for words in ("Agenda of Nagy Péter", "Chain Expo", "12 May 2027", "10:00–10:30", "Table 17, Hall 3"):
        assert words in said


@pytest.mark.parametrize(
    ("language", "subject"),
    [("zh", "您的日程：1场新增（Chain Expo）"), ("hu", "Napirendje – 1 új (Chain Expo)")],
)
def test_a_summary_speaks_the_language_of_the_invitations(language: str, subject: str) -> None:
    made = summary([itip_revisions.next_messages({}, wanted(content(language=language)), NOW)[0]])
    assert parsed(render_summary(made, envelope(made)))["Subject"] == subject


def test_of_a_summary_that_was_never_sent_only_what_calendars_know_is_still_unsaid() -> None:
    message = builders.new()
    known = {message.uid: next(iter(told(message.content).values()))}
    moved = {message.uid: replace(known[message.uid], content=content(**LATER))}
    off: dict[str, SentEntry] = {message.uid: replace(known[message.uid], method=Method.CANCEL)}
    new, cancelled = summary_change(message), summary_change(builders.cancel())
    assert unsent_changes([new], known) == [new]
    assert unsent_changes([new], moved) == unsent_changes([new], off) == unsent_changes([new], {}) == []
    assert unsent_changes([cancelled], off) == [cancelled]
    assert unsent_changes([cancelled], known) == []


@pytest.mark.parametrize(
    ("language", "more"), [("en", "5 more: see your requests."), ("hu", "Még 5: lásd"), ("zh", "另有5个")]
)
def test_a_summary_lists_some_of_what_is_not_held_and_counts_the_rest(language: str, more: str) -> None:
    unscheduled = tuple(UnscheduledRequest(f"Firm {i}", "walking") for i in range(25))
    made = replace(
        summary([replace(builders.new(), content=content(language=language))]), unscheduled=unscheduled
    )
    assert Summary.from_json(made.to_json()) == made
    said = text_of(made)
    assert "Firm 19" in said and "Firm 20" not in said and more in said


@pytest.mark.parametrize(
    ("language", "label"), [("en", "Questions: "), ("hu", "Kérdés esetén"), ("zh", "如有疑问：")]
)
def test_whom_to_call_stands_in_the_summary_and_at_the_foot_of_its_pdf(language: str, label: str) -> None:
    made = summary([itip_revisions.next_messages({}, wanted(content(language=language)), NOW)[0]])
    mail = parsed(render_summary(made, envelope(made, contact="+86 10 1234 5678")))
    assert f"{label}" in str(part(mail, "text/plain").get_content())
    for kind in ("text/plain", "text/html"):
        assert "+86 10 1234 5678" in str(part(mail, kind).get_content())
    (page,) = pymupdf.open("pdf", part(mail, "application/pdf").get_content())
    assert "+86 10 1234 5678" in page.get_text()


def test_a_summary_of_an_event_that_names_nobody_has_no_such_line() -> None:
    assert "Questions" not in text_of(summary([builders.new()]))
