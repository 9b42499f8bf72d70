"""Which firms fit the words that are sought, and how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale
from rapidfuzz.distance import OSA

from scheduler.domain.entities import Tier
from scheduler.invites.catalogue import languages
from scheduler.services.directory.rows import Directory, SoughtFirm
from scheduler.services.directory.spelling import fits, needles, plain, zone
from scheduler.services.keeping.memory import remembered
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
    """The rows that fit, and their scores by id. `meant` has by misspelt word what it was taken for."""

    rows: list[SoughtFirm]
    scores: dict[int, int]
    meant: dict[str, tuple[str, ...]]


def sought(directory: Directory, text: str) -> Sought:
    """The rows in which every word of `text` is found: in names, texts, people, and the words of filters.

    A word that no row has is taken for words that are one typing error away.
    """
    wanted = [plain(word) for word in one_line(text).split()[:MAX_SEARCH_WORDS]]
    rows, meant = directory.rows, {}
    scores: Counter[int] = Counter()
    for word in wanted:
        found = _with(directory, rows, (word,))
        if not found and (near := _near(word, directory)):
            meant[word] = near
            found = _with(directory, rows, near)
        scores.update(found)
        rows = [row for row in rows if row.id in found]
    return Sought(rows, scores, meant)


def _with(directory: Directory, rows: Iterable[SoughtFirm], either: Sequence[str]) -> dict[int, int]:
    """How well the rows fit that have one of the words, by id."""
    countries, halls, areas, tiers = (
        {value for value, text in texts if any(fits(word, text) for word in either)}
        for texts in (
            _countries(),
            [(key, zone(name, *name.names.values())) for key, name in directory.halls.items()],
            [(key, zone(key, name, *name.names.values())) for key, name in directory.areas.items()],
            [(tier.value, zone(name)) for tier, name in _TIERS.items()],
        )
    )
    found = {}
    sought = [(f" {word}", needles(word)) for word in either]
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
        ):
            found[row.id] = score or _TOLD
    return found


def _score(beginning: str, parts: Sequence[str], row: SoughtFirm) -> int:
    """How well a row fits a word that is in its name or in what it tells."""
    if any(part in row.named for part in parts):
        return _NAME if beginning in row.named else _INSIDE_NAME
    return _TOLD


def _near(word: str, directory: Directory) -> tuple[str, ...]:
    """The words of the event that are one insertion, deletion, replacement or swap away.

    None for a word that some firm has: it is spelt right.
    """
    if len(word) < _TYPO_FROM or not word.isalpha():
        return ()
    known = remembered("words", directory.mark, lambda: _words(directory))
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
    """The code of each country, and its names in the languages of the site as a zone."""
    names: dict[str, list[str]] = {}
    for language in languages():
        for code, name in Locale.parse(language, sep="-").territories.items():
            if len(code) == 2 and code.isalpha():
                names.setdefault(code, [code]).append(name)
    return [(code, zone(*each, spoken=True)) for code, each in names.items()]
