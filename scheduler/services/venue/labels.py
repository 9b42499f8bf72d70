"""Labels of venue objects for organisers."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.i18n import LazyText, gettext_lazy, join_texts, ngettext_lazy


def count_tables_label(number: int) -> LazyText:
    """Return a label such as "1 table" or "2 tables"."""
    return ngettext_lazy("%(num)s table", "%(num)s tables", number)


def count_slots_label(number: int) -> LazyText:
    """Return a label such as "1 slot" or "2 slots"."""
    return ngettext_lazy("%(num)s slot", "%(num)s slots", number)


def join_names(names: Sequence[str], most: int = 4) -> str:
    """Return a list such as "R-01, R-02 and 4 more", as a value for messages."""
    if len(names) <= most:
        return join_texts(names)
    return gettext_lazy(
        "%(names)s and %(count)s more", names=join_texts(names[: most - 1]), count=len(names) - most + 1
    )
