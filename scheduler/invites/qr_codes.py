"""QR codes of URLs, with error correction level M and a quiet zone of four modules."""

from __future__ import annotations

import io
from typing import Final

import segno

QUIET: Final = 4
"""Quiet zone in modules (ISO/IEC 18004, 9.1)."""


def qr_modules(address: str) -> list[list[bool]]:
    """Return the module matrix with its quiet zone, top row first. True is dark."""
    code = segno.make_qr(address, error="m", boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]


def qr_svg(address: str) -> str:
    """Return the code as a scalable SVG element, hidden from screen readers."""
    code = segno.make_qr(address, error="m", boost_error=False)
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, border=QUIET, omitsize=True, light="#fff",
              svgclass="qr", lineclass=None, nl=False)  # fmt: skip
    return drawn.getvalue().decode("ascii").replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
