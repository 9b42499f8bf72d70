"""QR codes of addresses: error correction of level M and a quiet zone of four, as scanners want them."""

from __future__ import annotations

import io
from typing import Final

import segno

QUIET: Final = 4
"""Light modules around a code (ISO/IEC 18004, 9.1)."""


def qr_modules(address: str) -> list[list[bool]]:
    """The modules of a code with its quiet zone, from the top: whether each is dark."""
    code = segno.make_qr(address, error="m", boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]


def qr_svg(address: str) -> str:
    """The code as an SVG element that is as large as its place. It says nothing to screen readers."""
    code = segno.make_qr(address, error="m", boost_error=False)
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, border=QUIET, omitsize=True, light="#fff",
              svgclass="qr", lineclass=None, nl=False)  # fmt: skip
    return drawn.getvalue().decode("ascii").replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
