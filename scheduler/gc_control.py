"""The garbage collector, at rest while much is made that has no cycles, and never at what was loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """What is read or checked has no cycles: the collector's search for them takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def freeze_gc() -> None:
    """What is there now stays: the collector looks at it no more.

    To look at all modules takes a fifth of a second each time, in the middle of some request.
    """
    gc.collect()
    gc.freeze()


def set_gc_thresholds() -> None:
    """Look for garbage each 50,000 objects, and at those that have stayed after some hundred million.

    Pages leave few cycles. What a process remembers of thousands of firms has none, and to look at all of it
    halts every thread for a tenth of a second: by the collector's own rule after a quarter more of it.
    """
    gc.set_threshold(50_000, 20, 100)
