"""How the columns of firms, people and interpreters are called in forms, and which many rows get at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.language.speaking import gettext, ngettext, reported, said
from api.pages.marks import tier_label
from scheduler.domain.entities import Tier
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.participants import record_tables
from scheduler.services.participants.withdrawals import WithdrawalResult
from scheduler.services.spreadsheets.columns import ImportKind

TABLES: Final = {
    ImportKind.FIRMS: record_tables.list_firms,
    ImportKind.PEOPLE: record_tables.list_people,
    ImportKind.INTERPRETERS: record_tables.list_interpreters,
}
"""The table of each kind."""
LABELS: Final[Mapping[str, str]] = {
    "name": gettext_lazy("Name"),
    "latin_name": gettext_lazy("Name in Latin letters"),
    "country": gettext_lazy("Country"),
    "tier": gettext_lazy("Place in the chain"),
    "areas": gettext_lazy("Chain areas"),
    "hall": gettext_lazy("Hall"),
    "booth": gettext_lazy("Booth"),
    "booth_capacity": gettext_lazy("Meetings there at once"),
    "host": gettext_lazy("At the stand of"),
    "description": gettext_lazy("Description"),
    "website": gettext_lazy("Website"),
    "pavilion": gettext_lazy("Pavilion"),
    "offers": gettext_lazy("Offers"),
    "needs": gettext_lazy("Needs"),
    "products": gettext_lazy("Products"),
    "max_per_day": gettext_lazy("Most meetings a day"),
    "min_meetings": gettext_lazy("Fewest meetings"),
    "firm": gettext_lazy("Firm"),
    "email": gettext_lazy("Mail address"),
    "phone": gettext_lazy("Telephone"),
    "title": gettext_lazy("Job title"),
    "languages": gettext_lazy("Languages"),
    "exhibitor": gettext_lazy("Answers for the firm"),
    "mail_language": gettext_lazy("Email language"),
    "timezone": gettext_lazy("Time zone"),
}
HINTS: Final[Mapping[str, str]] = {
    "areas": gettext_lazy("Several with a semicolon between."),
    "offers": gettext_lazy("A line each, or several with a semicolon between."),
    "needs": gettext_lazy("As the offers. Firms that offer it are suggested."),
    "products": gettext_lazy("As the offers."),
    "languages": gettext_lazy("By name or code, several with a semicolon between."),
    "booth": gettext_lazy("Another booth takes the firm's meetings along. The old one is closed."),
    "email": gettext_lazy("Meetings that were told are told there again."),
    "hall": gettext_lazy("By name or key."),
    "host": gettext_lazy("The firm whose booth it shares. Begin to type its name or key."),
}
YES_NO: Final = (("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No")))
PICKED: Final[Mapping[str, ImportKind]] = {"firm": ImportKind.FIRMS, "host": ImportKind.FIRMS}
"""Columns in which another record is meant."""
MANY: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    ImportKind.FIRMS: ("tier", "country", "areas", "hall", "pavilion", "max_per_day", "min_meetings"),
    ImportKind.PEOPLE: ("exhibitor", "languages", "max_per_day", "mail_language", "title"),
    ImportKind.INTERPRETERS: ("languages",),
}
"""Columns of which many rows may get one value."""


def labels() -> dict[str, str]:
    """The columns, as the page's language calls them."""
    return {name: said(label) for name, label in LABELS.items()}


def hints() -> dict[str, str]:
    """What a field of a column says of it."""
    return {name: said(hint) for name, hint in HINTS.items()}


def choices() -> dict[str, list[tuple[str, str]]]:
    """What can be chosen for a column, and its words."""
    tiers = [(tier.value, tier_label(tier.value)) for tier in Tier]
    return {"tier": tiers, "exhibitor": [(value, said(text)) for value, text in YES_NO]}


def edited(moved: int, meetings_there: int) -> str:
    """What an edit did, as a sentence."""
    if moved and meetings_there:
        return ngettext(
            "Saved. %(num)s published meeting goes to the new booth with the next publishing.",
            "Saved. %(num)s published meetings go to the new booth with the next publishing.",
            meetings_there,
        )
    return gettext("Saved.")


def touched(count: int, stay: int = 0) -> str:
    """What becomes of published meetings, as a sentence or two. `stay` of them no run changes."""
    if not count:
        return gettext("It touches no published meeting.")
    said_so = ngettext(
        "It touches %(num)s published meeting. The next run plans without, and nobody is told before you "
        "publish.",
        "It touches %(num)s published meetings. The next run plans without, and nobody is told before you "
        "publish.",
        count,
    )
    by_hand = ngettext(
        "%(num)s of them begins too soon for a run: move or cancel it on the board.",
        "%(num)s of them begin too soon for a run: move or cancel them on the board.",
        stay,
    )
    return f"{said_so} {by_hand}" if stay else said_so


def faults(error: InvalidInput) -> dict[str, str]:
    """The faults by field, each as a clause that ends."""
    return {fault.path: gettext("%(fault)s.", fault=reported(fault.message)) for fault in error.faults}


def sentence(error: InvalidInput) -> str:
    """All faults, each with the label of its field."""
    return " ".join(
        gettext("%(label)s %(fault)s.", label=said(LABELS.get(f.path, f.path)), fault=reported(f.message))
        for f in error.faults
    )


def changed(count: int, of: int) -> str:
    """How many of the ticked rows an edit changed."""
    return gettext("%(count)s of %(all)s rows changed.", count=count, all=of)


def ended(requests: int) -> list[str]:
    """The requests that a withdrawal ended, if any."""
    return (
        [ngettext("%(num)s request was ended.", "%(num)s requests were ended.", requests)] if requests else []
    )


def called_off(requests: int) -> list[str]:
    """The meetings that an absence called off, if any."""
    said_so = ngettext(
        "%(num)s that begins too soon for a plan was cancelled.",
        "%(num)s that begin too soon for a plan were cancelled.",
        requests,
    )
    return [said_so] if requests else []


def both_had(requests: int) -> list[str]:
    """The requests that a merging ended, if any."""
    said_so = ngettext(
        "%(num)s request that both had was ended.", "%(num)s requests that both had were ended.", requests
    )
    return [said_so] if requests else []


def back_again(count: int) -> str:
    """How many take part again."""
    return ngettext(
        "%(num)s takes part again. Requests that were ended stay ended.",
        "%(num)s take part again. Requests that were ended stay ended.",
        count,
    )


def marked(left: WithdrawalResult) -> list[str]:
    """That absences are kept, and what they touch and call off."""
    return [gettext("Marked."), touched(left.meetings, left.stay), *called_off(left.requests)]
