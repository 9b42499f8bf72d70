"""Importers: one more kind of file that an import reads, as the sheets of a workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scheduler.plugins.loading import PluginGroup, kind, plain


class ImportRefused(Exception):
    """A file cannot be read. Raise it with a sentence that says what to do, which the import's page shows."""


@dataclass(frozen=True, slots=True)
class ImporterPlugin:
    """Reads one kind of file. Both functions run in a child process without network, files and secrets.

    A file has 5 seconds of computing time there, and 256 MiB. Its octets are a stranger's.

    Parameters
    ----------
    title
        What the file is, as in "badge scanner file".
    recognises
        Takes the first 4,096 octets of a file; says whether it is of this kind. A file's name is not asked.
    read
        Takes all octets; gives rows of texts by the name of their sheet, as a workbook has them: the first
        row is the header. It may raise ImportRefused.
    """

    title: str
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes], Mapping[str, Sequence[Sequence[str]]]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", plain(self.title))


IMPORTERS: Final[PluginGroup[ImporterPlugin]] = PluginGroup(
    "chainmeet.importers", kind(ImporterPlugin), "an ImporterPlugin"
)
