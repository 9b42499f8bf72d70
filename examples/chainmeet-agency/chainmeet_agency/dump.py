"""Reads the exhibitor dump of an old registration system, as the sheets of a workbook.

A dump is text: a first line `EXHIBITOR-DUMP 1`, then sections that begin with `[Sheet]`, whose lines have
cells between vertical bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.plugins import ImporterPlugin, ImportRefused

HEAD = b"EXHIBITOR-DUMP "


def recognises(start: bytes) -> bool:
    """Whether the file begins as a dump does."""
    return start.startswith(HEAD)


def read(octets: bytes) -> Mapping[str, Sequence[Sequence[str]]]:
    """The rows of each section. Raises ImportRefused for a dump of another version, or one that is cut."""
    first, *lines = octets.decode("utf-8", "replace").splitlines()
    if first != "EXHIBITOR-DUMP 1":
        raise ImportRefused("Only dumps of version 1 are read. Save the dump as version 1.")
    sheets: dict[str, list[list[str]]] = {}
    for line in lines:
        if line.startswith("[") and line.endswith("]"):
            rows = sheets.setdefault(line[1:-1], [])
        elif line and not sheets:
            raise ImportRefused("The dump has rows before its first section. Save it again.")
        elif line:
            rows.append(line.split("|"))
    return sheets


exhibitor_dump = ImporterPlugin(title="exhibitor dump", recognises=recognises, read=read)
