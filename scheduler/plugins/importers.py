"""Importer plugins: additional file formats, read as the sheets of a workbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scheduler.plugins.loading import PluginGroup, kind, plain

_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{1,16}")


class ImportRefused(Exception):
    """A file cannot be read. Its message is shown on the import page and should say how to fix the file."""


@dataclass(frozen=True, slots=True)
class ImporterPlugin:
    """A reader of one file format. Both functions run in a sandboxed child process.

    The process has no network, files or secrets, 5 seconds of CPU time and 256 MiB. The content of the file
    is untrusted.

    Parameters
    ----------
    title
        The name of the format, such as "badge scanner file".
    recognises
        Takes the first 4,096 bytes of a file and returns True if it has this format. The file name is not
        considered.
    read
        Takes all bytes and returns the rows by sheet name, as in a workbook: the first row is the header. May
        raise ImportRefused.
    endings
        The file name endings of the format, such as ".dump", which file pickers of import pages then offer.
    """

    title: str
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes], Mapping[str, Sequence[Sequence[str]]]]
    endings: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", plain(self.title))
        object.__setattr__(self, "endings", tuple(map(plain, self.endings)))
        for ending in self.endings:
            if not _ENDING.fullmatch(ending):
                raise ValueError(f"no file name ending with its dot: {ending!r}")


IMPORTERS: Final[PluginGroup[ImporterPlugin]] = PluginGroup(
    "chainmeet.importers", kind(ImporterPlugin), "an ImporterPlugin"
)
