"""The agenda as a PDF: complete, readable in every script, small, and reproducible."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unicodedata import bidirectional

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.invites.agenda.agenda import AgendaDocument, AgendaEntry
from scheduler.invites.agenda.pdf import render_agenda_pdf
from scheduler.invites.pdf import lines, shaping
from scheduler.samples.expo import make_expo

START = datetime(2027, 5, 12, 1, tzinfo=UTC)


def entry(number: int = 0, day: int = 0, **changes: object) -> AgendaEntry:
    start = START + timedelta(days=day, minutes=30 * (number % 16))
    made = AgendaEntry(
        start=start,
        end=start + timedelta(minutes=30),
        partner=f"Firm {number:02}",
        place_name=f"Table {number}",
        hall="Hall 3",
        partner_people=("Wang Xiaoming",),
        topic="Cells",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def agenda(*entries: AgendaEntry, **changes: object) -> AgendaDocument:
    made = AgendaDocument(
        owner="Nagy Péter",
        event_name="Chain Expo",
        timezone="Asia/Shanghai",
        language="en",
        entries=entries,
        version=3,
        published_at=START - timedelta(days=30),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def document(made: AgendaDocument) -> pymupdf.Document:
    return pymupdf.open("pdf", render_agenda_pdf(made))


def text_of(made: AgendaDocument) -> str:
    return "\n".join(page.get_text() for page in document(made))


def test_it_is_a4_and_every_page_says_whose_agenda_of_which_schedule_it_is() -> None:
    made = document(agenda(*(entry(i, i // 12) for i in range(30))))
    assert len(made) > 1
    for number, page in enumerate(made, 1):
        said = page.get_text()
        assert (round(page.rect.width), round(page.rect.height)) == (595, 842)
        assert f"Page {number} of {len(made)} · Agenda of Nagy Péter · Chain Expo" in said
        assert "Schedule version 3, published Monday, 12 April 2027, 09:00 (Beijing time, UTC+08:00)" in said


def test_no_meeting_is_lost_or_broken_between_two_pages() -> None:
    entries = [entry(i, i // 12) for i in range(40)]
    pages = [page.get_text() for page in document(agenda(*entries))]
    for each in entries:
        (page,) = (said for said in pages if each.partner in said)
        assert f"{each.place_name}, Hall 3" in page


def test_a_meeting_shows_time_partner_people_place_and_interpreter() -> None:
    said = text_of(agenda(entry(own_people=("Kovács Éva",), interpreter="Zhao Lei")))
    for words in (
        "Wednesday, 12 May 2027 (Beijing time, UTC+08:00)",
        "09:00–09:30",
        "Table 0, Hall 3",
        "You'll meet: Wang Xiaoming",
        "Your colleagues: Kovács Éva",
        "Interpreter: Zhao Lei",
        "Topic: Cells",
    ):
        assert words in said


def test_times_never_wrap_and_what_stands_beside_them_begins_at_one_edge() -> None:
    partners = ("X", NAMES["Chinese"], "Firm of a name that goes on and on " * 4)
    words = [
        word
        for page in document(agenda(*(entry(i, i // 3, partner=partners[i % 3]) for i in range(9))))
        for word in page.get_text("words")
    ]
    times = [word[0] for word in words if "–" in word[4]]
    assert len(times) == 9 and len(set(times)) == 1
    assert len({round(word[0], 1) for word in words if word[4] == "Table"}) == 1


def test_a_day_begins_where_it_begins_at_the_venue() -> None:
    late = entry(start=datetime(2027, 5, 12, 16, tzinfo=UTC), end=datetime(2027, 5, 12, 17, tzinfo=UTC))
    said = text_of(agenda(late))
    assert "Thursday, 13 May 2027" in said and "00:00–01:00" in said


NAMES = {
    "Chinese": "华芯微电子有限公司",
    "Hungarian": "Őrült Űrhajó Kft.",
    "Cyrillic": "Северсталь",
    "Greek": "Ελληνική",
    "Vietnamese": "Nguyễn Thị",
    "Korean": "삼성전자",
    "Japanese": "カタカナ株式会社",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_of_any_script_can_be_read_and_copied(name: str) -> None:
    assert name in text_of(agenda(entry(partner=name)))


def test_text_is_copied_letter_by_letter_without_ligatures() -> None:
    assert "Topic: Difficult office files: affine fluff" in text_of(
        agenda(entry(topic="Difficult office files: affine fluff"))
    )


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("language", ["en", "zh", "hu"])
def test_nothing_is_shaped_where_each_letter_is_one_glyph(
    name: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "shape_lines", None)
    assert name in text_of(agenda(entry(partner=name), language=language, owner=name, event_name=name))


@pytest.mark.parametrize("name", ["חברת שבבים", "बिजली", "บริษัท", "X\u030b", "👍"])
def test_letters_that_have_to_be_shaped_are_copied_as_they_are_read(name: str) -> None:
    for changed in (agenda(entry(partner=name)), agenda(entry(), owner=name), agenda(event_name=name)):
        assert name in text_of(changed) and "Page 1 of 1" in text_of(changed)


def test_arabic_letters_are_joined_and_run_from_the_right() -> None:
    (page,) = document(agenda(entry(partner="شركة")))
    spans = [span for span in page.get_texttrace() if "Arabic" in span["font"]]
    letters = [letter for span in spans for letter in span["chars"]]
    places = list(dict.fromkeys(place[0] for _, _, place, _ in letters))
    assert places == sorted(places, reverse=True) and len(places) == 4


def test_a_name_is_shaped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        lines, "shape_lines", lambda *said, **how: asked.append(said) or shaping.shape_lines(*said, **how)
    )
    lines.break_lines.cache_clear()
    made = [render_agenda_pdf(agenda(*(entry(i, partner="شركة") for i in range(9)))) for _ in range(3)]
    assert len(asked) == 1 and len(set(made)) == 1


def test_each_name_of_the_sample_event_is_printed_whole() -> None:
    expo = make_expo(firms=60, requests=300, seed=1)
    names = [name for each in (*expo.firms, *expo.attendees) for name in (each.name, each.latin_name)]
    made = document(agenda(*(entry(i, i // 16, partner=name) for i, name in enumerate(names))))
    said = [" ".join(page.get_text().split()) for page in made]
    left = [
        name for name in names if "AL" not in map(bidirectional, name)
    ]  # copying Arabic depends on the viewer
    assert all(any(name in page for page in said) for name in left)
    glyphs = [glyph for page in made for span in page.get_texttrace() for _, glyph, *_ in span["chars"]]
    assert glyphs and 0 not in glyphs


def test_a_name_in_braces_is_no_place_for_a_number() -> None:
    assert "Page 1 of 1 · Agenda of {page} {0} · {pages" in text_of(
        agenda(entry(), owner="{page} {0}", event_name="{pages")
    )


@pytest.mark.parametrize("name", [*NAMES.values(), "شركة الإلكترونيات", "חברת שבבים", "บริษัท", "कंपनी"])
def test_every_letter_has_a_glyph_of_a_font_that_is_embedded(name: str) -> None:
    with pymupdf.open("pdf", render_agenda_pdf(agenda(entry(partner=name)))) as made:
        assert "\ufffd" not in made[0].get_text()
        fonts = made[0].get_fonts()
        assert fonts and all(ext != "n/a" and "+" in font for _, ext, _, font, *_ in fonts)
        glyphs = [glyph for span in made[0].get_texttrace() for _, glyph, *_ in span["chars"]]
        assert 0 not in glyphs  # glyph 0 of a font is the box for missing letters


def test_only_the_glyphs_that_are_used_are_embedded() -> None:
    assert len(render_agenda_pdf(agenda(*(entry(i) for i in range(12))))) < 30_000
    assert len(render_agenda_pdf(agenda(*(entry(i, partner=NAMES["Chinese"]) for i in range(12))))) < 60_000


def test_the_same_agenda_is_the_same_file_in_any_process() -> None:
    made = render_agenda_pdf(agenda(*(entry(i, partner=name) for i, name in enumerate(NAMES.values()))))
    program = (
        "import sys; from tests.unit.invites.test_agenda_pdf import *;"
        "sys.stdout.buffer.write(render_agenda_pdf(agenda(*(entry(i, partner=name)"
        " for i, name in enumerate(NAMES.values())))))"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=os.environ)
    assert (
        made
        == other.stdout
        == render_agenda_pdf(agenda(*(entry(i, partner=name) for i, name in enumerate(NAMES.values()))))
    )


def test_it_has_no_date_of_its_own() -> None:
    made = document(agenda(entry()))
    assert (made.metadata["creationDate"], made.metadata["modDate"]) == ("", "")
    assert made.metadata["title"] == "Agenda of Nagy Péter, Chain Expo"


def test_what_people_type_is_no_markup() -> None:
    typed = "<b>Bold</b> & <img src=x> \u202eevil"
    assert "<b>Bold</b> & <img src=x> evil" in text_of(agenda(entry(partner=typed)))


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_whatever_people_are_called_there_is_a_pdf(name: str) -> None:
    made = document(agenda(entry(partner=name, partner_people=[name], topic=name), owner=name))
    assert len(made) == 1 and "Page 1 of 1" in made[0].get_text()


def test_the_longest_texts_still_fit_on_a_page() -> None:
    long = entry(
        partner="W" * 200,
        partner_people=["Wang " * 20] * 40,
        own_people=["Kovács " * 15] * 40,
        interpreter="Zhao " * 20,
        topic="Power modules " * 40,
        place_name="Table " * 30,
    )
    made = document(agenda(long, entry(1)))
    said = made[-1].get_text()
    assert "Firm 01" in said and "Topic: Power modules" in said


def test_an_agenda_without_meetings_says_so_and_one_that_is_called_off_is_marked() -> None:
    assert "No meetings scheduled." in text_of(agenda(version=None, published_at=None))
    assert "Cancelled. The next schedule leaves it out." in text_of(agenda(entry(is_called_off=True)))


@pytest.mark.parametrize(("language", "title"), [("zh", "Nagy Péter的日程"), ("hu", "Nagy Péter napirendje")])
def test_it_is_written_in_the_language_of_its_reader(language: str, title: str) -> None:
    made = document(agenda(entry(), language=language))
    assert title in made[0].get_text()
    assert made.language == language


def test_the_web_does_not_load_the_pdf_library_before_it_is_needed() -> None:
    program = (
        "import sys; import api.app, scheduler.services.delivery.delivery; sys.exit('pymupdf' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("contact", ["+86 10 1234 5678, info@expo.example", "问" * 200])
def test_each_page_has_whom_to_call_at_its_foot_within_the_sheet(contact: str) -> None:
    made = document(agenda(*(entry(i, i // 12) for i in range(30)), contact=contact))
    assert len(made) > 1
    for page in made:
        assert contact[:40] in page.get_text()
        assert max(word[3] for word in page.get_text("words")) < page.rect.height - 8
