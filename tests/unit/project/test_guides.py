"""The exhibitors' guide is the same in English, Chinese and Hungarian, and uses the pages' terms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
ENGLISH = ROOT / "docs/exhibitors.md"
LANGUAGES = ("zh", "hu")


def guide(language: str) -> str:
    return (ROOT / f"docs/{language}/exhibitors.md").read_text("utf-8")


def shape(text: str) -> list[list[str]]:
    """Return the kinds of blocks of each section, in order."""
    sections = re.split(r"^#+ ", text, flags=re.MULTILINE)[1:]
    blocks = [re.split(r"\n\s*\n", section.strip())[1:] for section in sections]
    return [[kind for block in each for kind in kinds(block)] for each in blocks]


def kinds(block: str) -> list[str]:
    if block.startswith("!["):
        return ["picture"]
    return ["item"] * len(re.findall(r"^- ", block, re.MULTILINE)) or ["text"]


def quoted(text: str) -> set[str]:
    """Return the texts in *italics*: names of pages and buttons."""
    return {"".join(found.split()) for found in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", text)}


def said(language: str) -> list[str]:
    """Return all texts of the pages in a language, without tags."""
    with (ROOT / f"api/language/texts/{language}.po").open("rb") as file:
        texts = [m.string if isinstance(m.string, tuple) else (m.string,) for m in read_po(file) if m.id]
    return ["".join(re.sub(r"<[^>]*>", "", text).split()).casefold() for each in texts for text in each]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_section_of_the_guide_is_there_in_each_language(language: str) -> None:
    assert shape(guide(language)) == shape(ENGLISH.read_text("utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guide_names_pages_and_buttons_as_the_pages_do(language: str) -> None:
    texts = said(language)
    names = quoted(guide(language))
    assert names
    assert not {name for name in names if not any(text.startswith(name.casefold()) for text in texts)}
