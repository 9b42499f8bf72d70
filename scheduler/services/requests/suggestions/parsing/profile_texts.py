"""Profile texts and lists of a firm, parsed into keys of products it offers and needs."""

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
"""Begins the key of a thing in the words of its firm. No key of the glossary has it."""
_KEPT = 16_384
"""Texts that a process remembers: an event has thousands, and each page of a firm asks for all of them."""

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
    """What a text says that its firm offers and needs: keys of things."""

    offers: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


@lru_cache(_KEPT)
def parse_profile_text(text: str) -> OffersAndNeeds:
    """What a firm's text offers and needs. What it is looking for is no offer."""
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
    """What a firm's text and its lists, as JSON, say that it offers and needs.

    A thing of a list that no line of the glossary names counts by its own words: its key is `OWN` and these.
    """
    told, needed = parse_profile_text(description), keys_of_list(needs)
    offered = keys_of_list(offers) | keys_of_list(products)
    return OffersAndNeeds((told.offers | offered) - needed, (told.needs - offered) | needed)


def keys_of_list(things: str) -> frozenset[str]:
    """The keys of a list of things, as JSON."""
    return frozenset(key for thing in json.loads(things) for key in keys_of(thing))


@lru_cache(_KEPT)
def keys_of(item: str) -> frozenset[str]:
    """The keys of an item of a list: of things that it names, else its own words; none if it denies them."""
    words = normalize_text(item)
    if name := find_by_name(words):
        return frozenset({name})
    said = list(_read(item))
    if not said:  # a few words do not always tell in which language they are
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
    """A thing in words of a language, or in those of the firm's lists, as JSON, that it comes from."""
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
    """The things of a sentence with the part that each plays, as its language says it."""
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
    if first is Stance.NEITHER:  # a question says nothing of its firm
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
