"""Tuning of the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Disable the garbage collector for a block that allocates many objects without cycles.

    Parsing and validation create none. Collections would take a third of their time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def freeze_gc() -> None:
    """Exempt all present objects from garbage collection (`gc.freeze`).

    Otherwise each full collection traverses all modules: 0.2 seconds in the middle of some request.
    """
    gc.collect()
    gc.freeze()


def set_gc_thresholds() -> None:
    """Collect the youngest generation every 50,000 objects, and the oldest after about a hundred million.

    Pages leave few cycles, and cached data of thousands of firms has none. A full collection over that data
    stops every thread for 0.1 seconds. By default one runs whenever the number of objects grows by a quarter.
    """
    gc.set_threshold(50_000, 20, 100)
