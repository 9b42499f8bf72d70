"""The rule of migrations with `ADDITIVE = True`: code from before them works with the new schema."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ADDS = re.compile(
    r"(?:SELECT|(?:INSERT INTO|UPDATE) alembic_version|CREATE TABLE|CREATE INDEX|ALTER TABLE \S+ ADD COLUMN)"
    r" [^;]*",
    re.IGNORECASE,
)
_REFUSES_DELETIONS = re.compile(
    r"\bREFERENCES (?![^\s(]+ ?\([^()]*\) ON DELETE (?:CASCADE|SET NULL)\b)", re.IGNORECASE
)
_CHANGES_TABLE = re.compile(
    r"\b(?:UNIQUE|CHECK|PRIMARY KEY|GENERATED|CASCADE)\b"
    r"|^(?!.*\bDEFAULT\b).*\bNOT NULL\b"
    r"|,(?![^()]*\))",  # a second action
    re.IGNORECASE,
)
"""What a column added to an existing table can't have."""


def additive_faults(statements: Iterable[str]) -> list[str]:
    """Return the PostgreSQL statements of a migration that earlier code might not work with.

    Additive are new tables, new columns that are nullable or have a default, and indexes that are not unique.
    Earlier code still inserts rows without the new columns, and deletes rows that new rows refer to. Existing
    rows stay as they are.
    """
    return [each for each in map(" ".join, map(str.split, statements)) if not _is_additive(each)]


def _is_additive(statement: str) -> bool:
    if not _ADDS.fullmatch(statement) or _REFUSES_DELETIONS.search(statement):
        return False
    return not statement.upper().startswith("ALTER TABLE") or not _CHANGES_TABLE.search(statement)
