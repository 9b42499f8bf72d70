"""Consistent terminology across pages, emails and manual, as in docs/translators.md."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from api.language.catalogs import languages
from scheduler.invites.catalogue import list_texts, read_texts
from tests.integration.language.test_catalogs import LANGUAGES, ROOT, TRANSLATED, catalog, forms
from tests.support import glossary

TAGS = re.compile(r"<[^>]*>")
VALUE = re.compile(r"%\(\w+\)s|\{\w+\}")
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n")
WORD = re.compile(r"[\w'’-]+")
BUTTON = re.compile(r"<button\b(?:\{[{%].*?[%}]\}|[^>])*>(.*?)</button>", re.DOTALL)
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
NOT_PROSE = re.compile(r"`[^`]*`|\]\([^)]*\)|\b(?:QQ|NetEase|WeCom) Mail\b|\b[Mm]ail (?:server|program)s?\b")
"""A mail server (RFC 5598: a relay) and a mail program have no other name."""
HISTORY_AND_GLOSSARY = ("CHANGELOG.md", "translators.md")
"""They name old terms, and terms of other languages."""
STEM = 4
"""Letters of a term that all its forms share."""
LABEL = re.compile(r"""_\(\s*(["'])(.*?)\1""")


def of_mails(language: str) -> Iterator[str]:
    yield from (text for _, text in list_texts(read_texts(language)))


def of_pages(language: str) -> Iterator[str]:
    if language in TRANSLATED:
        for each in catalog(language):
            yield from forms(each.string) if each.id else ()
    else:
        for each in catalog(LANGUAGES[0]):
            yield from forms(each.id) if each.id else ()


def of_manual() -> Iterator[tuple[str, str]]:
    """Yield each line of the manual without code, addresses of links, and names of products."""
    for path in sorted(
        [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/decisions").glob("*.md")]
    ):
        for line in FENCED.sub("", path.read_text("utf-8")).splitlines():
            yield path.name, NOT_PROSE.sub("", line)


def rejected(language: str, text: str) -> str:
    """Return the first rejected word of a text, or an empty string."""
    words = re.compile("|".join(glossary.REJECTED[language]), re.IGNORECASE)
    found = words.search(VALUE.sub("", TAGS.sub("", text)))
    return found[0] if found and not any(each in text for each in glossary.ALLOWED) else ""


def too_long(text: str) -> list[str]:
    """Return the sentences of a text that are too long. A value counts as one word."""
    plain = VALUE.sub("X", TAGS.sub("", text))
    return [each for each in SENTENCE_END.split(plain) if len(WORD.findall(each)) > glossary.MOST_WORDS]


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_thing_has_one_word(language: str) -> None:
    texts = [*of_mails(language), *of_pages(language)]
    assert len(texts) > 1000
    assert [(word, text) for text in texts if (word := rejected(language, text))] == []


def test_the_manual_has_the_same_words() -> None:
    lines = list(of_manual())
    assert len(lines) > 3000
    found = [(name, word, line) for name, line in lines if (word := rejected("en", line))]
    assert [each for each in found if each[0] not in HISTORY_AND_GLOSSARY] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "2 meetings are held."),
        ("en", "Mails go out."),
        ("en", "Delete the row(s)"),
        ("zh", "会议"),
        ("hu", "Linkek"),
        ("ar", "كشك 12"),
    ],
)
def test_a_rejected_word_is_found(language: str, text: str) -> None:
    assert rejected(language, text)


def test_english_sentences_are_short() -> None:
    assert too_long("word " * (glossary.MOST_WORDS + 1)) and not too_long("word " * glossary.MOST_WORDS)
    found = [each for text in (*of_mails("en"), *of_pages("en")) for each in too_long(text)]
    assert found == []


def test_a_button_has_no_full_stop() -> None:
    labels = [
        (path.name, label[2])
        for path in sorted((ROOT / "api/templates").rglob("*.html"))
        for button in BUTTON.findall(path.read_text("utf-8"))
        for label in LABEL.finditer(button)
    ]
    assert len(labels) > 200
    assert [(name, text) for name, text in labels if text.endswith(".")] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_term_alone_is_translated_as_the_glossary_has_it(language: str) -> None:
    column = 1 if language == "ar" else ["en", "zh", "hu"].index(language)
    terms = {}
    for row in glossary.ARABIC if language == "ar" else glossary.TERMS:
        names = [[each.strip() for each in re.sub(r" \(.*?\)", "", cell).split(",")] for cell in row]
        if len(names[0]) == len(names[column]):
            terms |= dict(zip(names[0], names[column], strict=True))
    wrong = [
        (each.id, each.string, terms[each.id.lower()])
        for each in catalog(language)
        if isinstance(each.id, str) and each.id.lower() in terms and not each.context
        if each.string and terms[each.id.lower()][:STEM] not in each.string.lower()
    ]
    assert wrong == []


def test_the_guide_has_the_terms_of_the_glossary() -> None:
    """`python -m tests.support.glossary` writes them."""
    guide = glossary.GUIDE.read_text("utf-8")
    assert guide == glossary.with_table(guide)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_right_instead_of_a_rejected_word_is_a_term_of_the_guide(language: str) -> None:
    guide = glossary.GUIDE.read_text("utf-8")
    assert [word for word in glossary.REJECTED[language].values() if word not in guide] == []
