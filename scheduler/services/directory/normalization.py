"""Normalization of words for search: case, accents, script and suffixes."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

_KEPT = 65_536
"""Texts that a process remembers in the form in which they are compared: two events of the largest size."""

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_NO_WORD = re.compile(r"[\W_]+")
SHORT = 2
"""A word of so many Latin letters counts at the beginning of a word only: it is inside too many."""
_STEM = 4
"""Letters that a word keeps at least, whatever its ending."""
_ENDINGS = re.compile(
    r"(?:ings?|ied|ies|ed|es|s|y|e"  # English
    r"|[aeo]?k(?:at|et|ot)?|[aeo]t|(?:b|r)[ae]n?|[nt][aeo]k)$"  # Hungarian, without accents: plural and cases
)


@lru_cache(_KEPT)
def normalize_text(text: str) -> str:
    """A text without case and accents, in full width letters made narrow and simplified characters."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(char for char in letters if not unicodedata.combining(char))
    return _simplified(unicodedata.normalize("NFC", kept))


@lru_cache(_KEPT)
def search_zone(*texts: str, spoken: bool = False) -> str:
    """What is searched of some texts, with a space before each word.

    `spoken` adds how Chinese names sound: pinyin by syllables, in one word, and its initials.
    """
    whole = normalize_text(" ".join(texts))
    parts = [whole, _NO_WORD.sub(" ", whole)]
    if spoken:
        parts += [form for name in _HAN.findall(whole) for form in _sounds(name)]
    return f" {' '.join(parts)} "


@lru_cache(_KEPT)
def stem_word(word: str) -> str:
    """A plain word without the ending that it has in English or Hungarian, to be found as a beginning."""
    bare = _ENDINGS.sub("", word)
    return bare if len(bare) >= _STEM and word.isalpha() and word.isascii() else word


@lru_cache(1_024)
def search_needles(word: str) -> tuple[str, ...]:
    """What a plain word is found by in a zone: as the beginning of a word, or anywhere if it is longer."""
    if word.isascii() and len(word) <= SHORT:
        return (f" {word}",)
    bare = stem_word(word)
    return (word,) if bare == word else (word, f" {bare}")


def zone_contains(word: str, text: str) -> bool:
    """Whether a zone has a plain word."""
    return any(needle in text for needle in search_needles(word))


def _sounds(name: str) -> tuple[str, str, str]:
    syllables = _readings()(name)
    return " ".join(syllables), "".join(syllables), "".join(syllable[:1] for syllable in syllables)


def _simplified(text: str) -> str:
    return str(_converter().convert(text)) if _HAN.search(text) else text


@cache
def _converter() -> Any:
    """OpenCC's characters of Taiwan and Hong Kong to those of the mainland."""
    from opencc import OpenCC

    return OpenCC("t2s")


@cache
def _readings() -> Any:
    """Pinyin by words, without tones: 重庆 is chong qing. Read when needed: the dictionary is large."""
    from pypinyin import lazy_pinyin

    return lazy_pinyin
