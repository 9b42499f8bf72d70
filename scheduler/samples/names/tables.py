"""The tables of names, read from the packaged files: one a country, and business words one a language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from scheduler.samples.names.latin import fold_to_ascii

COUNTRIES = (
    "CN", "US", "JP", "DE", "GB", "FR", "KR", "IT", "HU", "ES", "SG", "VN", "TH", "IN", "BR",
    "NL", "PL", "AU", "CA", "TR", "MY", "ID", "AE", "RU", "CZ", "MX", "ZA", "SA", "EG", "KE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a name in its own script and in ASCII."""

    native: str
    latin: str


@dataclass(frozen=True, slots=True)
class Weighted:
    part: Part
    weight: int


@dataclass(frozen=True, slots=True)
class CountryTable:
    """How firms and people of one country are named; `words` by chain area.

    `order` and `latin_order` are "family" or "given": what comes first. `families` pairs the male and the
    female form of each family name. Patterns use {city}, {stem}, {word} and {legal}.
    """

    code: str
    name: str
    order: str
    latin_order: str
    join: str
    stem_join: str
    languages: tuple[tuple[tuple[str, ...], int], ...]
    cities: tuple[Part, ...]
    heads: tuple[Part, ...]
    tails: tuple[Part, ...]
    patterns: tuple[Part, ...]
    legal: tuple[Weighted, ...]
    families: tuple[tuple[Part, Part], ...]
    female: tuple[Part, ...]
    male: tuple[Part, ...]
    words: Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True, slots=True)
class AvoidedNames:
    """Latin full names of people and words of firm names that must not come about by chance; lower case."""

    people: frozenset[str]
    brands: frozenset[str]


@cache
def country_table(code: str) -> CountryTable:
    """The table of an ISO 3166-1 alpha-2 code; raises ValueError if there is none."""
    if code not in COUNTRIES:
        raise ValueError(f"no names for country {code!r}; there are {', '.join(sorted(COUNTRIES))}")
    raw = load_avoided_names("countries", f"{code.lower()}.json")
    special = dict(pair.split("=") for pair in raw["fold"].split())
    male = parse_parts(raw["family"], special)
    female = parse_parts(raw.get("family_female", raw["family"]), special)
    words = load_avoided_names("words", f"{raw['words']}.json")
    return CountryTable(
        code=code,
        name=raw["name"],
        order=raw["order"],
        latin_order=raw["latin_order"],
        join=raw["join"],
        stem_join=raw["stem_join"],
        languages=tuple((tuple(mix.split()), share) for mix, share in raw["languages"].items()),
        cities=parse_parts(raw["cities"], special),
        heads=parse_parts(raw["heads"], special),
        tails=parse_parts(raw["tails"], special),
        female=parse_parts(raw["female"], special),
        male=parse_parts(raw["male"], special),
        patterns=tuple(map(Part, raw["patterns"], raw["latin_patterns"])),
        legal=parse_weighted(raw["legal"], special),
        families=tuple(zip(male, female, strict=True)),
        words={area: parse_parts(row, special) for area, row in words.items()},
    )


@cache
def avoided_names() -> AvoidedNames:
    """Well-known people and brands."""
    raw = load_avoided_names("avoid.json")
    return AvoidedNames(
        people=frozenset(name.lower() for name in raw["people"]),
        brands=frozenset(raw["brands"]),
    )


def parse_parts(row: str, special: dict[str, str]) -> tuple[Part, ...]:
    """Read "native|Latin; native|Latin"; without a Latin form it is the native one in ASCII."""
    return tuple(parse_part(text.strip(" "), special) for text in row.split("; "))


def parse_part(text: str, special: dict[str, str]) -> Part:
    native, _, latin = text.partition("|")
    return Part(native, latin or fold_to_ascii(native, special))


def parse_weighted(row: str, special: dict[str, str]) -> tuple[Weighted, ...]:
    """Read "native|Latin=weight; ..."; a leading blank of the native form is kept."""
    pairs = (text.rpartition("=") for text in row.split("; "))
    return tuple(Weighted(parse_part(name, special), int(weight)) for name, _, weight in pairs)


def load_avoided_names(*path: str) -> dict[str, Any]:
    text = files("scheduler.samples.names").joinpath(*path).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
