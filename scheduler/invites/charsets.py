"""Tolerant decoding of text and headers. A wrong charset declaration is common and never an error."""

from __future__ import annotations

import codecs
from email.errors import HeaderParseError
from email.header import Header, decode_header
from typing import Final

from scheduler.invites.text import clean

_HEADER_LIMIT: Final = 2_000
# Charsets used in email. Python has others, some of which take quadratic time (punycode).
_KNOWN: Final = frozenset(
    {"ascii", "utf-8", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp",
     "iso2022_jp", "euc_kr", "cp949", "koi8-r", "koi8-u", "mac-roman"}
    | {f"iso8859-{n}" for n in range(1, 17)}
    | {f"cp{n}" for n in (437, 850, 852, 866, 874, *range(1250, 1259))}
)  # fmt: skip


def decode_text(octets: bytes, declared: str = "") -> str:
    """Decode as UTF-8 if valid, else as declared, else as GB 18030, else as Latin-1.

    UTF-8 is tried first: other encodings are hardly ever valid UTF-8, while emails declared as us-ascii or
    Latin-1 often are UTF-8. UTF-16 is recognised only by its byte order mark.
    """
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace")
    for charset in ("utf-8-sig", _codec(declared), "gb18030"):
        try:
            return octets.decode(charset)
        except UnicodeDecodeError:
            continue
    return octets.decode("latin-1")


def decode_mail_header(value: object, limit: int = 250) -> str:
    """Return a header's value as one cleaned line, decoded by RFC 2047. A malformed header is kept as is."""
    # Raw non-ASCII octets arrive as a Header with an unknown charset.
    raw = value if isinstance(value, Header) else str(value or "")[:_HEADER_LIMIT]
    try:
        pieces = decode_header(raw)
    except HeaderParseError:
        return clean(str(raw), limit)
    return clean("".join(_piece(*piece) for piece in pieces), limit)


def _piece(piece: bytes | str, charset: str | None) -> str:
    return decode_text(piece, charset or "") if isinstance(piece, bytes) else piece


def _codec(declared: str) -> str:
    try:
        name = codecs.lookup(declared.strip()).name if declared.strip().isascii() else ""
    except (LookupError, ValueError):
        return "utf-8"
    return name if name in _KNOWN else "utf-8"
