"""Pictures as pixels, by what makes PDF: MuPDF reads SVG too."""

from __future__ import annotations

import threading
from typing import Final

one_at_a_time = threading.Lock()  # PyMuPDF serves one thread only
SCALE: Final = 2
"""Pixels of a PNG a unit of the picture."""


def render_png(svg: str) -> bytes:
    """The picture of an SVG document of our own. Styles of CSS are not read: looks are attributes there."""
    import pymupdf  # here, as in `faces`: it takes half a second

    with one_at_a_time:
        document = pymupdf.open("svg", svg.encode())
        pixels = document[0].get_pixmap(matrix=pymupdf.Matrix(SCALE, SCALE), alpha=False)
        return bytes(pixels.tobytes("png"))
