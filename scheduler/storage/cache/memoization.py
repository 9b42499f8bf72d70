"""In-process cache of values derived from rows.

The key is a digest of all inputs, which each reader queries from the database. A value is therefore current
after any change, by any process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")

_MOST = 12
"""Entries: a few of the largest events."""
_known: OrderedDict[tuple[str, str], Any] = OrderedDict()
_computing: dict[tuple[str, str], Lock] = {}
"""A lock for each value that a thread computes at present."""
_lock = Lock()
_MISSING = object()


def memoize(name: str, mark: str, work_out: Callable[[], T]) -> T:
    """Memoise `work_out()` by the digest `mark` of its inputs. The result must be immutable.

    Threads that need the same value at the same time wait for the first one. If each computed it, all would
    wait as many times longer, because they share one interpreter.
    """
    key = (name, mark)
    if (known := _find(key)) is not _MISSING:
        return cast("T", known)
    with _lock:
        turn = _computing.setdefault(key, Lock())
    with turn:
        if (known := _find(key)) is not _MISSING:
            return cast("T", known)
        try:
            made = work_out()
            with _lock:
                _known[key] = made
                while len(_known) > _MOST:
                    _known.popitem(last=False)
        finally:
            with _lock:
                _computing.pop(key, None)
    return made


def _find(key: tuple[str, str]) -> Any:
    """Return the known value, which becomes the newest one, or `_MISSING`."""
    with _lock:
        if key not in _known:
            return _MISSING
        _known.move_to_end(key)
        return _known[key]


def clear_cache() -> None:
    """Clear the cache."""
    with _lock:
        _known.clear()
