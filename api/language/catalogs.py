"""Translation catalogs of the pages: `texts/*.po`, parsed when a language is first used."""

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

from scheduler.domain import bidi
from scheduler.invites import catalogue

SOURCE = "en"
"""The source language of the messages. It needs no catalog."""
REPORTING = (
    "scheduler/invites/busy",
    "scheduler/invites/inbound",
    "scheduler/invites/transport",
    "scheduler/services/delivery",
    "scheduler/services/emails/inbound",
    "scheduler/services/imports",
    "scheduler/services/operations",
    "scheduler/services/participants/registration",
    "scheduler/services/planning/runs",
    "scheduler/services/planning/scenarios",
    "scheduler/services/publishing",
    "scheduler/services/replies",
    "scheduler/services/spreadsheets",
    "scheduler/services/venue",
    "scheduler/sheets",
    "scheduler/untrusted",
)
"""Folders whose messages pass through a child process or a column as plain text."""
AUDIT_LOG = "audit log"
"""The message context of audit log texts: `scheduler/services/audit_log/subjects.py`."""
_VALUE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A message with its placeholders. `between` are the literals around them, including first and last."""

    names: tuple[str, ...]
    between: tuple[str, ...]

    def values(self, text: str) -> dict[str, str] | None:
        """Return the placeholder values in `text`, or None if it does not match.

        The first value takes the longest text. Matching takes linear time, because texts may contain
        untrusted input. A regular expression with as many wildcards would backtrack polynomially.
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
    """Return the languages of pages and emails: their native names by tag."""
    return catalogue.languages()


@cache
def texts(language: str) -> NullTranslations:
    """Return the catalog of a language. Messages without a translation stay English.

    The values of messages from right to left are isolated.
    """
    if language == SOURCE:
        return NullTranslations()
    found = messages(language)
    if catalogue.load_words(language).is_rtl:
        for each in found:
            if each.id and each.string:
                each.string = _isolated(each.string)
    compiled = BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return Translations(compiled)


@cache
def patterns(language: str) -> Patterns:
    """Return the patterns of messages about users' files, for translating them after formatting.

    Each pattern comes with its msgid, and the plural one if it has a count. The longest pattern is first,
    because it is the least likely to match by chance.
    """
    return _patterns(
        each
        for each in messages(language)
        if each.context != AUDIT_LOG and any(is_within(folder, REPORTING) for folder in each.auto_comments)
    )


@cache
def audit_log_patterns(language: str) -> Patterns:
    """Return the patterns of audit log messages."""
    return _patterns(each for each in messages(language) if each.context == AUDIT_LOG)


def is_within(folder: str, folders: Sequence[str]) -> bool:
    """True if `folder` is one of `folders` or below one. Messages name their folder: see `extracting.py`."""
    return any(folder == each or folder.startswith(f"{each}/") for each in folders)


def _isolated(string: str | Sequence[str]) -> str | tuple[str, ...]:
    """Return a message or its plural forms with isolated values."""
    if isinstance(string, str):
        return bidi.isolate_placeholders(string)
    return tuple(map(bidi.isolate_placeholders, string))


def _patterns(messages: Iterable[Message]) -> Patterns:
    ids = [(each.id,) if isinstance(each.id, str) else tuple(each.id) for each in messages if each.id]
    found = {text: of for of in ids for text in of}
    ordered = sorted(found, key=lambda text: -len(_VALUE.sub("", text)))
    return tuple((_pattern(text), found[text]) for text in ordered)


def _pattern(text: str) -> Pattern:
    between = [literal.replace("%%", "%") for literal in _VALUE.split(text)[::2]]
    return Pattern(tuple(_VALUE.findall(text)), tuple(between))


def messages(language: str) -> Catalog:
    """Return all messages of a language's PO file."""
    text = (files(__package__) / "texts" / f"{language}.po").read_bytes()
    return read_po(BytesIO(text), locale=language)
