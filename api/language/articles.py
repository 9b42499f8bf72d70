"""The definite article in Hungarian texts, which depends on how the number after it is spoken."""

from __future__ import annotations

import re

_OPEN = re.compile(r"\b([Aa])\(z\) (?=(?:<[^>]*>)*([0-9]+))")


def choose_articles(text: str) -> str:
    """Replace each `a(z)` before a number with the article that is spoken: az 1., a 2., az 5. változat."""
    return _OPEN.sub(_chosen, text) if "(z) " in text else text


def _chosen(found: re.Match[str]) -> str:
    """Choose `az` before numbers spoken with a vowel: 1 (egy), 1000 (ezer), 1 000 000 (egymillió), 5 (öt)."""
    article, number = found.groups()
    has_vowel = number[0] == "5" or (number[0] == "1" and len(number) % 3 == 1)
    return f"{article}z " if has_vowel else f"{article} "
