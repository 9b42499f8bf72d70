"""Workbook of the shares of all firms in a version, each with its groups and the main reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.fairness import main_reasons, shares
from scheduler.services.planning.fairness.main_reasons import MainReason
from scheduler.services.planning.fairness.shares import FirmLine, Grouping
from scheduler.services.requests import unscheduled_requests
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx

HEADER: Final = (
    *("Exhibitor", "ID", "Accepted requests", "Scheduled", "Unscheduled", "Share (%)", "Main reason"),
    *("Requests with this reason", "Origin", "Country", "Position in the chain", "Chain areas"),
    *("Number of requests", "Booth"),
)
BOOTHS: Final[Mapping[str, str]] = {
    "own": "own booth",
    "host": "host of a shared booth",
    "partner": "partner at a shared booth",
}
"""Words for the groups of booths."""


def export_fairness(session: Session, actor: Actor, number: int) -> bytes:
    """Return an XLSX of a version: a row per firm with accepted requests, lowest share first.

    The number of queries is constant. Raises NotFound.
    """
    view = shares.get_fairness(session, actor, number)
    reasons = main_reasons.count_main_reasons(session, actor, number)
    rows = [
        _row(line, {by: keys(line.id) for by, keys in view.keys.items()}, reasons.get(line.key))
        for line in view.list_firms()
    ]
    return write_xlsx([OutputSheet("Exhibitors", HEADER, rows)])


def _row(line: FirmLine, groups: Mapping[Grouping, Sequence[str]], main: MainReason | None) -> list[Cell]:
    return [
        names.join_scripts(line.name, line.latin_name),
        line.key,
        line.requests,
        line.scheduled,
        line.requests - line.scheduled,
        round(100 * line.share, 1),
        unscheduled_requests.GROUPS.get(main.reason, main.reason) if main is not None else None,
        main.requests if main is not None else None,
        *groups[Grouping.HOME],
        *groups[Grouping.COUNTRY],
        *groups[Grouping.TIER],
        ", ".join(groups[Grouping.AREA]),
        *groups[Grouping.SIZE],
        BOOTHS[groups[Grouping.STAND][0]],
    ]
