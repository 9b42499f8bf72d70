"""Sentences for people, which keep their parts, so that a page can say them in its reader's language."""

from __future__ import annotations

from collections.abc import Mapping


class Sentence(str):
    """A sentence in English, as the API and the logs have it.

    `text` is what the catalogs of `api/language/texts` know it by, with `%(names)s` of its `values`. One with
    a count has a second text, for several.
    """

    __slots__ = ("several", "text", "values")
    text: str
    several: str
    values: Mapping[str, object]


def say(text: str, /, **values: object) -> Sentence:
    """A sentence for people. The catalogs are made of the texts that stand in calls of this."""
    return _made(text, "", text, values)


def say_count(one: str, several: str, count: int, /, **values: object) -> Sentence:
    """A sentence about `%(num)s` things: languages differ in what is one and what is several."""
    return _made(one, several, one if count == 1 else several, {"num": count, **values})


def _made(text: str, several: str, used: str, values: Mapping[str, object]) -> Sentence:
    made = Sentence(used % values)
    made.text, made.several, made.values = text, several, values
    return made
