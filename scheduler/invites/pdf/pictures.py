"""Rasterisation of SVG with MuPDF, which also makes PDFs."""

from __future__ import annotations

import threading
from typing import Final

one_at_a_time = threading.Lock()  # PyMuPDF is not thread-safe
SCALE: Final = 2
"""PNG pixels per unit of the picture."""


def render_png(svg: str) -> bytes:
    """Render our own SVG as PNG. CSS is not supported; styling must use attributes."""
    import pymupdf  # imported lazily, as in `faces`: it takes half a second

    with one_at_a_time:
        document = pymupdf.open("svg", svg.encode())
        pixels = document[0].get_pixmap(matrix=pymupdf.Matrix(SCALE, SCALE), alpha=False)
        return bytes(pixels.tobytes("png"))
