"""Which firm, person, interpreter or place is meant by what somebody typed, and what is offered meanwhile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, null, or_, select
from sqlalchemy.orm import Session

from scheduler.domain import fields, names
from scheduler.domain.entities import PlaceKind
from scheduler.i18n import venue_label
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.text import matches, one_line
from scheduler.storage.models import Attendee, Firm, Hall, Interpreter, Place

SEARCHED_TABLES: Final[Mapping[ImportKind, Any]] = {
    ImportKind.FIRMS: Firm,
    ImportKind.PEOPLE: Attendee,
    ImportKind.INTERPRETERS: Interpreter,
    ImportKind.TABLES: Place,
}
"""What can be meant. Of tables also the booths of one firm."""
MAX_OPTIONS: Final = 20
_WITH_KEY = re.compile(r".+ \[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class RecordOption:
    """A record that may be meant. `more` says which one it is among others of that name."""

    key: str
    name: str
    more: str

    @property
    def label(self) -> str:
        """The text of a field that means this record and no other."""
        return f"{self.name} [{self.key}]"


def search_records(
    session: Session, actor: Actor, kind: ImportKind, said: str, *, firm: str = ""
) -> list[RecordOption]:
    """The records that have every word of a text in their names or key. Who left is not offered.

    With a `firm`, people are its own, and places are tables and its booths. That of the key comes first, then
    names that begin with the text. One query, and MOST_OFFERED at most.
    """
    actor.require(Right.KEEP_PEOPLE)
    text, table = _text(said), SEARCHED_TABLES[kind]
    if not text:
        return []
    latin, name = _names(kind)
    rank = case((table.key == _key_in(text), 0), (latin.istartswith(text, autoescape=True), 1), else_=2)
    query = select(table.key, latin, name, *_more(kind))
    if kind is ImportKind.PEOPLE:
        query = query.join(Firm, Firm.id == Attendee.firm_id)
    if kind is ImportKind.TABLES:
        query = query.join(Hall, Hall.id == Place.hall_id)
    there = Place.is_retired.is_(False) if kind is ImportKind.TABLES else table.withdrawn_at.is_(None)
    rows = session.execute(
        query.where(
            *_candidates(kind, actor.event_id, firm),
            there,
            or_(table.key == _key_in(text), matches(text, (table.key, name, latin))),
        )
        .order_by(rank, func.lower(latin), table.id)
        .limit(MAX_OPTIONS)
    )
    return [
        RecordOption(key, *_label_parts(latin, name, venue_label(*more) if more[1] else more[0]))
        for key, latin, name, *more in rows
    ]


def get_label(session: Session, actor: Actor, kind: ImportKind, said: str) -> str:
    """The text of a field: the label of the record with this key, else the text as it was typed."""
    actor.require(Right.KEEP_PEOPLE)
    key, of_event = _text(said), SEARCHED_TABLES[kind].event_id == actor.event_id
    name = _name_of(session, kind, key, [of_event]) if key else ""
    return RecordOption(key, name, "").label if name else said


def resolve_key(session: Session, actor: Actor, kind: ImportKind, said: str, *, firm: str = "") -> str:
    """The key of the one record that has this key, label or name, or nothing. `firm`: as of `offered`."""
    actor.require(Right.KEEP_PEOPLE)
    return _resolve(session, actor.event_id, kind, said, firm)


def resolve_firm(session: Session, event_id: int, said: str) -> str:
    """The key of the one firm that has this key, label or name, or nothing."""
    return _resolve(session, event_id, ImportKind.FIRMS, said, "")


def _resolve(session: Session, event_id: int, kind: ImportKind, said: str, firm: str) -> str:
    text, table, (latin, own) = _text(said), SEARCHED_TABLES[kind], _names(kind)
    if not text:
        return ""
    key, where = _key_in(text), _candidates(kind, event_id, firm)
    name = _name_of(session, kind, key, where)
    if name and text in {key, RecordOption(key, name, "").label}:
        return key
    fits = matches(text, (table.key, own, latin))
    rows = session.execute(select(table.key, own, latin).where(*where, fits)).all()
    named = [key for key, *forms in rows if normalize_text(text) in {normalize_text(form) for form in forms}]
    found = named or [row[0] for row in rows]
    return found[0] if len(found) == 1 else ""


def _name_of(session: Session, kind: ImportKind, key: str, where: list[ColumnElement[bool]]) -> str:
    """The name of the record with a key, as labels have it, or nothing."""
    latin, own = _names(kind)
    row = session.execute(select(own, latin).where(*where, SEARCHED_TABLES[kind].key == key)).first()
    return names.recorded(*row) if row else ""


def _label_parts(latin: str, own: str, more: str) -> tuple[str, str]:
    """The name as labels have it, and what else says which one it is: the name in its own script first."""
    name = names.recorded(own, latin)
    return name, more if name == own else f"{own}, {more}"


def _text(said: str) -> str:
    return one_line(said)[: fields.limits(fields.Picked).most]


def _key_in(text: str) -> str:
    """The key of a label, else the text: it may be a key itself."""
    label = _WITH_KEY.fullmatch(text)
    return label[1] if label else text


def _names(kind: ImportKind) -> tuple[Any, Any]:
    """The columns of the name in Latin letters and the own one. A place has one name."""
    table = SEARCHED_TABLES[kind]
    return (table.name, table.name) if kind is ImportKind.TABLES else (table.latin_name, table.name)


def _candidates(kind: ImportKind, event_id: int, firm: str) -> list[ColumnElement[bool]]:
    """The records that can be meant: of the event, and where a firm is named of that firm."""
    of_event: ColumnElement[bool] = SEARCHED_TABLES[kind].event_id == event_id
    own = select(Firm.id).where(Firm.event_id == event_id, Firm.key == firm)
    if kind is ImportKind.TABLES:
        return [of_event, or_(Place.kind == PlaceKind.TABLE, Place.firm_id.in_(own))]
    if firm and kind is ImportKind.PEOPLE:
        return [of_event, Attendee.firm_id.in_(own)]
    return [of_event]


def _more(kind: ImportKind) -> tuple[Any, Any]:
    """The columns that say which one it is among others of a name, and that text in other languages."""
    if kind is ImportKind.FIRMS:
        return Firm.country, null()
    if kind is ImportKind.TABLES:
        return Hall.name, Hall.names
    return (Firm.latin_name if kind is ImportKind.PEOPLE else Interpreter.email), null()
