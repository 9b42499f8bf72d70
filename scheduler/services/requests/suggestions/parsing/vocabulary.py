"""Vocabulary files per language: word classes as regular expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def pattern_table(language: str) -> Mapping[str, str]:
    """Return the alternatives of each word class as one expression, in the order of the file."""
    found: dict[str, str] = {}
    for line in (files(__package__) / f"{language}.tsv").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            kind, words = line.split("\t")
            found[kind] = f"{found[kind]}|{words}" if kind in found else words
    return found


def pattern(language: str, kind: str, *, is_words: bool = False) -> re.Pattern[str]:
    """Compile the expression of a word class, optionally for whole words only."""
    words = pattern_table(language)[kind]
    return re.compile(rf"\b(?:{words})\b" if is_words else words)


def words(language: str, kind: str) -> frozenset[str]:
    return frozenset(pattern_table(language)[kind].split("|"))
