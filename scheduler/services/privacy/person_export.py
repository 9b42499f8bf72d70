"""Export of everything about one person: for the person, for organisers within their event, for operators."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.events.archives import event_tables
from scheduler.services.identity import sign_in
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.participants import contact_views
from scheduler.services.privacy.personal_tables import OWN_COLUMNS, PRIVATE_TABLES, is_exported
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage import schema
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, Attendee, AuditChain, AuditLogEntry, Event, Interpreter

FORMAT = "chainmeet-personal-data/1"
MOST_VIEWS = 200
"""Maximum number of contact views on the page. The file has all."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PersonData:
    """All rows of a person by table, and the audit log's entries by and about the person."""

    address: str
    exported_at: datetime
    tables: Mapping[str, list[Row]]
    acts: list[Row]
    """What the person did."""
    views: list[Row]
    """Who viewed the person's contact details."""

    def to_json(self) -> bytes:
        """Return the file: UTF-8, with keys in a fixed order."""
        document = {
            "format": FORMAT,
            "address": self.address,
            "exported_at": self.exported_at.isoformat(),
            "tables": dict(self.tables),
            "audit_log": {"acts": self.acts, "views": self.views},
        }
        return json.dumps(document, ensure_ascii=False, indent=1, default=_json).encode()


@dataclass(frozen=True, slots=True)
class ContactView:
    """A member of an event's team viewed a person's contact details, once or more often on that day."""

    at: datetime
    who: str
    event_name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class _Person:
    """The ids by which rows are a person's. Within an event there is no account and no address."""

    accounts: Collection[int]
    attendees: Collection[int]
    interpreters: Collection[int]
    addresses: Collection[str]

    def ids(self, table: Table, column: str) -> Collection[Any]:
        """Return the values of an own column that make a row the person's."""
        people = {"account": self.accounts, "attendee": self.attendees, "interpreter": self.interpreters}
        if column == "id":
            return people[table.name]
        referenced = event_tables.referenced_table(table.c[column])
        return self.addresses if referenced is None else people[referenced]


def export_own_data(session: Session, asker: SignedIn, *, now: datetime) -> PersonData:
    """Return everything about the signed-in person, and log it.

    Raises RecentSignInRequired and SchemaOutOfDate.
    """
    asker.require_fresh(gettext_lazy("download your data"))
    found = _of_account(session, asker.account_id, asker.email, now)
    # Afterwards: an entry blocks all others of the site until the end of the transaction.
    by = NamedDoer(account_id=asker.account_id)
    recording.record_act(session, by, Act.PRIVACY, pgettext_lazy("audit log", "own data exported"), now=now)
    return found


def list_contact_views(session: Session, asker: SignedIn) -> tuple[ContactView, ...]:
    """Return who viewed the contact details of the signed-in person, newest first."""
    mine = select(Attendee.event_id, Attendee.key).where(Attendee.account_id == asker.account_id)
    if not (keys := [(row.event_id, row.key) for row in session.execute(mine)]):
        return ()
    query = (
        select(AuditLogEntry.at, AuditLogEntry.who, Event.name, Event.timezone)
        .join(Event, Event.id == AuditLogEntry.chain)
        .where(_views(keys), Event.is_there())
        .order_by(AuditLogEntry.at.desc(), AuditLogEntry.id.desc())
        .limit(MOST_VIEWS)
    )
    return tuple(ContactView(*row) for row in session.execute(query))


def export_attendee(session: Session, actor: Actor, key: str, *, now: datetime) -> PersonData:
    """Return an attendee's data in the event, for organisers, and log it. Private notes are left out.

    Raises NotAllowed, NotFound, RecentSignInRequired and SchemaOutOfDate.
    """
    actor.require(Right.READ_CONTACTS)
    actor.require_fresh(gettext_lazy("download a person's data"))
    query = select(Attendee).where(Attendee.event_id == actor.event_id, Attendee.key == key)
    attendee = session.scalar(query)
    if attendee is None:
        raise NotFound("person", key)
    person = _Person((), (attendee.id,), (), ())
    found = _data(session, person, attendee.email, [(actor.event_id, key)], now)
    about = pgettext_lazy("audit log", "data of person %(key)s exported", key=key)
    recording.record_act(session, actor, Act.PRIVACY, about, now=now)
    shared = {name: rows for name, rows in found.tables.items() if name not in PRIVATE_TABLES}
    return replace(found, tables=shared)


def export_address(session: Session, email: str, *, now: datetime) -> PersonData:
    """Return everything about an email address, for the command line, and log it.

    Raises NotFound and SchemaOutOfDate.
    """
    address = sign_in.normalize_email(email)
    account_id = session.scalar(select(Account.id).where(Account.email == address))
    found = _of_account(session, account_id, address, now)
    if not found.tables:
        raise NotFound("person", email)
    about = pgettext_lazy("audit log", "data of a person exported")
    recording.record_act(session, NamedDoer(account_id=None), Act.PRIVACY, about, now=now)
    return found


def _of_account(session: Session, account_id: int | None, address: str, now: datetime) -> PersonData:
    accounts = () if account_id is None else (account_id,)
    mine = select(Attendee.id, Attendee.event_id, Attendee.key)
    attendees = session.execute(mine.where(in_chunks(Attendee.account_id, accounts))).all()
    interpreters = session.scalars(select(Interpreter.id).where(Interpreter.email == address)).all()
    person = _Person(accounts, [row.id for row in attendees], interpreters, (address,))
    return _data(session, person, address, [(row.event_id, row.key) for row in attendees], now)


def _data(
    session: Session, person: _Person, address: str, keys: Collection[tuple[int, str]], now: datetime
) -> PersonData:
    schema.require_own(session.connection())  # a newer one may have tables that this version doesn't know
    events = {row.id: row.key for row in session.execute(select(Event.id, Event.key))}
    tables = {}
    for name in OWN_COLUMNS:
        if rows := _rows(session, event_tables.find_table(name), person, events):
            tables[name] = rows
    # By chain, as the index of accounts is.
    acts = and_(
        AuditLogEntry.chain.in_(select(AuditChain.chain)), AuditLogEntry.account_id.in_(person.accounts)
    )
    return PersonData(
        address,
        now,
        tables,
        _entries(session, acts, events) if person.accounts else [],
        _entries(session, _views(keys), events) if keys else [],
    )


def _views(keys: Collection[tuple[int, str]]) -> ColumnElement[bool]:
    """Condition: an entry says that someone viewed the contact details of one of these attendees."""
    return and_(
        AuditLogEntry.act == Act.CONTACT_VIEW.value,
        or_(
            *(
                (AuditLogEntry.chain == event_id)
                & (AuditLogEntry.about == contact_views.view_subject(ImportKind.PEOPLE, key))
                for event_id, key in keys
            )
        ),
    )


def _rows(session: Session, table: Table, person: _Person, events: Mapping[int, str]) -> list[Row]:
    columns = [column for column in table.columns if is_exported(table, column)]
    which = [
        in_chunks(table.c[name], list(ids))
        for name in OWN_COLUMNS[table.name]
        if (ids := person.ids(table, name))
    ]
    if not which:
        return []
    query = select(*columns).where(or_(*which)).order_by(*table.primary_key)
    rows = [{str(name): value for name, value in row.items()} for row in session.execute(query).mappings()]
    for row in rows:
        if row.get("event_id") is not None:
            row["event"] = events.get(row["event_id"], "")
    return rows


def _entries(session: Session, which: ColumnElement[bool], events: Mapping[int, str]) -> list[Row]:
    entries = AuditLogEntry
    columns = entries.at, entries.act, entries.who, entries.role, entries.about
    query = select(entries.chain, *columns).where(which).order_by(entries.chain, entries.number)
    return [
        {
            "event": events.get(row.chain, ""),
            "at": row.at,
            "act": row.act,
            "who": row.who,
            "role": row.role,
            "about": row.about,
        }
        for row in session.execute(query)
    ]


def _json(value: object) -> str:
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)
