"""Bit words of slots, as kernels read them, compared with lists of slots."""

from __future__ import annotations

import numpy as np
import pytest

from scheduler.solver.compiled.kernels import Words, bit_count, bits_up_to, entry, first_set, last_set

SLOTS = 150
BUSY = [0, 3, 62, 63, 64, 100, 127, 128, 149]


@entry
def last_and_first(words: Words, slot: int, first: int, last: int) -> tuple[int, int]:
    return last_set(words, 0, slot, first), first_set(words, 0, slot, last)


@entry
def counted(words: Words, slot: int) -> int:
    """Return the number of set slots up to `slot`."""
    found = 0
    for word in range(words.shape[1]):
        found += bit_count(words[0, word] & bits_up_to(slot, word))
    return found


@pytest.fixture
def words() -> Words:
    row = np.zeros((1, (SLOTS + 63) // 64), np.uint64)
    for slot in BUSY:
        row[0, slot >> 6] |= np.uint64(1) << np.uint64(slot & 63)
    return row


def test_the_nearest_set_slots_are_found_across_words(words: Words) -> None:
    for slot in range(SLOTS):
        before = [busy for busy in BUSY if 2 <= busy < slot]
        after = [busy for busy in BUSY if slot <= busy <= 140]
        assert last_and_first(words, slot, 2, 140) == (
            before[-1] if before else -1,
            after[0] if after else -1,
        )


def test_set_slots_are_counted_up_to_any_slot(words: Words) -> None:
    assert [counted(words, slot) for slot in range(SLOTS)] == [
        sum(busy <= slot for busy in BUSY) for slot in range(SLOTS)
    ]
