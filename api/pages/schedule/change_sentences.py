"""Sentences about changes since the publication, and about what a run could not keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from api.language.speaking import gettext, ngettext, said
from api.pages.schedule.priorities import DIALS as PRICES
from scheduler.i18n import Separator, gettext_lazy, join_texts

POLICY: Final[Mapping[str, str]] = {
    **{dial.term: dial.label for dial in PRICES},
    "served": gettext_lazy("Meetings"),
    "unfair": gettext_lazy("Fairness"),
    "fair_shares": gettext_lazy("Fairness"),
    "group_gap": gettext_lazy("Fairness between groups"),
    "group_by": gettext_lazy("Groups to compare"),
    "fair_share": gettext_lazy("Minimum share"),
    "idle_counts": gettext_lazy("Idle time calculation"),
    "max_idle_spread": gettext_lazy("Maximum difference in idle times"),
    "max_moved": gettext_lazy("Published meetings that may change"),
    "max_pair_per_day": gettext_lazy("Meetings of the same two people per day"),
    "max_in_row": gettext_lazy("Meetings in a row"),
    "max_days": gettext_lazy("Days with meetings"),
    "reassigned_counts": gettext_lazy("Attendee changes"),
    "require_all": gettext_lazy("Require all requests"),
}
"""Labels of a policy's settings."""
WHOLE: Final[Mapping[str, str]] = {
    "walking_minutes": gettext_lazy("Walking times changed"),
    "halls": gettext_lazy("Halls changed"),
    "firm_groups": gettext_lazy("Groups of exhibitors changed"),
    "precedences": gettext_lazy("The order of meetings changed"),
    "timezone": gettext_lazy("The time zone changed"),
    "published": gettext_lazy("The published schedule was edited"),
    "frozen": gettext_lazy("Fewer meetings are frozen"),
    "limit": gettext_lazy("The last run reached its limit of changes"),
    "unknown": gettext_lazy("The published schedule was not created by a run"),
}


def sentences(changed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a clause for each change."""
    for each in changed:
        kind, count = each["kind"], each["new"] + each["gone"] + each["changed"]
        if kind == "policy":
            names = dict.fromkeys(POLICY[name] for name in each["names"] if name in POLICY)
            yield gettext(
                "Scheduling priorities changed: %(names)s", names=said(join_texts(names, Separator.NAMES))
            )
        elif kind in WHOLE:
            yield said(WHOLE[kind])
        else:
            yield _counted(kind, count)


def _counted(kind: str, num: int) -> str:
    match kind:
        case "requests":
            return ngettext("%(num)s request", "%(num)s requests", num)
        case "attendees":
            return ngettext("%(num)s attendee", "%(num)s attendees", num)
        case "interpreters":
            return ngettext("%(num)s interpreter", "%(num)s interpreters", num)
        case "firms":
            return ngettext("%(num)s exhibitor", "%(num)s exhibitors", num)
        case "places":
            return ngettext("%(num)s booth or table", "%(num)s booths or tables", num)
        case _:
            return ngettext("%(num)s meeting time", "%(num)s meeting times", num)
