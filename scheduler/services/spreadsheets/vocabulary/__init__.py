"""Spreadsheet vocabulary: one JSON file per language with headers and names.

Alternatives are separated by `|`; braces contain alternative parts: `{hall|stand} number` is two words.
`columns.fold_text` defines how words are compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "zh", "hu", "de", "fr", "es", "ja", "ko")
"""Languages of headers, sheet names and cell words."""
FAMILY_NAME_FIRST: Final = frozenset(("zh", "hu", "ja", "ko"))


@cache
def load_columns() -> Mapping[str, Mapping[str, Mapping[str, list[str]]]]:
    """Load `columns` (fields of our columns by kind) and `composed` (those of composed columns)."""
    found: Mapping[str, Mapping[str, Mapping[str, list[str]]]] = _read("columns")
    return found


@cache
def load_fields(language: str) -> Mapping[str, tuple[str, ...]]:
    """Load the headers of a language by field."""
    return _words(language, "fields")


@cache
def load_sheet_names(language: str) -> Mapping[str, tuple[str, ...]]:
    """Load the sheet names of a language by kind."""
    return _words(language, "sheets")


@cache
def load_setting_names(language: str) -> Mapping[str, tuple[str, ...]]:
    """Load the names of event settings in a language."""
    return _words(language, "settings")


@cache
def load_cell_words(name: str) -> tuple[str, ...]:
    """Load words for a value such as `upstream`, `accepted` or `yes`, in all languages."""
    return tuple(dict.fromkeys(word for one in LANGUAGES for word in _words(one, "values").get(name, ())))


@cache
def load_other_names(of: str) -> Mapping[str, tuple[str, ...]]:
    """Load nicknames, old names and abbreviations of `countries` or `languages` by code."""
    return {code: _expand(words) for code, words in _read("names")[of].items()}


@cache
def load_ambiguous_names(of: str) -> tuple[str, ...]:
    """Load names that two `countries` share in some language."""
    return _expand(_read("names")["ambiguous"][of])


def _words(language: str, part: str) -> Mapping[str, tuple[str, ...]]:
    return {name: _expand(words) for name, words in _read(language)[part].items()}


@cache
def _read(name: str) -> Any:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text("utf-8"))


def _expand(words: str) -> tuple[str, ...]:
    """Return all alternatives of a text."""
    return tuple(dict.fromkeys(word for each in _split_alternatives(words) for word in _alternatives(each)))


def _split_alternatives(words: str) -> Iterator[str]:
    """Yield the parts separated by `|` outside braces."""
    depth, part = 0, ""
    for sign in words:
        depth += (sign == "{") - (sign == "}")
        if sign == "|" and not depth:
            yield part
            part = ""
        else:
            part += sign
    yield part


def _alternatives(word: str) -> Iterator[str]:
    pieces = [
        piece.split("|") if at % 2 else [piece] for at, piece in enumerate(word.replace("}", "{").split("{"))
    ]
    for chosen in product(*pieces):
        yield " ".join("".join(chosen).split())
