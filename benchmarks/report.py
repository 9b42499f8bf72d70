"""Output of benchmarks: atomically written JSON, and table rows on the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.domain.plan import Number

Json = dict[str, Any]
Cell = str | Number | None


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: readers see the old text or the complete new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def write_json(path: Path, document: Mapping[str, object]) -> None:
    write_text(path, json.dumps(document, indent=1) + "\n")


def line(cells: Sequence[Cell], widths: Sequence[int]) -> str:
    """Format a table row. A negative width is a left-aligned text column."""
    texts = [shown(cell) for cell in cells]
    pairs = zip(texts, widths, strict=True)
    return "  ".join(
        f"{text:<{-width}}" if width < 0 else f"{text:>{width}}" for text, width in pairs
    ).rstrip()


def shown(cell: Cell) -> str:
    """Format a number with thousands separators, and None as `-`."""
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, (int, float)) else cell


def share(part: Number, whole: Number | None, digits: int = 3) -> float | None:
    """Return a percentage, or None if the whole is unknown or not positive."""
    return round(100 * part / whole, digits) if whole is not None and whole > 0 else None


def stem(name: str, full: bool) -> str:
    """Return the base name of result files. A quick run never overwrites results of a full one."""
    return name if full else f"{name}-quick"


def merged(path: Path, rows: Sequence[Json], keys: Sequence[str]) -> list[Json]:
    """Return the rows of the file, updated with `rows` by key. New rows are appended."""
    old: list[Json] = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    found = {tuple(row[key] for key in keys): row for row in [*old, *rows]}
    return list(found.values())
