"""Glossary of products in three languages: a taxonomy of the seven value chain areas.

Each line of `glossary.tsv` is a product: its key, its area, the products that need it, its names and its
concepts. A concept has words in English, Chinese and Hungarian, so that texts in two languages can be
matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from scheduler.services.directory.normalization import normalize_text

LANGUAGES = ("en", "zh", "hu")
_LATIN_WORD = re.compile(r"[a-z0-9]+")
_BEGINNING = 2
"""Prefix length by which candidates for Latin words are indexed."""
_INSIDE = 6
"""Minimum length of a Hungarian word to be found inside a compound."""
_ENGLISH_FORM = re.compile(r"(?:'s|s|es)?(?![a-z0-9'])")
"""Permitted suffix of an English glossary word, so that "hospital" does not match "hospitality"."""


@dataclass(frozen=True, slots=True)
class Concept:
    """Synonyms by language, in normalised form."""

    key: str
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Product:
    """A product or service. `names` are by language. `goes_into` are the keys of products that need it."""

    key: str
    area: str
    names: Mapping[str, str]
    goes_into: frozenset[str]
    concepts: tuple[Concept, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """An occurrence of products in a normalised text. In Hungarian, the word may continue after it."""

    start: int
    end: int
    keys: tuple[str, ...]


@cache
def load_products() -> Mapping[str, Product]:
    """Return the products of the taxonomy by key."""
    text = (files(__package__) / "glossary.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {key: _thing(key, area, into, names, concepts) for key, area, into, names, concepts in rows}


def _thing(key: str, area: str, into: str, names: str, concepts: str) -> Product:
    return Product(
        key,
        area,
        dict(zip(LANGUAGES, names.split(" / "), strict=True)),
        frozenset(into.split()),
        tuple(_concept(key, words) for words in concepts.split("; ")),
    )


def _concept(key: str, words: str) -> Concept:
    listed = (each.split(", ") for each in words.split(" / "))
    return Concept(
        key,
        {
            language: tuple(normalize_text(word).replace("-", " ") for word in each)
            for language, each in zip(LANGUAGES, listed, strict=True)
        },
    )


def find_by_name(text: str) -> str | None:
    """Return the key of the product that has this name in any language, or None. `text` is normalised."""
    return _by_name().get(text)


@cache
def _by_name() -> Mapping[str, str]:
    return {
        normalize_text(name): key for key, thing in load_products().items() for name in thing.names.values()
    }


def goes_into(key: str) -> frozenset[str]:
    """Return the keys of the products that need this one. Empty for an unknown key."""
    thing = load_products().get(key)
    return thing.goes_into if thing else frozenset()


def needed_for(keys: Iterable[str]) -> list[str]:
    """Return the keys of products that go into any of these, in glossary order, without these."""
    wanted = set(keys)
    return [key for key, thing in load_products().items() if thing.goes_into & wanted and key not in wanted]


def find_mentions(text: str, language: str) -> list[Mention]:
    """Return the mentions of products in a normalised text, in order.

    Of overlapping ones, the longest counts.
    """
    # hyphens are compared as spaces; positions do not change
    words = text.replace("-", " ")
    found: list[Mention] = []
    end = 0
    for start, candidates in _candidates(words, language):
        if start < end:
            continue
        for word, is_whole in candidates:
            if not words.startswith(word, start):
                continue
            after = start + len(word)
            if is_whole:
                form = _ENGLISH_FORM.match(words, after)
                if not form:
                    continue
                after = form.end()
            end = after
            found.append(Mention(start, after, _keys(language)[word]))
            break
    return found


def _candidates(text: str, language: str) -> Iterator[tuple[int, list[tuple[str, bool]]]]:
    """Yield positions at which a glossary word can start, with the candidates there, longest first."""
    latin, han = _beginnings(language)
    if language == "zh":
        for place, char in enumerate(text):
            if char in han:
                yield place, han[char]
            elif char.isascii() and char.isalnum() and not text[place - 1 : place].isascii():
                yield place, latin.get(text[place : place + _BEGINNING], [])
        return
    for match in _LATIN_WORD.finditer(text):
        candidates = latin.get(match.group()[:_BEGINNING])
        if candidates:
            yield match.start(), candidates
        if language == "hu":  # the head of a compound is its last part: "alumíniumöntvény"
            for place in range(match.start() + 1, match.end() - _INSIDE):
                inside = latin.get(text[place : place + _BEGINNING], ())
                longer = [each for each in inside if len(each[0]) >= _INSIDE and " " not in each[0]]
                if longer:
                    yield place, longer


@cache
def _beginnings(language: str) -> tuple[dict[str, list[tuple[str, bool]]], dict[str, list[tuple[str, bool]]]]:
    """Index the words of a language by prefix: Latin words, and Chinese words."""
    latin: dict[str, list[tuple[str, bool]]] = {}
    han: dict[str, list[tuple[str, bool]]] = {}
    for word in sorted(_keys(language), key=lambda word: (-len(word), word)):
        if word.isascii():
            first = word.split()[0][:_BEGINNING]
            latin.setdefault(first, []).append((word, language != "hu"))
        else:
            han.setdefault(word[0], []).append((word, False))
    return latin, han


@cache
def _keys(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return product keys by word of a language. English words in -y are also indexed as plurals in -ies."""
    found: dict[str, tuple[str, ...]] = {}
    for thing in load_products().values():
        for concept in thing.concepts:
            for word in concept.words[language]:
                forms = [word, f"{word[:-1]}ies"] if language == "en" and word.endswith("y") else [word]
                for form in forms:
                    found[form] = tuple(dict.fromkeys((*found.get(form, ()), thing.key)))
    return found


@lru_cache(1_024)
def translate_name(text: str) -> tuple[str, ...]:
    """Return the words in all languages of the concepts that a normalised text names.

    Empty if there are none. Singular and plural are treated as equal.
    """
    sought = _bare(text.replace("-", " "))
    return tuple(dict.fromkeys(word for words in _by_bare_word().get(sought, ()) for word in words))


@cache
def _by_bare_word() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for thing in load_products().values():
        for concept in thing.concepts:
            every = tuple(word for words in concept.words.values() for word in words)
            for word in {_bare(word) for word in every}:
                found[word] = (*found.get(word, ()), every)
    return found


_PLURAL = re.compile(r"(?:(?<=[^aeiou])ies|(?<=s)es|(?<=[a-z]{2})s|[aeou]?k)$")


def _bare(word: str) -> str:
    """Return a normalised word without an English or Hungarian plural ending."""
    if not word.isascii() or len(word) < 4:
        return word
    bare = _PLURAL.sub("", word)
    return f"{bare}y" if word.endswith("ies") else bare
