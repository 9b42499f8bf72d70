"""Proposals for unknown cell values: the nearest allowed values, to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from scheduler.services.spreadsheets.columns import normalize_text

LIKELY_SIMILARITY: Final = 75.0
"""Levenshtein similarity from 0 to 100 from which a value is proposed."""
_MIN_LEAD: Final = 4.0
"""Minimum lead over other values: "Austrlia" is near both Austria and Australia."""
_NEAR_SIMILARITY: Final = 62.0
"""Similarity from which a value is offered."""
_MIN_LENGTH: Final = 3
_MAX_LENGTH: Final = 60
"""Characters. Shorter texts resemble anything, longer ones are no names."""
MAX_NEAREST: Final = 5
MAX_ALL: Final = 12
"""Up to this number, all values are offered."""


@dataclass(frozen=True, slots=True)
class AllowedValues:
    """Allowed values of a cell: by normalized name, and display texts."""

    words: Mapping[str, str]
    shown: Mapping[str, str]

    def proposals(self, text: str) -> Proposals:
        """Return the nearest values, or all if there are few. The first is proposed if it is likely."""
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

    The first is preselected if it `is_likely`. `is_all` is True if there are no others.
    """

    choices: tuple[tuple[str, str], ...] = ()
    is_likely: bool = False
    is_all: bool = False


NO_PROPOSALS: Final = Proposals()
