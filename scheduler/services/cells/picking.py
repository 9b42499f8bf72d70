"""Which firm, person or interpreter is meant by what somebody typed, and what is offered meanwhile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.cells.columns import ImportKind, plain
from scheduler.services.text import matches, one_line
from scheduler.storage.models import Attendee, Firm, Interpreter

TABLES: Final[Mapping[ImportKind, Any]] = {
    ImportKind.FIRMS: Firm,
    ImportKind.PEOPLE: Attendee,
    ImportKind.INTERPRETERS: Interpreter,
}
MOST_OFFERED: Final = 20
_WITH_KEY = re.compile(r".+ \[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Offered:
    """A record that may be meant. `more` says which one it is among others of that name."""

    key: str
    name: str
    more: str

    @property
    def label(self) -> str:
        """The text of a field that means this record and no other."""
        return f"{self.name} [{self.key}]"


def offered(session: Session, actor: Actor, kind: ImportKind, said: str) -> list[Offered]:
    """The records that have every word of a text in their names or key. Who left is not offered.

    That of the key comes first, then names that begin with the text. One query, and MOST_OFFERED at most.
    """
    actor.require(Right.KEEP_PEOPLE)
    text, table = _text(said), TABLES[kind]
    if not text:
        return []
    rank = case(
        (table.key == _key_in(text), 0), (table.latin_name.istartswith(text, autoescape=True), 1), else_=2
    )
    query = select(table.key, table.latin_name, table.name, _more(kind))
    if kind is ImportKind.PEOPLE:
        query = query.join(Firm, Firm.id == Attendee.firm_id)
    rows = session.execute(
        query.where(
            table.event_id == actor.event_id,
            table.withdrawn_at.is_(None),
            or_(table.key == _key_in(text), matches(text, (table.key, table.name, table.latin_name))),
        )
        .order_by(rank, func.lower(table.latin_name), table.id)
        .limit(MOST_OFFERED)
    )
    return [
        Offered(key, latin, more if latin == name else f"{name}, {more}") for key, latin, name, more in rows
    ]


def labelled(session: Session, actor: Actor, kind: ImportKind, said: str) -> str:
    """The text of a field: the label of the record with this key, else the text as it was typed."""
    actor.require(Right.KEEP_PEOPLE)
    table = TABLES[kind]
    key = _text(said)
    name = (
        session.scalar(select(table.latin_name).where(table.event_id == actor.event_id, table.key == key))
        if key
        else None
    )
    return said if name is None else Offered(key, name, "").label


def meant(session: Session, actor: Actor, kind: ImportKind, said: str) -> str:
    """The key of the one record that has this key, label or name, or nothing."""
    actor.require(Right.KEEP_PEOPLE)
    return _meant(session, actor.event_id, TABLES[kind], said)


def firm_meant(session: Session, event_id: int, said: str) -> str:
    """The key of the one firm that has this key, label or name, or nothing."""
    return _meant(session, event_id, Firm, said)


def _meant(session: Session, event_id: int, table: Any, said: str) -> str:
    text = _text(said)
    if not text:
        return ""
    key, of_event = _key_in(text), table.event_id == event_id
    name = session.scalar(select(table.latin_name).where(of_event, table.key == key))
    if name is not None and text in {key, Offered(key, name, "").label}:
        return key
    fits = matches(text, (table.key, table.name, table.latin_name))
    rows = session.execute(select(table.key, table.name, table.latin_name).where(of_event, fits)).all()
    named = [key for key, *names in rows if plain(text) in {plain(name) for name in names}]
    found = named or [row[0] for row in rows]
    return found[0] if len(found) == 1 else ""


def _text(said: str) -> str:
    return one_line(said)[: fields.limits(fields.Picked).most]


def _key_in(text: str) -> str:
    """The key of a label, else the text: it may be a key itself."""
    label = _WITH_KEY.fullmatch(text)
    return label[1] if label else text


def _more(kind: ImportKind) -> Any:
    if kind is ImportKind.FIRMS:
        return Firm.country
    return Firm.latin_name if kind is ImportKind.PEOPLE else Interpreter.email
