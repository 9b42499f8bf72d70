"""Translation into the reader's language: `_()` of templates, `gettext` of views, lazy texts of services.

Numbers among the values are formatted for the locale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, TypeGuard

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal
from flask import Flask, Response, g, has_request_context
from markupsafe import Markup, escape

from api.language import choosing, spacing
from api.language.articles import choose_articles
from api.language.catalogs import AUDIT_LOG, SOURCE, audit_log_patterns, patterns, texts
from scheduler.domain import names
from scheduler.i18n import (
    DisplayName,
    JoinedText,
    LazyText,
    LocalizedDate,
    LocalizedTime,
    Separator,
    UntranslatedText,
    VenueLabel,
)
from scheduler.invites.catalogue import load_words

_MOST_PARTS = 4
"""Parts between separators in one message, at most."""
_Known = tuple[int, tuple[str, ...], dict[str, str]]
"""A message found in a text: its literal characters, its msgids, and its values."""
_SEPARATORS: Mapping[str, Mapping[Separator, str]] = {
    "、": {Separator.CLAUSES: "；", Separator.SENTENCES: ""},
    "، ": {Separator.CLAUSES: "؛ "},
}
"""Separators that are not those of English, by the comma of a language."""

_DEEPEST = 3
"""Maximum nesting of messages: an alert has a reason, which quotes a worker's message."""
KEPT = 16_384
"""Size of a process's cache of messages without values, per function."""
_COUNT = re.compile("[0-9]{1,9}")
_GROUPED = 1000
"""Smaller numbers are the same in all languages of the site, and skip Babel, which is slow."""


def language() -> str:
    """Return the language of the current page."""
    try:
        # called a thousand times a page; through the proxy it would take four times as long
        chosen: str = g._get_current_object().language
    except (AttributeError, RuntimeError):
        return choosing.of_request() if has_request_context() else SOURCE
    return chosen


def direction() -> str:
    """Return the writing direction of the current page: ltr or rtl."""
    return direction_of(language())


def direction_of(tag: str) -> str:
    """Return the writing direction of a language."""
    return load_words(tag).direction


def locale() -> Locale:
    """Return the locale of dates and numbers."""
    return _locale(language())


def gettext(text: str, /, **values: object) -> str:
    """Translate a message and fill in its values."""
    return _finished(texts(language()).gettext(text) % _shown(values))


def ngettext(one: str, several: str, /, num: int, **values: object) -> str:
    """Translate a pluralised message. `%(num)s` is the count."""
    return _finished(texts(language()).ngettext(one, several, num) % _shown({"num": num, **values}))


def pgettext(context: str, text: str, /, **values: object) -> str:
    """Translate a message that is ambiguous without `context`."""
    return _finished(str(texts(language()).pgettext(context, text)) % _shown(values))


def npgettext(context: str, one: str, several: str, /, num: int, **values: object) -> str:
    """Translate a pluralised message with a context."""
    found = str(texts(language()).npgettext(context, one, several, num))
    return _finished(found % _shown({"num": num, **values}))


def _finished(text: str) -> str:
    """Return a text with its values filled in, with a single full stop and the right Hungarian articles."""
    return choose_articles(names.collapse_full_stops(text))


def said(sentence: str) -> str:
    """Translate a lazy message of a service or constant. Other texts are returned unchanged."""
    if type(sentence) is str:
        return sentence
    if isinstance(sentence, LocalizedTime):
        return format_datetime(
            sentence.at, pgettext("pattern of a date (CLDR)", "EEE HH:mm"), locale=locale()
        )
    if isinstance(sentence, LocalizedDate):
        return format_date(sentence.on, pgettext("pattern of a date (CLDR)", "EEE d MMM"), locale=locale())
    if isinstance(sentence, DisplayName):
        return names.display_single(sentence.native, str(sentence), reader())
    if isinstance(sentence, VenueLabel):
        return names.translated_name(str(sentence), sentence.names, language())
    if isinstance(sentence, UntranslatedText):
        return str(sentence) if language() == SOURCE else said(sentence.fallback)
    if isinstance(sentence, JoinedText):
        return _joined([said(each) for each in sentence.texts], sentence.separator)
    if not isinstance(sentence, LazyText):
        return sentence
    values: dict[str, Any] = {**sentence.values}
    if sentence.msgid_plural:
        return ngettext(sentence.msgid, sentence.msgid_plural, **values)
    return gettext(sentence.msgid, **values)


def _joined(texts: Sequence[str], between: Separator) -> str:
    """Join names, clauses or sentences with the separators of the language."""
    words = load_words(language())
    if between is Separator.PEOPLE:
        return format_list([words.isolated(text) for text in texts], locale=locale())
    if between is Separator.NAMES:
        return words.listed(texts)
    return _SEPARATORS.get(words.list_comma, {}).get(between, between).join(map(words.isolated, texts))


def reader() -> str:
    """Return the language whose script the reader reads beside Latin: the page's, or that of their emails."""
    page = language()
    return str(g.get("reads", "")) if page == SOURCE and has_request_context() else page


def translate_stored(text: str | None) -> str:
    """Translate a formatted error message from a child process or a column, by matching it with patterns."""
    return _translate_stored(text or "", _DEEPEST)


def _translate_stored(text: str, depth: int) -> str:
    if not text or language() == SOURCE or isinstance(text, LazyText):
        return said(text)
    clauses = _clauses(text) if depth else None
    if clauses is None:
        return text
    return _joined([_filled(known, kept, depth) for _, known, kept in clauses], Separator.CLAUSES)


def _filled(known: tuple[str, ...], kept: dict[str, str], depth: int) -> str:
    """Translate a message with its values, which may be messages too."""
    values = {name: _translate_stored(value, depth - 1) for name, value in kept.items()}
    if len(known) > 1:
        return ngettext(known[0], known[1], int(values.pop("num")), **values)
    return gettext(known[0], **values)


def _clauses(text: str) -> list[_Known] | None:
    """Return the messages of which a text is joined, or None if a part of it is none.

    A message may have the separator within itself. Of several ways to split the text, the one with most
    literal characters is right: a part of a message that matches a shorter one has fewer.
    """
    parts = text.split(Separator.CLAUSES)
    best: list[tuple[int, list[_Known]] | None] = [(0, [])]
    for end in range(1, len(parts) + 1):
        ways = []
        for start in {0, *range(max(0, end - _MOST_PARTS), end)}:
            before, found = best[start], None
            if before is not None:
                found = _understood(Separator.CLAUSES.join(parts[start:end]))
            if before is not None and found is not None:
                ways.append((before[0] + found[0], [*before[1], found]))
        best.append(max(ways, key=lambda way: way[0], default=None))
    last = best[-1]
    return None if last is None else last[1]


def _understood(text: str) -> _Known | None:
    """Return the message that a formatted text is, or None if it matches no pattern."""
    for pattern, known in patterns(language()):
        values = pattern.values(text)
        if values is not None and (len(known) == 1 or _COUNT.fullmatch(values["num"])):
            return sum(map(len, pattern.between)), known, values
    return None


def recorded(text: str, *, capital: bool = False) -> str:
    """Translate an audit log text, which the table stores in English.

    File names and texts of older releases match no message and are returned unchanged. `capital` capitalises
    translated messages, but not a leading email address or ID.
    """
    if not text:
        return text
    for pattern, (known,) in audit_log_patterns(language()) if language() != SOURCE else ():
        if (found := pattern.values(text)) is not None:
            text = pgettext(AUDIT_LOG, known, **{name: _part(name, value) for name, value in found.items()})
            capital = capital and not str(texts(language()).pgettext(AUDIT_LOG, known)).startswith("%(")
            break
    return text[:1].upper() + text[1:] if capital and "@" not in text.partition(" ")[0] else text


def _part(name: str, value: str) -> str:
    """Translate a value of an entry: sentences about a venue change, another audit log text, or a name."""
    return translate_stored(value) if name == "changes" else str(texts(language()).pgettext(AUDIT_LOG, value))


def _closed_up(response: Response) -> Response:
    is_chinese = response.mimetype == "text/html" and language() == "zh"
    return spacing.close_up(response) if is_chinese else response


def init_app(app: Flask) -> None:
    app.after_request(_closed_up)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.newstyle_gettext = True  # type: ignore[attr-defined]
    for function in (gettext, ngettext, pgettext, npgettext):
        app.jinja_env.globals[function.__name__] = _marked(function)
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]
    app.add_template_filter(said)
    app.add_template_filter(translate_stored)
    app.add_template_filter(recorded)
    app.add_template_global(language, "page_language")
    app.add_template_global(direction, "page_direction")
    app.add_template_global(choosing.of_page, "page_languages")
    app.add_template_global(choosing.is_translated)


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag)


def _shown(values: dict[str, object]) -> dict[str, object]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: object) -> object:
    if _is_number(value):
        return whole(value)
    return said(value) if isinstance(value, str) else value


def whole(value: int) -> str:
    """Format a whole number for the locale."""
    return str(value) if 0 <= value < _GROUPED else format_decimal(value, locale=locale())


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _safe(value: object) -> object:
    if _is_number(value):
        return value
    return escape(said(value) if isinstance(value, str) else value)


def _marked(function: Callable[..., str]) -> Callable[..., Markup]:
    """Return a translation function for templates: messages may contain markup, and values are escaped."""

    @lru_cache(KEPT)
    def plain(_catalog: object, ours: tuple[str, ...]) -> Markup:
        return Markup(function(*ours))  # noqa: S704 -- the texts are ours

    def marked(*ours: Any, **values: object) -> Markup:
        if not values and function in (gettext, pgettext):
            return plain(texts(language()), ours)
        safe = {name: _safe(value) for name, value in values.items()}
        return Markup(function(*ours, **safe))  # noqa: S704 -- the texts are ours, and the values escaped

    return marked
