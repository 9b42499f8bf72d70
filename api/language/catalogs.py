"""The texts of the pages by language: `texts/*.po`, read as they are when a language is first asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from scheduler.invites import catalogue

SOURCE = "en"
"""The language that the texts are written in: it needs no file."""
REPORTING = (
    "scheduler/invites/busy",
    "scheduler/invites/transport",
    "scheduler/services/emails/inbound",
    "scheduler/services/imports",
    "scheduler/services/operations",
    "scheduler/services/planning/runs",
    "scheduler/services/planning/scenarios",
    "scheduler/services/publishing",
    "scheduler/services/replies",
    "scheduler/services/spreadsheets",
    "scheduler/services/venue",
    "scheduler/sheets",
    "scheduler/untrusted",
)
"""Where sentences come from that a child process or a column hands on as plain texts."""
TRAIL = "trail"
"""The context of what the trail keeps: `scheduler/services/audit_log/subjects.py`."""
_VALUE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a text looks like once its values are in it: `between` stands around them, first and last too."""

    names: tuple[str, ...]
    between: tuple[str, ...]

    def values(self, text: str) -> dict[str, str] | None:
        """The values that are in the text, or None if it is another one. The first has most of the text.

        In linear time, as the texts hold words of strangers: an expression with as many wildcards tries each
        place of one with each place of the next.
        """
        first, last = self.between[0], self.between[-1]
        if not self.names:
            return {} if text == first else None
        start, end = len(first), len(text) - len(last)
        if not (text.startswith(first) and text.endswith(last)):
            return None
        found = {}
        for name, literal in zip(self.names[:0:-1], self.between[-2:0:-1], strict=True):
            at = text.rfind(literal, start, max(0, end - 1))
            if at < 0:
                return None
            found[name], end = text[at + len(literal) : end], at
        found[self.names[0]] = text[start:end]
        return found if end > start and not any("\n" in value for value in found.values()) else None


Patterns = tuple[tuple[Pattern, tuple[str, ...]], ...]


@cache
def languages() -> dict[str, str]:
    """The languages of pages and mails, each by its name in that language."""
    return catalogue.languages()


@cache
def texts(language: str) -> NullTranslations:
    """What each text is in the language. A text that is not in its file stays English."""
    if language == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, messages(language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def patterns(language: str) -> Patterns:
    """What sentences about strangers' files look like once their values are in them.

    Each with its text, and that for several where it counts.

    The longest is first: what says most fits least by chance.
    """
    return _patterns(
        each
        for each in messages(language)
        if each.context != TRAIL and any(is_within(folder, REPORTING) for folder in each.auto_comments)
    )


@cache
def trail_patterns(language: str) -> Patterns:
    """The same of what entries of the trail are about."""
    return _patterns(each for each in messages(language) if each.context == TRAIL)


def is_within(folder: str, folders: Sequence[str]) -> bool:
    """Whether a folder is one of some, or within one. A message names its own: `extracting.py`."""
    return any(folder == each or folder.startswith(f"{each}/") for each in folders)


def _patterns(messages: Iterable[Message]) -> Patterns:
    ids = [(each.id,) if isinstance(each.id, str) else tuple(each.id) for each in messages if each.id]
    found = {text: of for of in ids for text in of}
    ordered = sorted(found, key=lambda text: -len(_VALUE.sub("", text)))
    return tuple((_pattern(text), found[text]) for text in ordered)


def _pattern(text: str) -> Pattern:
    between = [literal.replace("%%", "%") for literal in _VALUE.split(text)[::2]]
    return Pattern(tuple(_VALUE.findall(text)), tuple(between))


def messages(language: str) -> Catalog:
    """All texts of the language, as its file has them."""
    text = (files(__package__) / "texts" / f"{language}.po").read_bytes()
    return read_po(BytesIO(text), locale=language)
