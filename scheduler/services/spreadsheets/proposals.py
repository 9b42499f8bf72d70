"""What a cell that is nothing known probably means: the nearest of what it may be, for a person to choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from scheduler.services.spreadsheets.columns import normalize_text

LIKELY_SIMILARITY: Final = 75.0
"""Of 100, by Levenshtein: from here on a value is proposed."""
_MIN_LEAD: Final = 4.0
"""So much nearer than any other value: "Austrlia" is as near to Austria as to Australia."""
_NEAR_SIMILARITY: Final = 62.0
"""From here on a value is among those to choose from."""
_MIN_LENGTH: Final = 3
_MAX_LENGTH: Final = 60
"""Characters. What is shorter is near to anything, and what is longer is no name."""
MAX_NEAREST: Final = 5
MAX_ALL: Final = 12
"""So many values are all to choose from."""


@dataclass(frozen=True, slots=True)
class AllowedValues:
    """What a cell may be: values by the plain words of their names, and how to show each value."""

    words: Mapping[str, str]
    shown: Mapping[str, str]

    def proposals(self, text: str) -> Proposals:
        """The values nearest to a text, and all of a few. The first is proposed if it is likely."""
        words = normalize_text(text)
        best: dict[str, float] = {}
        if _MIN_LENGTH <= len(words) <= _MAX_LENGTH:
            found = process.extract(
                words,
                self.words.keys(),
                scorer=fuzz.ratio,
                score_cutoff=_NEAR_SIMILARITY,
                limit=4 * MAX_NEAREST,
            )
            for name, score, _ in found:
                best.setdefault(self.words[name], score)
        scores = [*best.values(), 0.0, 0.0]
        is_likely = scores[0] >= LIKELY_SIMILARITY and scores[0] - scores[1] >= _MIN_LEAD
        values = list(best)[:MAX_NEAREST]
        if len(self.shown) <= MAX_ALL:
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


NO_PROPOSALS: Final = Proposals()
