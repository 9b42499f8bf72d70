"""What changed since the published schedule was made, and what a run could not keep, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from api.language.speaking import gettext, ngettext, said
from api.pages.schedule.dials import DIALS as PRICES
from scheduler.saying import Between, row, say

POLICY: Final[Mapping[str, str]] = {
    **{dial.term: dial.label for dial in PRICES},
    "served": say("Meetings"),
    "unfair": say("Fairness"),
    "fair_shares": say("Fairness"),
    "fair_share": say("Minimum share"),
    "idle_counts": say("How idle time is counted"),
    "max_idle_spread": say("Difference of idle times"),
    "max_moved": say("Published meetings that may change"),
    "reassigned_counts": say("Changes of people"),
    "require_all": say("Whether all requests are required"),
}
"""What the parts of a policy are called."""
WHOLE: Final[Mapping[str, str]] = {
    "walking_minutes": say("Walking times changed"),
    "halls": say("Halls changed"),
    "precedences": say("The order of meetings changed"),
    "timezone": say("The time zone changed"),
    "published": say("The published schedule was edited"),
    "frozen": say("Fewer meetings are frozen"),
    "limit": say("The last run reached its limit of changes"),
    "unknown": say("The published schedule was not made by a run"),
}


def sentences(changed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What changed, a clause each."""
    for each in changed:
        kind, count = each["kind"], each["new"] + each["gone"] + each["changed"]
        if kind == "policy":
            names = dict.fromkeys(POLICY[name] for name in each["names"] if name in POLICY)
            yield gettext("Scheduling priorities changed: %(names)s", names=said(row(names, Between.NAMES)))
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
