"""The texts of the pages by language: `texts/*.po`, read as they are when a language is first asked for."""

from __future__ import annotations

import re
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from scheduler.invites import catalogue

SOURCE = "en"
"""The language that the texts are written in: it needs no file."""
REPORTING = ("scheduler/invites/busy/", "scheduler/invites/transport/", "scheduler/untrusted/")
"""Where sentences come from that a child process or a column hands on as plain texts."""
_VALUE = re.compile(r"%\\\((\w+)\\\)s")


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
    write_mo(compiled, _read(language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What sentences about strangers' files look like once their values are in them, with their texts."""
    found = (
        each.id
        for each in _read(language)
        if isinstance(each.id, str) and any(name.startswith(REPORTING) for name, _ in each.locations)
    )
    return tuple((re.compile(_VALUE.sub(r"(?P<\1>.+)", re.escape(text))), text) for text in found if text)


def _read(language: str) -> Catalog:
    text = (files(__package__) / "texts" / f"{language}.po").read_bytes()
    return read_po(BytesIO(text), locale=language)
