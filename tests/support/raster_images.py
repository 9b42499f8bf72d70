"""Small pictures for uploads and prints."""

from __future__ import annotations

import pymupdf

RED = bytes((200, 30, 60))


def picture(width: int, height: int, kind: str = "png", *, alpha: bool | None = None) -> bytes:
    """Return a picture that is red on the left.

    The right is transparent, or white without `alpha`. A PNG has alpha by default, a JPEG has none. The rows
    are made as bytes: PyMuPDF fills a rectangle pixel by pixel, which takes seconds.
    """
    has_alpha = kind == "png" if alpha is None else alpha
    red, clear = (RED + b"\xff", bytes(4)) if has_alpha else (RED, b"\xff" * 3)
    left = width // 2
    row = red * left + clear * (width - left)
    pixmap = pymupdf.Pixmap(pymupdf.csRGB, width, height, row * height, has_alpha)
    return bytes(pixmap.tobytes(kind))
