"""Firm logos: an untrusted file is converted to a small PNG, or rejected with a reason."""

from __future__ import annotations

import struct
import zlib

import pymupdf
import pytest

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.directory import logos, search
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry
from scheduler.untrusted import pictures
from tests.support.factories import NOW, make_event
from tests.support.raster_images import picture


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_secret(png: bytes) -> bytes:
    """Return a PNG with a text chunk, as programs write author metadata."""
    return png[:33] + chunk(b"tEXt", b"Author\0Somebody at home") + png[33:]


HUGE = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_picture_is_written_anew_and_small(kind: str) -> None:
    octets = picture(400, 100, kind)
    if kind == "png":
        octets = with_secret(octets)
    found = pictures.read_picture(octets)
    again = pymupdf.Pixmap(found.octets)
    assert (found.width, found.height) == (again.width, again.height) == (192, 48)
    assert again.pixel(50, 20)[0] in range(195, 206)
    assert again.pixel(150, 20)[-1] == (0 if kind == "png" else 255)
    assert b"Somebody" not in found.octets


def test_what_needs_much_room_gets_smaller() -> None:
    noise = pymupdf.Pixmap(
        pymupdf.csRGB, 180, 180, b"".join(zlib.crc32(b"%d" % n).to_bytes(4) for n in range(24_300)), 0
    )
    found = pictures.read_picture(noise.tobytes("png"))
    assert (found.width, found.height) == (96, 96) and len(found.octets) <= pictures.ROOM


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b'<?xml version="1.0"?><svg xmlns="x"><script/></svg>', "svg"),
        (b"RIFF....WEBP", "kind"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (picture(400, 100)[:200], "broken"),
        (b"\xff\xd8\xff\xe0\x00\x00" + b"x" * 40, "broken"),
        (HUGE, "sides"),
        (picture(20, 400), "sides"),
        (b"x" * (pictures.MAX_OCTETS + 1), "large"),
    ],
)
def test_what_is_no_such_picture_is_refused(octets: bytes, why: str) -> None:
    with pytest.raises(pictures.UnusablePicture, match=f"^{why}$"):
        pictures.read_picture(octets)


def test_a_logo_is_taken_shown_replaced_and_removed(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        own, other, colleague = expo.actor(0), expo.actor(1), expo.actor(0, 1)
    logos.replace_logo(database, own, picture(400, 100), now=NOW)
    with database.read() as session:
        first = search.show_firm(session, other, "f0").card.logo
        assert first is not None and logos.read_logo(session, other, "f0", first).startswith(b"\x89PNG")
        assert search.show_firm(session, other, "f1").card.logo is None
    logos.replace_logo(database, own, picture(100, 100), now=NOW)
    with database.write() as session:
        second = search.show_firm(session, other, "f0").card.logo
        assert second is not None and second != first
        with pytest.raises(NotFound):
            logos.read_logo(session, other, "f0", first)
        logos.remove_logo(session, own, now=NOW)
        with pytest.raises(NotFound):
            logos.read_logo(session, other, "f0", second)
    with database.read() as session:
        assert [entry.about for entry in session.query(AuditLogEntry).order_by(AuditLogEntry.id)] == [
            "exhibitor f0: logo", "exhibitor f0: logo", "exhibitor f0: logo removed"
        ]  # fmt: skip
        with pytest.raises(NotAllowed):
            logos.remove_logo(session, colleague, now=NOW)
    with pytest.raises(NotAllowed):
        logos.replace_logo(database, colleague, b"x", now=NOW)
    with pytest.raises(InvalidInput, match="logo: save it as PNG; an SVG file can contain programs"):
        logos.replace_logo(database, own, b"<svg/>", now=NOW)
