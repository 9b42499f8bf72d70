"""Labels of the columns of firms, people and interpreters in forms, and columns for bulk edits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.language.catalogs import languages
from api.language.speaking import gettext, ngettext, said, translate_stored
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
"""Table functions by kind."""
LABELS: Final[Mapping[str, str]] = {
    "name": gettext_lazy("Name"),
    "latin_name": gettext_lazy("Name in Latin letters"),
    "country": gettext_lazy("Country"),
    "tier": gettext_lazy("Position in the chain"),
    "areas": gettext_lazy("Chain areas"),
    "hall": gettext_lazy("Hall"),
    "booth": gettext_lazy("Booth"),
    "booth_capacity": gettext_lazy("Simultaneous meetings"),
    "host": gettext_lazy("Shares booth with"),
    "description": gettext_lazy("Description"),
    "website": gettext_lazy("Website"),
    "pavilion": gettext_lazy("Pavilion"),
    "offers": gettext_lazy("Offers"),
    "needs": gettext_lazy("Needs"),
    "products": gettext_lazy("Products"),
    "max_per_day": gettext_lazy("Maximum meetings per day"),
    "max_in_row": gettext_lazy("Maximum meetings in a row"),
    "max_days": gettext_lazy("Maximum days with meetings"),
    "min_meetings": gettext_lazy("Minimum meetings"),
    "firm": gettext_lazy("Exhibitor"),
    "email": gettext_lazy("Email address"),
    "phone": gettext_lazy("Phone"),
    "title": gettext_lazy("Job title"),
    "languages": gettext_lazy("Languages"),
    "exhibitor": gettext_lazy("Company contact"),
    "mail_language": gettext_lazy("Email language"),
    "timezone": gettext_lazy("Time zone"),
}
HINTS: Final[Mapping[str, str]] = {
    "areas": gettext_lazy("Separate several entries with semicolons."),
    "offers": gettext_lazy("Enter one per line, or separate them with semicolons."),
    "needs": gettext_lazy("Same format as Offers. Exhibitors that offer these are suggested."),
    "products": gettext_lazy("Same format as Offers."),
    "languages": gettext_lazy("Enter names or codes, separated by semicolons."),
    "max_in_row": gettext_lazy(
        "For people who need breaks. A break of the event ends a row. Leave blank for the limit in Scheduling"
        " priorities."
    ),
    "max_days": gettext_lazy(
        "For people who come on some days only, whichever these are. Leave blank for the limit in"
        " Scheduling priorities."
    ),
    "booth": gettext_lazy(
        "If you change the booth, the exhibitor's meetings move with it. The old booth is closed."
    ),
    "email": gettext_lazy("Meetings already sent are sent again to the new address."),
    "hall": gettext_lazy("Enter the name or ID."),
    "host": gettext_lazy("The exhibitor whose booth is shared. Start typing its name or ID."),
}
YES_NO: Final = (("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No")))
PICKED: Final[Mapping[str, ImportKind]] = {"firm": ImportKind.FIRMS, "host": ImportKind.FIRMS}
"""Columns that reference another record."""
MANY: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    ImportKind.FIRMS: ("tier", "country", "areas", "hall", "pavilion", "max_per_day", "min_meetings"),
    ImportKind.PEOPLE: (
        *("exhibitor", "languages", "max_per_day", "max_in_row", "max_days"),
        *("mail_language", "title"),
    ),
    ImportKind.INTERPRETERS: ("languages",),
}
"""Columns that bulk edits may set."""


def labels() -> dict[str, str]:
    """Return the column labels in the page's language."""
    return {name: said(label) for name, label in LABELS.items()}


def hints() -> dict[str, str]:
    """Return the help texts of columns."""
    return {name: said(hint) for name, hint in HINTS.items()}


def choices() -> dict[str, list[tuple[str, str]]]:
    """Return the options of columns with fixed values, with labels."""
    tiers = [(tier.value, tier_label(tier.value)) for tier in Tier]
    return {
        "tier": tiers,
        "exhibitor": [(value, said(text)) for value, text in YES_NO],
        "mail_language": [("", gettext("Automatic")), *languages().items()],
    }


def bulk_options(kind: ImportKind) -> list[tuple[str, str]]:
    """Return what bulk edits may set: a column with its value (`tier=upstream`), or one with free text."""
    found, fixed = [], choices()
    for column in MANY[kind]:
        label = said(LABELS[column])
        if column in fixed:
            found += [
                (f"{column}={value}", gettext("%(label)s: %(value)s", label=label, value=text))
                for value, text in fixed[column]
            ]
        else:
            found.append((column, label))
    return found


def edited(moved: int, meetings_there: int) -> str:
    """Return a message about an edit."""
    if moved and meetings_there:
        return ngettext(
            "Saved. %(num)s published meeting moves to the new booth with the next publication.",
            "Saved. %(num)s published meetings move to the new booth with the next publication.",
            meetings_there,
        )
    return gettext("Saved.")


def touched(count: int, stay: int = 0) -> str:
    """Return sentences about the published meetings affected. `stay` of them are changed by no run."""
    if not count:
        return gettext("No published meetings are affected.")
    said_so = ngettext(
        "%(num)s published meeting is affected. The next run takes this into account. "
        "No one is notified until you publish.",
        "%(num)s published meetings are affected. The next run takes this into account."
        " No one is notified until you publish.",
        count,
    )
    by_hand = ngettext(
        "%(num)s of them starts too soon for a run to change. Move or cancel it on the board.",
        "%(num)s of them start too soon for a run to change. Move or cancel them on the board.",
        stay,
    )
    return f"{said_so} {by_hand}" if stay else said_so


def faults(error: InvalidInput) -> dict[str, str]:
    """Return the errors by field, each with a full stop."""
    return {
        fault.path: gettext("%(fault)s.", fault=translate_stored(fault.message)) for fault in error.faults
    }


def sentence(error: InvalidInput) -> str:
    """Return all errors in one text, each prefixed with its field's label."""
    return " ".join(
        gettext(
            "%(label)s: %(fault)s.", label=said(LABELS.get(f.path, f.path)), fault=translate_stored(f.message)
        )
        for f in error.faults
    )


def changed(count: int, of: int) -> str:
    """Return a message with the number of selected rows that an edit changed."""
    return gettext("%(count)s of %(all)s rows changed.", count=count, all=of)


def ended(requests: int) -> list[str]:
    """Return a message about the requests that a removal ended, if any."""
    return (
        [ngettext("%(num)s request was closed.", "%(num)s requests were closed.", requests)]
        if requests
        else []
    )


def called_off(requests: int) -> list[str]:
    """Return a message about the meetings that an absence cancelled, if any."""
    said_so = ngettext(
        "%(num)s meeting that starts too soon to reschedule was cancelled.",
        "%(num)s meetings that start too soon to reschedule were cancelled.",
        requests,
    )
    return [said_so] if requests else []


def both_had(requests: int) -> list[str]:
    """Return a message about the requests that a merge ended, if any."""
    said_so = ngettext(
        "%(num)s duplicate request was closed.", "%(num)s duplicate requests were closed.", requests
    )
    return [said_so] if requests else []


def back_again(count: int) -> str:
    """Return a message about the number of restored records."""
    return ngettext(
        "%(num)s record restored. Closed requests stay closed.",
        "%(num)s records restored. Closed requests stay closed.",
        count,
    )


def marked(left: WithdrawalResult) -> list[str]:
    """Return messages about saved absences and the meetings they affect or cancel."""
    return [gettext("Availability saved."), touched(left.meetings, left.stay), *called_off(left.requests)]
