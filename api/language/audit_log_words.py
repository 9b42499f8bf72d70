"""Search of audit log texts in the reader's language, although the table stores them in English.

A message alternates literals and values, in English and in the reader's language. The position of a search
term in the translated text determines values of the English one.
Example: "第3版" is in "第%(number)s版已放弃" with the number 3, so it finds entries that say "version 3
discarded".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice

from babel.messages.catalog import Message

from api.language import catalogs, speaking

LONGEST = 60
"""Maximum length of a search term in characters. No audit log text contains a longer word."""
_WAYS, _PATTERNS = 10, 300
"""Maximum number of patterns per message, and in total. Only malicious terms exceed it."""
_VALUE = re.compile(r"%\((\w+)\)s")
_CHANGES = "changes"
"""The value that is a list of sentences about a venue change."""
_VENUE = ("scheduler/services/venue",)
_ANY = "%"
_ESCAPED = str.maketrans({special: f"/{special}" for special in "/%_"})


@dataclass(frozen=True, slots=True)
class _Form:
    """A message in English and translated: literals at even indices, names of values at odd ones."""

    english: tuple[str, ...]
    told: tuple[str, ...]
    within: tuple[_Form, ...] = ()
    """Forms with another message as a value."""


def english(word: str) -> Mapping[str, bool]:
    """Return LIKE patterns (escaped by "/") of English entries that contain the search term when translated.

    Each maps to True if it needs a case-insensitive comparison, which is slow in databases. Terms within a
    value are not included, because values are the same in both languages.
    """
    language, sought = speaking.language(), word.lower()[:LONGEST]
    if language == catalogs.SOURCE or not sought:
        return {}
    return dict(islice(chain.from_iterable(_patterns(sought, form) for form in _forms(language)), _PATTERNS))


def _patterns(word: str, form: _Form) -> Iterator[tuple[str, bool]]:
    ways = list(islice(_ways(word, form.told), _WAYS))
    if {} in ways:
        yield _like(form.english, {}), False
        return
    for values in ways:
        yield _like(form.english, values), any(text.upper() != text for text in values.values())
    for inner in form.within:
        yield from _patterns(word, inner)


def _ways(word: str, told: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Yield the LIKE patterns of values for each position of the term, except within a single value."""
    for place, part in enumerate(told):
        if place % 2:
            for cut in _cuts(word, told[place + 1]) if told[place + 1] else ():
                yield from _at_literal(word[cut:], told, place + 1, {part: _ANY + _plain(word[:cut])})
        else:
            if word in part:
                yield {}
            for start in range(max(0, len(part) - len(word)), len(part)):
                if word.startswith(part[start:]):
                    yield from _at_value(word[len(part) - start :], told, place + 1, {})


def _cuts(word: str, literal: str) -> Iterator[int]:
    """Yield each position from which on the term matches the literal, up to the end of either."""
    for cut in range(1, len(word)):
        if word.startswith(literal, cut) or literal.startswith(word[cut:]):
            yield cut


def _at_literal(
    rest: str, told: Sequence[str], place: int, values: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """Yield the ways in which the rest of the term, which matches this literal, goes on from it."""
    literal = told[place]
    if literal.startswith(rest):
        yield values
    else:
        yield from _at_value(rest[len(literal) :], told, place + 1, values)


def _at_value(
    rest: str, told: Sequence[str], place: int, values: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """Yield the ways in which the rest of the term matches from this value on."""
    if place >= len(told) or not rest:
        return
    yield {**values, told[place]: _plain(rest) + _ANY}
    for cut in _cuts(rest, told[place + 1]):
        yield from _at_literal(rest[cut:], told, place + 1, {**values, told[place]: _plain(rest[:cut])})


def _like(text: Sequence[str], values: Mapping[str, str]) -> str:
    return "".join(values.get(part, _ANY) if i % 2 else _plain(part) for i, part in enumerate(text))


def _plain(text: str) -> str:
    return text.translate(_ESCAPED)


@cache
def _forms(language: str) -> tuple[_Form, ...]:
    """Return the audit log messages, with those that occur as values nested in them, as `recorded` does."""
    every = [each for each in catalogs.messages(language) if each.id]
    trail = [each for each in every if each.context == catalogs.AUDIT_LOG]
    venue = [form for each in every if _is_of_venue(each) for form in _read(each)]
    found = []
    for message in trail:
        beside = [
            form
            for each in trail
            if set(each.auto_comments) & set(message.auto_comments)
            for form in _read(each)
        ]
        whole = [form for form in beside if len(form.told) == 1]
        for form in _read(message):
            inner = [
                _put(form, name, each)
                for name in form.told[1::2]
                for each in (venue if name == _CHANGES else whole)
            ]
            found.append(_Form(form.english, form.told, tuple(inner)))
    return tuple(found)


def _read(message: Message) -> Iterator[_Form]:
    """Yield a form for each pair of plural forms in English and the language."""
    for text in _each(message.id):
        for string in _each(message.string):
            yield _Form(_apart(text), tuple(each.lower() for each in _apart(string)))


def _each(text: str | Sequence[str] | None) -> Sequence[str]:
    return [text] if isinstance(text, str) else text or ()


def _apart(text: str) -> tuple[str, ...]:
    return tuple(_VALUE.split(text))


def _put(form: _Form, name: str, inner: _Form) -> _Form:
    """Substitute a form for a value. Before and after a venue message there may be others."""
    more = name == _CHANGES
    return _Form(_filled(form.english, name, inner.english, more), _filled(form.told, name, inner.told, more))


def _filled(text: tuple[str, ...], name: str, inner: tuple[str, ...], more: bool) -> tuple[str, ...]:
    place = text[1::2].index(name) * 2 + 1
    first, *rest = ("", "before", *inner, "behind", "") if more else inner
    last = rest.pop() if rest else None
    before, behind = text[place - 1] + first, text[place + 1]
    middle = (before + behind,) if last is None else (before, *rest, last + behind)
    return (*text[: place - 1], *middle, *text[place + 2 :])


def _is_of_venue(message: Message) -> bool:
    return not message.context and any(catalogs.is_within(folder, _VENUE) for folder in message.auto_comments)
