"""Texts of import pages: kinds of rows, row numbers of errors, results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.language.speaking import gettext, ngettext, said, translate_stored
from api.pages.marks import comma
from scheduler.domain.errors import Fault
from scheduler.i18n import gettext_lazy
from scheduler.services.imports.row_effects import RowFilter
from scheduler.services.spreadsheets.columns import ImportKind

KINDS = {
    ImportKind.EVENT: gettext_lazy("Event"),
    ImportKind.AREAS: gettext_lazy("Chain areas"),
    ImportKind.TIMES: gettext_lazy("Times"),
    ImportKind.HALLS: gettext_lazy("Halls"),
    ImportKind.WALKING: gettext_lazy("Walking times"),
    ImportKind.TABLES: gettext_lazy("Tables"),
    ImportKind.FIRMS: gettext_lazy("Exhibitors"),
    ImportKind.PEOPLE: gettext_lazy("People"),
    ImportKind.INTERPRETERS: gettext_lazy("Interpreters"),
    ImportKind.CLOSURES: gettext_lazy("Blocked times"),
    ImportKind.ABSENCES: gettext_lazy("Unavailable times"),
    ImportKind.STATIONS: gettext_lazy("Interpreter tables"),
    ImportKind.DELEGATIONS: gettext_lazy("Delegations"),
    ImportKind.GUESTS: gettext_lazy("Guests of honour"),
    ImportKind.REQUESTS: gettext_lazy("Requests"),
}
FILTERS = {
    RowFilter.ALL: gettext_lazy("All"),
    RowFilter.ADDED: gettext_lazy("Added"),
    RowFilter.CHANGED: gettext_lazy("Changed"),
    RowFilter.UNCHANGED: gettext_lazy("No change"),
    RowFilter.MISSING: gettext_lazy("Not in the file"),
}
SHOWN_ROWS = 12


def import_kind(kind: str) -> str:
    """Return the name of a kind of rows."""
    return said(KINDS[ImportKind(kind)])


def row_filter(name: str) -> str:
    """Return the label of a list of a file's rows."""
    return said(FILTERS[RowFilter(name)])


def import_rows(lines: Sequence[int]) -> str:
    """Format row numbers: "rows 3, 4 and 8 more"."""
    rows = comma().join(map(str, lines[:SHOWN_ROWS]))
    if len(lines) > SHOWN_ROWS:
        return gettext("rows %(rows)s and %(count)s more", rows=rows, count=len(lines) - SHOWN_ROWS)
    return ngettext("row %(rows)s", "rows %(rows)s", len(lines), rows=rows)


def counted(lines: Mapping[ImportKind, Sequence[int]]) -> dict[ImportKind, int]:
    """Return the number of rows of each kind."""
    return {kind: len(of) for kind, of in lines.items()}


def placed(fault: Fault) -> str:
    """Format an error with its location in the file, in the reader's language."""
    if not fault.path:
        return translate_stored(fault.message)
    return gettext(
        "%(place)s: %(fault)s", place=translate_stored(fault.path), fault=translate_stored(fault.message)
    )


def done_words(kind: ImportKind, done: Any) -> str:
    """Return a sentence about what a sheet changed or would change."""
    sentences = [
        gettext(
            "%(kind)s: %(added)s added, %(changed)s changed, %(unchanged)s unchanged.",
            kind=import_kind(kind),
            added=done.added,
            changed=done.changed,
            unchanged=done.unchanged,
        )
    ]
    if done.left_out:
        sentences.append(gettext("%(count)s skipped because of errors.", count=done.left_out))
    if done.moved:
        sentences.append(
            gettext("Exhibitors that changed booth or no longer have one: %(count)s.", count=done.moved)
        )
    if done.meetings:
        sentences.append(meetings_words(done.meetings))
    return " ".join(sentences)


def meetings_words(count: int) -> str:
    """Return a sentence about meetings at booths that firms have left."""
    return gettext(
        "Published meetings at the previous booths: %(count)s. The next run schedules "
        "them at the new booth. People are notified when you publish it.",
        count=count,
    )
