"""Hash of an audit log row, which makes later changes detectable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

BEFORE_THE_FIRST = "0" * 64
"""Previous hash of a chain's first row."""

HASHED = (
    "chain", "number", "at", "act", "account_id", "who", "role", "token_id", "for_firm", "about", "before",
    "after",
)  # fmt: skip
"""The hashed columns, in order."""


def hash_of(previous: str, row: Mapping[str, Any]) -> str:
    """Return the SHA-256 hash of a row, as hexadecimal digits.

    The input is the previous hash and the row's columns as a JSON array in ASCII.
    """
    values = [row[name] for name in HASHED]
    values[HASHED.index("at")] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps([previous, *values], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
