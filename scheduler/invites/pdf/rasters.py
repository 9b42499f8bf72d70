"""Raster pictures on white, as a PDF embeds them (ISO 32000-1, 8.9.5)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Final

from scheduler.invites.pdf.pictures import one_at_a_time

_PNG: Final = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_MOST: Final = 1_000
"""Pixels of a side."""


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Pixels in RGB, row by row from the top, deflated once for all files that show them."""

    width: int
    height: int
    deflated: bytes = field(repr=False)

    def fitted(self, width: float, height: float) -> tuple[float, float]:
        """Return the size that fits into a box, with the picture's proportions."""
        scale = min(width / self.width, height / self.height)
        return self.width * scale, self.height * scale


def read_png(octets: bytes) -> Raster | None:
    """Return the pixels of a PNG that we encoded. Transparent ones become white.

    Return None for anything else, which an imported event may have in its place.
    """
    if not octets.startswith(_PNG) or max(struct.unpack_from(">II", octets.ljust(24, b"\xff"), 16)) > _MOST:
        return None
    import pymupdf

    with one_at_a_time:
        try:
            pixmap = pymupdf.Pixmap(octets)
        except (ValueError, RuntimeError, pymupdf.mupdf.FzErrorBase):
            return None
        if pixmap.colorspace is None or pixmap.colorspace.n != pymupdf.csRGB.n:
            pixmap = pymupdf.Pixmap(pymupdf.csRGB, pixmap)
        samples, each = bytes(pixmap.samples), pixmap.n
        has_alpha, width, height = bool(pixmap.alpha), int(pixmap.width), int(pixmap.height)
    if not has_alpha:
        return Raster(width, height, zlib.compress(samples))
    white = [255 - alpha for alpha in samples[each - 1 :: each]]
    rgb = bytearray(3 * width * height)
    for channel in range(3):  # MuPDF multiplies colours by alpha
        values = zip(samples[channel::each], white, strict=True)
        rgb[channel::3] = bytes(min(255, value + more) for value, more in values)
    return Raster(width, height, zlib.compress(rgb))
