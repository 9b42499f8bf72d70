"""Emails, calendars and PDFs in Arabic: from right to left, with names and times in their own order."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pymupdf
import pytest

from scheduler.domain import bidi
from scheduler.invites.agenda.agenda import AgendaDocument, AgendaEntry
from scheduler.invites.agenda.pdf import render_agenda_pdf
from scheduler.invites.mail import bodies
from scheduler.invites.mail.imip import preview_email, render_invitation
from scheduler.invites.mail.mime import RenderedMail, subject_header
from scheduler.invites.mail.summary_mail import render_summary
from tests.unit.invites import test_digest, test_summary
from tests.unit.invites.builders import content, envelope, event_of, only, parsed, part, wanted

ARABIC: dict[str, Any] = {
    "language": "ar",
    "summary": "اجتماع مع Huaxin Co., Ltd.",
    "place_name": "طاولة 17",
    "hall": "القاعة 3",
    "partner_firm": "Huaxin Co., Ltd.",
    "topic": "وحدات طاقة SiC",
    "directions": "القاعة 3، الجناح H3-B12.",
}
START = datetime(2027, 5, 12, 2, tzinfo=UTC)
HOURS = f"{bidi.LRI}10:00–10:30{bidi.PDI}"


def test_an_invitation_is_in_arabic_from_right_to_left() -> None:
    message = only({}, wanted(content(**ARABIC)))
    mail = parsed(render_invitation(message, envelope(message)))
    assert mail["Subject"] == f"دعوة: الأربعاء 12 مايو 10:00، {bidi.FSI}اجتماع مع Huaxin Co., Ltd.{bidi.PDI}"
    plain = part(mail, "text/plain").get_content().replace("\r\n", "\n")
    assert f"الأربعاء، 12 مايو 2027، {HOURS} (توقيت بكين، UTC+08:00)" in plain
    assert f": {bidi.FSI}Huaxin Co., Ltd.{bidi.PDI}\n" in plain
    assert f"{bidi.FSI}Wang Xiaoming{bidi.PDI}، {bidi.FSI}Li Na{bidi.PDI}" in plain
    assert bidi.is_balanced(plain) and not re.search("[٠-٩]", plain)
    html = part(mail, "text/html").get_content()
    assert '<html lang="ar" dir="rtl">' in html
    assert "text-align:right" in html and "left" not in re.sub(
        r"<style>.*?</style>", "", html, flags=re.DOTALL
    )
    event = event_of(part(mail, "text/calendar").get_content())
    assert event["SUMMARY"] == "اجتماع مع Huaxin Co., Ltd."
    assert event["LOCATION"] == "طاولة 17، القاعة 3"
    told = str(event["DESCRIPTION"])
    assert bidi.FSI in told and "المكان: طاولة 17، القاعة 3\n" in bidi.remove_isolates(told)


def test_directions_that_begin_with_a_latin_name_go_from_right_to_left() -> None:
    message = only({}, wanted(content(**ARABIC | {"directions": "East Hall 3: طاولة E3-T03."})))
    mail = parsed(render_invitation(message, envelope(message)))
    plain = part(mail, "text/plain").get_content()
    assert f"{bidi.RLI}East Hall 3: طاولة E3-T03.{bidi.PDI}" in plain
    assert bidi.isolate_sentences("East Hall 3") == bidi.isolate("East Hall 3")


@pytest.mark.parametrize("language", ["en", "zh", "hu"])
def test_no_other_language_has_isolates(language: str) -> None:
    message = only({}, wanted(content(language=language)))
    shown = preview_email(message, envelope(message))
    texts = shown.subject, shown.text, shown.html
    assert [text for text in texts if text != bidi.remove_isolates(text)] == []


def test_the_sides_of_a_template_are_exchanged_and_nothing_else() -> None:
    style = 'align="left" style="padding:1px 2px 3px 4px;padding:1px 2px;color:#fff;border-left:0;">left'
    other = 'align="right" style="padding:1px 4px 3px 2px;padding:1px 2px;color:#fff;border-right:0;">right'
    assert bodies._mirrored(style) == other


def test_an_event_s_own_text_has_isolated_values() -> None:
    message = only({}, wanted(content(**ARABIC)))
    shown = preview_email(message, envelope(message, wording={"headline": "موعد مع {partner} في {hall}"}))
    assert f"موعد مع {bidi.FSI}Huaxin Co., Ltd.{bidi.PDI} في {bidi.FSI}القاعة 3{bidi.PDI}" in shown.text


def test_a_subject_keeps_isolates_only_in_pairs() -> None:
    assert "\u2068" not in _subject("a \u2068b") and "\u2068" not in _subject("a \u2069\u2068b")
    assert _subject("a \u2068b\u2069") == "a \u2068b\u2069"
    assert _subject("a \u202eb \u2068c\u2069") == "a b \u2068c\u2069"


def _subject(text: str) -> str:
    return str(parsed(_mail(subject_header(text)))["Subject"])


def _mail(head: bytes) -> Any:
    return RenderedMail("a@x.example", "b@x.example", "<1@x.example>", head + b"\r\n")


def test_a_digest_is_in_arabic_with_each_name_in_its_own_order() -> None:
    mail, plain, html = test_digest.bodies(test_digest.digest(language="ar"))
    assert bidi.is_balanced(plain)
    assert f"{bidi.FSI}{test_digest.FIRM[1]} ({test_digest.FIRM[0]}){bidi.PDI}" in plain
    assert '<html lang="ar" dir="rtl">' in html and "padding-right:14px" in html
    assert re.search("[\u0600-\u06ff]", str(mail["Subject"])) and "Heron Bay Expo" in str(mail["Subject"])


def test_a_summary_is_in_arabic_and_so_is_its_pdf() -> None:
    made = test_summary.summary([only({}, wanted(content(**ARABIC)))])
    mail = parsed(render_summary(made, test_summary.envelope(made)))
    assert HOURS in part(mail, "text/plain").get_content()
    with pymupdf.open("pdf", part(mail, "application/pdf").get_content()) as pdf:
        assert "جدول مواعيد" in pdf[0].get_text().replace("\n", "")


def agenda(**changes: Any) -> AgendaDocument:
    entry = AgendaEntry(
        start=START,
        end=START + timedelta(minutes=30),
        partner="Siemens AG Co., Ltd.",
        place_name="طاولة 12",
        hall="القاعة 3",
        topic="وحدات Power modules، 1200 V",
    )
    values: dict[str, Any] = {
        "owner": "Nagy Péter",
        "event_name": "Chain Expo",
        "timezone": "Asia/Shanghai",
        "language": "ar",
        "entries": [entry],
        "contact": "+86 10 1234 5678",
        "check": "https://meet.example/p/abc",
    }
    return AgendaDocument(**values | changes)


def test_a_pdf_is_mirrored_and_its_letters_are_joined() -> None:
    octets = render_agenda_pdf(agenda())
    assert b"/Direction/R2L" in octets and b"/Lang(ar)" in octets
    with pymupdf.open("pdf", octets) as pdf:
        page = pdf[0]
        spans = page.get_texttrace()
        letters = [letter for span in spans for letter in span["chars"] if letter[0] != ord(" ")]
        assert max(box[2] for *_, box in letters) == pytest.approx(595 - 48, abs=2)
        (times,) = page.search_for("10:00–10:30")
        (partner,) = page.search_for("Siemens AG Co., Ltd.")
        assert times.x0 > partner.x1 and partner.x0 > 595 / 2
        codes = {code for span in spans for code, *_ in span["chars"] if "Arabic" in span["font"]}
        assert codes and not any("\u2060" <= chr(code) <= "\u206f" for code in codes)
        glyphs = [glyph for span in spans for _, glyph, *_ in span["chars"]]
        assert 0 not in glyphs
        phone = [box.x0 for word in ("+86", "1234", "5678") for box in page.search_for(word)]
        assert phone == sorted(phone)
        code = min(drawing["rect"].x0 for drawing in page.get_drawings())
        assert 48 <= code < 60  # below the ends of the lines
