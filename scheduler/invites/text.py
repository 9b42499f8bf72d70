"""Sanitising of user text for calendars and headers: NFC, single line, no hidden characters, length limit."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from scheduler.domain import bidi
from scheduler.domain.errors import Fault, InvalidInput

SUMMARY_LIMIT: Final = 200
NAME_LIMIT: Final = 120
PLACE_LIMIT: Final = 200
DESCRIPTION_LIMIT: Final = 4_000
URL_LIMIT: Final = 2_000
_ROOM: Final = 16
"""Characters examined per character of the limit, since Unicode normalisation takes quadratic time."""

_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
# Controls, lone surrogates, byte order and interlinear marks, noncharacters, bidi embeddings and overrides.
_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\u061c\u202a-\u202e"
_HIDDEN = re.compile(f"[{_CONTROLS}\u2066-\u2069]")
_HIDDEN_BUT_ISOLATES = re.compile(f"[{_CONTROLS}]")
_SPACES = re.compile(r"\s+")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_HEADER_TOKEN = re.compile(r"<[!-;=?-~]{1,250}>")
# RFC 6868 encodes `"` as ^' and `^` as ^^, which Outlook displays. Some parsers treat backslash as an escape.
_PARAMETER = str.maketrans({'"': "'", "^": "ˆ", "\\": "/"})


def clean(text: str, limit: int, *, keeps_isolates: bool = False) -> str:
    """Return the text as one line of at most `limit` characters. Line breaks become spaces.

    Idempotent. `keeps_isolates`: a text of ours, whose isolated values were cleaned before.
    """
    text = text[: _ROOM * limit]
    if len(text) <= limit and _is_plain(text):
        return text
    one_line = _BREAKS.sub(" ", text)
    hidden = _HIDDEN_BUT_ISOLATES if keeps_isolates and bidi.is_balanced(text) else _HIDDEN
    return cap(_SPACES.sub(" ", _visible(one_line, hidden)).strip(), limit)


def clean_lines(text: str, limit: int) -> str:
    r"""Like `clean`, but keep line breaks as `\n`, with at most one empty line between two lines."""
    text = text[: _ROOM * limit]
    if len(text) <= limit and _is_plain(text):
        return text
    lines = (_SPACES.sub(" ", _visible(line)).strip() for line in _BREAKS.sub("\n", text).split("\n"))
    return cap(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), limit)


def cap(text: str, limit: int) -> str:
    """Truncate cleaned text to `limit` characters, with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clean_parameter(text: str, limit: int = NAME_LIMIT) -> str:
    """Like `clean`, for a parameter such as CN, whose value has no escapes (RFC 5545 3.2)."""
    return clean(text, limit).translate(_PARAMETER)


@lru_cache(maxsize=4096)
def address(text: str) -> str:
    """Return the ASCII address `local@domain`, with an IDNA domain.

    Raises InvalidInput for anything else, including display names.
    """
    local, at, domain = text.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii") if domain else ""
    except UnicodeError:
        ascii_domain = ""
    labels = ascii_domain.split(".")
    if not at or not _ADDRESS.fullmatch(local) or not all(_LABEL.fullmatch(label) for label in labels):
        raise _unusable(text)
    if len(local) > 64 or len(local) + len(ascii_domain) > 253:
        raise _unusable(text)
    return f"{local}@{ascii_domain}"


@lru_cache(maxsize=4096)
def web_address(text: str) -> str:
    """Return an http(s) URL in ASCII, percent-encoded where needed. Empty if it is invalid or too long."""
    quoted = quote(clean(text, URL_LIMIT + 1), safe=":/?#[]@!$&'()*+,;=%-._~")
    return quoted if quoted.startswith(("https://", "http://")) and len(quoted) <= URL_LIMIT else ""


def message_id(text: str) -> str:
    """Return a Message-ID `<left@right>` unchanged. Raises InvalidInput for anything else."""
    if not _HEADER_TOKEN.fullmatch(text) or text.count("@") != 1:
        raise InvalidInput([Fault("message_id", f"{text!a} is no Message-ID of the form <left@right>.")])
    return text


def _unusable(text: str) -> InvalidInput:
    return InvalidInput([Fault("email", f"{text[:80]!a} is no mail address that we can send to.")])


def _is_plain(text: str) -> bool:
    return text.isprintable() and text == text.strip() and "  " not in text and _is_nfc(text)


def _is_nfc(text: str) -> bool:
    return text.isascii() or unicodedata.is_normalized("NFC", text)


def _visible(text: str, hidden: re.Pattern[str] = _HIDDEN) -> str:
    return unicodedata.normalize("NFC", hidden.sub("", text))
