"""Import of venue sheets: halls, walking minutes and tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import PlaceKind
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets import row_keys
from scheduler.services.spreadsheets.cell_values import NameLookup
from scheduler.services.spreadsheets.changes import ImportResult, ImportTally, new_values, set_values
from scheduler.services.spreadsheets.columns import COLUMNS, NO_CHOICES, ImportKind, normalize_text
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.person_columns import present_values, rename_keys
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.services.spreadsheets.walking_matrix import read_matrix
from scheduler.sheets.tables import SheetRow, WorkbookSheet
from scheduler.storage.models import Hall, Place, WalkingTime


def import_halls(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import halls, in sheet order. A known key renames that hall.

    Raises InvalidInput.
    """
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.HALLS, sheet, options)
    known = {h.key: h for h in session.scalars(select(Hall).where(Hall.event_id == actor.event_id))}
    row_keys.fill_keys(table, "name", {normalize_text(hall.name): key for key, hall in known.items()}, known)
    said = {row.line: other_names(row, fields.HallName) for row in table.rows}
    for row in table.rows:
        row.text("name", fields.HallName)
        row.text("key", fields.HallKey)
        row.key()
    table.done()
    tally = ImportTally(table, frozenset(known))
    last = max((hall.position for hall in known.values()), default=-1)
    for row in table.rows:
        hall, name = known.get(row.values["key"]), row.values["name"]
        before = dict(hall.names) if hall is not None else {}
        names, cells = merge_names(before, said[row.line])
        if hall is not None:
            tally.add(row, set_values(hall, {"name": name}) | cells)
            hall.names = names if cells else hall.names
            continue
        last += 1
        new = Hall(event_id=actor.event_id, key=row.values["key"], name=name, names=names, position=last)
        session.add(new)
        tally.add(row, new_values({"name": name}) | cells, is_new=True)
    session.flush()
    return tally.done()


def other_names(row: Row, limits: Any) -> dict[str, str]:
    """Return names by language, from the columns that the sheet has."""
    columns = {language: f"name_{language}" for language in languages() if f"name_{language}" in row.values}
    return {language: row.text(column, limits) for language, column in columns.items()}


def merge_names(
    before: Mapping[str, str], said: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Return translated names after a row's import, and the changed cells."""
    names = {language: text for language, text in {**before, **said}.items() if text}
    cells = {
        f"name_{language}": (before.get(language, ""), text)
        for language, text in said.items()
        if before.get(language, "") != text
    }
    return names, cells


def import_walking(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import walking minutes between halls: a row per pair, or a matrix. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    halls = _halls(session, actor.event_id)
    table = _read_walking(sheet, options)
    ids, named = _by_key(halls)
    known = {
        (walk.from_hall_id, walk.to_hall_id): walk
        for walk in session.scalars(
            select(WalkingTime)
            .join(Hall, Hall.id == WalkingTime.from_hall_id)
            .where(Hall.event_id == actor.event_id)
        )
    }
    ways: list[_WalkingRow] = []  # not by line: a matrix row has several
    for row in table.rows:
        ends = [find_hall(row, column, named) for column in ("from_hall", "to_hall")]
        taken = row.number("minutes")
        if row.is_wrong or taken is None:
            continue
        for fault in fields.check_field("minutes", taken, fields.WalkingMinutes):
            row.fault("minutes", fault.message)
        low, high = sorted(ids[key or ""] for key in ends)
        ways.append(_WalkingRow(row, (low, high), taken))
        if low == high and taken:
            row.fault("minutes", gettext_lazy("enter 0 minutes from a hall to itself"))
    _check_symmetry(ways)
    table.done()
    tally = ImportTally(table, frozenset())
    minutes = {way.halls: way.minutes for way in ways if not way.row.is_wrong}
    for row, (low, high) in [(way.row, way.halls) for way in ways if not way.row.is_wrong]:
        row.values["key"] = row.values["name"] = f"{row.values['from_hall']} – {row.values['to_hall']}"
        walk = known.get((low, high))
        if walk is not None or low == high:
            tally.add(row, set_values(walk, {"minutes": minutes[low, high]}) if walk is not None else {})
            continue
        known[low, high] = WalkingTime(from_hall_id=low, to_hall_id=high, minutes=minutes[low, high])
        session.add(known[low, high])
        tally.add(row, new_values({"minutes": minutes[low, high]}), is_new=True)
    session.flush()
    return tally.done(missing=len(known.keys() - {way.halls for way in ways}))


def _read_walking(sheet: WorkbookSheet, options: ImportOptions) -> Table:
    """Return rows of walking minutes, one per pair, also from a matrix."""
    matrix = read_matrix(sheet, options.columns.get(ImportKind.WALKING, NO_CHOICES))
    if matrix is None:
        return Table.read(ImportKind.WALKING, sheet, options)
    pairs = matrix.pairs()
    rows = [SheetRow(pair.places["minutes"][0], pair.cells) for pair in pairs]
    header = SheetRow(matrix.header.number, COLUMNS[ImportKind.WALKING])
    as_pairs = WorkbookSheet(sheet.name, (header, *rows))
    return Table.read(ImportKind.WALKING, as_pairs, options, [pair.places for pair in pairs])


@dataclass(frozen=True, slots=True)
class _WalkingRow:
    """A row with the minutes between two halls, lower id first."""

    row: Row
    halls: tuple[int, int]
    minutes: int


def _check_symmetry(ways: Iterable[_WalkingRow]) -> None:
    """Report both rows as faulty if the two directions differ."""
    of_pair: dict[tuple[int, int], list[_WalkingRow]] = defaultdict(list)
    for way in ways:
        of_pair[way.halls].append(way)
    for same in of_pair.values():
        for way, other in zip(same, [*same[1:], same[0]], strict=True):
            if way.minutes != other.minutes:
                said = gettext_lazy(
                    "enter the same minutes both ways: %(taken)s here, %(minutes)s on the way back",
                    taken=way.minutes,
                    minutes=other.minutes,
                )
                way.row.fault("minutes", said)


def import_tables(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import tables. A known key updates that table. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.TABLES, sheet, options)
    halls = _halls(session, actor.event_id)
    ids, named = _by_key(halls)
    places = {p.key: p for p in session.scalars(select(Place).where(Place.event_id == actor.event_id))}
    values = {row.line: _of_table(row, named, ids) for row in table.rows}
    for row in table.rows:
        place = places.get(row.values["key"])
        if place is not None and place.kind is not PlaceKind.TABLE:
            row.fault(
                "key",
                gettext_lazy("%(key)s is already a booth; give the table another ID", key=repr(place.key)),
            )
    table.done()
    tables = {key for key, place in places.items() if place.kind is PlaceKind.TABLE and not place.is_retired}
    tally = ImportTally(table, frozenset(tables))
    for row in table.rows:
        given, place = values[row.line], places.get(row.values["key"])
        if place is not None:
            tally.add(row, _in_words(set_values(place, given | {"is_retired": False}), halls))
            continue
        whole = {"name": f"Table {row.values['key']}"} | given
        session.add(Place(event_id=actor.event_id, key=row.values["key"], kind=PlaceKind.TABLE, **whole))
        tally.add(row, _in_words(new_values(whole), halls), is_new=True)
    session.flush()
    return tally.done()


def find_hall(row: Row, column: str, halls: NameLookup) -> str | None:
    """Return the key of a cell's hall; None if empty or faulty."""
    text = row.values.get(column, "")
    text = row.meant(column, text, halls.find)
    key = halls.find(text) if text else None
    if text and key is None:
        named = ", ".join(f"{key} ({name})" for key, name in sorted(halls.names.items()))
        wrong = gettext_lazy(
            "%(text)s is not a hall of this event, which has no halls yet", text=repr(text[:80])
        )
        if named:
            wrong = gettext_lazy(
                "%(text)s is not a hall of this event; choose from %(names)s",
                text=repr(text[:80]),
                names=named,
            )
        row.fault(column, wrong,
                  allowed=halls.allowed(), of=(ImportKind.HALLS,))  # fmt: skip
    return key


def _halls(session: Session, event_id: int) -> dict[int, Hall]:
    return {
        hall.id: hall
        for hall in session.scalars(select(Hall).where(Hall.event_id == event_id).order_by(Hall.id))
    }


def _by_key(halls: Mapping[int, Hall]) -> tuple[dict[str, int], NameLookup]:
    """Return ids of halls by key, and the lookup of their keys."""
    found = halls.values()
    return {hall.key: hall.id for hall in found}, hall_lookup(found)


def hall_lookup(halls: Iterable[Hall]) -> NameLookup:
    """Return the lookup of halls by all their names."""
    names, others = {}, {}
    for hall in halls:
        names[hall.key], others[hall.key] = hall.name, list(hall.names.values())
    return NameLookup(names, others)


def _of_table(row: Row, halls: NameLookup, ids: Mapping[str, int]) -> dict[str, Any]:
    key = find_hall(row, "hall", halls)
    capacity = row.number("capacity")
    if capacity == 0:
        row.fault("capacity", gettext_lazy("enter 1 or more"))
    row.key()
    read = {
        "name": row.text("name", fields.TableName) or f"Table {row.values['key']}",
        "hall": ids.get(key or ""),
        "capacity": capacity or 1,
    }
    return rename_keys(present_values(row, read), hall="hall_id")


def _in_words(cells: dict[str, Any], halls: Mapping[int, Hall]) -> dict[str, Any]:
    if "hall_id" in cells:
        before, after = (halls[each].name if each else "" for each in cells.pop("hall_id"))
        cells["hall"] = before, after
    return cells
