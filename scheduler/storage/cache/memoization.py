"""What a process has made of rows, and uses again where it reads the same rows.

It is found by a digest of all that it is made of, which each reader asks the database for: it is right after
any change, whoever made it, and in every process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 12
"""A few of the largest events."""
_known: OrderedDict[tuple[str, str], Any] = OrderedDict()
_lock = Lock()


def memoize(name: str, mark: str, work_out: Callable[[], T]) -> T:
    """What `work_out` makes, which nobody changes, of nothing but what `mark` is a digest of."""
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
    """As in a new process."""
    with _lock:
        _known.clear()
