"""Import of people: attendees of firms, and interpreters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.i18n import gettext_lazy
from scheduler.services.emails.email_addresses import access_revocation, address_corrections
from scheduler.services.identity import delegation_managers, preferences
from scheduler.services.identity.actors import LET_IN, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sign_in import ensure_accounts
from scheduler.services.identity.tokens import new_feed
from scheduler.services.spreadsheets import row_keys
from scheduler.services.spreadsheets.changes import ImportResult, ImportTally, new_values, set_values
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.groups import import_scope
from scheduler.services.spreadsheets.meeting_times import EventTimes
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.person_columns import (
    latin_name,
    list_active_keys,
    person_values,
    present_values,
    rename_keys,
)
from scheduler.services.spreadsheets.proposals import AllowedValues
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Attendee, Firm, Interpreter, MeetingRequest

_ROLE = ("firm_id", "is_exhibitor")


def import_people(
    session: Session,
    actor: Actor,
    sheet: WorkbookSheet,
    options: ImportOptions = DEFAULT_OPTIONS,
    *,
    settings: Settings,
    now: datetime,
) -> ImportResult:
    """Import attendees of existing firms. A known key updates that person.

    A changed address gets the upcoming meetings, as after a correction on the page. Without an exhibitor
    column, the first new person of a firm without exhibitors becomes one. Exhibitors from a delegation
    manager wait for confirmation. Raises InvalidInput.
    """
    import_scope.require_import_right(actor, options)
    table = Table.read(ImportKind.PEOPLE, sheet, options)
    firms = FirmLookup(session, actor.event_id, options)
    of_event = select(Attendee).where(Attendee.event_id == actor.event_id)
    known = {
        one.key: one
        for one in session.scalars(
            of_event.where(import_scope.limit_to_delegation(Attendee.firm_id, options))
        )
    }
    taken = {person.email: key for key, person in known.items()}
    by_email = {normalize_text(email): key for email, key in taken.items()}
    row_keys.fill_keys(table, "email", by_email, known, members=options.members)
    values = {row.line: _values(row, firms) for row in table.rows}
    _check_days(session, actor.event_id, table.rows, values, known)
    proposes = not actor.may(Right.IMPORT)
    if options.members is not None:
        addressed = [(row, values[row.line]["email"]) for row in table.rows]
        import_scope.check_addresses(session, actor.event_id, options.members, addressed, known)
    for row in table.rows:
        email = values[row.line]["email"]
        key = row.values.get("key", "")
        if email and taken.setdefault(email, key) != key:
            row.fault(
                "email",
                gettext_lazy("%(email)s already belongs to %(taken)s", email=email, taken=repr(taken[email])),
            )
    table.done()
    tally = ImportTally(table, list_active_keys(known))
    new = [values[row.line] for row in table.rows if row.values["key"] not in known]
    if new:
        actor.require_fresh(LET_IN)
    accounts = ensure_accounts(session, {each["email"]: each["name"] for each in new}, now=now)
    led = None if "exhibitor" in table.columns else _list_firms_with_exhibitor(session, actor.event_id)
    for row in table.rows:
        person = known.get(row.values["key"])
        given = values[row.line] | {"key": row.values["key"]}
        given |= latin_name(given, person)
        if person is None and led is not None and given["firm_id"] not in led:
            given["is_exhibitor"] = True
            led.add(given["firm_id"])
        if proposes:
            given |= _proposed(actor, person, given)
        if person is None:
            _add(session, actor.event_id, accounts[given["email"]], given, settings=settings)
            cells = new_values(given)
        else:
            cells = _change(
                session, actor, person, given, settings=settings, quiet=not options.notify, now=now
            )
        if "firm_id" in cells:
            old, new = cells.pop("firm_id")
            cells["firm"] = firms.keys.get(old, ""), firms.keys.get(new, "")
        tally.add(row, cells, is_new=person is None)
    session.flush()
    return tally.done()


def import_interpreters(
    session: Session,
    actor: Actor,
    sheet: WorkbookSheet,
    options: ImportOptions = DEFAULT_OPTIONS,
    *,
    now: datetime,
) -> ImportResult:
    """Import interpreters. A known key updates that interpreter.

    Raises InvalidInput, as for people.
    """
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.INTERPRETERS, sheet, options)
    known = {
        i.key: i for i in session.scalars(select(Interpreter).where(Interpreter.event_id == actor.event_id))
    }
    people = set(session.scalars(select(Attendee.key).where(Attendee.event_id == actor.event_id)))
    row_keys.fill_keys(
        table, "email", {normalize_text(i.email): i.key for i in known.values()}, known.keys() | people
    )
    values = {row.line: present_values(row, person_values(row)) for row in table.rows}
    for row in table.rows:
        if row.values.get("key") in people:
            row.fault("key", gettext_lazy("belongs to an attendee; use another ID for the interpreter"))
    table.done()
    tally = ImportTally(table, list_active_keys(known))
    for row in table.rows:
        interpreter = known.get(row.values["key"])
        given = values[row.line] | {"key": row.values["key"]}
        given |= latin_name(given, interpreter)
        if interpreter is None:
            if given.get("email"):
                actor.require_fresh(LET_IN)
            session.add(Interpreter(event_id=actor.event_id, **given))
            tally.add(row, new_values(given), is_new=True)
        else:
            tally.add(row, _change_interpreter(session, actor, interpreter, given, now))
    session.flush()
    return tally.done()


class FirmLookup:
    """Lookup of firms by key, own name or Latin name."""

    def __init__(self, session: Session, event_id: int, options: ImportOptions = DEFAULT_OPTIONS) -> None:
        of_event = select(Firm.id, Firm.key, Firm.name, Firm.latin_name).where(Firm.event_id == event_id)
        rows = session.execute(of_event.where(import_scope.limit_to_delegation(Firm.id, options))).all()
        self.keys = {row.id: row.key for row in rows}
        self.by_key = {row.key: row.id for row in rows}
        self.names = {row.key: row.name for row in rows}
        self.by_name: dict[str, set[int]] = {}
        for row in rows:
            for name in (row.name, row.latin_name):
                self.by_name.setdefault(normalize_text(name), set()).add(row.id)

    def find(self, row: Row, column: str = "firm") -> int:
        """Return the id of a row's firm, or 0 with a fault."""
        text = row.meant(column, row.values.get(column, ""), self.has)
        found = {self.by_key[text]} if text in self.by_key else self.by_name.get(normalize_text(text), set())
        if text and len(found) != 1:
            name = repr(text[:80])
            said = (
                gettext_lazy("%(name)s is the name of several exhibitors; enter an ID", name=name)
                if found
                else gettext_lazy(
                    "%(name)s is not an exhibitor of this event; import exhibitors first", name=name
                )
            )
            row.fault(column, said, allowed=self.allowed, of=() if found else (ImportKind.FIRMS,))
        return next(iter(found)) if len(found) == 1 else 0

    def has(self, text: str) -> bool:
        """Return True if a text is the key or name of exactly one firm."""
        return text in self.by_key or len(self.by_name.get(normalize_text(text), ())) == 1

    @cached_property
    def allowed(self) -> AllowedValues:
        """Keys of firms, by unique names."""
        single = {name: next(iter(ids)) for name, ids in self.by_name.items() if len(ids) == 1}
        return AllowedValues({name: self.keys[firm_id] for name, firm_id in single.items()}, self.names)

    def pair(self, request: MeetingRequest) -> str:
        """Return a label of a request: the names of its firms."""
        return " → ".join(self.names[self.keys[id]] for id in (request.from_firm_id, request.to_firm_id))


def _values(row: Row, firms: FirmLookup) -> dict[str, Any]:
    read = (
        person_values(row)
        | {
            "firm": firms.find(row),
            "title": row.text("title", fields.JobTitle),
            "phone": row.phone(),
            "exhibitor": row.yes("exhibitor"),
            "max_per_day": row.number("max_per_day"),
            "max_in_row": _meetings_in_row(row),
            "max_days": row.number("max_days"),
        }
        | _mail_settings(row)
    )
    return rename_keys(present_values(row, read), firm="firm_id", exhibitor="is_exhibitor")


def _meetings_in_row(row: Row) -> int | None:
    most = row.number("max_in_row")
    for fault in () if most is None else fields.check_field("max_in_row", most, fields.MeetingLimit):
        row.fault(fault.path, fault.message)
    return most


def _check_days(
    session: Session,
    event_id: int,
    rows: Sequence[Row],
    values: Mapping[int, Mapping[str, Any]],
    known: Mapping[str, Attendee],
) -> None:
    """Report limits of days below one or above the days of the event, but none that a person has already."""
    given = [(row, days) for row in rows if (days := values[row.line].get("max_days")) is not None]
    if not given:
        return
    most = fields.limits(fields.DayLimit).most
    days_there = len(EventTimes.load(session, event_id).days)
    allowed = fields.Range(1, min(days_there or most, most), is_size=False)
    for row, days in given:
        person = known.get(row.values.get("key", ""))
        if not allowed.hold(days) and (person is None or person.max_days != days):
            row.fault("max_days", allowed.sentence(days))


def _list_firms_with_exhibitor(session: Session, event_id: int) -> set[int]:
    """Return ids of firms with an exhibitor."""
    in_charge = Attendee.is_exhibitor, Attendee.withdrawn_at.is_(None)
    return set(session.scalars(select(Attendee.firm_id).where(Attendee.event_id == event_id, *in_charge)))


def _mail_settings(row: Row) -> dict[str, str]:
    """Return language and time zone of a person's emails.

    Empty values are later derived from other data.
    """
    language, timezone = row.text("mail_language", fields.Language), row.text("timezone", fields.Timezone)
    for fault in preferences.validate_preferences(language, timezone):
        row.fault("mail_language" if fault.path == "language" else fault.path, fault.message)
    return {"mail_language": language, "timezone": timezone}


def _add(
    session: Session, event_id: int, account_id: int, values: Mapping[str, Any], *, settings: Settings
) -> None:
    seed, hashed = new_feed(settings.secret_key)
    session.add(
        Attendee(event_id=event_id, account_id=account_id, feed_seed=seed, feed_hash=hashed, **values)
    )


def _change(
    session: Session,
    actor: Actor,
    person: Attendee,
    values: Mapping[str, Any],
    *,
    settings: Settings,
    quiet: bool,
    now: datetime,
) -> dict[str, tuple[Any, Any]]:
    """Set differing values. A person who changes firm or role gets a new feed address."""
    has_role = all(getattr(person, name) == values.get(name, getattr(person, name)) for name in _ROLE)
    if not has_role or (quiet and values["email"] != person.email):
        person.quiet_until = now  # earlier requests would be reported at the new firm or address
    if not has_role:
        access_revocation.rotate_feed_address(session, person, secret_key=settings.secret_key)
    email = person.email
    others = {name: value for name, value in values.items() if name != "email"}
    cells = set_values(person, others | _own_choices(person, others))
    if cells.get("is_exhibitor") == (False, True):
        actor.require_fresh(LET_IN)
    if "is_exhibitor" in cells and actor.may(Right.IMPORT):
        delegation_managers.confirm_person(person)
    if values["email"] != email:
        address_corrections.correct_address(
            session, actor, person.key, values["email"], settings=settings, quiet=quiet, now=now
        )
        cells["email"] = (email, values["email"])
    return cells


def _change_interpreter(
    session: Session, actor: Actor, interpreter: Interpreter, values: Mapping[str, Any], now: datetime
) -> dict[str, tuple[Any, Any]]:
    """Set differing values. Return each value before and after."""
    email = interpreter.email
    cells = set_values(interpreter, {name: value for name, value in values.items() if name != "email"})
    address = values.get("email", email)
    if address != email:
        address_corrections.correct_interpreter_address(session, actor, interpreter, address, now=now)
        cells["email"] = (email, address)
    return cells


def _proposed(actor: Actor, person: Attendee | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the access columns for an import by a delegation manager: unconfirmed, and tied to the manager's
    role.
    """
    said: dict[str, Any] = {} if person is not None else {"imported_by": actor.account_id}
    if values.get("is_exhibitor") and not (person is not None and person.is_exhibitor):
        said |= {"is_exhibitor": False, "is_exhibitor_proposed": True}
    return said


def _own_choices(person: Attendee, values: Mapping[str, str]) -> dict[str, str]:
    """Return values that the person may have chosen; the file only fills in empty ones."""
    chosen = ("mail_language", "timezone")
    return {name: getattr(person, name) or values[name] for name in chosen if name in values}
