"""What a cell means, however it is written: countries, languages, tiers, halls, chain areas, yes and no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from babel import Locale
from babel.core import get_global

from scheduler.domain.entities import PlaceWish, RequestState, Tier
from scheduler.services.cells.columns import plain
from scheduler.services.cells.proposals import Allowed

_READ_IN: Final = ("en", "zh", "zh_Hant", "hu", "de", "fr", "es", "it", "pt", "pl", "ru", "ja", "ko")
"""Languages in which names of countries and languages are known."""
_OTHER_COUNTRIES: Final = {
    "prc": "CN", "p r china": "CN", "pr china": "CN", "people s republic of china": "CN",
    "中华人民共和国": "CN", "mainland china": "CN", "中国大陆": "CN",
    "usa": "US", "u s a": "US", "united states of america": "US",
    "uk": "GB", "great britain": "GB", "england": "GB", "korea": "KR", "republic of korea": "KR",
    "czech republic": "CZ", "russian federation": "RU", "holland": "NL", "the netherlands": "NL",
    "hong kong": "HK", "香港": "HK", "macao": "MO", "macau": "MO", "澳门": "MO", "taiwan": "TW", "台湾": "TW",
    "uae": "AE", "viet nam": "VN", "turkey": "TR", "nagy britannia": "GB",
}  # fmt: skip
_OTHER_LANGUAGES: Final = {
    "mandarin": "zh", "mandarin chinese": "zh", "普通话": "zh", "汉语": "zh", "putonghua": "zh", "英文": "en",
    "cantonese": "yue", "粤语": "yue", "farsi": "fa", "flemish": "nl",
}  # fmt: skip
_TIERS: Final = {
    Tier.UPSTREAM: "upstream|up|up stream|上游|felső|felsőbb|vorgelagert",
    Tier.MIDSTREAM: "midstream|middle|mid stream|mid|中游|középső|mittlere",
    Tier.DOWNSTREAM: "downstream|down|down stream|下游|alsó|alsóbb|nachgelagert",
}
_STATES: Final = {
    RequestState.PENDING: "pending|open|waiting|待定|待答复|未答复|függőben|nyitott|offen",
    RequestState.ACCEPTED: "accepted|agreed|accept|confirmed|yes|ok|接受|已接受|同意|elfogadva|elfogadott|"
    "igen|angenommen|zugesagt|ja",
    RequestState.DECLINED: "declined|refused|rejected|decline|no|拒绝|已拒绝|elutasítva|elutasított|nem|"
    "abgelehnt|nein",
    RequestState.WITHDRAWN: "withdrawn|cancelled|canceled|撤回|已撤回|取消|visszavonva|visszavont|lemondva|"
    "zurückgezogen|storniert",
    RequestState.EXPIRED: "expired|过期|已过期|lejárt|abgelaufen",
}
_WISHES: Final = {
    PlaceWish.BOOTH: "booth|stand|展位|摊位|am stand",
    PlaceWish.TABLE: "table|meeting table|洽谈桌|桌|asztal|tisch",
    PlaceWish.ANY: "any|either|都可|任意|bármelyik|mindegy|egal|beides",
}
_YES: Final = frozenset(("yes", "y", "true", "1", "x", "是", "对", "有", "√", "✓", "ja", "igen", "i"))
_NO: Final = frozenset(("no", "n", "false", "0", "否", "不是", "无", "nein", "nem"))
_LIST_SIGNS: Final = re.compile(r"[;,/|、，；\n]+")
_CODE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2,8})?")


def several(text: str) -> list[str]:
    """The items of a list in one cell, whatever parts them, in their order."""
    return [item for item in (" ".join(part.split()) for part in _LIST_SIGNS.split(text)) if item]


def country(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country by a code (CN, CHN) or its name, or None if it is unknown."""
    code = text.strip().upper()
    if code in _codes():
        return code
    return _countries().get(plain(text)) or _one(get_global("territory_aliases").get(code, ()))


def language(text: str) -> str | None:
    """The code (BCP 47) of a language by its code or its name, or None if it is unknown."""
    code = text.strip()
    if _CODE.fullmatch(code) and code.partition("-")[0].lower() in Locale("en").languages:
        primary, hyphen, rest = code.partition("-")
        return primary.lower() + hyphen + rest
    return _languages().get(plain(text)) or get_global("language_aliases").get(code.lower())


def tier(text: str) -> Tier | None:
    """The tier of a firm in the supply chain by its word, or None if it is unknown."""
    words = plain(text)
    return next((tier for tier, listed in _TIERS.items() if words in listed.split("|")), None)


def request_state(text: str) -> RequestState | None:
    """The state of a meeting request by its word, or None if it is unknown."""
    words = plain(text)
    return next((state for state, listed in _STATES.items() if words in listed.split("|")), None)


def place_wish(text: str) -> PlaceWish | None:
    """Where a meeting may be held by its word, or None if it is unknown or empty."""
    words = plain(text)
    return next((wish for wish, listed in _WISHES.items() if words in listed.split("|")), None)


def yes_or_no(text: str) -> bool | None:
    """A yes or no in one of the languages of the headers, or None if it is neither."""
    said = text.strip().casefold()
    return True if said in _YES else False if said in _NO else None


@dataclass(frozen=True, slots=True)
class NamedThings:
    """Halls or chain areas of an event by what people write for them: key, name, or a number that one has."""

    names: Mapping[str, str]
    """Of keys: their names."""
    others: Mapping[str, Iterable[str]] = field(default_factory=dict)
    """Of keys: their names in other languages."""
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers: dict[str, set[str]] = {}
        for key, name in self.names.items():
            self.known.setdefault(plain(key), key)
            self.known.setdefault(plain(name), key)
            for other in self.others.get(key, ()):
                self.known.setdefault(plain(other), key)
            for number in {*_digits(name), *_digits(key)}:
                numbers.setdefault(number, set()).add(key)
        for number, keys in numbers.items():
            if len(keys) == 1:
                self.known.setdefault(f"#{number}", next(iter(keys)))

    def find(self, text: str) -> str | None:
        """The key of the one thing that is meant, or None if there is none or more than one."""
        found = self.known.get(plain(text))
        numbers = _digits(text)
        is_a_number = len(numbers) == 1 and len(plain(text)) <= len(numbers[0]) + 8
        return found or (self.known.get(f"#{numbers[0]}") if is_a_number else None)

    def allowed(self) -> Allowed:
        """The keys, by all that they are called."""
        words = {name: key for name, key in self.known.items() if not name.startswith("#")}
        return Allowed(words, {key: name or key for key, name in self.names.items()})


@cache
def countries() -> Allowed:
    """All countries, by their names in many languages."""
    return Allowed(_countries(), {code: Locale("en").territories[code] for code in sorted(_codes())})


@cache
def languages() -> Allowed:
    """All languages, by their names in many languages."""
    names = Locale("en").languages
    return Allowed(_languages(), {code: names.get(code, code) for code in set(_languages().values())})


@cache
def tiers() -> Allowed:
    return _of_words(_TIERS)


@cache
def request_states() -> Allowed:
    return _of_words(_STATES)


@cache
def place_wishes() -> Allowed:
    return _of_words(_WISHES)


@cache
def yes_and_no() -> Allowed:
    words = dict.fromkeys(_YES, "yes") | dict.fromkeys(_NO, "no")
    return Allowed(words, {"yes": "yes", "no": "no"})


def _of_words(listed: Mapping[Any, str]) -> Allowed:
    words = {word: str(value) for value, of in listed.items() for word in of.split("|")}
    return Allowed(words, {str(value): str(value) for value in listed})


def _one(codes: Sequence[str]) -> str | None:
    """The code, if there is one and no more: the Soviet Union was several."""
    return codes[0] if len(codes) == 1 else None


def _digits(text: str) -> list[str]:
    return [number.lstrip("0") or "0" for number in re.findall(r"[0-9]{1,4}", text)]


@cache
def _codes() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


@cache
def _countries() -> Mapping[str, str]:
    found = dict(_OTHER_COUNTRIES)
    for name in _READ_IN:
        for code, territory in Locale.parse(name).territories.items():
            if code in _codes():
                found.setdefault(plain(territory), code)
    return found


@cache
def _languages() -> Mapping[str, str]:
    found = dict(_OTHER_LANGUAGES)
    for name in _READ_IN:
        for code, spoken in Locale.parse(name).languages.items():
            if "_" not in code:
                found.setdefault(plain(spoken), code)
    return found
