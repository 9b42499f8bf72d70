"""Profile texts and lists of a firm, parsed into keys of offered and needed products."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from scheduler.services.directory.glossary import find_by_name, find_mentions, load_products
from scheduler.services.directory.normalization import normalize_text
from scheduler.services.requests.suggestions.parsing import chinese, english, hungarian
from scheduler.services.requests.suggestions.parsing.clauses import Said, Stance

OWN = "="
"""Prefix of keys made from a firm's own words. Glossary keys never have it."""
_KEPT = 16_384
"""Cached texts per process: an event has thousands, and each page of suggestions parses all of them."""

_SENTENCE = re.compile(r"[^.;!?。；！？\n]+(?:\.(?=\S)[^.;!?。；！？\n]*)*[.;!?。；！？]*")
_HAN = re.compile("[\u3400-\u9fff]")
_HUNGARIAN = re.compile(
    r"\b(?:es|az|egy|nem|vagy|valamint|illetve|szamara|reszere|vagyunk|cegunk|ceg|gyartunk|keresunk|kinalunk"
    r"|szallitunk|forgalmazunk|vasarolunk|hogy|is|mert|csak|mar|keszitunk|fejlesztunk|nyujtunk|szuksegunk)\b|unk\b"
)
_ENGLISH = re.compile(
    r"\b(?:the|and|of|for|we|our|are|to|with|from|in|by|not|its|it|has|at|on|looking|need|make|offer)\b"
)
_HUNGARIAN_LETTERS = re.compile("[őűŐŰ]")
_LATIN_ACCENTS = re.compile("[áéíóöúüÁÉÍÓÖÚÜ]")


@dataclass(frozen=True, slots=True)
class OffersAndNeeds:
    """Keys of the products that a firm offers and needs, according to its texts."""

    offers: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


@lru_cache(_KEPT)
def parse_profile_text(text: str) -> OffersAndNeeds:
    """Parse a firm's text. A needed product is not counted as offered."""
    offered: set[str] = set()
    needed: set[str] = set()
    for said in _read(text):
        if said.part is Stance.OFFERED:
            offered.update(said.keys)
        elif said.part is Stance.NEEDED:
            needed.update(said.keys)
    return OffersAndNeeds(frozenset(offered - needed), frozenset(needed))


@lru_cache(_KEPT)
def parse_profile(description: str, offers: str, needs: str, products: str) -> OffersAndNeeds:
    """Parse a firm's text and its lists, which are JSON.

    A listed item that is not in the glossary counts by its own words: its key is `OWN` and the words.
    """
    told, needed = parse_profile_text(description), keys_of_list(needs)
    offered = keys_of_list(offers) | keys_of_list(products)
    return OffersAndNeeds((told.offers | offered) - needed, (told.needs - offered) | needed)


def keys_of_list(things: str) -> frozenset[str]:
    """Return the keys of a JSON list of items."""
    return frozenset(key for thing in json.loads(things) for key in keys_of(thing))


@lru_cache(_KEPT)
def keys_of(item: str) -> frozenset[str]:
    """Return the keys of a list item: products that it names, else its own words.

    Empty if it negates them.
    """
    words = normalize_text(item)
    if name := find_by_name(words):
        return frozenset({name})
    said = list(_read(item))
    if not said:  # a few words do not always determine the language
        said = [
            *english.parse_sentence(words, find_mentions(words, "en")),
            *hungarian.parse_sentence(words, find_mentions(words, "hu")),
        ]
    found = {key for each in said if each.part is not Stance.NEITHER for key in each.keys}
    if found:
        return frozenset(found)
    own = " ".join(words.split())
    return frozenset({f"{OWN}{own}"}) if own else frozenset()


def thing_name(key: str, language: str, lists: Iterable[str]) -> str:
    """Return a product's name in a language, or its original words from the firm's JSON lists."""
    if key.startswith(OWN):
        own = key.removeprefix(OWN)
        every = (thing for each in lists for thing in json.loads(each))
        return next((thing for thing in every if " ".join(normalize_text(thing).split()) == own), own)
    names = load_products()[key].names
    return names.get(language, names["en"])


def _read(text: str) -> Iterator[Said]:
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        first = Stance.NEITHER if sentence.endswith(("?", "？")) else Stance.OFFERED
        yield from parse_sentence(sentence, first)


def parse_sentence(sentence: str, first: Stance = Stance.OFFERED) -> list[Said]:
    """Detect the language of a sentence and return its products with their stances."""
    words = normalize_text(sentence).replace("’", "'")
    if _HAN.search(words):
        found = find_mentions(words, "zh")
        said = chinese.parse_sentence(words, found, first) if found else []
    elif _is_hungarian(sentence, words):
        found = find_mentions(words, "hu")
        accented = unicodedata.normalize("NFC", sentence.casefold())
        same = accented if len(accented) == len(words) else ""
        said = hungarian.parse_sentence(words, found, first, same) if found else []
    else:
        found = find_mentions(words, "en")
        said = english.parse_sentence(words, found, first) if found else []
    if first is Stance.NEITHER:  # questions are not about the firm
        for each in said:
            each.part = Stance.NEITHER
    return said


def _is_hungarian(sentence: str, words: str) -> bool:
    if _HUNGARIAN_LETTERS.search(sentence):
        return True
    ours, theirs = len(_HUNGARIAN.findall(words)), len(_ENGLISH.findall(words))
    if ours != theirs:
        return ours > theirs
    return bool(_LATIN_ACCENTS.search(sentence))
