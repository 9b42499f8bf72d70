"""Babel extractors, which note the folder of each message.

Translators and `catalogs` need only the folder. Files and line numbers would change with every move of a
module. `pyproject.toml` and `scheduler/invites/catalogue/babel.cfg` name the functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.extract import extract_python
from jinja2.ext import babel_extract

from scheduler.invites.catalogue import list_texts

_ROOT = Path(__file__).parents[2]
_Extracted = tuple[int, Any, Any, list[str]]


def extract_code(fileobj: BinaryIO, keywords: Any, comment_tags: Any, options: Any) -> Iterator[_Extracted]:
    """Extract the messages of a Python module. See Babel's "Writing Extraction Methods"."""
    for line, function, messages, _ in extract_python(fileobj, keywords, comment_tags, options):
        yield line, function, messages, [_folder(fileobj)]


def extract_template(
    fileobj: BinaryIO, keywords: Any, comment_tags: Any, options: Any
) -> Iterator[_Extracted]:
    """Extract the messages of a Jinja template."""
    for line, function, messages, _ in babel_extract(fileobj, keywords, comment_tags, options):
        yield line, function, messages, [_folder(fileobj)]


def extract_email_texts(
    fileobj: BinaryIO, keywords: Any, comment_tags: Any, options: Any
) -> Iterator[_Extracted]:
    """Extract the texts of emails from `en.json`, each with its key as context."""
    for key, text in list_texts(json.load(fileobj)):
        yield 1, "pgettext", (key, text), []


def _folder(fileobj: BinaryIO) -> str:
    return Path(fileobj.name).resolve().parent.relative_to(_ROOT).as_posix()
