"""Firms, people and interpreters from CSV files: a file is taken whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import Locale
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import Tier
from scheduler.services.access import preferences
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.access.sign_in import ensure_account
from scheduler.services.addresses import addresses, leaving
from scheduler.services.imports.booths import Booths
from scheduler.services.imports.csv_table import COLUMNS, MAX_OCTETS, MAX_ROWS, REQUIRED, Row, Table
from scheduler.services.schedule.feed_addresses import new_feed
from scheduler.storage.models import Attendee, Event, Firm, Hall, Interpreter

__all__ = [
    "COLUMNS", "MAX_OCTETS", "MAX_ROWS", "REQUIRED", "Imported",
    "import_firms", "import_interpreters", "import_people",
]  # fmt: skip

_COUNTRIES = frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were new, changed what was there, or said what was there already.

    `moved` firms have another booth, where `meetings` published ones were at the old one.
    """

    added: int
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    meetings: int = 0


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many firms, people and interpreters the event has."""
    actor.require(Right.IMPORT)
    of = {"firms": Firm.event_id, "people": Attendee.event_id, "interpreters": Interpreter.event_id}
    queries = {name: select(func.count()).where(event == actor.event_id) for name, event in of.items()}
    return {name: session.scalars(query).one() for name, query in queries.items()}


def import_firms(session: Session, actor: Actor, text: str) -> Imported:
    """Firms with their booths; a row whose key is known changes that firm. Raises InvalidInput.

    A firm that gets another booth leaves its old one; the next run plans the meetings there at the new one.
    """
    actor.require(Right.IMPORT)
    table = Table.read("firms", text)
    halls = {h.key: h for h in session.scalars(select(Hall).where(Hall.event_id == actor.event_id))}
    areas = session.get_one(Event, actor.event_id).areas
    known = {f.key: f for f in session.scalars(select(Firm).where(Firm.event_id == actor.event_id))}
    booths = Booths.load(session, actor.event_id)
    rows = [_firm_values(row, halls, areas) for row in table.rows]
    for row, values in zip(table.rows, rows, strict=True):
        _check_hall(row, values, known.get(row.values["key"]), booths)
    if "booth" in table.columns:
        booths.check(zip(table.rows, (values["booth"] for values in rows), strict=True), known)
    table.done()
    counted = _Counted()
    for values in rows:
        booth = values.pop("booth", None)
        firm = known.get(values["key"])
        if firm is None:
            firm = Firm(event_id=actor.event_id, **{"areas": [], **values, **_latin(values, None)})
            session.add(firm)
            session.flush()
            changes = None
        else:
            changes = _change(firm, values | _latin(values, firm))
        gives = booth is not None and booths.give(firm, booth)
        follows = booths.follow_hall(firm)
        counted.add(None if changes is None else changes or gives or follows)
    session.flush()
    meetings = booths.meetings_left()
    booths.forget_unused()
    return Imported(counted.added, counted.changed, counted.unchanged, len(booths.moved), meetings)


def import_people(
    session: Session, actor: Actor, text: str, *, settings: Settings, now: datetime
) -> Imported:
    """Attendees of firms that are there already; a row whose key is known changes that person.

    Another address is told the coming meetings, as if an organiser had corrected it on the page.
    """
    actor.require(Right.IMPORT)
    table = Table.read("people", text)
    firms = {f.key: f.id for f in session.scalars(select(Firm).where(Firm.event_id == actor.event_id))}
    known = {a.key: a for a in session.scalars(select(Attendee).where(Attendee.event_id == actor.event_id))}
    taken = {person.email: key for key, person in known.items()}
    rows = [_person_values(row, firms) for row in table.rows]
    for row, values in zip(table.rows, rows, strict=True):
        if taken.setdefault(values["email"], values["key"]) != values["key"]:
            row.fault("email", f"{values['email']} belongs to {taken[values['email']]!r} already")
    table.done()
    counted = _Counted()
    for values in rows:
        person = known.get(values["key"])
        values |= _latin(values, person)
        if person is None:
            counted.add(None)
            account = ensure_account(session, values["email"], name=values["name"], now=now)
            seed, hashed = new_feed(settings.secret_key)
            session.add(
                Attendee(
                    event_id=actor.event_id,
                    account_id=account.id,
                    feed_seed=seed,
                    feed_hash=hashed,
                    **values,
                )
            )
        else:
            email = values.pop("email")
            if any(getattr(person, name) != values.get(name, getattr(person, name)) for name in _ROLE):
                leaving.renew_feeds(session, person, secret_key=settings.secret_key)
            changes = _change(person, values | _own_choices(person, values))
            is_corrected = email != person.email
            if is_corrected:
                addresses.correct(session, actor, person.key, email, settings=settings, now=now)
            counted.add(changes or is_corrected)
    session.flush()
    return counted.done()


def import_interpreters(session: Session, actor: Actor, text: str) -> Imported:
    """Interpreters; a row whose key is known changes that one."""
    actor.require(Right.IMPORT)
    table = Table.read("interpreters", text)
    known = {
        i.key: i for i in session.scalars(select(Interpreter).where(Interpreter.event_id == actor.event_id))
    }
    people = set(session.scalars(select(Attendee.key).where(Attendee.event_id == actor.event_id)))
    rows = [_present(row, _common(row) | {"languages": row.languages()}) for row in table.rows]
    for row in table.rows:
        if row.values["key"] in people:
            row.fault("key", "is an attendee's; nobody is both")
    table.done()
    counted = _Counted()
    for values in rows:
        interpreter = known.get(values["key"])
        values |= _latin(values, interpreter)
        if interpreter is None:
            session.add(Interpreter(event_id=actor.event_id, **values))
            counted.add(None)
        else:
            counted.add(_change(interpreter, values))
    session.flush()
    return counted.done()


_ROLE = ("firm_id", "is_exhibitor")


@dataclass(slots=True)
class _Counted:
    """What became of the rows of a file."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def add(self, changes: bool | None) -> None:
        """Of a new row None, else whether it changed anything."""
        self.added += changes is None
        self.changed += changes is True
        self.unchanged += changes is False

    def done(self) -> Imported:
        return Imported(self.added, self.changed, self.unchanged)


def _firm_values(row: Row, halls: Mapping[str, Hall], areas: Mapping[str, str]) -> dict[str, Any]:
    """Of the columns that the file has; an empty cell empties what is there."""
    by_name = {name.lower(): key for key, name in areas.items()}
    named = [by_name.get(area.lower(), area) for area in row.several("areas")]
    for area in named:
        if area not in areas:
            row.fault("areas", f"{area!r} is not a chain area of this event")
    hall = row.text("hall", 32)
    if hall and hall not in halls:
        row.fault("hall", f"{hall!r} is not a hall of this event; they are {', '.join(sorted(halls))}")
    country = row.values.get("country", "").upper()
    if country and country not in _COUNTRIES:
        row.fault("country", f"{country[:20]!r} is not a country's two letters, such as CN or DE")
    tier = row.values.get("tier", "").lower()
    if tier and tier not in set(Tier):
        row.fault("tier", "must be upstream, midstream or downstream")
    values = {
        "key": row.key(),
        "name": row.text("name", 200),
        "latin_name": row.text("latin_name", 200),
        "country": country,
        "tier": Tier(tier) if tier in set(Tier) else Tier.MIDSTREAM,
        "areas": named,
        "hall": halls[hall].id if hall in halls else None,
        "booth": row.text("booth", 64),
        "description": row.text("description", 4000),
        "website": row.text("website", 200),
        "pavilion": row.text("pavilion", 120) or None,
        "max_per_day": row.number("max_per_day"),
        "min_meetings": row.number("min_meetings") or 0,
    }
    return _renamed(_present(row, values), hall="hall_id")


def _check_hall(row: Row, values: Mapping[str, Any], firm: Firm | None, booths: Booths) -> None:
    """A firm with a booth has a hall, where the booth stands."""
    has_booth = values.get("booth", bool(firm and booths.owned[firm.id]))
    hall = values.get("hall_id", firm.hall_id if firm else None)
    if has_booth and hall is None and not row.values.get("hall"):
        row.fault("hall", "is missing; a booth stands in a hall")


def _person_values(row: Row, firms: Mapping[str, int]) -> dict[str, Any]:
    firm = row.text("firm", 64)
    if firm and firm not in firms:
        row.fault("firm", f"{firm!r} is not a firm of this event; import firms first")
    exhibitor = row.text("exhibitor", 5).lower()
    if exhibitor not in ("", "yes", "no"):
        row.fault("exhibitor", "must be yes or no")
    values = (
        _common(row)
        | {
            "firm": firms.get(firm, 0),
            "title": row.text("title", 120),
            "phone": row.phone(),
            "languages": row.languages(),
            "exhibitor": exhibitor == "yes",
            "max_per_day": row.number("max_per_day"),
        }
        | _reading(row)
    )
    return _renamed(_present(row, values), firm="firm_id", exhibitor="is_exhibitor")


def _present(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the columns that the file has: what it does not speak of stays as it is."""
    return {name: value for name, value in values.items() if name in row.values}


def _renamed(values: dict[str, Any], **names: str) -> dict[str, Any]:
    """Values by the names of the tables, which two columns have another name than."""
    return {names.get(name, name): value for name, value in values.items()}


def _latin(values: Mapping[str, Any], known: Any) -> dict[str, str]:
    """The Latin name; where none was ever given it is the name itself, and follows it."""
    if "latin_name" in values:
        return {"latin_name": values["latin_name"] or values["name"]}
    follows = known is None or known.latin_name == known.name
    return {"latin_name": values["name"]} if follows else {}


def _reading(row: Row) -> dict[str, str]:
    """The language and time zone of a person's mails; empty ones are derived from what is known."""
    language, timezone = row.text("mail_language", 8), row.text("timezone", 64)
    for fault in preferences.faults(language, timezone):
        row.fault("mail_language" if fault.path == "language" else fault.path, fault.message)
    return {"mail_language": language, "timezone": timezone}


def _own_choices(person: Attendee, values: Mapping[str, str]) -> dict[str, str]:
    """What is known of a person stays, as they may have chosen it; a file fills in what is open."""
    chosen = ("mail_language", "timezone")
    return {name: getattr(person, name) or values[name] for name in chosen if name in values}


def _common(row: Row) -> dict[str, Any]:
    return {
        "key": row.key(),
        "name": row.text("name", 120),
        "latin_name": row.text("latin_name", 120),
        "email": row.email(),
    }


def _change(target: Any, values: Mapping[str, Any]) -> bool:
    """Whether any of the values is another one than before."""
    new = {name: value for name, value in values.items() if getattr(target, name) != value}
    for name, value in new.items():
        setattr(target, name, value)
    return bool(new)
