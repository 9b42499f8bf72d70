"""Parsing of cell values: countries, languages, tiers, halls, chain areas, yes and no."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeVar

from babel import Locale
from babel.core import get_global

from scheduler.domain.entities import PlaceWish, RequestState, Tier
from scheduler.domain.guests import GuestKind
from scheduler.services.spreadsheets import vocabulary
from scheduler.services.spreadsheets.columns import fold_text, normalize_text
from scheduler.services.spreadsheets.proposals import AllowedValues

_READ_IN: Final = ("en", "zh", "zh_Hant", "hu", "de", "fr", "es", "it", "pt", "pl", "ru", "ja", "ko")
"""Languages in which names of countries and languages are known."""
Thing = TypeVar("Thing")
_TIERS: Final = {tier: vocabulary.load_cell_words(tier.value) for tier in Tier}
_STATES: Final = {state: vocabulary.load_cell_words(state.value) for state in RequestState}
_WISHES: Final = {wish: vocabulary.load_cell_words(wish.value) for wish in PlaceWish}
_GUESTS: Final = {kind: vocabulary.load_cell_words(kind.value) for kind in GuestKind}
_YES: Final = frozenset(map(str.casefold, vocabulary.load_cell_words("yes")))
_NO: Final = frozenset(map(str.casefold, vocabulary.load_cell_words("no")))
_PRIORITIES: Final = {"must": 5, "want": 3, "nice": 1}
_LIST_SIGNS: Final = re.compile(r"[;,/|、，；\n]+")
_AND: Final = re.compile(r" (?:and|und|et|y|e|és|meg) | ?(?:[&+和及与與と]|및|그리고) ?", re.IGNORECASE)
"""Separators between two language names."""
_CODE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2,8})?")


def split_list(text: str) -> list[str]:
    """Split a cell into the items of a list, in order, whatever separates them."""
    return [item for item in (" ".join(part.split()) for part in _LIST_SIGNS.split(text)) if item]


def split_languages(text: str) -> list[str]:
    """Split a cell into language names, also in a phrase: `English and German`."""
    found: list[str] = []
    for item in split_list(text):
        found += (
            [item] if parse_language(item) else [part for part in _AND.split(" ".join(item.split())) if part]
        )
    return found


def parse_country(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of a country given by code (CN, CHN) or name, or None."""
    code = text.strip().upper()
    if code in _codes():
        return code
    found = _countries().get(normalize_text(text)) or _fold_names(_countries).get(fold_text(text))
    return found or _only_code(get_global("territory_aliases").get(code, ()))


def parse_language(text: str) -> str | None:
    """Return the BCP 47 code of a language given by code or name, or None."""
    code = text.strip()
    if _CODE.fullmatch(code) and code.partition("-")[0].lower() in Locale("en").languages:
        primary, hyphen, rest = code.partition("-")
        return primary.lower() + hyphen + rest
    found = _languages().get(normalize_text(text)) or _fold_names(_languages).get(fold_text(text))
    return found or get_global("language_aliases").get(code.lower())


def parse_tier(text: str) -> Tier | None:
    """Return the tier of a firm by word, or None."""
    return _find_word(_TIERS, text)


def parse_request_state(text: str) -> RequestState | None:
    """Return the state of a request by word, or None."""
    return _find_word(_STATES, text)


def is_answered(text: str) -> bool:
    """Return True if a state only says that there is a response, which is in another column."""
    return fold_text(text) in map(_fold_known, vocabulary.load_cell_words("answered"))


def parse_priority(text: str) -> int | None:
    """Return the priority of a request by word (must, want, nice to have), or None."""
    words = fold_text(text)
    ranks = (
        rank
        for name, rank in _PRIORITIES.items()
        if words in map(_fold_known, vocabulary.load_cell_words(name))
    )
    return next(ranks, None)


def parse_location(text: str) -> PlaceWish | None:
    """Return the meeting location by word, or None."""
    return _find_word(_WISHES, text)


def parse_guest_kind(text: str) -> GuestKind | None:
    """Return the kind of a guest of honour by word, or None."""
    return _find_word(_GUESTS, text)


def parse_yes_no(text: str) -> bool | None:
    """Return True for yes and False for no, in any language of the headers, or None."""
    said = text.strip().casefold()
    return True if said in _YES else False if said in _NO else None


@dataclass(frozen=True, slots=True)
class NameLookup:
    """Lookup of halls or chain areas by key, name or unique number."""

    names: Mapping[str, str]
    """Names by key."""
    others: Mapping[str, Iterable[str]] = field(default_factory=dict)
    """Names in other languages by key."""
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers: dict[str, set[str]] = {}
        for key, name in self.names.items():
            self.known.setdefault(normalize_text(key), key)
            self.known.setdefault(normalize_text(name), key)
            for other in self.others.get(key, ()):
                self.known.setdefault(normalize_text(other), key)
            for number in {*_digits(name), *_digits(key)}:
                numbers.setdefault(number, set()).add(key)
        for number, keys in numbers.items():
            if len(keys) == 1:
                self.known.setdefault(f"#{number}", next(iter(keys)))

    def find(self, text: str) -> str | None:
        """Return the key of the only match, or None."""
        found = self.known.get(normalize_text(text))
        numbers = _digits(text)
        is_a_number = len(numbers) == 1 and len(normalize_text(text)) <= len(numbers[0]) + 10
        return found or (self.known.get(f"#{numbers[0]}") if is_a_number else None)

    def allowed(self) -> AllowedValues:
        """Return the keys by all their names."""
        words = {name: key for name, key in self.known.items() if not name.startswith("#")}
        return AllowedValues(words, {key: name or key for key, name in self.names.items()})


@cache
def allowed_countries() -> AllowedValues:
    """Return all countries, by their names in many languages."""
    return AllowedValues(_countries(), {code: Locale("en").territories[code] for code in sorted(_codes())})


@cache
def allowed_languages() -> AllowedValues:
    """Return all languages, by their names in many languages."""
    names = Locale("en").languages
    return AllowedValues(_languages(), {code: names.get(code, code) for code in set(_languages().values())})


@cache
def allowed_tiers() -> AllowedValues:
    return _allowed_words(_TIERS)


@cache
def allowed_request_states() -> AllowedValues:
    return _allowed_words(_STATES)


@cache
def allowed_locations() -> AllowedValues:
    return _allowed_words(_WISHES)


@cache
def allowed_guest_kinds() -> AllowedValues:
    return _allowed_words(_GUESTS)


@cache
def allowed_yes_no() -> AllowedValues:
    words = {normalize_text(word): "yes" for word in _YES} | {normalize_text(word): "no" for word in _NO}
    words.pop("", None)
    return AllowedValues(words, {"yes": "yes", "no": "no"})


def _find_word(listed: Mapping[Thing, Sequence[str]], text: str) -> Thing | None:
    words = fold_text(text)
    return next((thing for thing, of in listed.items() if words and words in map(_fold_known, of)), None)


@cache
def _fold_known(word: str) -> str:
    """Fold one of our own words. They are few, and compared with every cell."""
    return fold_text(word)


def _allowed_words(listed: Mapping[Any, Sequence[str]]) -> AllowedValues:
    words = {normalize_text(word): str(value) for value, of in listed.items() for word in of}
    return AllowedValues(words, {str(value): str(value) for value in listed})


def _only_code(codes: Sequence[str]) -> str | None:
    """Return the only code, or None if there are several: the Soviet Union had several successors."""
    return codes[0] if len(codes) == 1 else None


def _digits(text: str) -> list[str]:
    return [number.lstrip("0") or "0" for number in re.findall(r"[0-9]{1,4}", text)]


@cache
def _codes() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


@cache
def _countries() -> Mapping[str, str]:
    found = {
        normalize_text(name): code
        for code, names in vocabulary.load_other_names("countries").items()
        for name in names
    }
    for name in _READ_IN:
        for code, territory in Locale.parse(name).territories.items():
            if code in _codes():
                found.setdefault(normalize_text(territory), code)
    for name in vocabulary.load_ambiguous_names("countries"):
        found.pop(normalize_text(name), None)
    return found


@cache
def _languages() -> Mapping[str, str]:
    found = {
        normalize_text(name): code
        for code, names in vocabulary.load_other_names("languages").items()
        for name in names
    }
    for name in _READ_IN:
        for code, spoken in Locale.parse(name).languages.items():
            if "_" not in code:
                found.setdefault(normalize_text(spoken), code)
    return found


@cache
def _fold_names(names: Callable[[], Mapping[str, str]]) -> Mapping[str, str]:
    """Return names without accents and spaces, except where that makes them ambiguous."""
    found: dict[str, str] = {}
    twice = set()
    for name, code in names().items():
        if found.setdefault(fold_text(name), code) != code:
            twice.add(fold_text(name))
    return {name: code for name, code in found.items() if name not in twice}
