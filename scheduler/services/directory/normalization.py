"""Normalisation of words for search: case, accents, script and suffixes."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

_KEPT = 65_536
"""Normalised texts that a process caches: enough for two events of the largest size."""

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_NO_WORD = re.compile(r"[\W_]+")
SHORT = 2
"""Latin words up to this length match only at the start of a word, because they occur inside too many."""
_STEM = 4
"""Minimum length of a stem."""
_ENDINGS = re.compile(
    r"(?:ings?|ied|ies|ed|es|s|y|e"  # English
    r"|[aeo]?k(?:at|et|ot)?|[aeo]t|(?:b|r)[ae]n?|[nt][aeo]k)$"  # Hungarian, without accents: plural and cases
)


@lru_cache(_KEPT)
def normalize_text(text: str) -> str:
    """Return a text without case and accents, with full-width letters narrowed and characters simplified."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(char for char in letters if not unicodedata.combining(char))
    return _simplified(unicodedata.normalize("NFC", kept))


@lru_cache(_KEPT)
def search_zone(*texts: str, spoken: bool = False) -> str:
    """Return the searchable form of some texts, with a space before each word.

    `spoken` adds the pronunciation of Chinese names: pinyin by syllables, as one word, and its initials.
    """
    whole = normalize_text(" ".join(texts))
    parts = [whole, _NO_WORD.sub(" ", whole)]
    if spoken:
        parts += [form for name in _HAN.findall(whole) for form in _sounds(name)]
    return f" {' '.join(parts)} "


@lru_cache(_KEPT)
def stem_word(word: str) -> str:
    """Return a normalised word without its English or Hungarian ending, to match as a prefix."""
    bare = _ENDINGS.sub("", word)
    return bare if len(bare) >= _STEM and word.isalpha() and word.isascii() else word


@lru_cache(1_024)
def search_needles(word: str) -> tuple[str, ...]:
    """Return the substrings that match a word in a zone.

    A short word matches only at the start of a word, a longer one anywhere.
    """
    if word.isascii() and len(word) <= SHORT:
        return (f" {word}",)
    bare = stem_word(word)
    return (word,) if bare == word else (word, f" {bare}")


def zone_contains(word: str, text: str) -> bool:
    """Return True if a zone contains a normalised word."""
    return any(needle in text for needle in search_needles(word))


def _sounds(name: str) -> tuple[str, str, str]:
    syllables = _readings()(name)
    return " ".join(syllables), "".join(syllables), "".join(syllable[:1] for syllable in syllables)


def _simplified(text: str) -> str:
    return str(_converter().convert(text)) if _HAN.search(text) else text


@cache
def _converter() -> Any:
    """Return OpenCC's converter from traditional to simplified characters."""
    from opencc import OpenCC

    return OpenCC("t2s")


@cache
def _readings() -> Any:
    """Return the pinyin converter: by words, without tones, so that 重庆 is chong qing.

    Imported lazily, because its dictionary is large.
    """
    from pypinyin import lazy_pinyin

    return lazy_pinyin
