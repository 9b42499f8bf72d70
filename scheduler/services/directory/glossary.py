"""Glossary of products in three languages: a taxonomy of the seven chain areas.

`glossary.tsv` has a line a thing: its key, its area, what needs it, its name and its concepts. A concept has
its words in English, Chinese and Hungarian, so that texts in two languages are known to name the same.
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
"""Letters of Latin words by which their candidates are found."""
_INSIDE = 6
"""Letters of a Hungarian word that is known inside another."""
_ENGLISH_FORM = re.compile(r"(?:'s|s|es)?(?![a-z0-9'])")
"""What may follow an English word of the glossary: not another word, as in "hospitality"."""


@dataclass(frozen=True, slots=True)
class Concept:
    """Words that mean the same, by language, in the form in which texts are compared."""

    key: str
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Product:
    """Something that is made or done. `names` are by language, `goes_into` the keys of what needs it."""

    key: str
    area: str
    names: Mapping[str, str]
    goes_into: frozenset[str]
    concepts: tuple[Concept, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A place of a plain text that names a thing. In Hungarian, more of the word may follow."""

    start: int
    end: int
    keys: tuple[str, ...]


@cache
def load_products() -> Mapping[str, Product]:
    """The things of the taxonomy by key."""
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
    """The key of the thing whose name, in any language, a plain text is."""
    return _by_name().get(text)


@cache
def _by_name() -> Mapping[str, str]:
    return {
        normalize_text(name): key for key, thing in load_products().items() for name in thing.names.values()
    }


def goes_into(key: str) -> frozenset[str]:
    """The keys of the things that need this one. None for one that the glossary does not have."""
    thing = load_products().get(key)
    return thing.goes_into if thing else frozenset()


def needed_for(keys: Iterable[str]) -> list[str]:
    """The keys of the things that go into some of these, in the order of the glossary, without these."""
    wanted = set(keys)
    return [key for key, thing in load_products().items() if thing.goes_into & wanted and key not in wanted]


def find_mentions(text: str, language: str) -> list[Mention]:
    """The places of a plain text of a language that name things, in order; of two, the longer."""
    # a hyphen stands for a space as far as words are compared; places stay the same
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
    """Places at which a word of the glossary can begin, and those that may be there, the longest first."""
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
        if language == "hu":  # the last part of a compound is what it is: "alumíniumöntvény"
            for place in range(match.start() + 1, match.end() - _INSIDE):
                inside = latin.get(text[place : place + _BEGINNING], ())
                longer = [each for each in inside if len(each[0]) >= _INSIDE and " " not in each[0]]
                if longer:
                    yield place, longer


@cache
def _beginnings(language: str) -> tuple[dict[str, list[tuple[str, bool]]], dict[str, list[tuple[str, bool]]]]:
    """The words of a language by how they begin: those in Latin letters, and Chinese ones."""
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
    """The keys of things by word of a language, English plurals in -ies with those of their words in -y."""
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
    """The words in all languages of the concepts that a plain text is the name of; none if of none.

    A plural and a singular are the same here.
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
    """A plain word without the ending of a plural, in English or Hungarian."""
    if not word.isascii() or len(word) < 4:
        return word
    bare = _PLURAL.sub("", word)
    return f"{bare}y" if word.endswith("ies") else bare
