"""Workbook of the firms that a scenario changes, each with the main reason of its losses."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.errors import NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.scenarios import effects, scenarios
from scheduler.services.planning.scenarios.effects import FirmEffect
from scheduler.services.requests import unscheduled_requests
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx

HEADER: Final = (
    *("Exhibitor", "ID", "Live plan", "Scenario", "Difference", "Accepted requests"),
    *("Different location", "Main reason"),
)
REASONS: Final = {**unscheduled_requests.GROUPS, effects.REMOVED: "An exhibitor is not in the scenario"}


def export_effects(session: Session, actor: Actor, number: int) -> bytes:
    """Return an XLSX of a solved scenario: a row per changed firm, largest loss first. Raises NotFound."""
    found = effects.get_effects(session, actor, scenarios.get_scenario(session, actor, number))
    if found is None:
        raise NotFound("effects of scenario", number)
    return write_xlsx([OutputSheet("Exhibitors", HEADER, [_row(each) for each in found.firms])])


def _row(each: FirmEffect) -> list[Cell]:
    return [
        names.join_scripts(each.firm.name, each.firm.latin_name),
        each.firm.key,
        each.now,
        each.then,
        each.more,
        each.accepted,
        each.elsewhere,
        REASONS.get(each.reason, each.reason) or None,
    ]
