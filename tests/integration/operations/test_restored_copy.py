"""A restored or copied database is recognised by the journal of sent emails, and paused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import make_transient

from scheduler.config import Settings
from scheduler.domain.entities import Method
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.delivery import journal_lines
from scheduler.services.identity.encryption import UnreadableSecret
from scheduler.services.operations import restored_copy, site_pause
from scheduler.services.operations.restored_copy import CopyKind
from scheduler.services.operations.site_pause import RestoredDatabase
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    ApiToken,
    Attendee,
    FederatedIdentity,
    Installation,
    Invitation,
    OutboxEmail,
    Passkey,
    RecoveryCode,
)
from scheduler.storage.send_journal import JournalState, SendJournal
from tests.integration.delivery.test_sending import SENT, Sender, publish, to
from tests.integration.operations.test_site_pause import Interrupting
from tests.support.factories import NOW, make_account, make_event, make_night
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app
from tests.support.workers import settings_for
from tests.unit.invites.test_transport import Catcher, serving
from workers.celery_app import make_celery
from workers.clock import Clock


@dataclass
class Site:
    """An installation with a journal."""

    database: Database
    folder: Path
    catcher: Catcher = field(default_factory=Catcher)

    @property
    def settings(self) -> Settings:
        return replace(to(self.catcher), journal=str(self.folder))

    @property
    def journal(self) -> SendJournal:
        return SendJournal(self.folder)

    def guard(self, **changes: str) -> bool:
        return restored_copy.pause_if_copied(self.database, replace(self.settings, **changes), now=NOW)

    def deliver(self, minutes: float = 0) -> int:
        return Sender(self.database, self.settings).deliver(minutes)

    def row(self) -> Installation:
        with self.database.read() as session:
            return session.scalars(select(Installation)).one()

    def set(self, **values: object) -> None:
        with self.database.write() as session:
            session.execute(update(Installation).values(**values))

    def accept(self) -> None:
        with self.database.write() as session:
            restored_copy.accept_copy(session, self.settings, now=NOW)
            site_pause.resume(session, NamedDoer(), now=NOW)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path / "journal")


def test_the_first_start_creates_an_id_and_a_journal(site: Site) -> None:
    assert site.guard()
    key = site.row().key
    assert key and site.journal.state() == JournalState(key, 0, has_entries=False)
    assert (site.journal.path.stat().st_mode & 0o777, site.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert site.guard() and site.row().key == key


def test_without_a_journal_there_is_no_id_and_no_pause(site: Site) -> None:
    assert site.guard(journal="")
    with site.database.read() as session:
        assert session.scalars(select(Installation)).all() == []


def test_a_start_that_ended_before_the_database_knew_its_id_goes_on(site: Site) -> None:
    site.journal.begin("abc")
    assert site.guard()
    assert site.row().key == "abc"


@pytest.mark.smtp
def test_each_accepted_email_is_in_the_journal_before_it_is_marked(site: Site) -> None:
    publish(site.database)
    marked: list[int] = []

    def look() -> None:
        marked.append(len([line for line in site.journal.lines() if "u" in line]))

    site.catcher = Interrupting(at_mail=4, then=look)
    with serving(site.catcher):
        assert site.deliver() == 6
    assert marked == [3]
    lines = [line for line in site.journal.lines() if "u" in line]
    with site.database.read() as session:
        known = {
            (row.uid, row.attendee_id, row.sequence, row.dtstamp.isoformat(), row.method.value)
            for row in session.scalars(select(Invitation))
        }
        rows = session.scalars(select(OutboxEmail)).all()
    assert {(line["u"], line["a"], line["s"], line["d"], line["k"]) for line in lines} == known
    assert {line["m"] for line in lines} == {restored_copy.short_hash(row.message_id) for row in rows}
    assert {line["e"] for line in lines} == {site.row().epoch}


@pytest.mark.smtp
def test_the_journal_names_nobody_without_the_secret_key(site: Site) -> None:
    publish(site.database)
    with serving(site.catcher):
        site.deliver()
    with site.database.read() as session:
        people = session.scalars(select(Attendee)).all()
        rows = {row.message_id: row for row in session.scalars(select(OutboxEmail))}
    text = site.journal.path.read_text()
    assert not [person for person in people if person.email in text or person.name in text]
    entries = [entry for entry in map(journal_lines.read_entry, site.journal.lines()) if entry]
    assert len(entries) == 6 and {entry.method for entry in entries} == {Method.REQUEST}
    opened = entries[0].opened(SETTINGS.secret_key)
    row = next(row for row in rows.values() if row.uid == entries[0].uid and row.to_address == opened["to"])
    assert (opened["content"], opened["name"]) == (row.payload["content"], row.to_name)
    with pytest.raises(UnreadableSecret):
        entries[0].opened(SecretKeys("another key of at least 32 characters"))


@pytest.mark.smtp
def test_an_email_whose_line_cannot_be_written_counts_as_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    publish(site.database)
    monkeypatch.setattr(SendJournal, "append", full)
    with serving(site.catcher):
        assert site.deliver() == 6
    assert Sender(site.database, site.settings).states() == {SENT: 6}


@pytest.mark.smtp
def test_an_older_database_sends_nothing(site: Site) -> None:
    expected = publish(site.database)
    site.guard()
    before = site.row().epoch
    with serving(site.catcher):
        site.deliver()
        with site.database.write() as session:  # as the backup had it
            session.execute(update(Installation).values(epoch=before))
            session.execute(
                update(OutboxEmail).values(state="queued", attempts=0, sent_at=None, claimed_by=None)
            )
        assert site.deliver(1) == 0
        assert len(site.catcher.taken) == 6
        row = site.row()
        assert (row.copy_kind, row.paused_at is not None) == (CopyKind.OLDER, True)
        site.accept()
        assert site.deliver(2) == 6
    assert Counter(len(to) for _, to, _ in site.catcher.taken) == {1: 12}
    assert len(expected) == 6
    assert site.guard()


@pytest.mark.parametrize("kind", CopyKind)
def test_a_copy_is_recognised_paused_and_accepted(site: Site, kind: CopyKind) -> None:
    site.guard()
    restored_copy.record_state(site.database, site.settings, now=NOW)
    make: dict[CopyKind, Callable[[], object]] = {
        CopyKind.OLDER: lambda: site.set(epoch=0),
        CopyKind.OTHER: lambda: site.set(key="another"),
        CopyKind.ALONE: site.journal.path.unlink,
        CopyKind.MOVED: lambda: restored_copy.mark_moved(site.database, now=NOW),
    }
    make[kind]()
    assert not site.guard()
    assert (site.row().copy_kind, site.guard()) == (kind, False)
    with site.database.write() as session, pytest.raises(RestoredDatabase):
        site_pause.resume(session, NamedDoer(), now=NOW)
    site.accept()
    assert site.guard() and site.row().paused_at is None
    state = site.journal.state()
    assert state is not None and state.installation == site.row().key
    assert state.epoch <= site.row().epoch


def test_a_database_from_before_its_journal_is_a_copy(site: Site) -> None:
    site.guard()
    restored_copy.record_state(site.database, site.settings, now=NOW)
    site.set(key=None, epoch=0)
    assert not site.guard()
    assert site.row().copy_kind == CopyKind.OTHER


def test_a_copy_without_a_journal_is_paused_and_may_go_on_without_one(site: Site) -> None:
    site.guard()
    assert not site.guard(journal="")
    with site.database.write() as session:
        restored_copy.accept_copy(session, replace(site.settings, journal=""), now=NOW)
        site_pause.resume(session, NamedDoer(), now=NOW)
    assert site.guard(journal="")


def test_the_journal_of_another_installation_is_kept(site: Site) -> None:
    site.guard()
    restored_copy.record_state(site.database, site.settings, now=NOW)
    first = str(site.row().key)
    before = site.journal.path.read_bytes()
    site.set(key="another")
    site.guard()
    site.accept()
    assert (site.folder / f"journal-{first}.jsonl").read_bytes() == before


def test_a_tick_recognises_a_copy_before_it_starts_a_run(
    site: Site, database: Database, broker_url: str
) -> None:
    settings = replace(settings_for(database, broker_url), journal=str(site.folder))
    clock = Clock(database, settings, make_celery(settings))
    assert clock.tick()
    state = site.journal.state()
    assert state is not None and state.epoch == 1
    with database.write() as session:
        expo = make_event(session)
        night = make_night(session, expo, next_at=database.now())
        session.connection().exec_driver_sql("DELETE FROM job_heartbeat")
    site.set(epoch=0)
    assert clock.tick()
    with database.read() as session:
        assert session.get_one(type(night), night.id).next_at == night.next_at
        assert site_pause.is_paused(session)
    assert site.journal.state() == state  # a copy writes nothing


def test_the_hashes_of_valid_secrets_follow_the_database(site: Site) -> None:
    site.guard()
    with site.database.write() as session:
        expo = make_event(session)
        token = ApiToken(
            event_id=expo.event.id,
            name="t",
            token_hash="f" * 64,
            scopes="",
            created_by=expo.organiser.id,
            created_at=NOW,
            expires_at=NOW + timedelta(days=1),
            as_organiser=True,
            as_exhibitor=False,
        )
        session.add(token)
        feed = expo.people[0][0].feed_hash

    def live() -> set[str]:
        restored_copy.record_live_secrets(site.database, site.settings)
        return set(json.loads((site.folder / restored_copy.LIVE_SECRETS).read_text()))

    known = {restored_copy.short_hash(each) for each in ("f" * 64, feed)}
    assert known <= live()
    with site.database.write() as session:
        session.execute(update(ApiToken).values(revoked_at=NOW))
    assert known & live() == {restored_copy.short_hash(feed)}
    for path in site.folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_a_passkey_that_was_removed_after_the_backup_is_removed_again(site: Site) -> None:
    site.guard()

    def make_passkey(account_id: int, credential_id: str) -> Passkey:
        return Passkey(
            account_id=account_id, credential_id=credential_id, user_handle="u", public_key=b"k",
            sign_count=0, name="Phone", created_at=NOW,
        )  # fmt: skip

    with site.database.write() as session:
        account = make_account(session).id
        session.add(make_passkey(account, "kept"))
    restored_copy.record_live_secrets(site.database, site.settings)
    with site.database.write() as session:
        session.add(make_passkey(account, "removed"))
        row = site_pause.lock_installation(session)
        row.copy_kind = restored_copy.CopyKind.OLDER.value
        restored_copy.end_secrets(session, row, site.settings, now=NOW)
    with site.database.read() as session:
        assert session.scalars(select(Passkey.credential_id)).all() == ["kept"]


def test_an_account_that_was_unlinked_after_the_backup_is_unlinked_again(site: Site) -> None:
    site.guard()
    issuer = "https://login.example.org/" + "x" * 450  # with the subject longer than either column

    with site.database.write() as session:
        accounts = {name: make_account(session, f"{name}@x.example").id for name in ("kept", "unlinked")}
        session.execute(update(Account).where(Account.id.in_(accounts.values())).values(is_operator=True))
        session.add_all(
            FederatedIdentity(
                account_id=account, issuer=issuer, subject=name * 20, is_operator=True, created_at=NOW,
                last_used_at=NOW,
            )
            for name, account in accounts.items()
        )  # fmt: skip
        session.flush()
        found = session.scalars(select(FederatedIdentity).where(FederatedIdentity.subject == "unlinked" * 20))
        backup = found.one()
        session.delete(backup)
    restored_copy.record_live_secrets(site.database, site.settings)
    with site.database.write() as session:
        make_transient(backup)
        session.add(backup)
        row = site_pause.lock_installation(session)
        row.copy_kind = restored_copy.CopyKind.OLDER.value
        restored_copy.end_secrets(session, row, site.settings, now=NOW)
    with site.database.read() as session:
        assert session.scalars(select(FederatedIdentity.subject)).all() == ["kept" * 20]
        operators = session.scalars(
            select(Account.id).where(Account.is_operator, Account.id.in_(accounts.values()))
        )
        assert operators.all() == [accounts["kept"]]


def test_a_recovery_code_that_was_used_after_the_backup_is_removed_again(site: Site) -> None:
    site.guard()

    def make_code(account_id: int, code_hash: str) -> RecoveryCode:
        return RecoveryCode(account_id=account_id, code_hash=code_hash, key_number=1, created_at=NOW)

    with site.database.write() as session:
        account = make_account(session).id
        session.add(make_code(account, "kept"))
    restored_copy.record_live_secrets(site.database, site.settings)
    with site.database.write() as session:
        session.add(make_code(account, "used"))
        row = site_pause.lock_installation(session)
        row.copy_kind = restored_copy.CopyKind.OLDER.value
        restored_copy.end_secrets(session, row, site.settings, now=NOW)
    with site.database.read() as session:
        assert session.scalars(select(RecoveryCode.code_hash)).all() == ["kept"]


def test_the_page_says_that_the_database_is_a_copy_and_resumes_when_that_is_confirmed(site: Site) -> None:
    site.guard()
    site.set(key="another")
    site.guard()
    with site.database.write() as session:
        boss = make_account(session, is_operator=True)
        expo = make_event(session)
        organiser = expo.organiser
    app = web_app(site.database, "redis://127.0.0.1:1", journal=str(site.folder))
    assert 'data-test="copy"' in Browser(app, organiser).get(f"/events/{expo.event.key}/venue")
    page = Browser(app, boss)
    assert 'data-test="copy"' in page.get("/operators")
    assert "Confirm that this site uses" in page.post("/operators/resume", 409)
    assert "Site resumed." in page.post("/operators/resume", accept="1")
    assert 'data-test="copy"' not in page.get("/operators")
    assert site.guard()
