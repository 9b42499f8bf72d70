"""Kept benchmark results, and the documentation's tables of them."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

from benchmarks import machine


def kept(name: str) -> Any:
    """Return the kept results of a benchmark, such as those of "scale.json"."""
    return json.loads((machine.RESULTS / name).read_text("utf-8"))


def table_rows(document: str, heading: str) -> list[list[str]]:
    """Return the cells of the table with this start of a heading, without the heading."""
    lines = iter((machine.ROOT / "docs" / document).read_text("utf-8").splitlines())
    next(line for line in lines if line.startswith(heading))
    next(lines)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in takewhile(str.strip, lines)]
