"""Hash of an audit log row, which reveals later changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

BEFORE_THE_FIRST = "0" * 64
"""What stands for the hash of the row before the first one."""

HASHED = (
    "chain", "number", "at", "act", "account_id", "who", "role", "token_id", "for_firm", "about", "before",
    "after",
)  # fmt: skip
"""The columns that a hash covers, in this order."""


def hash_of(previous: str, row: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal digits, of the hash before it and its columns, as a JSON array in ASCII."""
    values = [row[name] for name in HASHED]
    values[HASHED.index("at")] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps([previous, *values], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
