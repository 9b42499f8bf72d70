"""What a cell that is nothing known probably means: the nearest of what it may be, for a person to choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from scheduler.services.spreadsheets.columns import plain

LIKELY: Final = 75.0
"""Of 100, by Levenshtein: from here on a value is proposed."""
_APART: Final = 4.0
"""So much nearer than any other value: "Austrlia" is as near to Austria as to Australia."""
_NEAR: Final = 62.0
"""From here on a value is among those to choose from."""
_SHORTEST: Final = 3
_LONGEST: Final = 60
"""Characters. What is shorter is near to anything, and what is longer is no name."""
NEAREST: Final = 5
FEW: Final = 12
"""So many values are all to choose from."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a cell may be: values by the plain words of their names, and how to show each value."""

    words: Mapping[str, str]
    shown: Mapping[str, str]

    def proposals(self, text: str) -> Proposals:
        """The values nearest to a text, and all of a few. The first is proposed if it is likely."""
        words = plain(text)
        best: dict[str, float] = {}
        if _SHORTEST <= len(words) <= _LONGEST:
            found = process.extract(
                words, self.words.keys(), scorer=fuzz.ratio, score_cutoff=_NEAR, limit=4 * NEAREST
            )
            for name, score, _ in found:
                best.setdefault(self.words[name], score)
        scores = [*best.values(), 0.0, 0.0]
        is_likely = scores[0] >= LIKELY and scores[0] - scores[1] >= _APART
        values = list(best)[:NEAREST]
        if len(self.shown) <= FEW:
            values += [value for value in self.shown if value not in values]
        return Proposals(
            tuple((value, self.shown.get(value, value)) for value in values),
            is_likely,
            len(values) == len(self.shown),
        )


@dataclass(frozen=True, slots=True)
class Proposals:
    """Values to choose from, nearest first, each with its name.

    The first is proposed if it `is_likely`. `is_all`: there are no others.
    """

    choices: tuple[tuple[str, str], ...] = ()
    is_likely: bool = False
    is_all: bool = False


NONE: Final = Proposals()
