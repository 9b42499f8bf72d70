"""Types shared by all languages: products of a sentence with their stances."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Stance(Enum):
    """Stance of a sentence towards a product: offered, needed or neither."""

    OFFERED = "offered"
    NEEDED = "needed"
    NEITHER = "neither"
    """Neither offered nor needed, or related to others: customers, materials, places."""


@dataclass(slots=True)
class Said:
    """A product at its position in a sentence, with its stance as far as parsed."""

    keys: tuple[str, ...]
    start: int
    end: int
    part: Stance


@dataclass(slots=True)
class Clause:
    """Products of a clause so far. Later words can still change their stance."""

    said: list[Said] = field(default_factory=list)

    def turn(self, to: Stance, *, only: Stance | None = None) -> None:
        """Set the stance of all products so far, or only of those with stance `only`."""
        for each in self.said:
            if only is None or each.part is only:
                each.part = to
