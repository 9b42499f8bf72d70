"""The digest email: its text in each language, its links, and one-click unsubscription."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from scheduler.domain.entities import DigestKind
from scheduler.invites.mail import digest_mail
from scheduler.invites.mail.digest import Digest, DigestEntry
from scheduler.invites.mail.digest_mail import DigestLinks, digest_headline
from scheduler.invites.mail.imip import Envelope
from tests.unit.invites.builders import parsed, part

NOW = datetime(2027, 6, 16, 0, tzinfo=UTC)
FIRM = ("佛山霁渚智能装备集团有限公司", "Foshan Jizhu Intelligent Equipment Group Co., Ltd.")
SITE = "https://meet.example"
LINKS = DigestLinks(
    answer=lambda item, step: f"{SITE}/respond/token-{item.key}/{step}",
    details=lambda item: f"{SITE}/events/expo/requests/{item.key}",
    see=f"{SITE}/events/expo/requests/received",
    choose=f"{SITE}/events/expo/preferences#digests",
    stop=f"{SITE}/digests/stop-token",
)
ENVELOPE = Envelope(
    attendee_name="Uwe Jäger",
    attendee_email="uwe@firm.example",
    sender_name="Chainmeet",
    domain="meet.example",
    token="",
    bounce_token="bounce",
    message_id="<digest-1@meet.example>",
)


def item(number: int = 1, **values: Any) -> DigestEntry:
    return DigestEntry(
        **{
            "request": number,
            "key": f"r{number}",
            "kind": DigestKind.RECEIVED,
            "firm": FIRM[0],
            "firm_latin": FIRM[1],
            "country": "CN",
            "tier": "upstream",
            "areas": ["Advanced manufacturing"],
            "area": 5,
            "topic": "Graphite blocks",
            "text": "We bring references.",
            "person": "魏思雨",
            "person_latin": "Wei Siyu",
            "title": "Director",
            "is_must": False,
            "expires_at": NOW + timedelta(days=2, hours=10),
            **values,
        }
    )


def digest(*items: DigestEntry, **values: Any) -> Digest:
    return Digest(
        **{
            "language": "en",
            "event_key": "expo",
            "event_name": "Heron Bay Expo",
            "timezone": "Asia/Shanghai",
            "own_timezone": "Europe/Berlin",
            "firm": "Ulmenbrücker AG",
            "contact": "+86 10 5550 0132",
            "others": 0,
            "made_at": NOW,
            "items": items or (item(),),
            **values,
        }
    )


def bodies(made: Digest) -> tuple[Any, str, str]:
    """Return the email, its plain text and its HTML."""
    mail = parsed(digest_mail.render_digest(made, ENVELOPE, LINKS))
    plain, html = (part(mail, f"text/{kind}").get_content() for kind in ("plain", "html"))
    return mail, plain.replace("\r\n", "\n"), html


def test_a_request_that_waits_has_all_that_an_answer_needs() -> None:
    mail, plain, html = bodies(digest(item(is_must=True)))
    assert mail["Subject"] == "1 new meeting request (Heron Bay Expo)"
    assert mail["From"] == "Heron Bay Expo <requests@meet.example>"
    for said in (
        *FIRM, "Graphite blocks", "“We bring references.”", "The other company marked this as a must-have.",
        "Wei Siyu (魏思雨), Director",
        "Advanced manufacturing, upstream, China",
        "Respond by Friday, 18 June 2027, 18:00 (your time: Fri 18 Jun 12:00)",
        f"{SITE}/respond/token-r1/accept", f"{SITE}/respond/token-r1/decline",
        f"{SITE}/events/expo/requests/r1",
        "+86 10 5550 0132", "Don't forward it",
    ):  # fmt: skip
        assert said in plain, said
        assert said in unescape(html) or said.startswith("Wei Siyu"), said
    assert html.index(FIRM[1]) < html.index(FIRM[0])
    assert "\nQuestions: +86 10 5550 0132" in plain and "Questions: +86 10 5550 0132" in html


def test_m13_it_stops_by_one_press_of_the_mail_program() -> None:
    mail, plain, html = bodies(digest())
    assert mail["List-Unsubscribe"] == f"<{SITE}/digests/stop-token>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"].split()[-1] == "<requests.meet.example>"
    assert f"{SITE}/digests/stop-token" in plain and f"{SITE}/digests/stop-token" in html


def test_requests_stand_below_the_time_until_which_they_wait() -> None:
    later = item(2, expires_at=NOW + timedelta(days=9))
    _, plain, _ = bodies(digest(item(1), later, item(3, expires_at=None)))
    titles = [line for line in plain.splitlines() if line.startswith("==")]
    assert [title[3:29] for title in titles] == [
        "Respond by Friday, 18 June", "Respond by Friday, 25 June", "Waiting for your response ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kinds", "subject"),
    [
        (["asked", "asked", "accepted"], "2 new meeting requests"),
        (["three_days", "one_day"], "2 requests need your response"),
        (["accepted", "expired"], "Updates on 2 of your requests"),
    ],
)
def test_the_headline_is_about_what_waits(kinds: list[str], subject: str) -> None:
    made = digest(*(item(number, kind=DigestKind(kind)) for number, kind in enumerate(kinds)))
    assert digest_headline(made) == subject


@pytest.mark.parametrize(("kind", "is_due"), [("asked", True), ("accepted", False)])
def test_the_preview_offers_to_respond_only_where_a_response_is_due(kind: str, is_due: bool) -> None:
    _, _, html = bodies(digest(item(kind=DigestKind(kind))))
    assert ("You can respond from this email" in html) is is_due


@pytest.mark.parametrize("kind", ["accepted", "declined", "cancelled", "expired"])
def test_what_came_of_a_request_is_said_and_cannot_be_answered(kind: str) -> None:
    _, plain, html = bodies(digest(item(kind=DigestKind(kind), text="Not before 2029", expires_at=None)))
    assert "“Not before 2029”" in plain and "/respond/" not in plain + html
    assert kind in plain.lower()


def test_a_long_mail_counts_what_it_does_not_show() -> None:
    _, plain, html = bodies(digest(*(item(number) for number in range(25)), others=3))
    assert html.count("/accept") == digest_mail.MAX_ITEMS
    assert "5 more on the Requests page." in plain
    assert "3 more requests need your response. You were emailed about them before." in html
    _, plain, html = bodies(digest(unsaid=1))
    assert "1 more request needs your response." in plain and "emailed about it before" not in plain + html


@pytest.mark.parametrize(
    ("first", "said"), [("daily", "at most one a day, at 8:00"), ("at_once", "at most one an hour")]
)
def test_the_first_one_says_so_and_how_to_stop(first: str, said: str) -> None:
    _, plain, html = bodies(digest(first=first))
    for body in (plain, html):
        assert (
            "This is your first email of this kind." in body and said in body and "stop these emails" in body
        )
    before = html.partition("This is your first")[0]
    assert before.rindex("<td") > before.rindex("</td>")  # a browser moves what is between rows to the top
    _, plain, html = bodies(digest())
    assert "first email" not in plain + html


def test_one_that_waits_since_before_an_upgrade_still_reads() -> None:
    old = {name: value for name, value in digest().to_json().items() if name not in ("unsaid", "first")}
    assert Digest.from_json(old) == digest()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ["1个新的洽谈请求", "请于2027年6月18日 星期五 18:00（您的当地时间", "上游", "中国"]),
        ("hu", ["1 új találkozókérés", "Kína", "a lánc eleje", "Elfogadom"]),
    ],
)
def test_it_is_in_the_language_of_its_reader(language: str, said: list[str]) -> None:
    _, plain, html = bodies(digest(language=language))
    for each in said:
        assert each in plain, each
    assert f'<html lang="{language}"' in html
    own, latin = FIRM
    assert (own in html, latin in html) == (True, language != "zh")
    assert language == "zh" or html.index(latin) < html.index(own)


def test_what_strangers_wrote_stays_text() -> None:
    evil = '<script>alert("x")</script>'
    wild = item(text=evil, topic=evil, firm=evil, firm_latin=evil, person=evil, areas=[evil])
    _, _, html = bodies(digest(wild))
    assert "<script>" not in html and html.count("&lt;script&gt;") >= 5


def test_the_same_digest_is_the_same_mail_and_survives_being_kept() -> None:
    made = digest(item(), item(2, kind=DigestKind.EXPIRED, expires_at=None))
    kept = Digest.from_json(made.to_json())
    assert kept == replace(made, items=tuple(made.items))
    assert digest_mail.render_digest(kept, ENVELOPE, LINKS) == digest_mail.render_digest(
        made, ENVELOPE, LINKS
    )
