"""Search of records for form fields: resolves typed text, and suggests records."""

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
from scheduler.services.text import clean_line, match_condition
from scheduler.storage.models import Attendee, Firm, Hall, Interpreter, Place

SEARCHED_TABLES: Final[Mapping[ImportKind, Any]] = {
    ImportKind.FIRMS: Firm,
    ImportKind.PEOPLE: Attendee,
    ImportKind.INTERPRETERS: Interpreter,
    ImportKind.TABLES: Place,
}
"""Searchable tables. Places also include the booths of one firm."""
MAX_OPTIONS: Final = 20
_WITH_KEY = re.compile(r".+ \[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class RecordOption:
    """A suggested record. `more` distinguishes records with equal names."""

    key: str
    name: str
    more: str

    @property
    def label(self) -> str:
        """Unique label of the record in a form field."""
        return f"{self.name} [{self.key}]"


def search_records(
    session: Session, actor: Actor, kind: ImportKind, said: str, *, firm: str = ""
) -> list[RecordOption]:
    """Return records whose names or key contain every word of a text, without withdrawn ones.

    With a `firm`, people are its own, and places are tables and its booths. A matching key comes first, then
    names that start with the text. Runs one query, with at most MAX_OPTIONS rows.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
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
            or_(table.key == _key_in(text), match_condition(text, (table.key, name, latin))),
        )
        .order_by(rank, func.lower(latin), table.id)
        .limit(MAX_OPTIONS)
    )
    return [
        RecordOption(key, *_label_parts(latin, name, venue_label(*more) if more[1] else more[0]))
        for key, latin, name, *more in rows
    ]


def get_label(session: Session, actor: Actor, kind: ImportKind, said: str) -> str:
    """Return the text of a field: the label of the record with this key, else the typed text."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    key, of_event = _text(said), SEARCHED_TABLES[kind].event_id == actor.event_id
    name = _name_of(session, kind, key, [of_event]) if key else ""
    return RecordOption(key, name, "").label if name else said


def resolve_key(session: Session, actor: Actor, kind: ImportKind, said: str, *, firm: str = "") -> str:
    """Return the key of the only record with this key, label or name, or empty.

    `firm`: as in `search_records`.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    return _resolve(session, actor.event_id, kind, said, firm)


def resolve_firm(session: Session, event_id: int, said: str) -> str:
    """Return the key of the only firm with this key, label or name, or empty."""
    return _resolve(session, event_id, ImportKind.FIRMS, said, "")


def _resolve(session: Session, event_id: int, kind: ImportKind, said: str, firm: str) -> str:
    text, table, (latin, own) = _text(said), SEARCHED_TABLES[kind], _names(kind)
    if not text:
        return ""
    key, where = _key_in(text), _candidates(kind, event_id, firm)
    name = _name_of(session, kind, key, where)
    if name and text in {key, RecordOption(key, name, "").label}:
        return key
    fits = match_condition(text, (table.key, own, latin))
    rows = session.execute(select(table.key, own, latin).where(*where, fits)).all()
    named = [key for key, *forms in rows if normalize_text(text) in {normalize_text(form) for form in forms}]
    found = named or [row[0] for row in rows]
    return found[0] if len(found) == 1 else ""


def _name_of(session: Session, kind: ImportKind, key: str, where: list[ColumnElement[bool]]) -> str:
    """Return the label name of the record with a key, or empty."""
    latin, own = _names(kind)
    row = session.execute(select(own, latin).where(*where, SEARCHED_TABLES[kind].key == key)).first()
    return names.record_name(*row) if row else ""


def _label_parts(latin: str, own: str, more: str) -> tuple[str, str]:
    """Return the label name, and the text that distinguishes it: the name in its own script first."""
    name = names.record_name(own, latin)
    return name, more if name == own else f"{own}, {more}"


def _text(said: str) -> str:
    return clean_line(said)[: fields.limits(fields.Picked).most]


def _key_in(text: str) -> str:
    """Return the key in a label, else the text, which may be a key."""
    label = _WITH_KEY.fullmatch(text)
    return label[1] if label else text


def _names(kind: ImportKind) -> tuple[Any, Any]:
    """Return the columns of the Latin name and the own name. A place has one name."""
    table = SEARCHED_TABLES[kind]
    return (table.name, table.name) if kind is ImportKind.TABLES else (table.latin_name, table.name)


def _candidates(kind: ImportKind, event_id: int, firm: str) -> list[ColumnElement[bool]]:
    """Return the SQL conditions for possible records: of the event, and of the firm if given."""
    of_event: ColumnElement[bool] = SEARCHED_TABLES[kind].event_id == event_id
    own = select(Firm.id).where(Firm.event_id == event_id, Firm.key == firm)
    if kind is ImportKind.TABLES:
        return [of_event, or_(Place.kind == PlaceKind.TABLE, Place.firm_id.in_(own))]
    if firm and kind is ImportKind.PEOPLE:
        return [of_event, Attendee.firm_id.in_(own)]
    return [of_event]


def _more(kind: ImportKind) -> tuple[Any, Any]:
    """Return the columns that distinguish equal names, and the translations of that text."""
    if kind is ImportKind.FIRMS:
        return Firm.country, null()
    if kind is ImportKind.TABLES:
        return Hall.name, Hall.names
    return (Firm.latin_name if kind is ImportKind.PEOPLE else Interpreter.email), null()
