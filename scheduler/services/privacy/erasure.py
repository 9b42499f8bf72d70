"""Erasure of a person: every row, text, journal line and audit log entry, while history stays whole.

Meetings, requests and schedule versions keep their rows, which then name "Erased person 17". What others
wrote or were sent is searched for the person's addresses and phone numbers, and in the person's events for
the names. There, someone else with exactly the same name is erased from these texts, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Table,
    and_,
    delete,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import OutboxState, VersionState
from scheduler.domain.errors import ChainmeetError, NotFound
from scheduler.domain.team import TeamRole
from scheduler.services.audit_log import erasure as audit_log_erasure
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import INSTALLATION, NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.delivery import journal_lines
from scheduler.services.events.archives import event_tables
from scheduler.services.identity import sign_in, tokens
from scheduler.services.operations import restored_copy
from scheduler.services.outbox import outbox
from scheduler.services.privacy import mentions
from scheduler.services.privacy.mentions import Mentions
from scheduler.services.privacy.personal_tables import (
    CLEARED_COLUMNS,
    DELETED_TABLES,
    NOW,
    OWN_COLUMNS,
    SEARCHED_COLUMNS,
)
from scheduler.storage import grants, schema
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Account,
    AddressChange,
    AddressReport,
    Attendee,
    AttendeeAlias,
    AuditLogEntry,
    CachedStatistic,
    Event,
    FirmRegistration,
    ImportFile,
    InboundEmail,
    Interpreter,
    Invitation,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
    RequestPerson,
    ScheduleVersion,
    Slot,
    TeamInvitation,
    TeamMember,
)

AUDIT_LOG = "audit_log_entry"
JOURNAL = "journal of sent emails"


class ErasureBlocked(ChainmeetError):
    """The person still takes part in something. The message says what to do first."""

    code = "erasure-blocked"


@dataclass(frozen=True, slots=True)
class PersonToErase:
    """The rows that are the person, the events that they take or took part in, and what to search for."""

    accounts: tuple[int, ...]
    attendees: tuple[int, ...]
    interpreters: tuple[int, ...]
    events: tuple[int, ...]
    mentions: Mentions

    def own(self, table: Table) -> ColumnElement[bool]:
        """Condition: a row is the person's own."""
        people = {"account": self.accounts, "attendee": self.attendees, "interpreter": self.interpreters}
        found = []
        for name in OWN_COLUMNS[table.name]:
            of = table.name if name == "id" else event_tables.referenced_table(table.c[name])
            ids: Collection[Any] = self.mentions.addresses if of is None else people[of]
            found.append(in_chunks(table.c[name], ids))
        return or_(*found)


def find_person(session: Session, email: str) -> PersonToErase:
    """Return who has an email address, now or in an event, with merged duplicates.

    Raises NotFound, and SchemaOutOfDate if a newer version has upgraded the schema: this version doesn't know
    all tables that name the person.
    """
    schema.require_own(session.connection())
    address = sign_in.normalize_email(email)
    accounts = set(session.scalars(select(Account.id).where(Account.email == address)))
    attendees = set(
        session.scalars(
            select(Attendee.id).where(
                or_(Attendee.email == address, in_chunks(Attendee.account_id, accounts))
            )
        )
    )
    attendees |= _merged(session, Attendee, attendees)
    accounts |= _accounts_of(session, attendees)
    addresses = {address, *session.scalars(select(Account.email).where(in_chunks(Account.id, accounts)))}
    interpreters = set(session.scalars(select(Interpreter.id).where(in_chunks(Interpreter.email, addresses))))
    interpreters |= _merged(session, Interpreter, interpreters)
    registrations = session.scalars(
        select(FirmRegistration).where(in_chunks(FirmRegistration.email, addresses))
    ).all()
    found = _mentions(session, addresses, accounts, attendees, interpreters, registrations)
    events = _events(session, accounts, attendees, interpreters, addresses)
    person = PersonToErase(
        tuple(sorted(accounts)), tuple(sorted(attendees)), tuple(sorted(interpreters)), events, found
    )
    is_known = accounts or attendees or interpreters or registrations
    if not is_known and not _has_rows(session, person):
        raise NotFound("person", email)
    return person


def _has_rows(session: Session, person: PersonToErase) -> bool:
    tables = map(event_tables.find_table, DELETED_TABLES)
    return any(session.scalar(select(exists().where(person.own(table)))) for table in tables)


def _merged(session: Session, table: type[Attendee | Interpreter], ids: set[int]) -> set[int]:
    return set(session.scalars(select(table.id).where(in_chunks(table.merged_into_id, ids))))


def _accounts_of(session: Session, attendees: set[int]) -> set[int]:
    """Return the accounts of attendees that are no one else's."""
    of_these = set(session.scalars(select(Attendee.account_id).where(in_chunks(Attendee.id, attendees))))
    others = select(Attendee.account_id).where(
        in_chunks(Attendee.account_id, of_these), ~in_chunks(Attendee.id, attendees)
    )
    return of_these - set(session.scalars(others))


def _mentions(
    session: Session,
    addresses: set[str],
    accounts: set[int],
    attendees: set[int],
    interpreters: set[int],
    registrations: Sequence[FirmRegistration],
) -> Mentions:
    names = set(session.scalars(select(Account.name).where(in_chunks(Account.id, accounts))))
    keys = dict[str, str]()
    names |= {name for row in registrations for name in (row.person, row.latin_person)}
    phones = set[str]()
    for row in session.scalars(select(Attendee).where(in_chunks(Attendee.id, attendees))):
        names |= {row.name, row.latin_name}
        addresses.add(row.email)
        phones.add(row.phone)
        keys[row.key] = f"erased-{row.id}"
    for each in session.scalars(select(Interpreter).where(in_chunks(Interpreter.id, interpreters))):
        names |= {each.name, each.latin_name}
        addresses.add(each.email)
        keys[each.key] = f"erased-i{each.id}"
    for column, which in (
        (AddressChange.old_address, in_chunks(AddressChange.attendee_id, attendees)),
        (AddressChange.new_address, in_chunks(AddressChange.attendee_id, attendees)),
        (AttendeeAlias.address, in_chunks(AttendeeAlias.attendee_id, attendees)),
        (AddressReport.address, in_chunks(AddressReport.attendee_id, attendees)),
        (AddressReport.address, in_chunks(AddressReport.interpreter_id, interpreters)),
    ):
        addresses |= set(session.scalars(select(column).where(which)))
    return Mentions(
        frozenset(addresses),
        mentions.usable(phones, mentions.SHORTEST_PHONE),
        mentions.usable(names),
        {key: new for key, new in keys.items() if mentions.is_made_of(key, names | addresses)},
    )


def _events(
    session: Session, accounts: set[int], attendees: set[int], interpreters: set[int], addresses: set[str]
) -> tuple[int, ...]:
    found = set[int]()
    for column, which in (
        (Attendee.event_id, in_chunks(Attendee.id, attendees)),
        (Interpreter.event_id, in_chunks(Interpreter.id, interpreters)),
        (TeamMember.event_id, in_chunks(TeamMember.account_id, accounts)),
        (TeamInvitation.event_id, in_chunks(TeamInvitation.email, addresses)),
        (FirmRegistration.event_id, in_chunks(FirmRegistration.email, addresses)),
    ):
        found |= set(session.scalars(select(column).where(which)))
    return tuple(sorted(found))


def require_erasable(session: Session, person: PersonToErase, *, now: datetime) -> None:
    """Raise ErasureBlocked with what must be done first: nothing may still be planned for the person."""
    if blocks := list(_blocks(session, person, now)):
        raise ErasureBlocked("\n".join(blocks))


def _blocks(session: Session, person: PersonToErase, now: datetime) -> Iterator[str]:
    mine = in_chunks(Account.id, person.accounts)
    if session.scalar(select(exists().where(mine, Account.is_operator))):
        yield "The person is an operator. Remove the role first: Operators."
    for key in session.scalars(_owned_alone(person)):
        yield f"The person is the only owner of event {key}. Add another owner first."
    last = select(Slot.event_id, func.max(Slot.end).label("end")).group_by(Slot.event_id).subquery()
    for table, ids in ((Attendee, person.attendees), (Interpreter, person.interpreters)):
        taking_part = (
            select(Event.key)
            .join(table, table.event_id == Event.id)
            .join(last, last.c.event_id == Event.id)
            .where(in_chunks(table.id, ids), table.withdrawn_at.is_(None))
            .where(last.c.end > now, Event.is_there(), Event.archived_at.is_(None))
        )
        for key in session.scalars(taking_part):
            yield f"The person takes part in event {key}. Remove them from the event first: Participants."
    for key in session.scalars(_with_meetings(person, now)):
        yield f"The published schedule of event {key} has meetings of the person. Publish one without them."
    waiting = (
        OutboxEmail.state.in_((OutboxState.QUEUED, OutboxState.SENDING)) & OutboxEmail.stopped_at.is_(None),
        OutboxEmail.uid.is_not(None),
        person.own(event_tables.find_table("outbox_email")),
    )
    if count := session.scalar(select(func.count()).select_from(OutboxEmail).where(*waiting)):
        yield f"Emails about meetings wait to be sent to the person: {count:,}. Try again afterwards."


def _owned_alone(person: PersonToErase) -> Any:
    other = TeamMember.__table__.alias()
    return (
        select(Event.key)
        .join(TeamMember, TeamMember.event_id == Event.id)
        .where(in_chunks(TeamMember.account_id, person.accounts), TeamMember.role == TeamRole.OWNER)
        .where(Event.is_there())
        .where(
            ~exists().where(
                other.c.event_id == Event.id,
                other.c.role == TeamRole.OWNER,
                ~in_chunks(other.c.account_id, person.accounts),
            )
        )
    )


def _with_meetings(person: PersonToErase, now: datetime) -> Any:
    attends = PlannedMeeting.id.in_(
        select(PlannedAttendee.meeting_id).where(in_chunks(PlannedAttendee.attendee_id, person.attendees))
    )
    return (
        select(Event.key)
        .join(ScheduleVersion, ScheduleVersion.event_id == Event.id)
        .join(PlannedMeeting, PlannedMeeting.version_id == ScheduleVersion.id)
        .join(Slot, Slot.id == PlannedMeeting.last_slot_id)
        .where(ScheduleVersion.state == VersionState.PUBLISHED, Slot.end > now, Event.is_there())
        .where(or_(attends, in_chunks(PlannedMeeting.interpreter_id, person.interpreters)))
        .distinct()
    )


def erase_person(database: Database, settings: Settings, email: str) -> Mapping[str, int]:
    """Erase a person, and return the changed rows by table. What failed is done by calling it again.

    Raises NotFound, ErasureBlocked, SchemaOutOfDate, UnsuitableRole for a role that may not change the audit
    log, and ChainmeetError where the journal isn't.
    """
    with database.read() as session:
        grants.require_owner(session.connection())
        person = find_person(session, email)
        require_erasable(session, person, now=database.now_in(session))
        restored_copy.require_journal(session, settings, "it would still name the person", service="migrate")
    lines = _erase_from_journal(settings, person)
    rows = database.transact(lambda session: _erase_rows(session, settings, email, database.now_in(session)))
    return {JOURNAL: lines, **rows} if lines else rows


def _erase_from_journal(settings: Settings, person: PersonToErase) -> int:
    journal = restored_copy.open_journal(settings)
    if journal is None or journal.state() is None:
        return 0
    changed = 0

    def without(line: dict[str, Any]) -> dict[str, Any]:
        nonlocal changed
        of_events = line.get("v") in person.events
        search = person.mentions if of_events else person.mentions.without_names()
        new = journal_lines.erased(line, person.attendees, search.erase, settings.secret_key)
        changed += new != line
        return new

    journal.rewrite(without)
    return changed


def _erase_rows(session: Session, settings: Settings, email: str, now: datetime) -> Mapping[str, int]:
    person = find_person(session, email)
    require_erasable(session, person, now=now)
    counts = Counter[str]()
    _delete_files(session, person, counts)
    _clear_originals(session, person, counts)
    for name in DELETED_TABLES:
        counts[name] += _delete_own(session, person, event_tables.find_table(name))
    for name, values in CLEARED_COLUMNS.items():
        counts[name] += _clear_own(session, person, event_tables.find_table(name), values, now)
    for row in session.scalars(select(Attendee).where(in_chunks(Attendee.id, person.attendees))):
        row.feed_seed, row.feed_hash = tokens.new_feed(settings.secret_key)
    _rename(session, person)
    session.flush()
    for name, columns in SEARCHED_COLUMNS.items():
        counts[name] += _search(session, person, event_tables.find_table(name), columns)
    counts[AUDIT_LOG] = _erase_from_audit_log(session, person, now)
    found = {name: count for name, count in counts.items() if count}
    about = pgettext_lazy("audit log", "a person's data erased")
    recording.record_act(session, NamedDoer(), Act.PRIVACY, about, after=found, now=now)
    return found


def _delete_files(session: Session, person: PersonToErase, counts: Counter[str]) -> None:
    """Delete spreadsheets that wait to be imported, which are not searched, and cached figures."""
    waits = ImportFile.octets.is_not(None)
    theirs = or_(
        in_chunks(ImportFile.event_id, person.events), in_chunks(ImportFile.account_id, person.accounts)
    )
    counts["import_file"] += _count(session.execute(delete(ImportFile).where(waits, theirs)))
    versions = select(ScheduleVersion.id).where(in_chunks(ScheduleVersion.event_id, person.events))
    session.execute(delete(CachedStatistic).where(CachedStatistic.version_id.in_(versions)))


def _clear_originals(session: Session, person: PersonToErase, counts: Counter[str]) -> None:
    """Delete the originals of emails about the person's meetings, and of those that name the person."""
    requests = or_(
        InboundEmail.request_id.in_(
            select(RequestPerson.request_id).where(in_chunks(RequestPerson.attendee_id, person.attendees))
        ),
        InboundEmail.request_id.in_(
            select(Invitation.request_id).where(in_chunks(Invitation.attendee_id, person.attendees))
        ),
    )
    texts = [InboundEmail.__table__.c[name] for name in SEARCHED_COLUMNS["inbound_email"]]
    named = or_(*(person.mentions.without_names().condition(column) for column in texts))
    in_events = and_(
        in_chunks(InboundEmail.event_id, person.events),
        or_(*(person.mentions.condition(column) for column in texts)),
    )
    which = and_(InboundEmail.stored_size > 0, or_(requests, named, in_events))
    emptied = update(InboundEmail).where(which).values(raw=b"", stored_size=0)
    counts["inbound_email"] += _count(session.execute(emptied))


def _count(done: Any) -> int:
    """Return the number of rows that a statement changed."""
    return int(done.rowcount)


def _delete_own(session: Session, person: PersonToErase, table: Table) -> int:
    if table.name != "outbox_email":
        return _count(session.execute(delete(table).where(person.own(table))))
    links = event_tables.find_table("sign_in_link")
    by_link = OutboxEmail.sign_in_link_id.in_(select(links.c.id).where(person.own(links)))
    ids = session.scalars(select(OutboxEmail.id).where(or_(person.own(table), by_link))).all()
    outbox.delete_expired(session, ids)
    return len(ids)


def _clear_own(
    session: Session, person: PersonToErase, table: Table, values: Mapping[str, Any], now: datetime
) -> int:
    key = list(table.primary_key)
    rows = session.execute(select(*key).where(person.own(table)).order_by(*key)).all()
    for row in rows:
        new = {name: _value(value, row[0], now) for name, value in values.items()}
        if "withdrawn_at" in new:
            new["withdrawn_at"] = func.coalesce(table.c.withdrawn_at, now)
        session.execute(update(table).where(_is(key, row)).values(new))
    return len(rows)


def _is(key: Sequence[Any], row: Sequence[Any]) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(key, row, strict=True)))


def _rename(session: Session, person: PersonToErase) -> None:
    """Replace keys that are made of the name."""
    people = [
        *session.scalars(select(Attendee).where(in_chunks(Attendee.id, person.attendees))),
        *session.scalars(select(Interpreter).where(in_chunks(Interpreter.id, person.interpreters))),
    ]
    for row in people:
        row.key = person.mentions.ids.get(row.key, row.key)


def _value(value: Any, row_id: int, now: datetime) -> Any:
    if value == NOW:
        return now
    return value.format(id=row_id) if isinstance(value, str) else value


def _search(session: Session, person: PersonToErase, table: Table, names: Sequence[str]) -> int:
    """Replace the person in texts: addresses and numbers everywhere, names outside of others' events only."""
    changed = _replace(session, table, names, person.mentions.without_names(), [])
    within = [] if table.name in event_tables.INSTALLATION_TABLES else [_in_events(table, person.events)]
    return changed + _replace(session, table, names, person.mentions, within)


def _in_events(table: Table, events: Collection[int]) -> ColumnElement[bool]:
    """Condition: a row belongs to one of the events, or to none."""
    found = [event_tables.belongs_to_event(table, each) for each in events]
    if "event_id" in table.c and table.c.event_id.nullable:
        found.append(table.c.event_id.is_(None))
    return or_(false(), *found)


def _replace(
    session: Session,
    table: Table,
    names: Sequence[str],
    search: Mentions,
    within: Sequence[ColumnElement[bool]],
) -> int:
    columns = [table.c[name] for name in names]
    key = list(table.primary_key)
    may = or_(*(_may_mention(column, search) for column in columns))
    ids = session.execute(select(*key).where(may, *within).order_by(*key)).all()
    count = 0
    for row_id in ids:
        this = _is(key, row_id)
        row = session.execute(select(*columns).where(this).with_for_update(key_share=True)).mappings().first()
        old = {} if row is None else {column.name: row[column] for column in columns}
        new = {name: _fitting(search.erase(value), table.c[name]) for name, value in old.items()}
        if new != old:
            session.execute(update(table).where(this).values(new))
            count += 1
    return count


def _may_mention(column: Any, search: Mentions) -> ColumnElement[bool]:
    """Condition: a column may mention the person. Compressed texts are only searched for names and keys."""
    if isinstance(column.type, LargeBinary):
        return and_(column.is_not(None), literal(bool(search.names)))
    return search.condition(column)


def _fitting(value: Any, column: Any) -> Any:
    """Return a text that is not too long for its column."""
    longest = getattr(column.type, "length", None)
    return value[:longest] if isinstance(value, str) and longest else value


def _erase_from_audit_log(session: Session, person: PersonToErase, now: datetime) -> int:
    chains = {*person.events, INSTALLATION}
    everywhere = person.mentions.without_names()
    columns = [AuditLogEntry.__table__.c[name] for name in ("who", "about", "before", "after")]
    which = or_(
        *(everywhere.condition(column) for column in columns),
        and_(
            in_chunks(AuditLogEntry.chain, chains),
            or_(*(person.mentions.condition(column) for column in columns)),
        ),
    )
    return audit_log_erasure.erase_person(
        session,
        person.accounts,
        which,
        lambda chain, value: (person.mentions if chain in chains else everywhere).erase(value),
        now=now,
    )
