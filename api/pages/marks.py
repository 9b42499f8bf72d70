"""Icons, tier glyphs, initials of firms and people, and short labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from babel.lists import format_list
from babel.numbers import format_currency
from flask import Flask
from markupsafe import Markup, escape

from api.language import speaking
from api.language.speaking import gettext
from api.language.unbroken import unbroken
from api.pages import formatting
from scheduler.domain.entities import Partstat, RequestState, Tier
from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.i18n import gettext_lazy, join_texts
from scheduler.invites.catalogue import load_words
from scheduler.services.agendas.week.changes import WeekChange, WeekChangeKind
from scheduler.services.agendas.week.week import MeetingFilter
from scheduler.services.spreadsheets import cell_values

_LEGAL_FORM_FIRST = re.compile(r"^(주식회사|유한회사|\(주\)|㈜|株式会社|有限会社|合同会社|（株）|㈱)\s*")
AREA_STEMS: Final = MappingProxyType(
    {
        "energ": "energy",
        "vehic": "vehicles",
        "digit": "digital",
        "health": "healthy",
        "agri": "agriculture",
        "manuf": "manufacturing",
        "serv": "services",
    }
)
"""Looks by the stem of a word in an area's key: the class `.area-LOOK` and the icon `.i-area-LOOK`."""


@lru_cache(1024)
def named_look(key: str) -> str:
    """Return the look of the first known stem in the area's key, or ""."""
    words = re.split(r"[\W_]+", key.casefold())
    return next((look for stem, look in AREA_STEMS.items() for word in words if word.startswith(stem)), "")


def area_looks(keys: Iterable[str]) -> dict[str, str]:
    """Return the look of each area in the event's order. Areas without a known stem get an unused one."""
    return _looks(tuple(keys))


@lru_cache(1024)
def _looks(keys: tuple[str, ...]) -> dict[str, str]:
    named = {key: named_look(key) for key in keys}
    left = iter([look for look in AREA_STEMS.values() if look not in named.values()])
    return {key: look or (next(left, "") if key else "") for key, look in named.items()}


def area_look(key: str, areas: Iterable[str]) -> str:
    """Return the look of one area of an event."""
    return area_looks(areas).get(key, "")


def initials(person: formatting.Named) -> str:
    """Return two initials of a Latin name, or else its first character."""
    name = formatting.short_name(person)
    parts = [part for part in re.split(r"[\s-]+", name) if part[:1].isalpha()]
    if formatting.is_east_asian(name):
        return name[:1]
    return "".join(part[0] for part in (*parts[:1], *parts[1:][-1:])).upper() or name[:1]


def firm_mark(firm: formatting.Named) -> str:
    """Return the most distinctive character of a firm's name, or two initials.

    Chinese names begin with the town, usually two characters, which many firms share. Korean and Japanese
    names may begin with the legal form.
    """
    language = formatting.is_east_asian(firm.name)
    if not language:
        return initials(firm)
    name = _LEGAL_FORM_FIRST.sub("", firm.name)
    return name[2] if language == "zh" and name == firm.name and len(name) > 4 else name[:1]


def spoken_languages(codes: Sequence[str], role: str = "") -> str:
    """Return a person's languages, prefixed with their role."""
    listed = listing(formatting.language(code) for code in codes)
    if not listed:
        return role
    if not role:
        return gettext("speaks %(languages)s", languages=listed)
    return gettext("%(role)s, speaks %(languages)s", role=role, languages=listed)


def listing(parts: Iterable[str]) -> str:
    """Join words as the page's language does: A, B and C."""
    return str(format_list(list(parts), locale=speaking.locale()))


RIGHT_TO_LEFT_MARK: Final = "\u200f"
"""Invisible. Punctuation beside it between two Latin words belongs to the Arabic line, not to the words."""


def colon() -> str:
    """Return the colon of the page's language, with the space that follows it."""
    return load_words(speaking.language()).colon


SEMICOLONS: Mapping[str, str] = MappingProxyType({"、": "；", "، ": "؛ "})
"""Semicolon by list separator. Other languages have that of English."""


def comma() -> str:
    """Return the list separator of the page's language."""
    return load_words(speaking.language()).list_comma


def clause_comma() -> str:
    """Return the comma between parts of a line that are no list. In Chinese it differs from `comma`.

    From right to left, a mark beside it keeps two Latin parts, as a table and its hall, in the line's order.
    """
    words = load_words(speaking.language())
    if words.is_rtl:
        return words.list_comma.replace(" ", f"{RIGHT_TO_LEFT_MARK} ")
    return "，" if words.list_comma == "、" else words.list_comma


def semicolon() -> str:
    """Return the semicolon of the page's language, with the space that follows it."""
    return SEMICOLONS.get(comma(), "; ")


STATES = {
    RequestState.ACCEPTED: gettext_lazy("Accepted:"),
    RequestState.DECLINED: gettext_lazy("Declined:"),
    RequestState.WITHDRAWN: gettext_lazy("Cancelled:"),
    RequestState.EXPIRED: gettext_lazy("Expired:"),
}


def state_label(state: RequestState) -> str:
    """Return the label of a request's state, which precedes the firm."""
    return speaking.said(STATES[state])


def reason_label(code: str) -> str:
    """Return why a meeting is not scheduled, as in emails."""
    return load_words(speaking.language()).reason_of(code)


def tier_label(tier: str) -> str:
    """Return the label of a tier: Upstream."""
    return formatting.capitalize_first(load_words(speaking.language()).digest[tier])


def cell_label(text: str, column: str) -> str:
    """Return the text of a spreadsheet cell with names for codes, where an import reads the names back."""
    if column == "tier" and text in {*Tier}:
        return tier_label(text)
    if column == "country":
        return _read_back(text, formatting.country, cell_values.parse_country)
    if column == "languages":
        codes = cell_values.split_languages(text)
        return "; ".join(_read_back(code, formatting.language, cell_values.parse_language) for code in codes)
    return text


def _read_back(code: str, name_of: Callable[[str], str], parse: Callable[[str], str | None]) -> str:
    name = name_of(code)
    return name if parse(name) == code else code


def change_words(change: WeekChange, zone: str) -> Markup:
    """Return what changed in a meeting, with the previous value."""
    item, was = change.item, change.before
    if item is None:
        before = _moment(change.start, zone)
        text = gettext("was %(moment)s", moment="%(moment)s")
        return Markup(text) % {"moment": before}  # noqa: S704 -- our own text
    if was is None:
        return _moment(item.start, zone)
    new: str
    old: str
    if change.kind is WeekChangeKind.MOVED:
        new, old = (_moment(each, zone) for each in (item.start, was.start))
    elif change.kind is WeekChangeKind.RELOCATED:
        new, old = (speaking.said(join_texts((each.place, each.hall))) for each in (item, was))
    else:
        new, old = (comma().join(map(formatting.short_name, each)) for each in (item.people, was.people))
    text = gettext("%(new)s (was %(old)s)", new="%(new)s", old="%(old)s")
    return Markup(text) % {"new": new, "old": old}  # noqa: S704 -- our own text


def _moment(moment: datetime, zone: str) -> Markup:
    return escape(unbroken(formatting.local_moment(moment, zone))) + formatting.own_time(moment, zone)


SHOWN = {
    MeetingFilter.ALL: gettext_lazy("All"),
    MeetingFilter.UNANSWERED: gettext_lazy("No reply"),
    MeetingFilter.CHANGED: gettext_lazy("Changed"),
    MeetingFilter.CLASHES: gettext_lazy("Conflicts"),
}
ANSWERED = {
    Partstat.ACCEPTED: gettext_lazy("accepted"),
    Partstat.TENTATIVE: gettext_lazy("tentative"),
    Partstat.DECLINED: gettext_lazy("declined"),
}
NO_ANSWER = gettext_lazy("no reply yet")
CHANGES = {
    WeekChangeKind.NEW: gettext_lazy("new"),
    WeekChangeKind.MOVED: gettext_lazy("moved"),
    WeekChangeKind.RELOCATED: gettext_lazy("new location"),
    WeekChangeKind.REASSIGNED: gettext_lazy("different attendees"),
    WeekChangeKind.CANCELLED: gettext_lazy("cancelled"),
}


def week_show(show: MeetingFilter) -> str:
    """Return the label of a filter of the firm's calendar."""
    return speaking.said(SHOWN[show])


def answer_word(said: Partstat | None) -> str:
    """Return the label of a participation status."""
    return speaking.said(ANSWERED.get(said or Partstat.NEEDS_ACTION, NO_ANSWER))


def change_word(kind: WeekChangeKind) -> str:
    """Return the label of a kind of change."""
    return speaking.said(CHANGES[kind])


OUTCOMES = {
    OutcomeKind.NONE: gettext_lazy("No result"),
    OutcomeKind.FOLLOW_UP: gettext_lazy("Follow-up"),
    OutcomeKind.INTENT: gettext_lazy("Intent"),
    OutcomeKind.SIGNED: gettext_lazy("Signed"),
}


def outcome_word(kind: OutcomeKind) -> str:
    """Return the label of a meeting outcome."""
    return speaking.said(OUTCOMES[kind])


def money(amount: int, currency: str) -> str:
    """Format an amount in whole units in the page's locale, such as CN¥1,200,000."""
    locale = speaking.locale()
    pattern = "#,##0 ¤" if locale.language == "hu" else "¤#,##0"
    return format_currency(amount, currency, pattern, locale=locale, currency_digits=False)


def but(address: dict[str, str], **changed: object) -> dict[str, object]:
    """Return query parameters with changes; None removes one."""
    return {name: value for name, value in (address | changed).items() if value is not None}


def init_app(app: Flask) -> None:
    for function in (colon, comma, clause_comma, semicolon):
        app.add_template_global(function)
    for each in (
        area_look,
        initials,
        firm_mark,
        spoken_languages,
        but,
        change_words,
        week_show,
        answer_word,
        outcome_word,
        money,
        change_word,
        tier_label,
        cell_label,
        state_label,
        reason_label,
        listing,
    ):
        app.add_template_filter(each)
