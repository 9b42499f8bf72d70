"""The guides use the pages' terms, and that for exhibitors is the same in all its languages."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from scheduler.invites.catalogue import load_words

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "docs/_ext"))

import languages  # noqa: E402 -- the documentation's own extension

ENGLISH = ROOT / "docs/exhibitors.md"
LANGUAGES = ("zh", "hu", "ar")


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


def test_the_organisers_guide_names_parts_of_the_webhook_pages_as_the_pages_do() -> None:
    guide = (ROOT / "docs/organisers.md").read_text("utf-8")
    section = guide.partition("\n## Notify other programs with webhooks\n")[2].partition("\n## ")[0]
    folders = ("api/templates/webhooks", "api/pages/webhooks")
    pages = [path for folder in folders for path in (ROOT / folder).iterdir() if path.is_file()]
    pages.append(ROOT / "api/templates/_organiser_places.html")
    texts = "".join("".join(page.read_text("utf-8").split()) for page in pages)
    names = quoted(section)
    assert {"Createwebhook", "Sendagain", "Enablewebhook"} <= names
    assert not {name for name in names if not re.search(rf"[\"'>]{re.escape(name)}[\"'.:<]", texts)}


def test_the_documentation_has_each_guide_in_its_writing_direction() -> None:
    assert {tag: load_words(tag).direction for tag in LANGUAGES} == languages.DIRECTIONS
    context: dict[str, object] = {"body": "<h1>دليل</h1>"}
    languages.mark_language(None, "ar/exhibitors", "page.html", context, None)
    assert context["body"] == '<div lang="ar" dir="rtl">\n<h1>دليل</h1>\n</div>'
    context = {"body": "<h1>Guide</h1>"}
    languages.mark_language(None, "exhibitors", "page.html", context, None)
    assert context["body"] == "<h1>Guide</h1>"
