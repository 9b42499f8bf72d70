"""Import of firms with their booths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.i18n import VenueLabel, gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.spreadsheets import row_keys
from scheduler.services.spreadsheets.booths import Booths
from scheduler.services.spreadsheets.cell_values import NameLookup
from scheduler.services.spreadsheets.changes import Cells, ImportResult, ImportTally, new_values, set_values
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.groups import import_scope
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.person_columns import (
    latin_name,
    list_active_keys,
    present_values,
    rename_keys,
)
from scheduler.services.spreadsheets.shared_booths import SharedBooths
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.services.spreadsheets.venue_sheets import find_hall, hall_lookup
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Event, Firm, Hall


def import_firms(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import firms with their booths. A known key updates that firm. Raises InvalidInput.

    A firm with a new booth leaves its old one; the next run moves its meetings. New firms in a delegation's
    own file become its members.
    """
    import_scope.require_import_right(actor, options)
    table = Table.read(ImportKind.FIRMS, sheet, options)
    of_event = select(Firm).where(Firm.event_id == actor.event_id)
    known = {
        firm.key: firm
        for firm in session.scalars(of_event.where(import_scope.limit_to_delegation(Firm.id, options)))
    }
    by_name = {
        normalize_text(name): firm.key for firm in known.values() for name in (firm.latin_name, firm.name)
    }
    row_keys.fill_keys(table, "name", by_name, known, members=options.members)
    import_scope.check_firm_count(table, known)
    read = _Reader.load(session, actor.event_id)
    booths = Booths.load(session, actor.event_id)
    values = {row.line: read.values(row) for row in table.rows}
    for row in table.rows:
        _leave_booths(row, values[row.line], known.get(row.values.get("key", "")), booths)
    for row in table.rows:
        _check_hall(row, values[row.line], known.get(row.values.get("key", "")), booths)
    if "booth" in table.columns:
        standing = ((row, values[row.line]) for row in table.rows)
        booths.check([(row, given["booth"]) for row, given in standing if "booth" in given], known)
    joint = SharedBooths.of(known)
    joint.check([(row, values[row.line]) for row in table.rows], known, booths)
    table.done()
    tally = ImportTally(table, list_active_keys(known))
    new = _added(session, actor.event_id, [(row, values[row.line]) for row in table.rows], known)
    import_scope.add_firms(session, options, [known[key].id for key in new])
    for row in table.rows:
        cells, is_new = new.pop(row.values["key"], None), True
        if cells is None:
            cells, is_new = _changed(known[row.values["key"]], values[row.line]), False
        _set_booth(known[row.values["key"]], values[row.line], booths, read, cells)
        joint.stand(known[row.values["key"]], known, cells)
        tally.add(row, cells, is_new=is_new)
    session.flush()
    meetings = booths.meetings_left()
    if options.members is None:
        booths.forget_unused()
    return tally.done(moved=len(booths.moved), meetings=meetings)


def _added(
    session: Session, event_id: int, rows: Sequence[tuple[Row, Mapping[str, Any]]], known: dict[str, Firm]
) -> dict[str, Cells]:
    """Insert all firms with unknown keys and add them to `known`. Return their values by key."""
    made: dict[str, Cells] = {}
    for row, given in rows:
        key = row.values["key"]
        if key in known:
            continue
        values = {"areas": [], **_of_table(given), "key": key}
        values |= latin_name(values, None)
        made[key] = new_values(values)
        known[key] = Firm(event_id=event_id, **values)
    session.add_all([known[key] for key in made])
    session.flush()
    return made


def _changed(firm: Firm, given: Mapping[str, Any]) -> Cells:
    values = _of_table(given)
    return set_values(firm, values | latin_name(values, firm))


def _of_table(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without those of the booth."""
    return {name: value for name, value in given.items() if name not in ("booth", "booth_capacity", "host")}


def _set_booth(firm: Firm, given: Mapping[str, Any], booths: Booths, read: _Reader, cells: Cells) -> None:
    """Set the firm's booth and the booth's hall. Adds the changes, as texts, to `cells`."""
    booth, capacity = given.get("booth"), given.get("booth_capacity") or 0
    before = "; ".join(place.key for place in booths.owned[firm.id])
    if booth is not None and booths.give(firm, booth):
        cells["booth"] = before, booth
    for place in booths.owned[firm.id] if capacity else ():
        if place.capacity != capacity:
            cells["booth_capacity"] = place.capacity, capacity
            place.capacity = capacity
    follows = booths.follow_hall(firm)
    if "hall_id" in cells:
        old, new = cells.pop("hall_id")
        cells["hall"] = read.hall_names.get(old, ""), read.hall_names.get(new, "")
    elif follows:
        cells["hall"] = "", read.hall_names.get(firm.hall_id or 0, "")


class _Reader:
    """Parser of a firm's cells for an event."""

    def __init__(self, halls: list[Hall], areas: Mapping[str, VenueLabel]) -> None:
        self.halls = hall_lookup(halls)
        self.hall_ids = {hall.key: hall.id for hall in halls}
        self.hall_names = {hall.id: hall.name for hall in halls}
        self.areas = NameLookup(areas, {key: each.names.values() for key, each in areas.items()})

    @classmethod
    def load(cls, session: Session, event_id: int) -> _Reader:
        halls = session.scalars(select(Hall).where(Hall.event_id == event_id).order_by(Hall.id))
        return cls(list(halls), session.get_one(Event, event_id).named_areas)

    def values(self, row: Row) -> dict[str, Any]:
        """Return the values of the columns that the sheet has. An empty cell clears the stored value."""
        read = {
            "key": row.key(),
            "name": row.text("name", fields.FirmName),
            "latin_name": row.text("latin_name", fields.FirmName),
            "country": row.country(),
            "tier": row.tier(),
            "areas": self._areas(row),
            "hall": self._hall(row),
            "booth": row.text("booth", fields.Booth),
            "booth_capacity": row.number("booth_capacity"),
            "host": row.text("host", fields.FirmName),
            "description": row.text("description", fields.Description),
            "website": row.text("website", fields.Website),
            **{name: row.things(name) for name in ("offers", "needs", "products")},
            "pavilion": row.text("pavilion", fields.Pavilion) or None,
            "max_per_day": row.number("max_per_day"),
            "min_meetings": row.number("min_meetings") or 0,
        }
        return rename_keys(present_values(row, read), hall="hall_id")

    def _areas(self, row: Row) -> list[str]:
        found = []
        for area in row.several("areas"):
            key = self.areas.find(area)
            if key is None:
                wrong = gettext_lazy("%(area)s is not a chain area of this event", area=repr(area[:80]))
                row.fault("areas", wrong, item=area, allowed=self.areas.allowed())
            elif key not in found:
                found.append(key)
        return found

    def _hall(self, row: Row) -> int | None:
        key = find_hall(row, "hall", self.halls)
        return self.hall_ids[key] if key else None


def _leave_booths(row: Row, given: dict[str, Any], firm: Firm | None, booths: Booths) -> None:
    """Keep several booths in one cell as they are: the firm is not moved to one."""
    owned = booths.owned[firm.id] if firm is not None else []
    if len(owned) > 1 and given.get("booth") == "; ".join(place.key for place in owned):
        del given["booth"]


def _check_hall(row: Row, values: Mapping[str, Any], firm: Firm | None, booths: Booths) -> None:
    """Report a missing hall of a firm with a booth as a fault."""
    has_booth = values.get("booth", bool(firm and booths.owned[firm.id]))
    hall = values.get("hall_id", firm.hall_id if firm else None)
    if has_booth and hall is None and not row.values.get("hall"):
        row.fault("hall", gettext_lazy("add the hall of the booth"))
