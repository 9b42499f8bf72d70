"""The texts of the pages by language: `texts/*.po`, read as they are when a language is first asked for."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from scheduler.invites import catalogue

SOURCE = "en"
"""The language that the texts are written in: it needs no file."""


@cache
def languages() -> dict[str, str]:
    """The languages of pages and mails, each by its name in that language."""
    return catalogue.languages()


@cache
def texts(language: str) -> NullTranslations:
    """What each text is in the language. A text that is not in its file stays English."""
    if language == SOURCE:
        return NullTranslations()
    text = (files(__package__) / "texts" / f"{language}.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text), locale=language))
    compiled.seek(0)
    return Translations(compiled)
