"""Translation catalogs are complete: `make messages` adds new texts."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from gettext import c2py
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po

from api.language import catalogs, rooms
from api.language.articles import choose_articles
from api.language.catalogs import AUDIT_LOG, SOURCE, languages
from scheduler.domain.bidi import isolate_placeholders
from scheduler.invites.catalogue import load_words

ROOT = Path(__file__).parents[3]
TEXTS = ROOT / "api/language/texts"
TRANSLATED = sorted(set(languages()) - {SOURCE})
LANGUAGES = sorted(set(TRANSLATED) - rooms.GUEST_LANGUAGES)
"""Languages of all pages."""
FORMS = {"ar": 6}
"""Plural forms. The other languages have one after numbers."""
KEYWORDS = parse_keywords(re.findall(r"KEYWORDS = (.+)", (ROOT / "Makefile").read_text("utf-8"))[0].split())


@cache
def source() -> Catalog:
    """Return the messages of the templates, views and services."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["babel"]["mappings"]
    methods = [(each["pattern"], each["method"]) for each in mappings]
    options = {each["pattern"]: each for each in mappings}
    found = Catalog()
    for folder in ("api", "scheduler"):
        for name, line, message, _, context in extract_from_dir(
            ROOT / folder, methods, options, keywords=KEYWORDS
        ):
            found.add(message, locations=[(f"{folder}/{name}", line)], context=context)
    return found


@cache
def catalog(language: str) -> Catalog:
    return read_po((TEXTS / f"{language}.po").read_bytes().splitlines(keepends=True), locale=language)


def keys(found: Catalog) -> set[tuple[str, str | None]]:
    return {(one(each.id), each.context) for each in found if each.id}


def one(text: object) -> str:
    return str(text[0] if isinstance(text, tuple | list) else text)


def test_the_catalogs_are_of_the_languages_of_the_mails() -> None:
    assert sorted(path.stem for path in TEXTS.glob("*.po")) == TRANSLATED == ["ar", "hu", "zh"]
    assert len(keys(source())) > 100


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalog_has_the_texts_that_there_are(language: str) -> None:
    """`make messages` adds missing texts and removes obsolete ones."""
    there = keys(catalog(language))
    assert (keys(source()) - there, there - keys(source())) == (set(), set())


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_in_each_form_and_none_is_a_guess(language: str) -> None:
    """A language of guests has all that guests read."""
    found = catalog(language)
    read = [each for each in found if each.id and (language in LANGUAGES or is_for_guests(each))]
    wrong = [
        each.id
        for each in read
        if each.fuzzy
        or not all(forms(each.string))
        or len(forms(each.string)) != (1 if isinstance(each.id, str) else found.num_plurals)
    ]
    assert found.num_plurals == FORMS.get(language, 1)
    assert len(read) > 1000 and wrong == []


def test_an_arabic_plural_form_is_that_of_its_number() -> None:
    """The forms of the CLDR: those of Babel for gettext have the last two exchanged."""
    plural = Locale.parse("ar").plural_form
    tags = ("zero", "one", "two", "few", "many", "other")
    form = c2py(catalog("ar").plural_expr)
    assert [tags[form(n)] for n in range(250)] == [plural(n) for n in range(250)]


def test_values_of_arabic_texts_are_isolated_but_for_those_within_tags() -> None:
    texts = catalogs.texts("ar")
    said = texts.gettext("%(time)s in %(city)s")
    assert marks(said) == {"%(time)s", "%(city)s"}
    assert all(f"\u2068{each}\u2069" in said for each in marks(said))
    linked = 'This was a duplicate of <a href="%(address)s">%(key)s</a>.'
    assert isolate_placeholders(linked) == linked.replace("%(key)s", "\u2068%(key)s\u2069")
    assert isolate_placeholders("{{x}} {start}–{end} {a} 5%%", composed=frozenset("a")) == (
        "{{x}} \u2066{start}–{end}\u2069 {a} 5%%"
    )
    assert load_words("hu").subject["new"].isprintable()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_values_and_the_tags_of_its_text(language: str) -> None:
    """Arabic says one and two by the noun itself, without the number."""
    by_noun = (1, 2) if language == "ar" else ()
    wrong = []
    for each in catalog(language):
        wanted = {frozenset(marks(text)) for text in forms(each.id)} if each.id else set()
        for number, string in enumerate(forms(each.string)) if each.id else ():
            without = {values - {"%(num)s"} for values in wanted} if number in by_noun else set()
            if string and marks(string) not in wanted | without:
                wrong.append((each.id, string))
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_its_text_but_for_names(language: str) -> None:
    same = {
        each.id
        for each in catalog(language)
        if each.id and each.string == each.id and each.context != "pattern of a date (CLDR)"
    }
    own = {text: re.sub(r"%\(\w+\)s", "", text) for text in same if isinstance(text, str) and " " in text}
    assert {text for text, words in own.items() if any(map(str.isalpha, words))} == set()


def is_for_guests(message: Message) -> bool:
    """True if a message is in a folder of guests. They read no audit log."""
    return message.context != AUDIT_LOG and any(map(rooms.has_guest_messages, message.auto_comments))


def forms(texts: object) -> list[str]:
    return [str(text) for text in texts] if isinstance(texts, tuple | list) else [str(texts)]


def marks(text: str) -> frozenset[str]:
    """Return the placeholders and tags of a message, except spans."""
    tags = [tag for tag in re.findall(r"<(\w+)[^>]*>", text) if tag != "span"]
    return frozenset([*re.findall(r"%\(\w+\)s", text), *tags])


def test_a_sentence_of_templates_is_not_put_together_from_pieces() -> None:
    """A message that begins or ends with a space is a fragment."""
    cut = [each.id for each in source() if each.id and any(text != text.strip() for text in forms(each.id))]
    assert cut == []


def test_chinese_texts_have_no_space_beside_latin_letters_and_digits() -> None:
    beside = re.compile("[\u4e00-\u9fff] +[A-Za-z0-9%]|[A-Za-z0-9] +[\u4e00-\u9fff]")
    texts = [(each.context, text) for each in catalog("zh") if each.id for text in forms(each.string)]
    assert len(texts) > 1000
    assert [
        text for context, text in texts if context != "pattern of a date (CLDR)" and beside.search(text)
    ] == []


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("A(z) 1. változat", "Az 1. változat"),
        ("A(z) 2. változat", "A 2. változat"),
        ("Közzéteszi a(z) 5. változatot?", "Közzéteszi az 5. változatot?"),
        ("a(z) 10, a(z) 51, a(z) 100, a(z) 1000", "a 10, az 51, a 100, az 1000"),
        (
            "A(z) <b>1. változat</b> és a(z) <b>3. változat</b>",
            "Az <b>1. változat</b> és a <b>3. változat</b>",
        ),
    ],
)
def test_a_hungarian_article_follows_the_number_as_it_is_spoken(text: str, spoken: str) -> None:
    assert choose_articles(text) == spoken


def test_an_open_hungarian_article_stands_before_a_number() -> None:
    found = [text for each in catalog("hu") if each.id for text in forms(each.string) if "(z)" in text]
    number = re.compile(
        r"\b[Aa]\(z\) (<[^>]*>)*%\((number|num|base|draft|was|now|made|all|version|first|old)\)s"
    )
    assert [text for text in found if len(number.findall(text)) != text.count("(z)")] == []
