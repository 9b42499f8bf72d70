"""Look of a sheet: the logo above the first page, and days in the accent colour."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pymupdf
import pytest

from scheduler.invites.agenda.pdf import Cover, render_agenda_pdf, render_agendas_pdf
from scheduler.invites.pdf import rasters
from scheduler.invites.pdf.blocks import LOGO_HEIGHT, LOGO_WIDTH, MARGIN, SITE_LOOK, SheetLook
from tests.support.raster_images import picture
from tests.unit.invites.test_agenda_pdf import agenda, entry, text_of

LOOK = SheetLook(accent=0xC8102E, logo=rasters.read_png(picture(320, 80)))


@pytest.mark.parametrize("alpha", [True, False])
def test_a_picture_is_read_on_white(alpha: bool) -> None:
    read = rasters.read_png(picture(40, 20, alpha=alpha))
    assert read is not None and (read.width, read.height) == (40, 20)
    rgb = zlib.decompress(read.deflated)
    assert len(rgb) == 40 * 20 * 3
    assert rgb[:3] == bytes((200, 30, 60)) and rgb[-3:] == b"\xff\xff\xff"


@pytest.mark.parametrize(
    "octets",
    [b"", b"%PDF-1.7", picture(40, 20)[:20], picture(1_001, 20)],
)
def test_what_is_no_small_png_is_no_logo(octets: bytes) -> None:
    assert rasters.read_png(octets) is None


def test_the_logo_is_on_the_first_page_of_each_sheet_and_stored_once() -> None:
    sheet = agenda(*(entry(i, i // 12) for i in range(30)), look=LOOK)
    file = render_agendas_pdf([sheet, sheet])
    document = pymupdf.open("pdf", file)
    shown = [len(page.get_images()) and page.get_image_rects("I0") for page in document]
    with_logo = [number for number, found in enumerate(shown) if found]
    assert len(document) > 2 and with_logo == [0, len(document) // 2]
    ((left, top, right, bottom),) = [tuple(each) for each in shown[0] or []]
    assert (left, top) == (MARGIN, MARGIN)
    assert right - left <= LOGO_WIDTH + 0.1 and bottom - top <= LOGO_HEIGHT + 0.1
    assert round((right - left) / (bottom - top), 1) == 4.0, "its proportions stay"
    assert file.count(b"/Subtype/Image") == 1


def test_the_logo_covers_no_text_and_loses_none() -> None:
    plain = agenda(*(entry(i, i // 12) for i in range(30)))
    branded = replace(plain, look=LOOK)
    assert sorted(text_of(branded).split()) == sorted(text_of(plain).split())
    page = pymupdf.open("pdf", render_agenda_pdf(branded))[0]
    (logo,) = page.get_image_rects("I0")
    assert all(pymupdf.Rect(word[:4]).y0 >= logo.y1 for word in page.get_text("words"))


def test_days_have_the_accent_and_other_texts_do_not() -> None:
    page = pymupdf.open("pdf", render_agenda_pdf(agenda(entry(), look=LOOK)))[0]
    lines = [
        span
        for block in page.get_text("dict")["blocks"]
        for line in block.get("lines", [])
        for span in line["spans"]
    ]
    red = {span["text"].strip() for span in lines if span["color"] == 0xC8102E}
    assert len(red) == 1 and "May 2027" in red.pop()


def test_a_cover_has_the_logo_too() -> None:
    cover = Cover("Delegation", "Chain Expo", "en", [], [], look=LOOK)
    document = pymupdf.open("pdf", render_agendas_pdf([agenda(entry())], cover))
    assert document[0].get_image_rects("I0") and not document[1].get_image_rects("I0")


def test_a_sheet_without_a_look_is_the_same_to_the_octet_and_one_with_it_reproducible() -> None:
    made = agenda(entry())
    assert render_agenda_pdf(made) == render_agenda_pdf(replace(made, look=SITE_LOOK))
    branded = replace(made, look=LOOK)
    assert render_agenda_pdf(branded) == render_agenda_pdf(branded) != render_agenda_pdf(made)
