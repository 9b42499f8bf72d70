"""The manual placement form: a time, a place and attendees, each searched by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import request
from sqlalchemy.orm import Session

from api.pages.participants import autocomplete
from scheduler.i18n import gettext_lazy
from scheduler.services.board.commands import Placement
from scheduler.services.board.draft_view import PickedRequest
from scheduler.services.identity.actors import Actor
from scheduler.services.spreadsheets import record_search
from scheduler.services.spreadsheets.columns import ImportKind

PEOPLE: Final = ("person1", "person2")
"""A field for an attendee of each firm."""
FIELDS: Final = ("slot", "place", *PEOPLE)
NOT_ONE: Final = {
    "place": gettext_lazy("enter a name that matches exactly one location of this event")
} | dict.fromkeys(PEOPLE, gettext_lazy("enter a name that matches exactly one attendee of this exhibitor"))
BOTH: Final = gettext_lazy("choose attendees for both exhibitors, or for neither")


def standing(picked: PickedRequest) -> dict[str, str]:
    """Return the initial values of the fields: the current placement."""
    now = {name: side.person for name, side in zip(PEOPLE, picked.sides, strict=True)}
    return {"slot": picked.slot.key if picked.slot else "", "place": picked.place, **now}


def faults_of(db: Session, actor: Actor, picked: PickedRequest, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the errors by field."""
    return _read(db, actor, picked, typed)[1]


def sent() -> dict[str, str]:
    """Return the submitted values, including selections from autocomplete."""
    return {"slot": request.form.get("slot", "")} | {name: autocomplete.said_in(name) for name in FIELDS[1:]}


def target_of(db: Session, actor: Actor, picked: PickedRequest, typed: Mapping[str, str]) -> Placement | None:
    """Return the placement that the form describes, or None if a field is ambiguous or invalid."""
    keys, faults = _read(db, actor, picked, typed)
    if faults:
        return None
    people = tuple(keys[name] for name in PEOPLE if keys[name])
    return Placement(picked.key, typed["slot"], keys["place"], people)


def _read(
    db: Session, actor: Actor, picked: PickedRequest, typed: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return keys and errors by field. An empty person field means the present attendee, or any."""
    asked = picked.sides[1].firm
    keys = {"place": record_search.resolve_key(db, actor, ImportKind.TABLES, typed["place"], firm=asked)}
    faults: dict[str, str] = {} if keys["place"] else {"place": NOT_ONE["place"]}
    for name, side in zip(PEOPLE, picked.sides, strict=True):
        said = "" if picked.names_people else typed[name].strip() or side.person
        keys[name] = record_search.resolve_key(db, actor, ImportKind.PEOPLE, said, firm=side.firm)
        if said and not keys[name]:
            faults[name] = NOT_ONE[name]
    alone = [name for name in PEOPLE if not keys[name] and name not in faults]
    if len(alone) == 1:
        faults[alone[0]] = BOTH
    return keys, faults
