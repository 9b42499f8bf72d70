"""ASCII forms of names in Latin script, and the parts of addresses made from them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

SPECIAL = str.maketrans(
    {
        "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
        "ı": "i", "ð": "d", "þ": "th", "œ": "oe", "Œ": "Oe", "’": "'", "–": "-",
    }
)  # fmt: skip


def fold_to_ascii(text: str, special: Mapping[str, str] | None = None) -> str:
    """The ASCII form of a name in Latin script; `special` are letters that a language writes otherwise."""
    for letter, written in (special or {}).items():
        text = text.replace(letter, written)
    decomposed = unicodedata.normalize("NFKD", text.translate(SPECIAL))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def slug(latin: str, separator: str = "-") -> str:
    """Lower-case letters and digits of an ASCII name, for domains (with "-") and mail addresses (".")."""
    return separator.join(re.findall(r"[a-z0-9]+", latin.lower().replace("'", "")))
