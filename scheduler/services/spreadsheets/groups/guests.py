"""Import of guests of honour: countries and provinces, optionally with a pavilion."""

from __future__ import annotations

from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.guests import MAX_GUESTS, GuestKind
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets import cell_values, row_keys
from scheduler.services.spreadsheets.changes import Cells, ImportResult, ImportTally, new_values
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.person_columns import present_values
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Event

_EMPTY = {"name": "", "kind": GuestKind.COUNTRY.value, "country": "", "pavilion": ""}


def import_guests(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import guests of honour. A known name updates that guest; guests missing from the sheet are kept.

    Raises InvalidInput.
    """
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.GUESTS, sheet, options)
    event = session.get_one(Event, actor.event_id)
    known = {normalize_text(guest["name"]): dict(guest) for guest in event.guests}
    row_keys.fill_keys(table, "name", {name: name for name in known}, known)
    read = {row.line: _values(row, known) for row in table.rows}
    new = [row for row in table.rows if normalize_text(row.values["name"]) not in known]
    for row in new[max(MAX_GUESTS - len(known), 0) :]:
        row.fault(
            "name",
            gettext_lazy(
                "an event can have at most %(most_guests)s guests of honour", most_guests=MAX_GUESTS
            ),
        )
    table.done()
    tally = ImportTally(table, frozenset(known))
    for row in table.rows:
        name, given = normalize_text(row.values["name"]), read[row.line]
        before = known.get(name)
        known[name] = (
            {"kind": GuestKind.COUNTRY.value, "country": "", "pavilion": ""} | (before or {}) | given
        )
        cells: Cells = (
            new_values(known[name])
            if before is None
            else {key: (before[key], value) for key, value in given.items() if before[key] != value}
        )
        tally.add(row, cells, is_new=before is None)
    event.guests = [{column: guest[column] for column in _EMPTY} for guest in known.values()]
    session.flush()
    return tally.done()


def _values(row: Row, known: dict[str, dict[str, str]]) -> dict[str, str]:
    written = row.values.get("kind", "")
    kind = cell_values.parse_guest_kind(written)
    if written and kind is None:
        row.fault(
            "kind",
            gettext_lazy(
                "%(kind)s is not a kind of guest; enter country or province",
                kind=repr(written[:40]),
            ),
            allowed=cell_values.allowed_guest_kinds(),
        )
    read = {
        "name": row.text("name", fields.GuestName),
        "kind": (kind or GuestKind.COUNTRY).value,
        "country": row.country(),
        "pavilion": row.text("pavilion", fields.Pavilion),
    }
    before = known.get(normalize_text(read["name"]), {})
    given = present_values(row, read)
    merged = _EMPTY | before | given
    if merged["kind"] == GuestKind.COUNTRY and not merged["country"]:
        row.fault("country", gettext_lazy("enter a country; a guest of honour that is a country needs one"))
    return given
