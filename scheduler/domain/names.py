"""Display names: a native form, with a Latin form only for readers who need it.

An event has hundreds of tables and booths, and no one enters translations for each. A place name of a usual
pattern (`Table 12`, `12号洽谈桌`, `12. asztal`) is rendered in the reader's language. The identifier stays as
on the sign. Any other name is the same for every reader. Nothing is stored. Calendars are compared by one
canonical form, so a translation notifies no one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_KEPT: Final = 32_768
"""Cache size per process. An event has thousands of names, and a plan repeats each many times."""

_SCRIPTS: Final = {"ar": ("ARABIC",), "zh": ("CJK",)}
"""Non-Latin scripts by language, as the first word of Unicode character names."""

_CODE: Final = r"([\w./#-]*\d[\w./#-]*|[A-Z]{1,3})"
"""Identifier of a table or booth: a word with a digit, or one to three capital letters."""
_PLACES: Final = (
    ({"en": "Table {}", "ar": "طاولة {}", "zh": "{}号洽谈桌", "hu": "{}. asztal"}, r"(\d+)"),
    ({"en": "Table {}", "ar": "طاولة {}", "zh": "洽谈桌 {}", "hu": "{} asztal"}, _CODE),
    ({"en": "Booth {}", "ar": "جناح {}", "zh": "{}号展位", "hu": "{}. stand"}, r"(\d+)"),
    ({"en": "Booth {}", "ar": "جناح {}", "zh": "展位 {}", "hu": "{} stand"}, _CODE),
    ({"en": "Stand {}", "ar": "جناح {}", "zh": "{}号展位", "hu": "{}. stand"}, r"(\d+)"),
    ({"en": "Stand {}", "ar": "جناح {}", "zh": "展位 {}", "hu": "{} stand"}, _CODE),
    ({"en": "Booth of {}", "ar": "الجناح: {}", "zh": "{} 的展位", "hu": "Stand: {}"}, r"(.+)"),
)
"""Usual names of tables and booths by language, and the pattern of the placeholder."""
_USUAL: Final = tuple(
    (re.compile(which.join(map(re.escape, usual.split("{}")))), called)
    for called, which in _PLACES
    for usual in called.values()
)

_SPELLED: Final = str.maketrans(
    {"ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "þ": "th", "ħ": "h"}
)
_DIGRAPHS: Final = re.compile("([aou])e|(a)a|(s)s")
"""ASCII transliterations of ä, ö, ü, å and ß."""


_TWO_STOPS: Final = re.compile(r"(?<!\.)\.((?:</\w+>|[\u2068\u2069])*)(?:\.(?!\.)|(。))")
"""Two adjacent full stops: a name's own, optional closing markup, and the sentence's."""


def collapse_full_stops(text: str) -> str:
    """Return the text with one full stop where a name already ends in one: Co., Ltd.. or S.p.A.。"""
    if ".." not in text and "。" not in text and ">." not in text and "\u2069." not in text:
        return text
    return _TWO_STOPS.sub(lambda found: found[1] + found[2] if found[2] else f".{found[1]}", text)


def join_scripts(name: str, latin_name: str) -> str:
    """Return both forms for calendars, Latin first. `display_both` picks the forms for one reader."""
    return name if not latin_name or _is_once(name, latin_name) else f"{latin_name} ({name})"


def translated_name(own: str, names: Mapping[str, str], language: str) -> str:
    """Return a place's name in a language, or its own name if there is no translation."""
    return names.get(language) or own


@lru_cache(_KEPT)
def place_translations(own: str) -> Mapping[str, str]:
    """Return translations by language if the name follows a usual pattern in any language: Table E2-T06.

    Empty for any other name, which is the same for every reader.
    """
    for pattern, called in _USUAL:
        if found := pattern.fullmatch(own):
            return {language: text.format(found[1]) for language, text in called.items()}
    return {}


def canonical_place_name(own: str) -> str:
    """Return one canonical text for all forms of a usual place name. Other names are unchanged."""
    return translated_place_name(own, "zh")


def translated_place_name(own: str, language: str) -> str:
    """Return the name of a table or booth in a language, or the venue's own name."""
    return translated_name(own, place_translations(own), language)


@lru_cache(_KEPT)
def order_scripts(name: str, latin_name: str, language: str) -> tuple[str, ...]:
    """Return the forms that a reader of the language is shown.

    Only the native form if the reader can read its script; everyone reads Latin. Otherwise both forms, the
    one in the reader's script first. A name already in Latin letters is therefore shown once, even if the
    Latin form drops accents or reverses the order.
    """
    if not latin_name or _is_once(name, latin_name) or _reads(name, language):
        return (name,)
    return (name, latin_name) if _is_own(name, language) else (latin_name, name)


def display_both(name: str, latin_name: str, language: str) -> str:
    """Return the forms for a reader on one line: Wang Ming (王明)."""
    first, *second = order_scripts(name, latin_name, language)
    return f"{first} ({second[0]})" if second else first


def display_single(name: str, latin_name: str, language: str) -> str:
    """Return the single form for a sentence, a title or a greeting."""
    return order_scripts(name, latin_name, language)[0]


def record_name(name: str, latin_name: str) -> str:
    """Return the form for texts stored in English, such as the audit log."""
    return display_single(name, latin_name, "en")


@lru_cache(_KEPT)
def localize_joined(both: str, language: str) -> str:
    """Return joined forms as a reader of the language sees them. Others are unchanged: 西门子 (China)."""
    latin, own = _halves(both)
    if not own:
        return both
    if _same(latin, own):
        return own
    if not _is_latin(latin) or _is_latin(own):  # not two scripts of one name, as far as can be told
        return both
    return display_both(own, latin, language)


def is_same_name(one: str, other: str) -> bool:
    """Return True if two texts shown to readers of different languages are the same name.

    A reader of the native script sees only that form, which is one half of what others see.
    """
    halves, others = _halves(one), _halves(other)
    return one == other or one in others or other in halves or (halves[1] != "" and {*halves} == {*others})


def short_form(both: str) -> str:
    """Return the first of two scripts, for limited space. Other names are unchanged."""
    first, second = _halves(both)
    return first if second and _is_latin(first) != _is_latin(second) else both


def _halves(both: str) -> tuple[str, str]:
    """Split into the name before the last bracket and the name inside it, which is empty if there is none."""
    if not both.endswith(")"):
        return both, ""
    depth = 0
    for at in range(len(both) - 1, 0, -1):
        depth += (both[at] == ")") - (both[at] == "(")
        if depth == 0:
            is_apart = both[at - 1] == " " and both[:at].strip()
            first, second = both[: at - 1], both[at + 1 : -1]
            return (first, second) if is_apart and first.count("(") == first.count(")") else (both, "")
    return both, ""


def _is_once(name: str, latin_name: str) -> bool:
    """Return True if the Latin form is redundant: the name is in Latin letters, or both are the same."""
    return _is_latin(name) or _same(name, latin_name)


def _same(one: str, other: str) -> bool:
    """Return True if both have the same words in any order, since family names come first or last."""
    return one == other or _plain(one) == _plain(other) or _words(one) == _words(other) != []


def _words(name: str) -> list[str]:
    return sorted(filter(None, map(_plain, name.split())))


def _plain(name: str) -> str:
    """Return a name without accents, umlauts, case and punctuation."""
    letters = unicodedata.normalize("NFKD", name.casefold()).translate(_SPELLED)
    return _DIGRAPHS.sub(r"\1\2\3", "".join(char for char in letters if char.isalnum()))


def _is_own(name: str, language: str) -> bool:
    """Return True if a name has a letter of the language's own non-Latin script."""
    scripts = _SCRIPTS.get(language.partition("-")[0])
    return scripts is not None and any(_begins(char, scripts) for char in name)


def _reads(name: str, language: str) -> bool:
    """Return True if a name has a letter of the language's own script and no letter of a foreign script."""
    scripts = ("LATIN", *_SCRIPTS.get(language.partition("-")[0], ()))
    return _is_own(name, language) and all(_begins(char, scripts) for char in name if char.isalpha())


def _is_latin(name: str) -> bool:
    return all(_begins(char, ("LATIN",)) for char in name if char.isalpha())


def _begins(char: str, scripts: tuple[str, ...]) -> bool:
    return unicodedata.name(char, "").startswith(scripts)
