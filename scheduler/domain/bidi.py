"""Isolation of values in right-to-left texts (Unicode Standard Annex 9).

A Latin name in an Arabic sentence would take the sentence's full stop along, and a time span such as
10:00–10:30 would be read from its end. So each value stands between a first strong isolate and its end.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

FSI, LRI, RLI, PDI = "\u2068", "\u2066", "\u2067", "\u2069"
"""First strong isolate, left-to-right and right-to-left isolate, and the end of each."""
SPAN_DASH: Final = "\u200e–\u200e"
"""A dash between two times in a text that has words too, such as a date before them."""
_ISOLATES: Final = re.compile("[\u2066-\u2069]")
_FROM_RIGHT: Final = {"R", "AL", "AN"}
_TAG: Final = re.compile(r"<[^<>]*>")
_SPAN: Final = re.compile(
    r"(?:%%|\{\{|\}\})|(%\(\w+\)s|\{\w+\})[–-](?:%\(\w+\)s|\{\w+\})|%\((\w+)\)s|\{(\w+)\}"
)
"""An escaped character, or two placeholders with a dash between them, or one placeholder."""


def isolate(text: str) -> str:
    """Return each line of a text isolated, in the direction of its first letter."""
    return "\n".join(f"{FSI}{line}{PDI}" if line else line for line in text.split("\n"))


def isolate_sentences(text: str) -> str:
    """Return each line of a text isolated, from right to left if it has letters of such a script.

    For sentences of a right-to-left language, which may begin with a name in Latin letters.
    """
    return "\n".join(
        f"{RLI}{line}{PDI}" if has_letters_from_right(line) else isolate(line) for line in text.split("\n")
    )


def isolate_span(text: str) -> str:
    """Return a text without letters, such as 10:00–10:30, isolated from left to right."""
    return f"{LRI}{text}{PDI}"


def isolate_placeholders(template: str, *, composed: frozenset[str] = frozenset()) -> str:
    """Return a template with its placeholders isolated, `%(name)s` or `{name}`, except within tags.

    Those of `composed` are not: their values are parts of the sentence, such as a weekday.
    """
    parts, end = [], 0
    for tag in _TAG.finditer(template):
        parts += [_isolated(template[end : tag.start()], composed), tag[0]]
        end = tag.end()
    return "".join([*parts, _isolated(template[end:], composed)])


def remove_isolates(text: str) -> str:
    """Return a text without isolates."""
    return _ISOLATES.sub("", text)


def is_balanced(text: str) -> bool:
    """True if each isolate of a text has an end."""
    depth = 0
    for mark in _ISOLATES.findall(text):
        depth += -1 if mark == PDI else 1
        if depth < 0:
            return False
    return depth == 0


def has_letters_from_right(text: str) -> bool:
    """True if a text has a letter of a right-to-left script."""
    return any(unicodedata.bidirectional(letter) in _FROM_RIGHT for letter in text)


def _isolated(text: str, composed: frozenset[str]) -> str:
    def around(found: re.Match[str]) -> str:
        if found[1]:
            return isolate_span(found[0])
        name = found[2] or found[3]
        return f"{FSI}{found[0]}{PDI}" if name and name not in composed else found[0]

    return _SPAN.sub(around, text)
