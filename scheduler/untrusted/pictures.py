"""Sanitising of untrusted pictures: decoded, scaled down and re-encoded in a child process.

Only the pixels are kept: no text, location or scripts.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain.errors import ChainmeetError

MAX_OCTETS = 1 << 20
MAX_SIDE = 4_000
"""Pixels. Larger pictures are rejected before decoding. The largest takes 64 MB decoded."""
MIN_SIDE = 24
SIDE = 192
"""Longer side in pixels, twice the size at which a page displays it."""
ROOM, SMALL_SIDE = 48 << 10, 96
"""Maximum octets of the result; if exceeded, it is scaled down further."""
BRAND_MAX_OCTETS: Final = {"logo": 512 << 10, "banner_picture": 2 << 20}
"""Maximum octets of the file of an event's logo or banner picture."""
_BRAND_SIDE: Final = {"logo": 640, "banner_picture": 1_600}
_BRAND_ROOM: Final = {"logo": 160 << 10, "banner_picture": 400 << 10}
"""Longer side in pixels and maximum octets of the result; if exceeded, it is scaled down further."""
_QUALITIES: Final = (85, 70)
_PNG, _GIF, _JPEG = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a"), b"\xff\xd8\xff"
_NO_FRAME = frozenset((0xC4, 0xC8, 0xCC))
"""JPEG markers between C0 and CF that do not start a frame (ITU-T T.81, table B.1)."""


class UnusablePicture(ChainmeetError):
    """A file was rejected as a picture. `str()` is `svg`, `kind`, `large`, `sides` or `broken`."""

    code = "unusable-picture"


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded picture in base64, with its size in pixels."""

    width: int
    height: int
    data: str

    @property
    def octets(self) -> bytes:
        return base64.b64decode(self.data)


def read_picture(octets: bytes) -> Picture:
    """Return the picture of a PNG, JPEG or GIF file (first frame). Raises UnusablePicture."""
    return _decoded(octets, _check_header(octets, MAX_OCTETS))


def read_brand_picture(octets: bytes, kind: str) -> Picture:
    """Return the logo or banner picture of an event from a PNG or JPEG file. Raises UnusablePicture.

    The logo is a PNG, whose transparency is kept. The banner picture is a JPEG on white.
    """
    import pymupdf

    if octets.startswith(_GIF):
        raise UnusablePicture("kind")
    sides = _check_header(octets, BRAND_MAX_OCTETS[kind])
    try:
        pixmap = _pixels(octets, sides)
        side = float(_BRAND_SIDE[kind])
        while True:
            small = _scaled(pixmap, side)
            for encoded in _encoded(small, kind):
                if len(encoded) <= _BRAND_ROOM[kind]:
                    return Picture(small.width, small.height, base64.b64encode(encoded).decode("ascii"))
            side *= 0.7
    except (ValueError, RuntimeError, pymupdf.mupdf.FzErrorBase) as error:
        raise UnusablePicture("broken") from error


def _encoded(pixmap: Any, kind: str) -> Iterator[bytes]:
    """Yield the encodings of a picture, the best first."""
    if kind == "logo":
        yield pixmap.tobytes("png")
        return
    flat = _on_white(pixmap) if pixmap.alpha else pixmap
    for quality in _QUALITIES:
        yield flat.tobytes("jpeg", jpg_quality=quality)


def _on_white(pixmap: Any) -> Any:
    """Return the picture without transparency, by drawing it on a page."""
    import pymupdf

    with pymupdf.open() as document:
        page = document.new_page(width=pixmap.width, height=pixmap.height)
        page.insert_image(page.rect, pixmap=pixmap)
        return page.get_pixmap(alpha=False)


def _pixels(octets: bytes, sides: tuple[int, int]) -> Any:
    """Return the decoded picture in RGB, perhaps with alpha."""
    import pymupdf

    pixmap = pymupdf.Pixmap(octets)
    if {pixmap.width, pixmap.height} != set(sides):  # a rotated photo has them swapped
        raise UnusablePicture("broken")
    if pixmap.colorspace is None or pixmap.colorspace.n != pymupdf.csRGB.n:
        pixmap = pymupdf.Pixmap(pymupdf.csRGB, pixmap)
    return pixmap


def _scaled(pixmap: Any, side: float) -> Any:
    """Return the picture with a longer side of at most `side` pixels."""
    import pymupdf

    scale = min(1.0, side / max(pixmap.width, pixmap.height))
    width, height = (max(1, round(each * scale)) for each in (pixmap.width, pixmap.height))
    return pixmap if scale == 1 else pymupdf.Pixmap(pixmap, width, height, None)


def _decoded(octets: bytes, sides: tuple[int, int]) -> Picture:
    import pymupdf

    try:
        pixmap = _pixels(octets, sides)
        for side in (SIDE, SMALL_SIDE):
            small = _scaled(pixmap, side)
            png = small.tobytes("png")
            if len(png) <= ROOM:
                break
    except (ValueError, RuntimeError, pymupdf.mupdf.FzErrorBase) as error:
        raise UnusablePicture("broken") from error
    return Picture(small.width, small.height, base64.b64encode(png).decode("ascii"))


def _check_header(octets: bytes, most: int) -> tuple[int, int]:
    """Return the size in pixels. Raises UnusablePicture for a file that must not be decoded."""
    if len(octets) > most:
        raise UnusablePicture("large")
    sides = _sides(octets)
    if sides is None:
        raise UnusablePicture("svg" if b"<svg" in octets[:4_096].lower() else "kind")
    if min(sides) < MIN_SIDE or max(sides) > MAX_SIDE:
        raise UnusablePicture("sides")
    return sides


def _sides(octets: bytes) -> tuple[int, int] | None:
    """Return width and height from the file header, or None for an unsupported format."""
    try:
        if octets.startswith(_PNG):
            return struct.unpack_from(">II", octets, 16)
        if octets.startswith(_GIF):
            return struct.unpack_from("<HH", octets, 6)
        return _of_jpeg(octets) if octets.startswith(_JPEG) else None
    except struct.error:
        raise UnusablePicture("broken") from None


def _of_jpeg(octets: bytes) -> tuple[int, int]:
    """Return the size in the first frame header (ITU-T T.81, B.2.2), skipping other segments."""
    at = 2
    while True:
        mark, kind, length = struct.unpack_from(">BBH", octets, at)
        if mark != 0xFF or length < 2:
            raise UnusablePicture("broken")
        if 0xC0 <= kind <= 0xCF and kind not in _NO_FRAME:
            height, width = struct.unpack_from(">HH", octets, at + 5)
            return width, height
        at += 2 + length
