"""Which firms fit the words that are sought, and how well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale
from rapidfuzz.distance import OSA

from scheduler.domain.entities import Tier
from scheduler.invites.catalogue import languages
from scheduler.services.directory.rows import Directory, SoughtFirm
from scheduler.services.directory.spelling import fits, needles, plain, words, zone
from scheduler.services.text import MAX_SEARCH_WORDS, one_line

_TYPO_FROM = 4
"""A shorter word is not taken for a misspelt one: too many are one letter away from it."""
_MOST_MEANT = 12
_NAME, _INSIDE_NAME, _TOLD = 4, 2, 1
_TIERS = {
    Tier.UPSTREAM: "upstream 上游 felfele",
    Tier.MIDSTREAM: "midstream 中游",
    Tier.DOWNSTREAM: "downstream 下游 lefele",
}


@dataclass(frozen=True, slots=True)
class Sought:
    """The rows that fit, each with its score. `meant` has by misspelt word what it was taken for."""

    rows: list[SoughtFirm]
    meant: dict[str, tuple[str, ...]]


def sought(directory: Directory, text: str) -> Sought:
    """The rows in which every word of `text` is found: in names, texts, people, and the words of filters.

    A word that no row has is taken for words that are one typing error away.
    """
    wanted = [plain(word) for word in one_line(text).split()[:MAX_SEARCH_WORDS]]
    rows, meant = directory.rows, {}
    for row in rows:
        row.score = 0
    for word in wanted:
        found = _with(directory, rows, (word,))
        if not found and (near := _near(word, directory)):
            meant[word] = near
            found = _with(directory, rows, near)
        rows = found
    return Sought(rows, meant)


def _with(directory: Directory, rows: Iterable[SoughtFirm], either: Sequence[str]) -> list[SoughtFirm]:
    """The rows that have one of the words; their scores grow."""
    countries, halls, areas, tiers = (
        {value for value, text in texts if any(fits(word, text) for word in either)}
        for texts in (
            _countries(),
            [(key, zone(name, *name.names.values())) for key, name in directory.halls.items()],
            [(key, zone(key, name, *name.names.values())) for key, name in directory.areas.items()],
            [(tier.value, zone(name)) for tier, name in _TIERS.items()],
        )
    )
    found = []
    for row in rows:
        score = max(_score(word, row) for word in either)
        if (
            row.country in countries
            or row.tier in tiers
            or not halls.isdisjoint(row.hall)
            or not areas.isdisjoint(row.area)
        ):
            score = max(score, _TOLD)
        if score:
            row.score += score
            found.append(row)
    return found


def _score(word: str, row: SoughtFirm) -> int:
    if fits(word, row.named):
        return _NAME if f" {word}" in row.named else _INSIDE_NAME
    for needle in needles(word):
        for text in row.told:
            if needle in text:
                return _TOLD
    return 0


def _near(word: str, directory: Directory) -> tuple[str, ...]:
    """The words of the event that are one insertion, deletion, replacement or swap away.

    None for a word that some firm has: it is spelt right.
    """
    if len(word) < _TYPO_FROM or not word.isalpha():
        return ()
    known: set[str] = set()
    for row in directory.rows:
        known.update(words(row.named), *map(words, row.told))
    known.update(part for _, text in _countries() for part in text.split())
    size = len(word)
    alike = (each for each in known if abs(len(each) - size) <= 1)
    near = [each for each in alike if OSA.distance(word, each, score_cutoff=1) <= 1]
    if word in near:
        return ()
    return tuple(sorted(near)[:_MOST_MEANT])


@cache
def _countries() -> list[tuple[str, str]]:
    """The code of each country, and its names in the languages of the site as a zone."""
    names: dict[str, list[str]] = {}
    for language in languages():
        for code, name in Locale.parse(language, sep="-").territories.items():
            if len(code) == 2 and code.isalpha():
                names.setdefault(code, [code]).append(name)
    return [(code, zone(*each, spoken=True)) for code, each in names.items()]
