"""What all languages share: things of a sentence with the part that they play in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Stance(Enum):
    """What a sentence says of a thing to its firm."""

    OFFERED = "offered"
    NEEDED = "needed"
    NEITHER = "neither"
    """It is not made or not looked for, or is what others have: customers, materials, places."""


@dataclass(slots=True)
class Said:
    """A thing at its place of a sentence, and the part that it plays as far as that is read."""

    keys: tuple[str, ...]
    start: int
    end: int
    part: Stance


@dataclass(slots=True)
class Clause:
    """The things of a clause so far, which what follows may still change."""

    said: list[Said] = field(default_factory=list)

    def turn(self, to: Stance, *, only: Stance | None = None) -> None:
        """Say of all things so far, or of those of one part, that they play another."""
        for each in self.said:
            if only is None or each.part is only:
                each.part = to
