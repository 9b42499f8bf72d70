"""Erasure of a person: none of their details stays anywhere, and history stays whole."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Enum,
    LargeBinary,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    true,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from chainmeet.cli import main
from scheduler.domain.entities import OutboxKind, OutboxState, VersionState
from scheduler.domain.errors import NotFound
from scheduler.services.audit_log import recording, verification
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.delivery import journal_lines
from scheduler.services.events.archives import event_tables
from scheduler.services.privacy import erasure, person_export
from scheduler.services.privacy.erasure import ErasureBlocked, PersonToErase
from scheduler.services.privacy.mentions import MARK
from scheduler.services.privacy.personal_tables import (
    CLEARED_COLUMNS,
    DELETED_TABLES,
    KEPT_TABLES,
    OWN_COLUMNS,
    SEARCHED_COLUMNS,
    UNSEARCHED_COLUMNS,
    is_text,
)
from scheduler.storage.append_only import audit_log_changes
from scheduler.storage.base import Base, UtcDateTime
from scheduler.storage.database import Database
from scheduler.storage.grants import UnsuitableRole
from scheduler.storage.models import (
    Account,
    Attendee,
    AuditLogEntry,
    Installation,
    Interpreter,
    MeetingRequest,
    OutboxEmail,
    PlannedAttendee,
)
from scheduler.storage.schema import SchemaOutOfDate, head_revision
from scheduler.storage.send_journal import SendJournal
from tests.support import clocks
from tests.support.databases import owning
from tests.support.everything import NOWHERE, Everything
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.next_release import at_revision
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

pytestmark = pytest.mark.own_schema

NAME, LATIN, KEY = "欧阳振华", "Ouyang Zhenhua", "ouyang-zhenhua"
PHONE, TITLE = "+86 10 5550 0199", "Head of Rare Ouyang Affairs"
FIRST, SECOND, OLDER = "zhenhua@ouyang.example", "ouyang@alias.example", "zh@before.example"
STRINGS = (NAME, LATIN, KEY, PHONE, TITLE, FIRST, SECOND, OLDER)
SAID = f"与{NAME}洽谈 / {LATIN}, {FIRST}; {SECOND.upper()} or {OLDER}, {PHONE} ({KEY})."
ELSEWHERE = f"{FIRST.upper()}, {PHONE}"
INSTALLATION = "this installation"
LATER = NOW + timedelta(days=400)


class Filled:
    """A full event, in which each text that could name a person does, and each table has rows of theirs."""

    def __init__(self, database: Database) -> None:
        self.made = Everything(database, web_app(database, NOWHERE))
        self.expo = self.made.expo
        with database.write() as session:
            attendee = session.get_one(Attendee, self.expo.people[0][0].id)
            self.attendee, self.account = attendee.id, attendee.account_id
            account = session.get_one(Account, self.account)
            account.name = attendee.name = NAME
            attendee.latin_name, attendee.phone, attendee.title, attendee.key = LATIN, PHONE, TITLE, KEY
            account.email = attendee.email = FIRST
            self.interpreter = self.expo.interpreters[0].id
            interpreter = session.get_one(Interpreter, self.interpreter)
            interpreter.name, interpreter.latin_name, interpreter.email = NAME, LATIN, FIRST
            session.add(Installation(id=1, key=INSTALLATION, pause_reason="", epoch=1))
            session.execute(update(OutboxEmail).values(state=OutboxState.SENT))
            session.flush()
            for table in Base.metadata.sorted_tables:
                if table.name in OWN_COLUMNS:
                    self.add_own(session, table)
                if table.name in SEARCHED_COLUMNS:
                    self.say(session, table)
            act = self.expo.organiser_actor(), Act.SETTINGS, AuditSubject(SAID)
            recording.record_act(session, *act, before={"contact": SAID}, after={"all": SAID * 300}, now=NOW)
            recording.record_act(session, NamedDoer(name=FIRST), Act.SIGN_IN_FAILED, now=NOW)
            recording.record_act(session, NamedDoer(self.account), Act.SIGN_IN, now=NOW)

    def journal(self, folder: Path) -> tuple[SendJournal, str]:
        """Return a journal with an entry of the person's calendar, and one of a partner that names them."""
        journal = SendJournal(folder)
        journal.begin(INSTALLATION)
        mine, *others = [row for row in self.made.mails.values() if row.uid]
        other = next(row for row in others if row.attendee_id != mine.attendee_id)
        mine.payload = mine.payload | {"attendee_id": self.attendee}
        mine.to_address, mine.to_name = FIRST, NAME
        content = other.payload["content"] | {"partner_people": [f"{LATIN} ({NAME})"]}
        other.payload = other.payload | {"content": content}
        for row in (mine, other):
            journal.append([journal_lines.journal_line(row, 1, SETTINGS.secret_key, now=NOW)])
        assert other.uid is not None
        return journal, other.uid

    def person(self, session: Session) -> PersonToErase:
        return erasure.find_person(session, FIRST)

    def add_own(self, session: Session, table: Table) -> None:
        """Add a row of the person to a table that has none, and name the person in every text of theirs."""
        own = self.person(session).own(table)
        if not session.scalar(select(func.count()).select_from(table).where(own)):
            self.add_row(session, table, {n: self.own_id(table.c[n]) for n in OWN_COLUMNS[table.name]})
        kept = {"email", "name", "latin_name", "phone", "title", "sender", "key", "to_address", "address"}
        theirs = CLEARED_COLUMNS.get(table.name, ()) or (
            column.name for column in table.columns if not column.unique and not column.primary_key
        )
        if table.name not in KEPT_TABLES:
            texts = {n: self.text(table.c[n]) for n in theirs if is_text(table.c[n]) and n not in kept}
            if texts:
                session.execute(update(table).where(own).values(texts))
        addresses = {"address_change": "old_address", "attendee_alias": "address"}
        if name := addresses.get(table.name):
            session.execute(update(table).where(own).values({name: OLDER if "old" in name else SECOND}))

    def say(self, session: Session, table: Table) -> None:
        """Name the person in each searched text of all rows, and add a row to an empty table."""
        if not session.scalar(select(func.count()).select_from(table).where(self.is_here(table))):
            self.add_row(session, table, {})
        said = {name: self.text(table.c[name]) for name in SEARCHED_COLUMNS[table.name]}
        unique = {name for name in said if table.c[name].unique}
        here = update(table).where(self.is_here(table))
        session.execute(here.values({name: value for name, value in said.items() if name not in unique}))
        for name in unique:
            one = select(table.c.id).where(self.is_here(table)).limit(1).scalar_subquery()
            session.execute(update(table).where(table.c.id == one).values({name: said[name]}))
        away = {name: ELSEWHERE for name in said if isinstance(table.c[name].type, Text)}
        if away:
            session.execute(update(table).where(~self.is_here(table)).values(away))

    def is_here(self, table: Table) -> ColumnElement[bool]:
        """Condition: a row belongs to the person's event, or to none."""
        if table.name in event_tables.INSTALLATION_TABLES:
            return true()
        return event_tables.belongs_to_event(table, self.expo.event.id)

    def add_row(self, session: Session, table: Table, own: dict[str, Any]) -> None:
        values = {column.name: self.value(session, column) for column in table.columns}
        session.execute(insert(table).values(values | own))

    def own_id(self, column: Column[Any]) -> Any:
        ids = {"account": self.account, "attendee": self.attendee, "interpreter": self.interpreter}
        refers = event_tables.referenced_table(column)
        return FIRST if refers is None else ids[refers]

    def value(self, session: Session, column: Column[Any]) -> Any:
        if column.name == "id":
            return (session.scalar(select(func.max(column))) or 0) + 1
        if (refers := event_tables.referenced_table(column)) is not None:
            other = event_tables.find_table(refers)
            key = next(iter(other.primary_key))
            if column.name == "event_id" or refers == "event":
                return self.expo.event.id
            if column.nullable:
                return None
            newest = select(key).where(self.is_here(other)).order_by(key.desc()).limit(1)
            if (found := session.scalar(newest)) is None:
                self.add_row(session, other, {})
            return session.scalar(newest) if found is None else found
        if isinstance(column.type, Enum):
            return column.type.python_type(column.type.enums[0])
        if isinstance(column.type, Boolean):
            return False
        if isinstance(column.type, (DateTime, UtcDateTime)):
            return NOW
        if isinstance(column.type, (String, JSON, LargeBinary)):
            names = SEARCHED_COLUMNS.get(column.table.name, ())
            return self.text(column) if column.name in names else self.code(column)
        return 1

    @staticmethod
    def code(column: Column[Any]) -> Any:
        if isinstance(column.type, JSON):
            return {}
        if isinstance(column.type, LargeBinary):
            return b""
        return f"{column.table.name}-code"[: getattr(column.type, "length", None) or 32]

    def text(self, column: Column[Any]) -> Any:
        if isinstance(column.type, JSON):
            return {"said": [SAID, {LATIN: FIRST}]}
        if isinstance(column.type, LargeBinary):
            return zlib.compress(SAID.encode())
        longest = getattr(column.type, "length", None) or 10_000
        return SAID if longest >= len(SAID) else LATIN if longest >= len(LATIN) else NAME


def texts(database: Database) -> Iterator[tuple[str, str]]:
    """Yield every text of the database, with the name of its column: also within octets and JSON."""
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                for column in table.columns:
                    value = row[column]
                    if isinstance(value, bytes):
                        value = _plain(value)
                    if isinstance(value, str):
                        yield f"{table.name}.{column.name}", f"{value} {json.dumps(value)}"
                        if value.startswith("{"):
                            yield (
                                f"{table.name}.{column.name}",
                                json.dumps(json.loads(value), ensure_ascii=False),
                            )
                    elif isinstance(value, (dict, list)):
                        yield f"{table.name}.{column.name}", json.dumps(value, ensure_ascii=False)


def _plain(octets: bytes) -> str:
    try:
        return zlib.decompress(octets).decode()
    except (zlib.error, UnicodeDecodeError):
        return octets.decode("latin-1")


def naming(database: Database) -> set[str]:
    """Return the columns with any of the person's details."""
    folded = [each.lower() for each in STRINGS]
    return {where for where, said in texts(database) if any(each in said.lower() for each in folded)}


def test_the_rules_cover_each_table_of_a_person_and_each_text() -> None:
    kinds = [set(DELETED_TABLES), set(CLEARED_COLUMNS), set(KEPT_TABLES)]
    assert sum(map(len, kinds)) == len(set.union(*kinds)) and set.union(*kinds) == OWN_COLUMNS.keys()
    all_texts = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if is_text(column)
    }
    listed = [
        (table, name)
        for columns in (SEARCHED_COLUMNS, UNSEARCHED_COLUMNS)
        for table, names in columns.items()
        for name in names
    ]
    assert len(listed) == len(set(listed)) and set(listed) == all_texts


def test_none_of_a_person_s_details_stays_and_history_stays_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clocks.hold(monkeypatch, NOW)
    filled = Filled(database)
    journal, uid = filled.journal(tmp_path)
    before = naming(database)
    assert {f"{table}.{name}" for table, names in SEARCHED_COLUMNS.items() for name in names} <= before
    with database.read() as session:
        rows = {
            table.name: len(session.execute(select(table)).all()) for table in Base.metadata.sorted_tables
        }
    clocks.hold(monkeypatch, LATER)
    with owning(database) as owner:
        done = erasure.erase_person(owner, replace(SETTINGS, journal=str(tmp_path)), FIRST)
    mine, theirs = journal.lines()
    assert mine.keys() == {"e", "t", "m"}
    entry = journal_lines.read_entry(theirs)
    assert entry is not None and entry.uid == uid
    assert entry.opened(SETTINGS.secret_key)["content"]["partner_people"] == [f"{MARK} ({MARK})"]
    assert done[erasure.JOURNAL] == 2
    assert done[erasure.AUDIT_LOG] >= 3
    assert sorted(naming(database)) == []
    with database.read() as session:
        now = {table.name: len(session.execute(select(table)).all()) for table in Base.metadata.sorted_tables}
        fewer = {name for name, count in rows.items() if now[name] < count}
        assert fewer <= {*DELETED_TABLES, "import_file", "import_job", "cached_statistic"}
        chains = verification.verify_chains(session)
        assert [chain.broken for chain in chains] == [""] * len(chains)
        assert sum(chain.erased for chain in chains) == done[erasure.AUDIT_LOG]
        with pytest.raises(NotFound):
            person_export.export_address(session, FIRST, now=LATER)


@pytest.fixture
def expo(database: Database) -> Expo:
    """Two firms that met, in an event that is over at LATER."""
    with database.write() as session:
        expo = make_event(session, firms=2, people=2)
        person = session.get_one(Attendee, expo.people[0][0].id)
        person.name, person.latin_name, person.key, person.phone = NAME, LATIN, KEY, PHONE
        request = make_request(session, expo, 0, 1, message=SAID)
        make_version(session, expo, [meet(request, expo)], state=VersionState.PUBLISHED)
        return expo


def erase(database: Database, email: str, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, now)
    with owning(database) as owner:
        erasure.erase_person(owner, SETTINGS, email)


def test_the_meeting_stays_with_an_erased_person_who_can_t_sign_in(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = expo.people[0][0]
    erase(database, person.email.upper(), LATER, monkeypatch)
    with database.read() as session:
        row = session.get_one(Attendee, person.id)
        assert (row.name, row.key, row.phone) == (f"Erased person {row.id}", f"erased-{row.id}", "")
        assert row.withdrawn_at == LATER and row.feed_hash != person.feed_hash
        assert session.scalars(select(PlannedAttendee.attendee_id)).all().count(person.id) == 1
        message = session.scalars(select(MeetingRequest.message)).one()
        assert session.scalar(select(Account.id).where(Account.email == person.email)) is None
    assert (
        message == f"与{MARK}洽谈 / {MARK}, {FIRST}; {SECOND.upper()} or {OLDER}, {MARK} (erased-{row.id})."
    )
    organiser = Browser(web_app(database, NOWHERE), expo.organiser)
    path = f"/events/{expo.event.key}"
    assert f"Erased person {row.id}" in organiser.get(f"{path}/participants/people/erased-{row.id}")
    assert LATIN not in organiser.get(f"{path}/audit-log")


def test_the_same_name_in_another_event_stays(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        other = make_event(session, firms=2)
        make_request(session, other, 0, 1, message=SAID)
    erase(database, expo.people[0][0].email, LATER, monkeypatch)
    with database.read() as session:
        kept = session.scalars(
            select(MeetingRequest.message).where(MeetingRequest.event_id == other.event.id)
        ).one()
    assert kept == SAID.replace(PHONE, MARK)


@pytest.mark.parametrize("case", ["takes part", "has meetings", "owner", "operator", "email"])
def test_nothing_is_erased_while_the_person_still_takes_part(
    database: Database, expo: Expo, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, now = expo.people[0][0], NOW
    email, said = person.email, f"takes part in event {expo.event.key}"
    with database.write() as session:
        if case == "has meetings":
            session.get_one(Attendee, person.id).withdrawn_at = NOW
            said = f"schedule of event {expo.event.key} has meetings"
        if case == "owner":
            email, said = expo.organiser.email, f"only owner of event {expo.event.key}"
        if case == "operator":
            now, said = LATER, "is an operator"
            session.get_one(Account, person.account_id).is_operator = True
        if case == "email":
            now, said = LATER, "wait to be sent"
            session.add(
                OutboxEmail(
                    kind=OutboxKind.INVITATION, attendee_id=person.id, to_address=email, to_name=NAME,
                    message_id="<m@x.example>", uid="u", payload={}, next_attempt_at=NOW,
                    created_at=NOW, state=OutboxState.QUEUED,
                )
            )  # fmt: skip
    clocks.hold(monkeypatch, now)
    with owning(database) as owner, pytest.raises(ErasureBlocked, match=said):
        erasure.erase_person(owner, SETTINGS, email)
    with database.read() as session:
        assert session.get_one(Attendee, person.id).name == NAME


def test_the_application_s_role_erases_no_one(database: Database, expo: Expo) -> None:
    if database.is_sqlite:
        pytest.skip("a file has no roles")
    with pytest.raises(UnsuitableRole, match="migrate chainmeet person erase"):
        erasure.erase_person(database, SETTINGS, expo.people[0][0].email)


def test_no_one_is_erased_by_a_version_that_does_not_know_all_tables(database: Database, expo: Expo) -> None:
    person = expo.people[0][0]
    newer = at_revision(database, "9000", oldest_code=head_revision())
    with owning(database) as owner, newer, pytest.raises(SchemaOutOfDate, match="A newer version"):
        erasure.erase_person(owner, SETTINGS, person.email)
    with database.read() as session:
        assert session.get_one(Attendee, person.id).name == NAME


@pytest.mark.parametrize("change", ["who = 'someone'", "after = '{}'", "hash = repeat('0', 64)"])
def test_an_erased_entry_that_was_changed_afterwards_is_found(
    database: Database, expo: Expo, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        for number in range(3):
            act = NamedDoer(expo.people[0][0].account_id, expo.event.id), Act.SETTINGS
            recording.record_act(session, *act, after={"contact": f"{LATIN} {number}"}, now=NOW)
    erase(database, expo.people[0][0].email, LATER, monkeypatch)
    with database.read() as session:
        (chain,) = [each for each in verification.verify_chains(session) if each.id]
        assert (chain.broken, chain.erased) == ("", 3)
    if database.is_sqlite:
        change = change.replace("repeat('0', 64)", "printf('%064d', 0)")
    with owning(database) as owner, owner.write() as session, audit_log_changes(session):
        session.execute(text(f"UPDATE audit_log_entry SET {change} WHERE number = 2 AND chain > 0"))
    with database.read() as session:
        (chain,) = [each for each in verification.verify_chains(session) if each.id]
    assert chain.broken.startswith("row 2, of ")


def test_two_erasures_of_the_same_entry_leave_the_chain_whole(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = expo.people[0]
    with database.write() as session:
        act = NamedDoer(one.account_id, expo.event.id), Act.SETTINGS
        recording.record_act(session, *act, after={"contact": f"{one.email}, {two.email}"}, now=NOW)
    for each in (one, two):
        erase(database, each.email, LATER, monkeypatch)
    with database.read() as session:
        first = session.scalars(
            select(AuditLogEntry).where(AuditLogEntry.number == 1, AuditLogEntry.chain > 0)
        ).one()
        chains = verification.verify_chains(session)
    assert json.loads(first.after) == {"contact": f"{MARK}, {MARK}"}
    assert [chain.broken for chain in chains] == ["", ""]


def test_the_database_refuses_changes_of_the_audit_log_after_an_erasure(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(database, expo.people[0][0].email, LATER, monkeypatch)
    with owning(database) as owner, pytest.raises(DBAPIError, match="append-only"), owner.write() as session:
        session.execute(text("UPDATE audit_log_entry SET who = ''"))


def test_the_command_asks_and_erases(database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch) -> None:
    email = expo.people[0][0].email
    clocks.hold(monkeypatch, LATER)
    with owning(database) as owner:
        url = owner.url.render_as_string(hide_password=False)
        run = CliRunner(env={**SETTINGS.to_env(), "CHAINMEET_DATABASE_URL": url})
        asked = run.invoke(main, ["person", "erase", email], input="n\n")
        assert asked.exit_code == 1 and f"Erases the person with {email}, in 1 event." in asked.output
        done = run.invoke(main, ["person", "erase", email, "--yes"])
        assert done.exit_code == 0 and "1  attendee" in done.output
        assert "no person" in run.invoke(main, ["person", "erase", email, "--yes"]).output.lower()
        checked = run.invoke(main, ["audit", "verify"])
    assert checked.exit_code == 0 and "erased in part" not in checked.output
