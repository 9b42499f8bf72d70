"""Formatting of values on pages: times with their zone, numbers, names, countries."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone_gmt
from babel.numbers import format_decimal, format_percent
from flask import Flask, g, has_request_context
from markupsafe import Markup, escape

from api import context, inputs
from api.language import speaking
from api.language.speaking import gettext, ngettext, pgettext
from api.language.unbroken import email_address, unbroken
from api.pages.browsers import browser_name
from scheduler.domain import bidi, fields, names
from scheduler.domain.entities import AlertKind, EmailFailure, ReplySource
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import load_words, zone_city
from scheduler.services.delivery.failed_emails import FailedEmail
from scheduler.services.directory.facets import FacetValue
from scheduler.services.identity import preferences


class Named(Protocol):
    """An object with a name in its native script and one in Latin letters."""

    @property
    def name(self) -> str: ...

    @property
    def latin_name(self) -> str: ...


WORD = 3
"""Number of alphabetic letters that one Chinese character counts for."""
_ENDS, _CLOSING = (".", "!", "?", "…", "。", "！", "？", "؟"), '”"’\u2069'
KEPT = 4096
"""Size of each of a process's caches, because lists repeat times and names on every page."""


@lru_cache(KEPT)
def local_time(moment: datetime, timezone: str) -> str:
    """Format the time in the zone: 09:00."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%H:%M}"


def local_day(moment: datetime, timezone: str) -> str:
    """Format the date in the zone: Mon, 7 December 2026."""
    return _written(
        moment, timezone, pgettext("pattern of a date (CLDR)", "EEE, d MMMM y"), speaking.locale()
    )


def short_local_day(moment: datetime, timezone: str) -> str:
    """Format the date in the zone, where the month is known: Tue 8."""
    return _written(moment, timezone, pgettext("pattern of a date (CLDR)", "EEE d"), speaking.locale())


def plain_day(day: date) -> str:
    """Format a date: Mon, 7 December 2026."""
    return format_date(day, pgettext("pattern of a date (CLDR)", "EEE, d MMMM y"), locale=speaking.locale())


def day_and_month(day: date) -> str:
    """Format a date: Mon 7 Dec."""
    return format_date(day, pgettext("pattern of a date (CLDR)", "EEE d MMM"), locale=speaking.locale())


def short_day(day: date) -> str:
    """Format a date: Tue 8."""
    return format_date(day, pgettext("pattern of a date (CLDR)", "EEE d"), locale=speaking.locale())


@lru_cache(KEPT)
def _written(moment: datetime, timezone: str, pattern: str, locale: Locale) -> str:
    return format_datetime(moment.astimezone(ZoneInfo(timezone)), pattern, locale=locale)


def ended(text: str) -> str:
    """Return a sentence with the full stop of the page's language, unless it ends with punctuation."""
    if text.rstrip(_CLOSING).endswith(_ENDS):
        return text
    stop = "。" if load_words(speaking.language()).list_comma == "、" else "."
    return text + stop


def capitalize_first(text: str) -> str:
    """Return the text with its first letter capitalised and the rest unchanged."""
    return text[:1].upper() + text[1:]


def local_moment(moment: datetime | None, timezone: str) -> str:
    """Format the date and time in the zone: Mon, 7 Dec, 09:00, or a dash for None."""
    if moment is None:
        return "–"
    pattern = pgettext("pattern of a date (CLDR)", "EEE, d MMM, HH:mm")
    return _written(moment, timezone, pattern, speaking.locale())


def local_second(moment: datetime | None, timezone: str) -> str:
    """Format the date and time in the zone: Mon, 7 Dec, 09:00:05, or a dash for None."""
    if moment is None:
        return "–"
    pattern = pgettext("pattern of a date (CLDR)", "EEE, d MMM, HH:mm:ss")
    return _written(moment, timezone, pattern, speaking.locale())


def marked_time(moment: datetime, timezone: str) -> Markup:
    """Return `local_time` in a time element with a machine-readable datetime."""
    return _marked(moment, local_time(moment, timezone))


def marked_moment(moment: datetime, timezone: str) -> Markup:
    """Return `local_moment` in a time element with a machine-readable datetime."""
    return _marked(moment, local_moment(moment, timezone))


@lru_cache(KEPT)
def _marked(moment: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), unbroken(text))


def own_zone(moment: datetime, timezone: str) -> str:
    """Return the reader's time zone if its offset then differs from the venue's, or ""."""
    chosen, country = g.get("clock", ("", "")) if has_request_context() else ("", "")
    own = preferences.choose_timezone(chosen, country, moment)
    if not own or own == timezone:
        return ""
    here, there = (moment.astimezone(ZoneInfo(each)).utcoffset() for each in (own, timezone))
    return "" if here == there else own


def own_time(moment: datetime | None, timezone: str, end: datetime | None = None) -> Markup:
    """Return the time, or time span, in the reader's own zone, to follow the venue's time.

    Includes the date if it differs. Empty if both zones have the same offset.
    """
    own = own_zone(moment, timezone) if moment is not None else ""
    return (
        _own_time(moment, end, timezone, own, speaking.language()) if moment is not None and own else _NOTHING
    )


@lru_cache(KEPT)
def _own_time(moment: datetime, end: datetime | None, timezone: str, own: str, tag: str) -> Markup:
    is_same_day = moment.astimezone(ZoneInfo(timezone)).date() == moment.astimezone(ZoneInfo(own)).date()
    text = local_time(moment, own) if is_same_day else local_moment(moment, own)
    if end is not None:
        dash = bidi.SPAN_DASH if load_words(tag).is_rtl else "–"
        text = f"{text}{dash}{local_time(end, own)}"
    said = gettext("%(time)s in %(city)s", time=text, city=zone_city(own, tag))
    return Markup(' <span class="time-own">({})</span>').format(unbroken(said))


def own_moment(moment: datetime, timezone: str) -> Markup:
    """Return `local_moment` in the reader's own zone, marked as such."""
    return Markup('<span class="time-own">{}</span>').format(marked_moment(moment, timezone))


def own_clock(at: time, timezone: str) -> Markup:
    """Format a time of day in the reader's own zone: 08:00 in Chicago."""
    said = gettext("%(time)s in %(city)s", time=f"{at:%H:%M}", city=city(timezone))
    return Markup('<span class="time-own">{}</span>').format(said)


_NOTHING = Markup()


def both_moment(moment: datetime | None, timezone: str) -> Markup:
    """Return `marked_moment`, followed by the reader's own time if it differs."""
    return escape("–") if moment is None else marked_moment(moment, timezone) + own_time(moment, timezone)


def both_time(moment: datetime, timezone: str) -> Markup:
    """Return `local_time` for a sentence, followed by the reader's own time if it differs."""
    return escape(local_time(moment, timezone)) + own_time(moment, timezone)


def own_axis(moment: datetime, timezone: str) -> Markup:
    """Return the reader's own time for a grid row. The zone is explained beside the grid."""
    own = own_zone(moment, timezone)
    return Markup('<span class="time-own">{}</span>').format(local_time(moment, own)) if own else _NOTHING


def clock_difference(timezone: str, moment: datetime | None) -> Markup:
    """Return the difference between both zones, such as "Chicago is 14 hours behind", or "".

    Shown beside a grid of times, which has no room for both times.
    """
    own = own_zone(moment, timezone) if moment is not None else ""
    if moment is None or not own:
        return _NOTHING
    here, there = (moment.astimezone(ZoneInfo(each)).utcoffset() for each in (own, timezone))
    hours = ((here or timedelta()) - (there or timedelta())).total_seconds() / 3600
    count = math.ceil(abs(hours))
    shown = {
        "city": zone_city(own, speaking.language()),
        "hours": format_decimal(abs(hours), "#.##", locale=speaking.locale()),
    }
    behind = ngettext(
        "%(city)s is %(hours)s hour behind.", "%(city)s is %(hours)s hours behind.", count, **shown
    )
    ahead = ngettext(
        "%(city)s is %(hours)s hour ahead.", "%(city)s is %(hours)s hours ahead.", count, **shown
    )
    return Markup(' <span class="time-offset">{}</span>').format(behind if hours < 0 else ahead)


def city(timezone: str) -> str:
    """Return the city of a time zone in the page's language: Chicago, 芝加哥."""
    return zone_city(timezone, speaking.language())


def time_left(span: timedelta) -> str:
    """Format a duration in whole days, whole hours, or "less than an hour"."""
    hours = int(span.total_seconds() // 3600)
    if hours < 1:
        return gettext("less than an hour")
    if hours < 48:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return ngettext("%(num)s day", "%(num)s days", hours // 24)


def zone_name(timezone: str, moment: datetime | None = None) -> str:
    """Return "Beijing time, UTC+08:00" or "Budapest, UTC+01:00", without brackets, for use inside them."""
    hour = (moment or context.now()).replace(minute=0, second=0, microsecond=0)
    return _zone_name(timezone, hour, speaking.language())


@lru_cache(KEPT)
def _zone_name(timezone: str, hour: datetime, tag: str) -> str:
    language = load_words(tag)
    if timezone in language.zones:
        return language.zones[timezone]
    offset = get_timezone_gmt(hour.astimezone(ZoneInfo(timezone)), locale="en").removeprefix("GMT")
    return language.zone.format(name=zone_city(timezone, tag), offset=offset)


def zone(timezone: str) -> ZoneInfo:
    """Return the ZoneInfo of an IANA name."""
    return ZoneInfo(timezone)


def number(value: object) -> str:
    """Format a whole number: 12,345, or a dash if unknown."""
    return speaking.whole(round(value)) if isinstance(value, int | float) else "–"


def decimal(value: float, places: int) -> str:
    """Format a number with a fixed number of decimal places: 12.3."""
    return format_decimal(round(value, places), f"#,##0.{'0' * places}", locale=speaking.locale())


def share(value: float | None, of: float | None, places: int = 0) -> str:
    """Format a percentage: 17%, <1% or >99% rather than a false 0% or 100%, or a dash if unknown.

    With decimal `places` it is rounded down, so that it never overstates: 99.6%.
    """
    if value is None or not of:
        return "–"
    part, locale = value / of, speaking.locale()
    if places:
        steps = 10 ** (places + 2)
        return format_percent(int(value * steps / of) / steps, f"0.{'0' * places}%", locale=locale)
    if 0 < part < 0.01:
        return f"<{format_percent(0.01, '0%', locale=locale)}"
    if 0.99 < part < 1:
        return f">{format_percent(0.99, '0%', locale=locale)}"
    return format_percent(part, "0%", locale=locale)


def by_country(values: Sequence[FacetValue]) -> list[FacetValue]:
    """Sort countries by their displayed names."""
    return sorted(values, key=lambda value: country(value.value).casefold())


def country(code: str) -> str:
    """Return the country's name in the page's language."""
    return str(speaking.locale().territories.get(code, code))


def language(code: str) -> str:
    """Return a language's name in the page's language."""
    return str(speaking.locale().languages.get(code.replace("-", "_"), code))


def full_name(named: Named) -> Markup:
    """Return `both_names` of an object."""
    return _both_names(named.name, named.latin_name, speaking.reader())


def both_names(name: str, latin_name: str) -> Markup:
    """Return both names in the order for the reader. The second is lighter and isolated with its brackets."""
    return _both_names(name, latin_name, speaking.reader())


@lru_cache(KEPT)
def _both_names(name: str, latin_name: str, reads: str) -> Markup:
    first, *second = (_with_language(each, reads) for each in names.order_scripts(name, latin_name, reads))
    if not second:
        return first
    return Markup('{} <span class="other">\u2068({})\u2069</span>').format(first, second[0])


def with_language(text: str) -> Markup:
    """Return user text with a lang attribute if its script tells the language, for speech and glyphs.

    White space around it is left out, so that a closing quotation mark follows the last word.
    """
    return _with_language(text.strip(), speaking.reader())


@lru_cache(KEPT)
def _with_language(text: str, reads: str) -> Markup:
    tag, is_rtl = is_east_asian(text), load_words(reads).is_rtl
    said = Markup('<span lang="{}">{}</span>').format(tag, text) if tag else escape(text)
    return Markup("<bdi>{}</bdi>").format(said) if is_rtl else said


def is_east_asian(text: str) -> str:
    """Return zh, ja or ko for a text that is mostly in that language, or ""."""
    scripts = Counter(unicodedata.name(char, "").partition(" ")[0] for char in text if char.isalpha())
    east = scripts["CJK"] + scripts["HIRAGANA"] + scripts["KATAKANA"] + scripts["HANGUL"]
    if east * WORD < scripts.total() - east or not east:
        return ""
    if scripts["HANGUL"]:
        return "ko"
    return "ja" if scripts["HIRAGANA"] + scripts["KATAKANA"] else "zh"


def short_name(named: Named) -> str:
    """Return the name of a firm or person in the reader's script, for a sentence or title."""
    return _first_name(named.name, named.latin_name, speaking.reader())


@lru_cache(KEPT)
def _first_name(name: str, latin_name: str, reads: str) -> str:
    return names.display_single(name, latin_name, reads)


def alert_title(kind: AlertKind) -> str:
    """Return the title of an alert, as in its email."""
    return load_words(speaking.language()).alert[kind.value]


def role_label(role: str) -> str:
    """Return the label of a team role, as in emails."""
    return capitalize_first(load_words(speaking.language()).desk[role])


EMAIL_KIND_LABELS = {
    "new": gettext_lazy("New meetings"),
    "update": gettext_lazy("Changed times or locations"),
    "details": gettext_lazy("Changed details"),
    "cancel": gettext_lazy("Cancelled meetings"),
    "uninvited": gettext_lazy("Removals from meetings"),
    "summary": gettext_lazy("Change summaries"),
    "briefing": gettext_lazy("Interpreter briefings"),
}
MAIL_LABELS = {
    "REQUEST": gettext_lazy("Invitation"),
    "CANCEL": gettext_lazy("Cancellation"),
    "DECLINECOUNTER": gettext_lazy("Proposed time declined"),
}
FAILURE_LABELS = {
    EmailFailure.PERMANENT: gettext_lazy("Permanently rejected"),
    EmailFailure.TEMPORARY: gettext_lazy("Temporarily rejected"),
    EmailFailure.DEFERRED: gettext_lazy("On hold"),
    EmailFailure.BOUNCED: gettext_lazy("Address bounced"),
}
SOURCE_LABELS = {
    ReplySource.EMAIL: gettext_lazy("from their calendar"),
    ReplySource.LINK: gettext_lazy("on the website"),
    ReplySource.ORGANISER: gettext_lazy("recorded by an organiser"),
}


def email_kind_label(kind: str) -> str:
    """Return the label of a kind of email of a publication."""
    return speaking.said(EMAIL_KIND_LABELS[kind])


def mail_label(letter: FailedEmail) -> str:
    """Return the label of a failed email's kind."""
    other = gettext_lazy("Change summary") if letter.kind == "summary" else gettext_lazy("Email")
    return speaking.said(MAIL_LABELS.get(letter.method or "", other))


def failure_label(failure: EmailFailure | None) -> str:
    """Return the reason why an email was not delivered."""
    return speaking.said(FAILURE_LABELS[failure] if failure else gettext_lazy("Failed"))


def source_label(source: ReplySource) -> str:
    """Return the label of a reply's channel."""
    return speaking.said(SOURCE_LABELS[source])


def limits(kind: str, **more: str) -> dict[str, str | int]:
    """Return input attributes for a kind of field: maximum length, or minimum and maximum."""
    found = fields.limits(getattr(fields, kind))
    sizes = {"maxlength": found.most} if found.is_size else {"min": found.least, "max": found.most}
    return sizes | more


def _on_a_page(written: Callable[..., str]) -> Callable[..., str]:
    """Make a date formatter non-breaking, for templates."""
    return lambda *values: unbroken(written(*values))


def init_app(app: Flask) -> None:
    app.add_template_global(limits)
    app.jinja_env.globals["clock_field"] = inputs.CLOCK_FIELD
    for written in (
        local_day,
        short_local_day,
        plain_day,
        day_and_month,
        short_day,
        local_moment,
        local_second,
    ):
        app.add_template_filter(_on_a_page(written), written.__name__)
    for function in (
        local_time, unbroken, email_address, marked_time, marked_moment, time_left, zone_name, zone, number,
        decimal, own_time, own_moment, own_axis, both_moment, both_time, clock_difference, city,
        share, country, by_country, language, full_name, both_names, short_name, with_language, ended,
        capitalize_first, alert_title, role_label, browser_name, email_kind_label, mail_label, failure_label,
        source_label,
    ):  # fmt: skip
        app.add_template_filter(function)
    app.add_template_global(share)
