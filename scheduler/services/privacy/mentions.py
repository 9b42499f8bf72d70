"""Where texts mention a person: conditions that find them, and the texts without the mentions."""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, cast, false, or_

MARK: Final = "[erased]"
"""What stands in place of a mention."""
SHORTEST: Final = 2
"""A shorter name would be found in every text."""
SHORTEST_PHONE: Final = 6
_WITHOUT_SPACES: Final = "\u2e80"
"""Scripts from here on write names within a text without spaces around them."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Addresses, numbers and names of one person. Addresses match in any case; names only as whole words."""

    addresses: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    ids: Mapping[str, str] = field(default_factory=dict)
    """Keys that are made of the name, each with the key that replaces it."""

    def without_names(self) -> Mentions:
        """Return what no one else has: addresses and numbers. Others can have the same name."""
        return Mentions(self.addresses, self.phones)

    def condition(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Condition: the text or JSON of a column may mention the person. Finds parts of words, too."""
        text = cast(column, Text)
        found = [text.icontains(each, autoescape=True) for each in sorted(self.addresses)]
        for each in sorted(self.phones | self.names | self.ids.keys()):
            found += [text.contains(form, autoescape=True) for form in _forms(each)]
        return or_(false(), *found)

    def erase(self, value: Any) -> Any:
        """Return a text, a JSON value or compressed text without the person."""
        pattern = self._pattern()
        return value if pattern is None else self._erased(value, pattern)

    def _erased(self, value: Any, pattern: re.Pattern[str]) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda found: self.ids.get(found[0], MARK), value)
        if isinstance(value, dict):
            return {self._erased(key, pattern): self._erased(each, pattern) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._erased(each, pattern) for each in value]
        if isinstance(value, bytes):
            text = zlib.decompress(value).decode()
            new = self._erased(text, pattern) if self._may_be_in(text) else text
            return value if new == text else zlib.compress(new.encode())
        return value

    def _may_be_in(self, text: str) -> bool:
        """Return False if a text has no mention. Much faster than the pattern in a large text."""
        folded = text.lower()
        known = self.addresses | self.phones | self.names | self.ids.keys()
        return any(form.lower() in folded for each in known for form in _forms(each))

    def _pattern(self) -> re.Pattern[str] | None:
        """Return what matches each mention, or None if there is nothing to find."""
        found = [rf"(?<![\w.+-])(?i:{re.escape(each)})(?![\w-])" for each in _longest_first(self.addresses)]
        for each in _longest_first(self.phones | self.names):
            found += [_word(form) for form in _forms(each)]
        found += [rf"(?<![\w-]){re.escape(each)}(?![\w-])" for each in _longest_first(self.ids)]
        return re.compile("|".join(found)) if found else None


def usable(texts: Collection[str], shortest: int = SHORTEST) -> frozenset[str]:
    """Return the texts that are long enough to be found."""
    return frozenset(text for each in texts if len(text := each.strip()) >= shortest)


def is_made_of(key: str, texts: Collection[str]) -> bool:
    """Return True if a key has a word of a name or of an address: wang-ming of Wang Ming."""
    return bool(set(_words(key)) & {word for text in texts for word in _words(text)})


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.partition("@")[0]).lower()
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return [word for word in re.findall(r"[^\W_]+", plain) if len(word) >= SHORTEST]


def _longest_first(texts: Collection[str]) -> list[str]:
    return sorted(texts, key=lambda each: (-len(each), each))


def _forms(text: str) -> Iterator[str]:
    """Yield a text as it is, and as JSON in ASCII has it."""
    yield text
    if (escaped := json.dumps(text)[1:-1]) != text:
        yield escaped


def _word(text: str) -> str:
    """Return the pattern of a text that is no part of a longer word."""
    before = r"(?<!\w)" if text[0] < _WITHOUT_SPACES and text[0] != "\\" else ""
    after = r"(?!\w)" if text[-1] < _WITHOUT_SPACES and not text.startswith("\\") else ""
    return f"{before}{re.escape(text)}{after}"
