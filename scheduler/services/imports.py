"""Firms, people and interpreters from CSV files: a file is taken whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import PlaceKind, Tier
from scheduler.services import addresses, leaving, readers
from scheduler.services.actors import Actor
from scheduler.services.feeds import new_feed
from scheduler.services.sign_in import ensure_account
from scheduler.services.tables import COLUMNS, MAX_OCTETS, MAX_ROWS, REQUIRED, Row, Table
from scheduler.storage.models import Attendee, Event, Firm, Hall, Interpreter, Place

__all__ = [
    "COLUMNS", "MAX_OCTETS", "MAX_ROWS", "REQUIRED", "Imported",
    "import_firms", "import_interpreters", "import_people",
]  # fmt: skip

_COUNTRIES = frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were new, and how many changed what was there."""

    added: int
    changed: int


def import_firms(session: Session, actor: Actor, text: str) -> Imported:
    """Firms with their booths; a row whose key is known changes that firm. Raises InvalidInput."""
    actor.require_organiser()
    table = Table.read("firms", text)
    halls = {h.key: h for h in session.scalars(select(Hall).where(Hall.event_id == actor.event_id))}
    areas = session.get_one(Event, actor.event_id).areas
    known = {f.key: f for f in session.scalars(select(Firm).where(Firm.event_id == actor.event_id))}
    places = {p.key: p for p in session.scalars(select(Place).where(Place.event_id == actor.event_id))}
    rows = [_firm_values(row, halls, areas) for row in table.rows]
    booths: dict[str, int] = {}
    for row, values in zip(table.rows, rows, strict=True):
        owner = places.get(values["booth"]) if values["booth"] else None
        firm = known.get(row.values["key"])
        if owner is not None and (firm is None or owner.firm_id != firm.id):
            row.fault("booth", f"{values['booth']!r} is another place already")
        first = booths.setdefault(values["booth"], row.line)
        if values["booth"] and first != row.line:
            row.fault("booth", f"{values['booth']!r} stands in row {first} already")
    table.done()
    for values in rows:
        booth = values.pop("booth")
        firm = known.get(values["key"])
        if firm is None:
            firm = Firm(event_id=actor.event_id, **values)
            session.add(firm)
        else:
            _change(firm, values)
        session.flush()
        if booth and booth not in places:
            session.add(
                Place(
                    event_id=actor.event_id,
                    key=booth,
                    name=f"Booth {booth}",
                    hall_id=firm.hall_id,
                    kind=PlaceKind.BOOTH,
                    firm_id=firm.id,
                )
            )
    session.flush()
    return _counted(rows, known)


def import_people(
    session: Session, actor: Actor, text: str, *, settings: Settings, now: datetime
) -> Imported:
    """Attendees of firms that are there already; a row whose key is known changes that person.

    Another address is told the coming meetings, as if an organiser had corrected it on the page.
    """
    actor.require_organiser()
    table = Table.read("people", text)
    firms = {f.key: f.id for f in session.scalars(select(Firm).where(Firm.event_id == actor.event_id))}
    known = {a.key: a for a in session.scalars(select(Attendee).where(Attendee.event_id == actor.event_id))}
    taken = {person.email: key for key, person in known.items()}
    rows = [_person_values(row, firms) for row in table.rows]
    for row, values in zip(table.rows, rows, strict=True):
        if taken.setdefault(values["email"], values["key"]) != values["key"]:
            row.fault("email", f"{values['email']} belongs to {taken[values['email']]!r} already")
    table.done()
    for values in rows:
        person = known.get(values["key"])
        if person is None:
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
            if any(getattr(person, name) != values[name] for name in ("firm_id", "is_exhibitor")):
                leaving.renew_feeds(session, person, secret_key=settings.secret_key)
            _change(person, {**values, **_own_choices(person, values)})
            if email != person.email:
                addresses.correct(session, actor, person.key, email, settings=settings, now=now)
    session.flush()
    return _counted(rows, known)


def import_interpreters(session: Session, actor: Actor, text: str) -> Imported:
    """Interpreters; a row whose key is known changes that one."""
    actor.require_organiser()
    table = Table.read("interpreters", text)
    known = {
        i.key: i for i in session.scalars(select(Interpreter).where(Interpreter.event_id == actor.event_id))
    }
    people = set(session.scalars(select(Attendee.key).where(Attendee.event_id == actor.event_id)))
    rows = [_common(row) | {"languages": row.languages()} for row in table.rows]
    for row in table.rows:
        if row.values["key"] in people:
            row.fault("key", "is an attendee's; nobody is both")
    table.done()
    for values in rows:
        if values["key"] in known:
            _change(known[values["key"]], values)
        else:
            session.add(Interpreter(event_id=actor.event_id, **values))
    session.flush()
    return _counted(rows, known)


def _firm_values(row: Row, halls: Mapping[str, Hall], areas: Mapping[str, str]) -> dict[str, Any]:
    by_name = {name.lower(): key for key, name in areas.items()}
    named = [by_name.get(area.lower(), area) for area in row.several("areas")]
    for area in named:
        if area not in areas:
            row.fault("areas", f"{area!r} is not a chain area of this event")
    hall = row.text("hall", 32)
    if hall and hall not in halls:
        row.fault("hall", f"{hall!r} is not a hall of this event; they are {', '.join(sorted(halls))}")
    booth = row.text("booth", 64)
    if booth and not hall:
        row.fault("hall", "is missing; a booth stands in a hall")
    country = row.text("country", 2).upper()
    if country not in _COUNTRIES:
        row.fault("country", f"{country!r} is not a country's two letters, such as CN or DE")
    tier = row.text("tier", 16).lower()
    if tier not in set(Tier):
        row.fault("tier", "must be upstream, midstream or downstream")
    return {
        "key": row.key(),
        "name": row.text("name", 200),
        "latin_name": row.text("latin_name", 200) or row.text("name", 200),
        "country": country,
        "tier": Tier(tier) if tier in set(Tier) else Tier.MIDSTREAM,
        "areas": named,
        "hall_id": halls[hall].id if hall in halls else None,
        "booth": booth,
        "description": row.text("description", 4000),
        "website": row.text("website", 200),
        "pavilion": row.text("pavilion", 120) or None,
        "max_per_day": row.number("max_per_day"),
        "min_meetings": row.number("min_meetings") or 0,
    }


def _person_values(row: Row, firms: Mapping[str, int]) -> dict[str, Any]:
    firm = row.text("firm", 64)
    if firm not in firms:
        row.fault("firm", f"{firm!r} is not a firm of this event; import firms first")
    exhibitor = row.text("exhibitor", 5).lower()
    if exhibitor not in ("", "yes", "no"):
        row.fault("exhibitor", "must be yes or no")
    return (
        _common(row)
        | {
            "firm_id": firms.get(firm, 0),
            "title": row.text("title", 120),
            "phone": row.phone(),
            "languages": row.languages(),
            "is_exhibitor": exhibitor == "yes",
            "max_per_day": row.number("max_per_day"),
        }
        | _reading(row)
    )


def _reading(row: Row) -> dict[str, str]:
    """The language and time zone of a person's mails; empty ones are derived from what is known."""
    language, timezone = row.text("mail_language", 8), row.text("timezone", 64)
    for fault in readers.faults(language, timezone):
        row.fault("mail_language" if fault.path == "language" else fault.path, fault.message)
    return {"mail_language": language, "timezone": timezone}


def _own_choices(person: Attendee, values: Mapping[str, str]) -> dict[str, str]:
    """What is known of a person stays, as they may have chosen it; a file fills in what is open."""
    return {name: getattr(person, name) or values[name] for name in ("mail_language", "timezone")}


def _common(row: Row) -> dict[str, Any]:
    return {
        "key": row.key(),
        "name": row.text("name", 120),
        "latin_name": row.text("latin_name", 120) or row.text("name", 120),
        "email": row.email(),
    }


def _change(target: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(target, name, value)


def _counted(rows: Iterable[Mapping[str, Any]], known: Mapping[str, object]) -> Imported:
    keys = [values["key"] for values in rows]
    return Imported(sum(key not in known for key in keys), sum(key in known for key in keys))
