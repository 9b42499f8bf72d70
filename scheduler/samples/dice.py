"""Dice: chance from a seed that falls alike on every Python version and platform."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws built on `random.Random.random()` alone, the one stream that Python promises to keep.

    `topic` gives each part of an event its own stream, so that a change in one leaves the others alone.
    """

    def __init__(self, seed: int, topic: str) -> None:
        self.unit = random.Random(f"{seed}/{topic}").random  # noqa: S311 - sample data, not a secret

    def chance(self, share: float) -> bool:
        """True with probability `share`."""
        return self.unit() < share

    def below(self, n: int) -> int:
        """An integer from 0 to n - 1."""
        return int(self.unit() * n)

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def weighted(self, pairs: Sequence[tuple[T, float]]) -> T:
        """One of (item, weight) pairs, by weight."""
        point = self.unit() * sum(weight for _, weight in pairs)
        for item, weight in pairs:
            point -= weight
            if point < 0:
                return item
        return pairs[-1][0]

    def sample(self, items: Sequence[T], n: int) -> list[T]:
        """n different items, in the order drawn."""
        pool = list(items)
        for i in range(min(n, len(pool))):
            j = i + self.below(len(pool) - i)
            pool[i], pool[j] = pool[j], pool[i]
        return pool[:n]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return self.sample(items, len(items))

    def heavy_tail(self, alpha: float, most: float) -> float:
        """A Pareto variate from 1 up to `most`, with tail exponent `alpha`."""
        return float(min(most, (1.0 - self.unit()) ** (-1.0 / alpha)))


def apportion(total: int, weights: Sequence[tuple[T, float]]) -> list[tuple[T, int]]:
    """Split `total` by weight, rounded so that the parts add up; independent of chance."""
    edges = accumulate((weight for _, weight in weights), initial=0.0)
    whole = sum(weight for _, weight in weights) or 1.0
    marks = [round(total * edge / whole) for edge in edges]
    return [(item, marks[i + 1] - marks[i]) for i, (item, _) in enumerate(weights)]
