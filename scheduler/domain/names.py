"""A name and its Latin form, as one reader reads them: own script first, and no second copy of the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_KEPT: Final = 32_768
"""Names that a process remembers: an event has thousands, and a plan says each of them many times."""

_SCRIPTS: Final = {"zh": ("CJK",)}
"""The scripts of languages that are not written in Latin letters, as Unicode's names of letters begin."""

_CODE: Final = r"([\w./#-]*\d[\w./#-]*|[A-Z]{1,3})"
"""What tells tables apart: a word with a number, or a letter or two."""
_PLACES: Final = (
    ({"en": "Table {}", "zh": "{}号洽谈桌", "hu": "{}. asztal"}, r"(\d+)"),
    ({"en": "Table {}", "zh": "洽谈桌 {}", "hu": "{} asztal"}, _CODE),
    ({"en": "Booth {}", "zh": "{}号展位", "hu": "{}. stand"}, r"(\d+)"),
    ({"en": "Booth {}", "zh": "展位 {}", "hu": "{} stand"}, _CODE),
    ({"en": "Stand {}", "zh": "{}号展位", "hu": "{}. stand"}, r"(\d+)"),
    ({"en": "Stand {}", "zh": "展位 {}", "hu": "{} stand"}, _CODE),
    ({"en": "Booth of {}", "zh": "{} 的展位", "hu": "Stand: {}"}, r"(.+)"),
)
"""What tables and booths are usually called by language, and what stands in the braces."""

_SPELLED: Final = str.maketrans(
    {"ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "þ": "th", "ħ": "h"}
)
_DIGRAPHS: Final = re.compile("([aou])e|(a)a|(s)s")
"""ä, ö, ü, å and ß as they are spelled where there are no such letters."""


def joined(name: str, latin_name: str) -> str:
    """Both forms as calendars get them, the Latin one first. `told` orders them for a reader."""
    return name if name == latin_name or not latin_name else f"{latin_name} ({name})"


def in_language(own: str, names: Mapping[str, str], language: str) -> str:
    """The name of a place in a language, or what the venue calls it."""
    return names.get(language) or own


@lru_cache(_KEPT)
def of_place(own: str) -> Mapping[str, str]:
    """What a table or booth is called by language, if its own name is the usual one in any: Table E2-T06.

    Empty for any other name: it is the same for every reader.
    """
    for called, which in _PLACES:
        for usual in called.values():
            before, after = usual.split("{}")
            if found := re.fullmatch(re.escape(before) + which + re.escape(after), own):
                return {language: text.format(found[1]) for language, text in called.items()}
    return {}


def same_place(own: str) -> str:
    """One text for all forms of a place's usual name. Any other name is kept."""
    return place_in(own, "zh")


def place_in(own: str, language: str) -> str:
    """The name of a table or booth in a language, or what the venue calls it."""
    return in_language(own, of_place(own), language)


@lru_cache(_KEPT)
def ordered(name: str, latin_name: str, language: str) -> tuple[str, ...]:
    """What a reader of the language is shown: one form, or both and the one in the own script first.

    A form that differs from the other by accents, umlauts or their spelling only is no second name.
    """
    if not latin_name or _same(name, latin_name):
        return (name,)
    return (name, latin_name) if _is_own(name, language) else (latin_name, name)


def shown(name: str, latin_name: str, language: str) -> str:
    """The same in one line: 王明 (Wang Ming)."""
    first, *second = ordered(name, latin_name, language)
    return f"{first} ({second[0]})" if second else first


@lru_cache(_KEPT)
def told(both: str, language: str) -> str:
    """Joined forms, in whichever order, as a reader of the language reads them. Any other name is kept."""
    first, second = _halves(both)
    if not second:
        return both
    if _same(first, second):
        return second
    if _is_latin(first) == _is_latin(second):  # not the two forms of one name, for all that can be known
        return both
    latin, own = (first, second) if _is_latin(first) else (second, first)
    return f"{own} ({latin})" if _is_own(own, language) else f"{latin} ({own})"


def brief(both: str) -> str:
    """The first of two scripts, for where there is little room. Any other name is kept."""
    first, second = _halves(both)
    return first if second and _is_latin(first) != _is_latin(second) else both


def _halves(both: str) -> tuple[str, str]:
    """The name before a last bracket, and the one in it. The second is empty where there is none."""
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


def _same(one: str, other: str) -> bool:
    return one == other or _plain(one) == _plain(other)


def _plain(name: str) -> str:
    """A name without accents, umlauts, capitals and signs."""
    letters = unicodedata.normalize("NFKD", name.casefold()).translate(_SPELLED)
    return _DIGRAPHS.sub(r"\1\2\3", "".join(char for char in letters if char.isalnum()))


def _is_own(name: str, language: str) -> bool:
    """Whether a name is in a script of the language that is not Latin. One such letter is enough."""
    scripts = _SCRIPTS.get(language.partition("-")[0])
    return scripts is not None and any(_begins(char, scripts) for char in name)


def _is_latin(name: str) -> bool:
    return all(_begins(char, ("LATIN",)) for char in name if char.isalpha())


def _begins(char: str, scripts: tuple[str, ...]) -> bool:
    return unicodedata.name(char, "").startswith(scripts)
