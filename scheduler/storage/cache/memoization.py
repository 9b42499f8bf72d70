"""In-process cache of values derived from rows.

The key is a digest of all inputs, which each reader queries from the database. A value is therefore current
after any change, by any process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 12
"""Entries: a few of the largest events."""
_known: OrderedDict[tuple[str, str], Any] = OrderedDict()
_lock = Lock()


def memoize(name: str, mark: str, work_out: Callable[[], T]) -> T:
    """Memoise `work_out()` by the digest `mark` of its inputs. The result must be immutable."""
    with _lock:
        if (name, mark) in _known:
            _known.move_to_end((name, mark))
            found: T = _known[name, mark]
            return found
    made = work_out()
    with _lock:
        _known[name, mark] = made
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return made


def clear_cache() -> None:
    """Clear the cache."""
    with _lock:
        _known.clear()
