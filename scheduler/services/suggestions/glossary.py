"""What firms make and look for, known by words in three languages: a taxonomy of the seven chain areas.

`glossary.tsv` has a line a thing: its key, its area, beginnings of words in English, Chinese and Hungarian,
and what it goes into. So a Chinese text and a Hungarian one about bearings are known to be about the same.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

OWN = "="
"""Begins the key of a thing in the words of its firm. No key of the glossary has it."""
_KEPT = 16_384
"""Texts that a process remembers: an event has thousands, and each page of a firm asks for all of them."""

_NEEDS = re.compile(
    r"look(?:s|ing)? (?:out )?for|searching for|seek(?:s|ing)?|sourc(?:es?|ing)|in need of|needs?"
    r"|want(?:s)? to buy|buy(?:s|ing)?|purchas(?:es|ing)|procur(?:es|ing)|interested in"
    r"|寻求|寻找|采购|需要|求购|希望购买|欲购|征集"
)
"""In English and Chinese, what is looked for follows such words."""
_KERES = re.compile(r"keres|vasarol|beszerez|szukseg|vennenk|erdekel|beszerzes")
"""In Hungarian the whole clause is about it. Without accents, as all texts are compared."""
_GIVES = re.compile(r"gyart|kinal|szallit|keszit|forgalmaz|fejleszt|ajanl|eloallit|termel|nyujt|vegz|epit")
_SENTENCES = re.compile(r"[.;!?。；！？\n]+")
_CLAUSES = re.compile(r"[,，]| de | és | es (?=[a-z]+(?:t|k)\b)")


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is made or done. `names` are by language, `goes_into` the keys of what needs it."""

    key: str
    area: str
    names: dict[str, str]
    goes_into: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wants:
    """What a text says that its firm offers and needs: keys of things."""

    offers: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


def plain(text: str) -> str:
    """Text without case and accents, as words are compared."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in letters if not unicodedata.combining(char))


@cache
def things() -> dict[str, Thing]:
    """The things of the taxonomy by key."""
    return {thing.key: thing for thing, _ in _rows()}


@lru_cache(_KEPT)
def wants(text: str) -> Wants:
    """What a firm's text offers and needs. What it is looking for is no offer."""
    offered: set[str] = set()
    needed: set[str] = set()
    for sentence in _SENTENCES.split(plain(text)):
        for part, is_need in _parts(sentence):
            (needed if is_need else offered).update(_named(part))
    return Wants(frozenset(offered - needed), frozenset(needed))


@lru_cache(_KEPT)
def listed_wants(description: str, offers: str, needs: str, products: str) -> Wants:
    """What a firm's text and its lists, as JSON, say that it offers and needs.

    A thing of a list that no line of the glossary names counts by its own words: its key is `OWN` and these.
    """
    told = wants(description)
    needed = frozenset(key for thing in json.loads(needs) for key in _of_thing(thing))
    things_offered = (thing for text in (offers, products) for thing in json.loads(text))
    offered = frozenset(key for thing in things_offered for key in _of_thing(thing))
    return Wants((told.offers | offered) - needed, (told.needs - offered) | needed)


def goes_into(key: str) -> frozenset[str]:
    """The keys of the things that need this one."""
    return frozenset() if key.startswith(OWN) else things()[key].goes_into


def named(key: str, language: str, lists: Iterable[str]) -> str:
    """A thing in words of a language, or in those of the firm's lists, as JSON, that it comes from."""
    if key.startswith(OWN):
        own = key.removeprefix(OWN)
        return next((thing for each in lists for thing in json.loads(each) if plain(thing) == own), own)
    names = things()[key].names
    return names.get(language, names["en"])


def _of_thing(text: str) -> Iterator[str]:
    words = plain(text)
    yield from tuple(_named(words)) or (f"{OWN}{words}",)


def _parts(sentence: str) -> Iterator[tuple[str, bool]]:
    """The parts of a sentence, and whether each is about what is needed."""
    found = _NEEDS.search(sentence)
    if found:
        yield sentence[: found.start()], False
        yield sentence[found.end() :], True
        return
    if not _KERES.search(sentence):
        yield sentence, False
        return
    said = ""  # what stands before the verb of its clause
    for clause in _CLAUSES.split(sentence):
        said = f"{said} {clause}"
        if _KERES.search(clause):
            yield said, True
            said = ""
        elif _GIVES.search(clause):
            yield said, False
            said = ""
    yield said, False


def _named(text: str) -> Iterator[str]:
    """The things that a text names."""
    for match in _words().finditer(text):
        key = _by_word()[match.group(0).strip()]
        yield from key


@cache
def _words() -> re.Pattern[str]:
    """All words, the longest first. Words in letters begin a word of the text; Chinese has no such limits."""
    words = sorted(_by_word(), key=len, reverse=True)
    return re.compile(
        "|".join(re.escape(word) if not word[0].isascii() else rf"\b{re.escape(word)}" for word in words)
    )


@cache
def _by_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for thing, words in _rows():
        for word in words:
            found[word] = (*found.get(word, ()), thing.key)
    return found


@cache
def _rows() -> tuple[tuple[Thing, tuple[str, ...]], ...]:
    text = (files(__package__) / "glossary.tsv").read_text("utf-8")
    rows = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        key, area, *columns = line.split("\t")
        lists = [[word.strip() for word in column.split(";")] for column in columns[:3]]
        names = {language: words[0] for language, words in zip(("en", "zh", "hu"), lists, strict=True)}
        into = frozenset(columns[3].split()) if len(columns) > 3 else frozenset()
        words = tuple(plain(word) for listed in lists for word in listed)
        rows.append((Thing(key, area, names, into), words))
    return tuple(rows)
