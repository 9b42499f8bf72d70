"""Labels of groupings of firms and of their groups."""

from __future__ import annotations

from types import MappingProxyType

from api.language.speaking import gettext, said
from api.pages.formatting import capitalize_first, country
from api.pages.marks import tier_label
from scheduler.domain.firm_groups import GroupBy
from scheduler.i18n import gettext_lazy
from scheduler.services.planning.fairness.shares import Grouping

GROUPINGS = MappingProxyType(
    {
        Grouping.HOME: gettext_lazy("Home and overseas"),
        Grouping.TIER: gettext_lazy("Position in the chain"),
        Grouping.AREA: gettext_lazy("Chain area"),
        Grouping.COUNTRY: gettext_lazy("Country"),
        Grouping.SIZE: gettext_lazy("Number of requests"),
        Grouping.STAND: gettext_lazy("Booth"),
    }
)
"""Labels of groupings."""
WORDS = MappingProxyType(
    {
        "home": gettext_lazy("Home"),
        "overseas": gettext_lazy("Overseas"),
        "own": gettext_lazy("Own booth"),
        "host": gettext_lazy("Host of a shared booth"),
        "partner": gettext_lazy("Partner at a shared booth"),
    }
)
"""Labels of groups other than countries and areas."""


def group_label(by: GroupBy, key: str, home: str) -> str:
    """Return the label of a group that an event compares."""
    return key if by in (GroupBy.LIST, GroupBy.AREA) else group_name(Grouping(str(by)), key, home)


def group_name(by: Grouping, key: str, home: str) -> str:
    """Return the label of a group. `home` is the country of most firms."""
    if key == "home":
        return gettext("Home (%(country)s)", country=country(home))
    if by is Grouping.COUNTRY:
        return country(key)
    return capitalize_first(tier_label(key)) if by is Grouping.TIER else said(WORDS.get(key, key))
