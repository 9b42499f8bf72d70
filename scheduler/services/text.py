"""Text input: cleaning, validation and search conditions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, or_, true

from scheduler.domain import fields
from scheduler.i18n import gettext_lazy

MAX_SEARCH_WORDS = 8
MAX_NARROWED = 200
"""Characters of a text that `narrow_text` normalises."""
_BETWEEN = re.compile(r"[\n;；、|]+")
_COMMA = re.compile("[,，]+")


def clean_line(text: str) -> str:
    """Return the text without control characters and lone surrogates, with white space collapsed."""
    return " ".join(_plain(text).split())


def clean_lines(text: str) -> str:
    """Like `clean_line`, for a text of several lines. Line breaks are kept."""
    return "\n".join(clean_line(line) for line in text.splitlines()).strip()


def narrow_text(text: str) -> str:
    """Return a text with full-width characters narrowed (NFKC) and white space collapsed.

    A text that is longer than any number, time, phone number or booth is returned unchanged, since
    normalisation takes quadratic time in a run of accents.
    """
    if len(text) > MAX_NARROWED:
        return text
    return " ".join(unicodedata.normalize("NFKC", text).split())


def split_list(text: str) -> list[str]:
    """Split a typed list into its distinct items, separated by lines or semicolons.

    Commas separate items only if there is no other separator.
    """
    parts = [part for part in map(clean_line, _BETWEEN.split(clean_lines(text))) if part]
    if len(parts) == 1:
        parts = [part for part in map(clean_line, _COMMA.split(parts[0])) if part]
    return list(dict.fromkeys(parts))


NO_WEBSITE = gettext_lazy("enter a web address that starts with https:// or http://")
"""Message for an invalid website."""


def parse_web_address(typed: str) -> str:
    """Return a typed website with a scheme: https if none is given, as in www.example.com."""
    address = clean_line(typed)
    scheme, mark, rest = address.partition("://")
    return f"{scheme.lower()}{mark}{rest}" if mark else f"https://{address}" if address else ""


def is_web_address(address: str) -> bool:
    """Return True for an http or https URL whose host has a domain, without user name or password.

    An address that is too long is rejected before parsing, which takes quadratic time in a run of accents.
    """
    if not fields.limits(fields.Website).hold(address):
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port  # an invalid port raises
    except ValueError:
        return False
    is_web = parts.scheme in ("https", "http") and "@" not in parts.netloc and " " not in address
    return is_web and "." in host.strip(".")


def is_storable(text: str) -> bool:
    """Return True if a database can store the text: PostgreSQL rejects NUL, UTF-8 lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def slugify(text: str) -> str:
    """Return the ASCII letters and digits of a text in lower case, with hyphens between words."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def split_search_words(text: str) -> list[str]:
    """Return the words of a search text, at most MAX_SEARCH_WORDS."""
    return clean_line(text).split()[:MAX_SEARCH_WORDS]


def match_condition(text: str, columns: Iterable[SQLColumnExpression[Any]]) -> ColumnElement[bool]:
    """Return the SQL condition that every word of `text` occurs in one of the columns, ignoring case."""
    listed = list(columns)
    return and_(true(), *(contains_condition(word, listed) for word in split_search_words(text)))


def contains_condition(word: str, columns: Iterable[SQLColumnExpression[Any]]) -> ColumnElement[bool]:
    """Return the SQL condition that the word occurs in one of the columns, ignoring case."""
    return or_(*(column.icontains(word, autoescape=True) for column in columns))


def _plain(text: str) -> str:
    return "".join(" " if char.isspace() else char for char in text if char.isspace() or _is_kept(char))


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Bidirectional embeddings, overrides and isolates, which would reverse the text after a name in an email
(UAX #9).
"""


def _is_kept(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs") and char not in _TURNS
