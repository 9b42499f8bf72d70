"""Text search in the directory: matching firms and their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale
from rapidfuzz.distance import OSA

from scheduler.domain.entities import Tier
from scheduler.invites.catalogue import languages
from scheduler.services.directory.firm_rows import Directory, FirmRow
from scheduler.services.directory.glossary import translate_name
from scheduler.services.directory.normalization import (
    normalize_text,
    search_needles,
    search_zone,
    stem_word,
    zone_contains,
)
from scheduler.services.text import MAX_SEARCH_WORDS, clean_line
from scheduler.storage.cache.memoization import memoize

_TYPO_FROM = 5
"""Minimum length of a word to be corrected: "wine" is not "wind"."""
_MOST_MEANT = 12
_EXACT, _PERSON, _PHRASE, _WORD, _NAME, _INSIDE_NAME, _TOLD = 400, 300, 100, 6, 4, 2, 1
"""Scores: full name of a firm, person, part of a name, word of a name, its start, inside it, elsewhere."""
_ENGLISH = "speaks speak speaking spoken language languages in and for the who with of"
_OTHERS = "es beszel beszelo beszelnek nyelv nyelvu nyelven tud a az egy 说 会说 讲 语言 的 和"
_LITTLE = frozenset(f"{_ENGLISH} {_OTHERS}".split())
"""Stop words, ignored beside other words."""
_TIERS = {
    Tier.UPSTREAM: "upstream 上游 felfele",
    Tier.MIDSTREAM: "midstream 中游",
    Tier.DOWNSTREAM: "downstream 下游 lefele",
}


@dataclass(frozen=True, slots=True)
class TextMatches:
    """The matching rows, and their scores by id. `meant` has the corrections by misspelt word."""

    rows: list[FirmRow]
    scores: dict[int, int]
    meant: dict[str, tuple[str, ...]]


def search_text(directory: Directory, text: str) -> TextMatches:
    """Return the rows that contain every word of `text`: in names, texts, people, and labels of filters.

    Words in the glossary match in all its languages. A word that neither a row nor the glossary contains is
    corrected to words at an edit distance of 1. Firms whose name matches come first.
    """
    whole = normalize_text(" ".join(clean_line(text).split()[:MAX_SEARCH_WORDS]))
    rows, meant = directory.rows, {}
    scores: Counter[int] = Counter()
    for word in _wanted(whole):
        found = _with(directory, rows, (word,))
        if not found and not translate_name(word) and (near := _near(word, directory)):
            meant[word] = near
            found = _with(directory, rows, near)
        scores.update(found)
        rows = [row for row in rows if row.id in found]
    for row in rows:
        scores[row.id] += _whole(whole, row)
    return TextMatches(rows, scores, meant)


def _wanted(whole: str) -> list[str]:
    """Return the words to search for, or the whole text if the glossary has it as one term."""
    words = whole.split()
    if len(words) > 1 and translate_name(whole):
        return [whole]
    return [word for word in words if word not in _LITTLE] or words


def _whole(whole: str, row: FirmRow) -> int:
    """Return the score for the whole text being a name or appearing in one word by word."""
    exact = f" {whole} "
    if exact in row.named:
        return _EXACT if whole == normalize_text(row.latin_name) or row.named.startswith(exact) else _PHRASE
    words = whole.split()
    is_person = len(words) > 1 and any(all(f" {word} " in zone for word in words) for zone in row.people)
    return _PERSON if is_person else 0


def _with(directory: Directory, rows: Iterable[FirmRow], either: Sequence[str]) -> dict[int, int]:
    """Return the scores by id of rows that match any of the words or their synonyms."""
    countries, halls, areas, tiers = (
        {value for value, text in texts if any(zone_contains(word, text) for word in either)}
        for texts in (
            _countries(),
            [(key, search_zone(name, *name.names.values())) for key, name in directory.halls.items()],
            [(key, search_zone(key, name, *name.names.values())) for key, name in directory.areas.items()],
            [(tier.value, search_zone(name)) for tier, name in _TIERS.items()],
        )
    )
    languages = {code for code, text in _languages() if any(f" {word} " in text for word in either)}
    found = {}
    sought = [each for word in either for each in _needles(word)]
    for row in rows:
        score = 0
        for beginning, parts in sought:
            for needle in parts:
                if needle in row.every:
                    score = max(score, _score(beginning, parts, row))
                    break
        if (
            score
            or row.country in countries
            or row.tier in tiers
            or not halls.isdisjoint(row.hall)
            or not areas.isdisjoint(row.area)
            or not languages.isdisjoint(row.language)
        ):
            found[row.id] = score or _TOLD
    return found


def _needles(word: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return pairs of a name prefix and substrings to search for: one for each synonym."""
    same = translate_name(word)
    return (
        [(f" {each}", (_in_zone(each),)) for each in same] if same else [(f" {word}", search_needles(word))]
    )


def _in_zone(word: str) -> str:
    """Return the substring by which a glossary word is found.

    A short word must match as a whole, a Chinese one anywhere.
    """
    if not word.isascii():
        return word
    return f" {word} " if len(word) < _TYPO_FROM else f" {stem_word(word)}"


def _score(beginning: str, parts: Sequence[str], row: FirmRow) -> int:
    """Return the score of a row that contains the word in its name or elsewhere."""
    if any(part in row.named for part in parts):
        if f"{beginning} " in row.named:
            return _WORD
        return _NAME if beginning in row.named else _INSIDE_NAME
    return _TOLD


def _near(word: str, directory: Directory) -> tuple[str, ...]:
    """Return the event's words at one insertion, deletion, substitution or transposition from `word`.

    Empty if a firm contains the word itself, because then it is spelt correctly.
    """
    if len(word) < _TYPO_FROM or not word.isalpha():
        return ()
    known = memoize("words", directory.fingerprint, lambda: _words(directory))
    size = len(word)
    alike = (each for each in known if abs(len(each) - size) <= 1)
    near = [each for each in alike if OSA.distance(word, each, score_cutoff=1) <= 1]
    if word in near:
        return ()
    return tuple(sorted(near)[:_MOST_MEANT])


def _words(directory: Directory) -> frozenset[str]:
    of_firms = (word for row in directory.rows for word in row.every.split())
    return frozenset(of_firms).union(part for _, text in _countries() for part in text.split())


@cache
def _countries() -> list[tuple[str, str]]:
    """Return the code of each country with a zone of its names in the site's languages."""
    names: dict[str, list[str]] = {}
    for language in languages():
        for code, name in Locale.parse(language, sep="-").territories.items():
            if len(code) == 2 and code.isalpha():
                names.setdefault(code, [code]).append(name)
    return [(code, search_zone(*each, spoken=True)) for code, each in names.items()]


_ALSO = {"zh": ("mandarin", "putonghua", "普通话", "汉语", "中国话"), "fa": ("farsi",)}
"""Other names of languages."""


@cache
def _languages() -> list[tuple[str, str]]:
    """Return the code of each language with a zone of its names in the site's languages."""
    names: dict[str, list[str]] = {code: list(more) for code, more in _ALSO.items()}
    for language in languages():
        for code, name in Locale.parse(language, sep="-").languages.items():
            if len(code) == 2:
                names.setdefault(code, []).append(name)
    return [(code, search_zone(*each)) for code, each in names.items()]
