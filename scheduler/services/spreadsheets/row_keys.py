"""Keys for sheets without keys: of known records, else made from a name or address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from scheduler.i18n import gettext_lazy
from scheduler.services.spreadsheets.columns import normalize_text
from scheduler.services.spreadsheets.delegation_import import ImportingDelegation
from scheduler.services.spreadsheets.table import Row, Table

_MAX_LENGTH = 40


def fill_keys(
    table: Table,
    column: str,
    known: Mapping[str, str],
    taken: Iterable[str],
    *,
    members: ImportingDelegation | None = None,
) -> None:
    """Give each row without a key one, derived from its text in `column`.

    `known` maps normalized texts of that column to existing keys; `taken` are all keys. Deterministic: the
    same file gives the same keys. Rows with equal texts get a fault. With `members`, `known` and `taken` are
    limited to the delegation's own records. Any other given key is a fault, even if it exists, and no new key
    reveals other records.
    """
    used = set(taken)
    for row in table.rows if members is not None else ():
        if row.values.get("key") and row.values["key"] not in used:
            row.fault("key", gettext_lazy("is not an ID of this delegation; leave it empty for a new entry"))
    seen: dict[str, int] = {}
    for row in table.rows:
        if row.values.get("key"):
            used.add(row.values["key"])
    for row in table.rows:
        if row.values.get("key"):
            continue
        text = normalize_text(row.values[column]) or row.values[column]  # a name without letters, such as ***
        if not text:
            continue
        if seen.setdefault(text, row.line) != row.line:
            row.fault(
                column,
                gettext_lazy(
                    "%(value)s is already in row %(seen)s",
                    value=repr(row.values[column]),
                    seen=seen[text],
                ),
            )
            continue
        row.values["key"] = known.get(text) or _make_key(row, text, used, members)
        used.add(row.values["key"])


def _make_key(row: Row, text: str, used: set[str], members: ImportingDelegation | None) -> str:
    name = row.values.get("latin_name") or row.values["name"]
    ascii_name = unicodedata.normalize("NFKD", name[:200]).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall("[a-z0-9]+", ascii_name))[:_MAX_LENGTH].strip("-")
    if members is not None:
        digest = blake2b(f"{members.delegation_id} {text}".encode(), digest_size=6).hexdigest()
        return f"{slug[:24].strip('-')}-{digest}".strip("-")
    digest = blake2b(text.encode(), digest_size=4).hexdigest()
    return slug if slug and slug not in used else f"{slug}-{digest}".strip("-")
