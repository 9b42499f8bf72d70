"""A name as its owner writes it, for one reader: with its Latin form only where the reader needs that.

An event has hundreds of tables and booths, and nobody writes two more names for each. A name of a
usual form (`Table 12`, `12号洽谈桌`, `12. asztal`) is shown in the form of the reader's language; what
tells tables apart is kept as on the sign; any other name is the same for every reader; nothing is
stored. Calendars are compared by one of the forms: a translation notifies nobody.
"""

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


_TWO_STOPS: Final = re.compile(r"(?<!\.)\.((?:</\w+>|[\u2068\u2069])*)(?:\.(?!\.)|(。))")
"""A name's own full stop, what ends there besides, and the one of the sentence."""


def collapse_full_stops(text: str) -> str:
    """The text with one full stop where a name ended in its own: Co., Ltd.. or S.p.A.。"""
    if ".." not in text and "。" not in text and ">." not in text and "\u2069." not in text:
        return text
    return _TWO_STOPS.sub(lambda found: found[1] + found[2] if found[2] else f".{found[1]}", text)


def join_scripts(name: str, latin_name: str) -> str:
    """Both forms as calendars get them, the Latin one first. `told` has what one reader reads of them."""
    return name if not latin_name or _is_once(name, latin_name) else f"{latin_name} ({name})"


def translated_name(own: str, names: Mapping[str, str], language: str) -> str:
    """The name of a place in a language, or what the venue calls it."""
    return names.get(language) or own


@lru_cache(_KEPT)
def place_translations(own: str) -> Mapping[str, str]:
    """What a table or booth is called by language, if its own name is the usual one in any: Table E2-T06.

    Empty for any other name: it is the same for every reader.
    """
    for called, which in _PLACES:
        for usual in called.values():
            before, after = usual.split("{}")
            if found := re.fullmatch(re.escape(before) + which + re.escape(after), own):
                return {language: text.format(found[1]) for language, text in called.items()}
    return {}


def canonical_place_name(own: str) -> str:
    """One text for all forms of a place's usual name. Any other name is kept."""
    return translated_place_name(own, "zh")


def translated_place_name(own: str, language: str) -> str:
    """The name of a table or booth in a language, or what the venue calls it."""
    return translated_name(own, place_translations(own), language)


@lru_cache(_KEPT)
def order_scripts(name: str, latin_name: str, language: str) -> tuple[str, ...]:
    """What a reader of the language is shown: the name as its owner writes it, where the reader reads that
    script, as everybody reads the Latin one. Else both forms, the one in the reader's script first.

    So a Latin form beside a name in Latin letters is never shown, be it without accents or turned round.
    """
    if not latin_name or _is_once(name, latin_name) or _reads(name, language):
        return (name,)
    return (name, latin_name) if _is_own(name, language) else (latin_name, name)


def display_both(name: str, latin_name: str, language: str) -> str:
    """The same in one line: Wang Ming (王明)."""
    first, *second = order_scripts(name, latin_name, language)
    return f"{first} ({second[0]})" if second else first


def display_single(name: str, latin_name: str, language: str) -> str:
    """The one form for a sentence, a title or a greeting."""
    return order_scripts(name, latin_name, language)[0]


def record_name(name: str, latin_name: str) -> str:
    """The form in texts that are kept in English for whoever reads them later, such as an audit log."""
    return display_single(name, latin_name, "en")


@lru_cache(_KEPT)
def localize_joined(both: str, language: str) -> str:
    """Joined forms as a reader of the language reads them. Any other name is kept, such as 西门子 (China)."""
    latin, own = _halves(both)
    if not own:
        return both
    if _same(latin, own):
        return own
    if not _is_latin(latin) or _is_latin(own):  # not the two forms of one name, for all that can be known
        return both
    return display_both(own, latin, language)


def is_same_name(one: str, other: str) -> bool:
    """Whether two texts that readers of two languages were shown are one name.

    Who reads its script is shown a name alone: such a text is half of what others are shown.
    """
    halves, others = _halves(one), _halves(other)
    return one == other or one in others or other in halves or (halves[1] != "" and {*halves} == {*others})


def short_form(both: str) -> str:
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


def _is_once(name: str, latin_name: str) -> bool:
    """Whether no reader needs the Latin form: the name has Latin letters itself, or is the same."""
    return _is_latin(name) or _same(name, latin_name)


def _same(one: str, other: str) -> bool:
    """Whether two forms have the same words, in whichever order: families write theirs first or last."""
    return one == other or _plain(one) == _plain(other) or _words(one) == _words(other) != []


def _words(name: str) -> list[str]:
    return sorted(filter(None, map(_plain, name.split())))


def _plain(name: str) -> str:
    """A name without accents, umlauts, capitals and signs."""
    letters = unicodedata.normalize("NFKD", name.casefold()).translate(_SPELLED)
    return _DIGRAPHS.sub(r"\1\2\3", "".join(char for char in letters if char.isalnum()))


def _is_own(name: str, language: str) -> bool:
    """Whether a name is in a script of the language that is not Latin. One such letter is enough."""
    scripts = _SCRIPTS.get(language.partition("-")[0])
    return scripts is not None and any(_begins(char, scripts) for char in name)


def _reads(name: str, language: str) -> bool:
    """Whether a reader of the language reads all of a name that is in a script of theirs."""
    scripts = ("LATIN", *_SCRIPTS.get(language.partition("-")[0], ()))
    return _is_own(name, language) and all(_begins(char, scripts) for char in name if char.isalpha())


def _is_latin(name: str) -> bool:
    return all(_begins(char, ("LATIN",)) for char in name if char.isalpha())


def _begins(char: str, scripts: tuple[str, ...]) -> bool:
    return unicodedata.name(char, "").startswith(scripts)
