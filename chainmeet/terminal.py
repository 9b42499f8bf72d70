"""A progress line that is overwritten on a terminal.

Elsewhere it prints plain lines: when the heading changes, or every `EVERY` seconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TextIO

EVERY = 10.0
"""Seconds between plain lines."""


@dataclass(slots=True)
class LiveLine:
    """A progress line. `show` may be called at any rate. Call `close` before other output."""

    out: TextIO
    indent: str = ""
    _heading: str = ""
    _shown_at: float = field(default=float("-inf"))

    def show(self, heading: str, *details: str) -> None:
        text = self.indent + " | ".join([heading, *filter(None, details)])
        if self.out.isatty():
            self.out.write(f"\r\x1b[K{text}")
            self.out.flush()
        elif heading != self._heading or time.monotonic() - self._shown_at >= EVERY:
            self._heading, self._shown_at = heading, time.monotonic()
            print(text, file=self.out, flush=True)

    def close(self) -> None:
        if self.out.isatty():
            self.out.write("\r\x1b[K")
            self.out.flush()


def points(label: str, value: float | None) -> str:
    """Return a labelled whole number, or "" for None."""
    return "" if value is None else f"{label} {value:,.0f}"
