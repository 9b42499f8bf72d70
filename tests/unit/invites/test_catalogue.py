"""Languages are files with the same keys; a missing one falls back."""

from __future__ import annotations

import json
import string
from importlib.resources import files

import pytest

from scheduler.invites.catalogue import words

CATALOGUES = [f for f in files("scheduler.invites.catalogue").iterdir() if f.name.endswith(".json")]
ENGLISH = json.loads((files("scheduler.invites.catalogue") / "en.json").read_text("utf-8"))


def holes(value: object) -> object:
    """The shape of a value: its keys and the names in braces."""
    if isinstance(value, dict):
        return {key: holes(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return len(value)
    return {name for _, name, _, _ in string.Formatter().parse(str(value)) if name}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda catalogue: catalogue.name)
def test_every_catalogue_has_the_keys_and_names_of_the_english_one(catalogue: object) -> None:
    assert holes(json.loads(catalogue.read_text("utf-8"))) == holes(ENGLISH)  # type: ignore[attr-defined]


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN_us", "tlh", "", "../en", "__init__"])
def test_a_language_that_is_not_there_falls_back_to_english(tag: str) -> None:
    assert words(tag).language == "en"
