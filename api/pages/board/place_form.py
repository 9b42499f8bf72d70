"""The form that puts a meeting by hand: a time, a place and people, each searched by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import request
from sqlalchemy.orm import Session

from api.pages.participants import picks
from scheduler.i18n import gettext_lazy
from scheduler.services.board.commands import Placement
from scheduler.services.board.draft_view import PickedRequest
from scheduler.services.identity.actors import Actor
from scheduler.services.spreadsheets import record_search
from scheduler.services.spreadsheets.columns import ImportKind

PEOPLE: Final = ("person1", "person2")
"""A field for a person of each side."""
FIELDS: Final = ("slot", "place", *PEOPLE)
NOT_ONE: Final = {"place": gettext_lazy("names no place of this event, or several")} | dict.fromkeys(
    PEOPLE, gettext_lazy("names nobody of this firm, or several")
)
BOTH: Final = gettext_lazy("name somebody of both firms, or of neither")


def standing(picked: PickedRequest) -> dict[str, str]:
    """What stands in the fields where nothing was typed: what is so now."""
    now = {name: side.person for name, side in zip(PEOPLE, picked.sides, strict=True)}
    return {"slot": picked.slot.key if picked.slot else "", "place": picked.place, **now}


def faults_of(db: Session, actor: Actor, picked: PickedRequest, typed: Mapping[str, str]) -> dict[str, str]:
    """What is wrong in the fields, by field."""
    return _read(db, actor, picked, typed)[1]


def sent() -> dict[str, str]:
    """What the form sent, with what was picked from the choices of a field."""
    return {"slot": request.form.get("slot", "")} | {name: picks.said_in(name) for name in FIELDS[1:]}


def target_of(db: Session, actor: Actor, picked: PickedRequest, typed: Mapping[str, str]) -> Placement | None:
    """Where and with whom the form says that the meeting is to be held, or None where a field is unclear."""
    keys, faults = _read(db, actor, picked, typed)
    if faults:
        return None
    people = tuple(keys[name] for name in PEOPLE if keys[name])
    return Placement(picked.key, typed["slot"], keys["place"], people)


def _read(
    db: Session, actor: Actor, picked: PickedRequest, typed: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """The keys that are meant, and what is wrong, by field. Nobody typed: who sits there, or who can."""
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
