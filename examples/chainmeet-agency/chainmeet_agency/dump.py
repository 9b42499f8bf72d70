"""Importer for the exhibitor dump of a legacy registration system.

A dump is text. Its first line is `EXHIBITOR-DUMP 1`. Each section begins with `[Sheet]`, and its lines have
cells separated by vertical bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.plugins import ImporterPlugin, ImportRefused

HEAD = b"EXHIBITOR-DUMP "


def recognises(start: bytes) -> bool:
    """Return True if the file begins with the header of a dump."""
    return start.startswith(HEAD)


def read(octets: bytes) -> Mapping[str, Sequence[Sequence[str]]]:
    """Return the rows of each section. Raises ImportRefused for another version or a truncated dump."""
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


exhibitor_dump = ImporterPlugin(title="exhibitor dump", recognises=recognises, read=read, endings=(".dump",))
