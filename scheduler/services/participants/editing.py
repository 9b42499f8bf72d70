"""Editing of firms, people and interpreters. An edit is an import of single cells.

Cells are parsed and validated exactly as in a spreadsheet import.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import names
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.i18n import gettext_lazy, join_texts
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.journal import StepKind, record_step
from scheduler.services.spreadsheets.changes import ImportResult
from scheduler.services.spreadsheets.columns import COLUMNS, REQUIRED, ImportKind
from scheduler.services.spreadsheets.firms import import_firms
from scheduler.services.spreadsheets.people import import_interpreters, import_people
from scheduler.services.text import is_storable
from scheduler.sheets.tables import SheetRow, WorkbookSheet
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, Hall, Interpreter, Place

RECORD_TABLES: Final[Mapping[ImportKind, Any]] = {
    ImportKind.FIRMS: Firm,
    ImportKind.PEOPLE: Attendee,
    ImportKind.INTERPRETERS: Interpreter,
}
EDITABLE_COLUMNS: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    kind: tuple(column for column in COLUMNS[kind] if column != "key")
    for kind in ImportKind
    if kind in RECORD_TABLES
}
"""Editable columns. Keys cannot be edited, because plans and links refer to them."""
MAX_ROWS = 200
"""Rows of one step: those of the longest page."""
CONTACT_COLUMNS: Final = frozenset(("email", "phone"))
"""Columns hidden from viewers without the permission to see contact data."""


@dataclass(frozen=True, slots=True)
class EditableRecord:
    """The cells of a record that the viewer may see. `version` changes with each edit."""

    cells: dict[str, str]
    version: str


def get_cells(session: Session, actor: Actor, kind: ImportKind, key: str) -> dict[str, str]:
    """Return the cells of a record, as in a spreadsheet."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    return _cells(session, actor, kind, [key])[key]


def get_record(session: Session, actor: Actor, kind: ImportKind, key: str) -> EditableRecord:
    """Return a record with its version for optimistic locking. Raises NotFound."""
    known = get_cells(session, actor, kind, key)
    cells = {
        name: known[name] for name in known if name not in CONTACT_COLUMNS or actor.may(Right.READ_CONTACTS)
    }
    text = json.dumps(cells, sort_keys=True)
    return EditableRecord(cells, hashlib.sha256(text.encode()).hexdigest()[:32])


class RecordChanged(WrongState):
    """The record is not in the version that the caller saw."""


def edit_version(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    key: str,
    cells: Mapping[str, str],
    *,
    seen: str | None,
    settings: Settings,
    now: datetime,
) -> ImportResult:
    """Edit a record if its version still equals `seen`.

    Raises RecordChanged if it has changed since, and like `edit_records`.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    if seen is not None and is_storable(key):
        table = RECORD_TABLES[kind]
        found = select(table.id).where(table.event_id == actor.event_id, table.key == key)
        session.execute(found.with_for_update(key_share=True))
        if get_record(session, actor, kind, key).version != seen:
            raise RecordChanged("record", key, "changed by someone else since", "changed by what you saw")
    return edit_records(session, actor, kind, [key], cells, settings=settings, now=now)


def edit_records(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    keys: Sequence[str],
    cells: Mapping[str, str],
    *,
    settings: Settings,
    now: datetime,
) -> ImportResult:
    """Set cells in some rows: one row from a form, or many in bulk.

    Raises NotFound, InvalidInput with each fault by column.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    unknown = sorted(set(cells) - set(EDITABLE_COLUMNS[kind]))
    if unknown or not 1 <= len(keys) <= MAX_ROWS:
        said = gettext_lazy(
            "choose a column that can be changed here: %(names)s",
            names=join_texts(EDITABLE_COLUMNS[kind]),
        )
        many = Fault("keys", gettext_lazy("select 1 to %(most_at_once)s rows", most_at_once=MAX_ROWS))
        raise InvalidInput([Fault(name, said) for name in unknown] or [many])
    known = _cells(session, actor, kind, keys)
    columns = ["key", *sorted(REQUIRED[kind] | set(cells))]
    sheet = WorkbookSheet(
        "",
        (
            SheetRow(1, tuple(columns)),
            *(
                SheetRow(number, tuple({**known[key], **cells, "key": key}[column] for column in columns))
                for number, key in enumerate(dict.fromkeys(keys), 2)
            ),
        ),
    )
    subject = ", ".join(names.record_name(known[key]["name"], known[key]["latin_name"]) for key in known)
    with record_step(session, actor, StepKind.EDIT, kind, subject, note=", ".join(cells), now=now):
        try:
            return _import(session, actor, kind, sheet, settings=settings, now=now)
        except InvalidInput as error:
            raise InvalidInput(list(dict.fromkeys(map(_at_its_field, error.faults)))) from None


def _import(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    sheet: WorkbookSheet,
    *,
    settings: Settings,
    now: datetime,
) -> ImportResult:
    if kind is ImportKind.FIRMS:
        return import_firms(session, actor, sheet)
    if kind is ImportKind.PEOPLE:
        return import_people(session, actor, sheet, settings=settings, now=now)
    return import_interpreters(session, actor, sheet, now=now)


def _at_its_field(fault: Fault) -> Fault:
    """Map the fault of a cell ("row 2, country") to the form field."""
    return Fault(fault.path.rpartition(", ")[2], fault.message)


def _cells(
    session: Session, actor: Actor, kind: ImportKind, keys: Collection[str]
) -> dict[str, dict[str, str]]:
    """Return all cells of rows by key. Raises NotFound if a key is unknown."""
    table = RECORD_TABLES[kind]
    of_event = select(table).where(
        table.event_id == actor.event_id, in_chunks(table.key, filter(is_storable, keys))
    )
    rows = session.scalars(of_event).all()
    missing = set(keys) - {row.key for row in rows}
    if missing:
        raise NotFound(kind.value.removesuffix("s"), min(missing))
    others = _OTHERS[kind](session, rows) if kind in _OTHERS else {row.id: {} for row in rows}
    return {
        row.key: {
            column: _text(others[row.id][column] if column in others[row.id] else getattr(row, column))
            for column in ("key", *EDITABLE_COLUMNS[kind])
        }
        for row in rows
    }


def _of_firms(session: Session, rows: Sequence[Firm]) -> dict[int, dict[str, Any]]:
    """Return hall, booth and host of firms, which are stored in other tables."""
    of_hosts = select(Firm.id, Firm.key).where(in_chunks(Firm.id, {row.host_id or 0 for row in rows}))
    hosts = dict(session.execute(of_hosts).all())
    halls = dict(
        session.execute(
            select(Hall.id, Hall.key).where(in_chunks(Hall.id, {row.hall_id or 0 for row in rows}))
        ).all()
    )
    stands = (
        select(Place.firm_id, Place.key, Place.capacity)
        .where(in_chunks(Place.firm_id, [row.id for row in rows]), ~Place.is_retired)
        .order_by(Place.id.desc())
    )
    booths = {firm_id: (key, str(capacity)) for firm_id, key, capacity in session.execute(stands)}
    return {
        row.id: {
            "hall": halls.get(row.hall_id or 0, ""),
            "host": hosts.get(row.host_id or 0, ""),
            "booth": booths.get(row.id, ("", ""))[0],
            "booth_capacity": booths.get(row.id, ("", ""))[1],
        }
        for row in rows
    }


def _of_people(session: Session, rows: Sequence[Attendee]) -> dict[int, dict[str, Any]]:
    of_firms = select(Firm.id, Firm.key).where(in_chunks(Firm.id, {row.firm_id for row in rows}))
    firms = dict(session.execute(of_firms).all())
    return {row.id: {"firm": firms[row.firm_id], "exhibitor": row.is_exhibitor} for row in rows}


_OTHERS: Final[Mapping[ImportKind, Callable[[Session, Any], dict[int, dict[str, Any]]]]] = {
    ImportKind.FIRMS: _of_firms,
    ImportKind.PEOPLE: _of_people,
}
"""Column values that the kind's own table does not have."""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, list | tuple) else str(value)
