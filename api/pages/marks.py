"""Icons, tier glyphs, marks of firms and people: what a page shows beside words, and short words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from flask import Flask
from markupsafe import Markup

from api.pages import presentation
from scheduler.domain.entities import Partstat
from scheduler.services.week.changes import WeekChange, WeekChangeKind
from scheduler.services.week.week import Show

_SHEET = Path(__file__).parents[1] / "static" / "icons.svg"
_SYMBOL = re.compile(r'<symbol id="([\w-]+)" viewBox="([\d ]+)">(.*?)</symbol>')


@lru_cache
def _symbols() -> dict[str, tuple[str, str]]:
    """By name: the box and what is drawn in it."""
    found = _SYMBOL.findall(_SHEET.read_text("utf-8"))
    return {name: (box, drawn) for name, box, drawn in found}


@lru_cache(maxsize=256)
def icon(name: str, kind: str = "i") -> Markup:
    """The icon `i-NAME` of the sheet, drawn in the line and for the eyes alone: a word stands beside it."""
    return _drawn(f"i-{name}", kind)


@lru_cache(maxsize=256)
def area_icon(area: str) -> Markup:
    """The icon of a chain area, or nothing for an area that has none."""
    return _drawn(f"a-{area}", "i ai") if f"a-{area}" in _symbols() else Markup()


@lru_cache(maxsize=8)
def tier_glyph(tier: str) -> Markup:
    """Three links of the chain, one of them filled."""
    return _drawn(f"t-{tier.removesuffix('stream')}", "tier")


def _drawn(name: str, kind: str) -> Markup:
    box, drawn = _symbols()[name]
    return Markup('<svg class="{}" viewBox="{}" aria-hidden="true">{}</svg>').format(kind, box, Markup(drawn))  # noqa: S704 -- of our own file


def initials(person: presentation.Named) -> str:
    """Two letters of a name in Latin script, else its first character."""
    name = presentation.short_name(person)
    parts = [part for part in re.split(r"[\s-]+", name) if part[:1].isalpha()]
    if presentation.is_east_asian(name):
        return name[:1]
    return "".join(part[0] for part in (*parts[:1], *parts[1:][-1:])).upper() or name[:1]


def firm_mark(firm: presentation.Named) -> str:
    """The character of a firm's name that tells it from others, or two letters.

    A Chinese firm's name begins with its town, mostly of two characters, which many share.
    """
    if presentation.is_east_asian(firm.name):
        return firm.name[2] if len(firm.name) > 4 else firm.name[:1]
    return initials(firm)


def spoken_languages(codes: Sequence[str], say: str = "") -> str:
    """What somebody speaks, after a word for what they are here for."""
    listed = " and ".join(presentation.language(code) for code in codes)
    return ", ".join(part for part in (say, f"speaks {listed}" if listed else "") if part)


def change_words(change: WeekChange, zone: str) -> str:
    """What changed of a meeting, with what it was before."""
    item, was = change.item, change.before
    if item is None:
        return f"was {presentation.local_moment(change.start, zone)}"
    if was is None:
        return presentation.local_moment(item.start, zone)
    if change.kind is WeekChangeKind.MOVED:
        moments = [presentation.local_moment(each, zone) for each in (item.start, was.start)]
        return "{} (was {})".format(*moments)
    if change.kind is WeekChangeKind.RELOCATED:
        return f"{item.place}, {item.hall} (was {was.place}, {was.hall})"
    people = [", ".join(map(presentation.short_name, each)) for each in (item.people, was.people)]
    return "{} (was {})".format(*people)


SHOWN = {Show.ALL: "All", Show.UNANSWERED: "Not answered", Show.CHANGED: "Changed", Show.CLASHES: "Clashes"}
ANSWERED = {Partstat.ACCEPTED: "accepted", Partstat.TENTATIVE: "perhaps", Partstat.DECLINED: "declined"}


def week_show(show: Show) -> str:
    """Which meetings of the week a filter shows."""
    return SHOWN[show]


def answer_word(said: Partstat | None) -> str:
    """What somebody answered to their invitation."""
    return ANSWERED.get(said or Partstat.NEEDS_ACTION, "no answer yet")


def but(address: dict[str, str], **changed: object) -> dict[str, object]:
    """The filters of an address with some changed; None leaves one out."""
    return {name: value for name, value in (address | changed).items() if value is not None}


def init_app(app: Flask) -> None:
    for function in (icon, area_icon, tier_glyph):
        app.add_template_global(function)
    for each in (initials, firm_mark, spoken_languages, but, change_words, week_show, answer_word):
        app.add_template_filter(each)
