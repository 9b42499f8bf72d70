"""`chainmeet key`: a new key keeps every link, and a leaked one ends while the event goes on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask, Response
from flask import session as web_session
from flask_wtf.csrf import generate_csrf, validate_csrf
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api import context, known_browsers
from api.app import reached
from chainmeet.cli import main
from chainmeet.doctor.key_checks import check_secret_keys
from chainmeet.keys import key_changes
from chainmeet.keys.made_with_keys import KINDS
from scheduler import secret_keys
from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.findings import Level
from scheduler.domain.team import TeamRole
from scheduler.secret_keys import SecretKeys
from scheduler.services import links
from scheduler.services.audit_log.checkpoints import CheckpointSigner, read_checkpoints
from scheduler.services.availability.busy_times import ADDRESS
from scheduler.services.availability.caldav import ACCOUNT as ACCOUNT_PURPOSE
from scheduler.services.availability.caldav import DavAccount
from scheduler.services.delivery import claims, journal_lines, rendering, sent_records
from scheduler.services.delivery.mail_check import round_trip
from scheduler.services.emails.inbound import inbound_addresses
from scheduler.services.identity import actors, encryption, second_factor, sign_in, tokens
from scheduler.services.identity.second_factor import CodeRefused
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.operations import site_pause
from scheduler.services.participants import journal, row_changes
from scheduler.services.participants.journal import StepKind
from scheduler.services.schedule import feed_addresses
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    AuditLogEntry,
    BusySource,
    DigestPreference,
    Event,
    OutboxEmail,
    RecoveryCode,
    RegistryChange,
    SignInLink,
    TeamInvitation,
    TeamMember,
)
from scheduler.storage.send_journal import JournalState, SendJournal
from tests.support import clocks, filled
from tests.support.everything import NOWHERE
from tests.support.factories import NOW, SECRET_KEY, make_event
from tests.support.publishing import SETTINGS
from tests.support.threads import Step
from tests.support.web import web_app

KEEPS = ("/calendar/", "/p/")
SIGN_OUT = 'action="/sign-out"'
CODE = "abcde23456"
CALENDAR, ACCOUNT = "https://calendar.example/secret.ics", DavAccount("li", "app password")


@dataclass
class Site:
    """A filled site whose only key is in a file, and what was sent or shown with that key."""

    database: Database
    app: Flask
    settings: Settings
    known: Mapping[str, Any]

    @property
    def links(self) -> list[str]:
        return [str(link) for link in self.known["links"]]

    def status(self, path: str) -> int:
        return int(self.app.test_client().get(path, follow_redirects=True).status_code)

    def is_signed_in(self, cookie: str) -> bool:
        client = self.app.test_client()
        client.set_cookie("chainmeet", cookie)
        return SIGN_OUT in client.get("/sessions").text

    def statuses(self) -> dict[str, int]:
        return {link: self.status(link) for link in self.links}

    def dead(self) -> list[str]:
        return [link for link, status in self.statuses().items() if status != 200]

    def api_status(self) -> int:
        bearer = {"Authorization": f"Bearer {self.known['token']}"}
        return int(self.app.test_client().get("/api/v1/versions", headers=bearer).status_code)

    def uses(self, number: int) -> dict[str, int]:
        found = key_changes.check_keys(self.database, self.settings)
        return {use.kind: use.counts[number] for use in found if use.counts[number]}

    def faults(self) -> list[str]:
        uses = key_changes.check_keys(self.database, self.settings)
        return list(key_changes.faults(uses, self.settings.secret_key))

    def rotate(self) -> int:
        return key_changes.rotate_key(self.database, self.settings)

    def end(self, number: int, *, ends_feeds: bool = False) -> None:
        key_changes.end_key(self.database, self.settings, number, ends_feeds=ends_feeds)


def person_with_code(session: Session) -> SignedIn:
    """Return the person with the recovery code `CODE`, signed in."""
    account = session.scalars(select(Account).order_by(Account.id)).first()
    assert account is not None
    return SignedIn(1, account.id, account.email, account.name, account.is_operator, NOW, NOW, NOW)


def begin(database: Database, known: Mapping[str, Any], folder: Path) -> Site:
    """Return a filled site with its key in a file, and with everything that a key makes."""
    path = folder / "secret_key"
    path.write_text(SECRET_KEY.key() + "\n")
    settings = replace(
        SETTINGS,
        secret_key=SecretKeys.of_file(path),
        database_url=database.url.render_as_string(hide_password=False),
    )
    with database.write() as session:  # links from before keys had numbers, and a calendar with a password
        before = tokens.hash_token("before")
        first = select(Attendee.id).order_by(Attendee.id).limit(1).scalar_subquery()
        session.execute(update(Attendee).where(Attendee.id == first).values(summary_hash=before))
        session.execute(update(DigestPreference).values(unsubscribe_hash=before))
        address = encryption.encrypt(SECRET_KEY, ADDRESS, CALENDAR)
        session.execute(update(BusySource).values(address=address, account=ACCOUNT.sealed(SECRET_KEY)))
        owner = person_with_code(session).account_id
        hashed = second_factor._hash_code(SECRET_KEY, owner, CODE, SECRET_KEY.newest)
        number = SECRET_KEY.newest
        session.add(RecoveryCode(account_id=owner, code_hash=hashed, key_number=number, created_at=NOW))
    app = web_app(database, NOWHERE)
    app.extensions[context.KEY] = reached(settings, database)
    return Site(database, app, settings, known)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> tuple[Path, Mapping[str, Any]]:
    """Return an SQLite file with a filled site, and what is known of it."""
    path = tmp_path_factory.mktemp("keys") / "made.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        known = filled.fill(database)
    database.fold_in()
    database.dispose()
    return path, known


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the clock, and look at the key's file each time."""
    clocks.hold(monkeypatch, NOW)
    monkeypatch.setattr(secret_keys, "RELOAD_SECONDS", 0.0)


@pytest.fixture
def site(made: tuple[Path, Mapping[str, Any]], held: None, tmp_path: Path) -> Iterator[Site]:
    path = shutil.copy(made[0], tmp_path / "site.db")
    database = Database(f"sqlite:///{path}")
    yield begin(database, made[1], tmp_path)
    database.dispose()


def test_a_new_key_keeps_every_link_and_session_and_makes_what_is_new(site: Site) -> None:
    made = site.uses(1)
    assert {kind.name for kind in KINDS} <= set(made), "each kind is there"
    assert site.dead() == []
    assert site.rotate() == 2
    assert site.dead() == []
    assert site.is_signed_in(site.known["cookie"])
    assert site.api_status() == 200
    assert (site.uses(1), site.uses(2), site.faults()) == (made, {}, [])
    with site.database.write() as session:
        account = session.scalars(select(SignInLink.account_id)).first() or 0
        token = sign_in.make_sign_in_link(session, account, secret_key=site.settings.secret_key, now=NOW)
        newest = session.scalars(select(SignInLink).order_by(SignInLink.id.desc())).first()
        assert newest is not None and tokens.seed_key(newest.seed) == 2
    assert site.status(f"/sign-in/{token}") == 200


def tokens_by_kind(site: Site) -> dict[str, Callable[[], bool]]:
    """Make one of each kind with the only key. Return for each whether it still works."""
    today, known = site.settings, dict(site.known)
    with site.database.read() as session:
        sent = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)).first()
        head = CheckpointSigner.of(today).note(read_checkpoints(session)[0])
        team = session.scalars(select(TeamInvitation.seed)).first()
    assert sent is not None and team is not None
    reply, bounce = (make(sent, SECRET_KEY) for make in (sent_records.reply_token, sent_records.bounce_token))
    box, trip = round_trip.address("meetings", NOW, today).partition("@")[0].split("+")
    with site.app.test_request_context():
        form, raw = generate_csrf(), web_session["csrf_token"]
        response = Response()
        known_browsers.remember(response)
        browser = response.headers["Set-Cookie"].partition(";")[0]

    def is_found(token: str, *, is_for_reports: bool) -> bool:
        with site.database.read() as session:
            keys = site.settings.secret_key
            return (
                inbound_addresses.find_mail(session, token, keys, is_for_reports=is_for_reports) is not None
            )

    def is_form_valid() -> bool:
        with site.app.test_request_context():
            web_session["csrf_token"] = raw
            try:
                validate_csrf(form)
            except ValueError:
                return False
        return True

    def is_known_browser() -> bool:
        with site.app.test_request_context(headers={"Cookie": browser}):
            return known_browsers.find() is not None

    def is_ours() -> bool:
        return all(each.is_ours for each in CheckpointSigner.of(site.settings).read(head))

    def takes_code() -> bool:
        with site.database.write() as session:
            asker, keys = person_with_code(session), site.settings.secret_key
            try:
                second_factor.use_code(session, asker, CODE, secret_key=keys, now=NOW)
            except CodeRefused:
                return False
            finally:
                session.rollback()  # it is used only once
        return True

    def opens(purpose: str, column: Any) -> bool:
        with site.database.read() as session:
            value = session.scalars(select(column).where(column.is_not(None))).first()
        return value is not None and bool(encryption.decrypt(site.settings.secret_key, purpose, value))

    def link(path: str) -> Callable[[], bool]:
        return lambda: site.status(path) == 200

    return {
        **{path.split("/")[1]: link(path) for path in known["links"]},
        "team": link(f"/team/{tokens.derive_token(SECRET_KEY, tokens.TEAM, team)}"),
        "session": lambda: site.is_signed_in(known["cookie"]),
        "form": is_form_valid,
        "recovery code": takes_code,
        "known browser": is_known_browser,
        "API token": lambda: site.api_status() == 200,
        "reply address": lambda: is_found(reply, is_for_reports=False),
        "bounce address": lambda: is_found(bounce, is_for_reports=True),
        "round trip": lambda: round_trip.recognise(box, trip, site.settings) is not None,
        "checkpoint": is_ours,
        "calendar address": lambda: opens(ADDRESS, BusySource.address),
        "app password": lambda: opens(ACCOUNT_PURPOSE, BusySource.account),
    }


GO_ON = {"calendar", "p", "API token", "calendar address", "app password"}
"""Kinds that an ended key leaves alone: random ones, encrypted ones, and those with a random seed."""


def test_each_kind_of_token_works_until_its_key_ends(site: Site) -> None:
    kinds = tokens_by_kind(site)
    assert {"answers", "digests", "p", "registration", "respond", "sign-in", "summaries"} <= kinds.keys()

    def working() -> set[str]:
        return {kind for kind, works in kinds.items() if works()}

    assert working() == kinds.keys()
    path = site.settings.secret_key.path
    assert path is not None
    path.chmod(0o640)
    site.rotate()
    assert working() == kinds.keys(), "a new key changes nothing"
    site.end(1)
    assert path.stat().st_mode & 0o777 == 0o640
    assert working() == GO_ON


def test_a_browser_that_visits_the_site_stays_signed_in_when_the_old_key_ends(site: Site) -> None:
    visiting = site.app.test_client()
    visiting.set_cookie("chainmeet", site.known["cookie"])
    site.rotate()
    assert SIGN_OUT in visiting.get("/sessions").text
    site.end(1)
    assert SIGN_OUT in visiting.get("/sessions").text
    assert not site.is_signed_in(site.known["cookie"]), "the old cookie is worth nothing"


def run(*arguments: str, status: int = 0) -> str:
    said = CliRunner().invoke(main, ["key", *arguments], catch_exceptions=False)
    assert said.exit_code == status, said.output
    return said.output


def connect(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands use the site by its environment."""
    monkeypatch.setenv("CHAINMEET_DATABASE_URL", site.settings.database_url)
    monkeypatch.setenv("CHAINMEET_REDIS_URL", NOWHERE)
    monkeypatch.setenv("CHAINMEET_SECRET_KEY_FILE", str(site.settings.secret_key.path))


def test_one_command_ends_a_leaked_key_while_the_event_goes_on(
    database: Database,
    held: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    site = begin(database, filled.fill(database), tmp_path)
    connect(site, monkeypatch)
    made = site.uses(1)
    said = run("rotate", "--end-old")
    assert "Key 2 added." in said and "Key 1 ended." in said
    for link, status in site.statuses().items():
        assert (status == 200) == link.startswith(KEEPS), (link, status)
    assert site.api_status() == 200, "it is random, and made with no key"
    assert not site.is_signed_in(site.known["cookie"])
    assert site.uses(1) == {} and list(site.settings.secret_key) == [2]
    assert made.keys() - site.uses(2).keys() == {
        "print codes",
        "recovery codes",
        "old links that stop summaries",
        "old links that stop digests",
    }
    with site.database.read() as session:
        source = session.scalars(select(BusySource)).first()
        assert source is not None and source.address is not None and source.account is not None
        assert encryption.decrypt(site.settings.secret_key, ADDRESS, source.address) == CALENDAR
        assert DavAccount.opened(site.settings.secret_key, source.account) == ACCOUNT
    next_emails_work(site)
    checked, listed = run("check"), run("list")
    assert "values open with the keys 2." in checked
    assert "key 2 (newest): " in listed and "key 1" not in listed
    with site.database.read() as session:
        trail = session.scalars(select(AuditLogEntry)).all()
        recorded = [
            str({column.key: getattr(row, column.key) for column in AuditLogEntry.__table__.c})
            for row in trail
        ]
    assert any("secret key" in text for text in recorded)
    logged = "".join(capfd.readouterr())
    for key in (SECRET_KEY.key(), site.settings.secret_key.key()):
        assert not any(key in text for text in (said, checked, listed, logged, *recorded))


def next_emails_work(site: Site) -> None:
    """Send all emails again, and open the link in an invitation."""
    with site.database.write() as session:
        session.execute(update(OutboxEmail).values(state="queued", next_attempt_at=NOW, claimed_by=None))
        rows = claims.claim_emails(
            session, worker="w", limit=500, secret_key=site.settings.secret_key, now=NOW
        )
        signs = {link.id: link for link in session.scalars(select(SignInLink))}
        mails = {row.kind.value: rendering.render_email(site.settings, row, signs) for row in rows}
        kept = {row.kind.value: row for row in rows}
    assert {"invitation", "summary", "desk"} <= set(mails)
    invitation = kept["invitation"]
    token = sent_records.address_token(invitation, site.settings.secret_key)
    assert token in mails["invitation"].data.decode().replace("=\r\n", "")
    assert site.status(links.meeting(token)) == 200


def test_feeds_and_prints_end_too_if_a_copy_of_the_database_leaked(site: Site) -> None:
    site.rotate()
    site.end(1, ends_feeds=True)
    assert 200 not in site.statuses().values(), site.statuses()
    assert site.uses(1) == {} and site.faults() == []


def test_a_feed_goes_on_through_several_ended_keys(site: Site) -> None:
    for old in (1, 2):
        site.rotate()
        site.end(old)
    assert {site.status(link) for link in site.links if link.startswith(KEEPS)} == {200}
    assert site.faults() == []


def test_a_person_whose_feed_is_of_an_ended_key_can_be_changed_and_restored(site: Site) -> None:
    site.rotate()
    site.end(1)
    with site.database.write() as session:
        event = session.scalars(select(Event).where(Event.key == site.known["event"])).one()
        person = session.scalars(select(Attendee).where(Attendee.event_id == event.id)).first()
        owns = TeamMember.event_id == event.id, TeamMember.role == TeamRole.OWNER
        owner = session.scalars(select(TeamMember.account_id).where(*owns)).first()
        assert person is not None and person.feed_address is not None and owner is not None
        before = person.feed_address
        actor = actors.actor_for(session, owner, event.key, now=NOW)
        with journal.record_step(session, actor, StepKind.EDIT, ImportKind.PEOPLE, "Li Na", now=NOW):
            feed_addresses.set_new_feed(person, site.settings.secret_key)
        assert person.feed_address is None
        stored = row_changes.value_to_json(before)
        assert row_changes.value_from_json(Attendee, "feed_address", stored) == before
        change = session.scalars(select(RegistryChange).order_by(RegistryChange.id.desc())).first()
        assert change is not None and stored in str(change.changes)


def test_a_missing_or_wrong_key_is_named_with_what_it_made(site: Site) -> None:
    site.rotate()
    site.settings = replace(site.settings, secret_key=SecretKeys(f"2:{'x' * 40}"))
    missing = site.faults()
    assert len(missing) == len(KINDS)
    assert all("made with key 1 don't open, because the key is missing" in fault for fault in missing)
    found = list(check_secret_keys(site.settings, site.database))
    assert {each.level for each in found} == {Level.ERROR}
    assert all("key 1" in each.what and "key end NUMBER" in each.advice for each in found)
    site.settings = replace(site.settings, secret_key=SecretKeys("y" * 40))
    wrong = site.faults()
    assert any(
        fault.startswith("sign-in links: ") and "another key has this number now" in fault for fault in wrong
    )


def test_the_newest_key_and_unknown_ones_cannot_end(site: Site) -> None:
    with pytest.raises(ChainmeetError, match="newest"):
        site.end(1)
    with pytest.raises(ChainmeetError, match="no key 7"):
        site.end(7)


def test_a_key_in_the_environment_is_not_rotated(site: Site) -> None:
    site.settings = replace(site.settings, secret_key=SECRET_KEY)
    with pytest.raises(key_changes.KeysNotInFile):
        site.rotate()


def test_a_value_that_was_unreadable_before_stops_no_key_from_ending(site: Site) -> None:
    with site.database.write() as session:
        session.execute(update(BusySource).values(address=b"broken"))
    site.rotate()
    site.end(1)
    assert site.uses(1) == {}
    (fault,) = site.faults()
    assert fault.startswith("addresses of linked calendars: ")


def test_the_doctor_names_an_older_key_that_made_nothing_and_keys_that_nobody_follows(site: Site) -> None:
    site.rotate()
    assert [each.level for each in check_secret_keys(site.settings, site.database)] == [Level.OK]
    path = site.settings.secret_key.path
    assert path is not None
    both = SecretKeys(path.read_text())
    site.end(1)
    site.settings = replace(site.settings, secret_key=both)
    unused, all_open = check_secret_keys(site.settings, site.database)
    assert (unused.level, unused.advice) == (Level.WARNING, "Run: chainmeet key end 1")
    assert all_open.level is Level.OK and "a changed key needs a restart" in all_open.what


@pytest.mark.parametrize("newer", [False, True])
def test_what_a_missing_key_made_is_renewed_without_it(site: Site, newer: bool) -> None:
    """As in a database that was restored from a backup of a time with another key."""
    if newer:
        site.rotate()
        site.end(1)
    missing, there = (2, 1) if newer else (1, 2)
    site.settings = replace(site.settings, secret_key=SecretKeys(f"{there}:{'x' * 40}"))
    site.end(missing)
    assert site.uses(missing) == {}
    assert {fault.partition(":")[0] for fault in site.faults()} == {
        "addresses of linked calendars",
        "accounts of linked calendars",
        "URLs of webhooks",
        "secrets of webhooks",
        "previous secrets of webhooks",
    }, "only their owners have these"
    statuses = {link.split("/")[1]: status for link, status in site.statuses().items()}
    assert (statuses["calendar"], statuses["p"]) == (404, 200)


def test_the_journal_is_encrypted_with_the_newest_key_and_must_be_there(site: Site, tmp_path: Path) -> None:
    site.settings = replace(site.settings, journal=str(tmp_path / "journal"))
    sent = SendJournal(tmp_path / "journal")
    with site.database.write() as session:
        site_pause.lock_installation(session).key = "installation"
    site.rotate()
    made = site.uses(1)
    with pytest.raises(ChainmeetError, match="in mail-worker"):
        site.end(1)
    assert site.uses(1) == made, "nothing changed"
    sent.begin("installation")
    text = encryption.encrypt(SECRET_KEY, journal_lines.PURPOSE, "text").decode()
    sent.append([{"e": 1, "m": "a", "x": text}, {"e": 2, "m": "b"}])
    assert site.uses(1)["lines of the journal"] == 1
    site.end(1)
    assert [journal_lines.line_key(line) for line in sent.lines()] == [2, None]
    assert site.faults() == [] and sent.state() == JournalState("installation", 2, True)


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_keys_rotate_and_end_while_others_sign(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_keys, "RELOAD_SECONDS", 0.2)
    with database.write() as session:
        expo = make_event(session)
    path = tmp_path / "secret_key"
    path.write_text(SECRET_KEY.text)
    stop = threading.Event()

    def settings() -> Settings:
        """Return the settings as another process has them: each looks at the file itself."""
        return replace(SETTINGS, secret_key=SecretKeys.of_file(path))

    def sign(person: int) -> int:
        own, count = settings(), 0
        while not stop.is_set():
            with database.write() as session:
                account = expo.people[person][0].account_id
                sign_in.make_sign_in_link(session, account, secret_key=own.secret_key, now=NOW)
                feed_addresses.renew_feed(session, expo.actor(person), secret_key=own.secret_key)
            count += 1
        return count

    signers = [Step(partial(sign, person)) for person in (0, 1)]
    two = [Step(partial(key_changes.rotate_key, database, settings())) for _ in range(2)]
    assert {each.done() for each in two} == {2, 3}, "two at once get two numbers"
    for old in (1, 2):
        key_changes.end_key(database, settings(), old, ends_feeds=False)
    stop.set()
    assert all(each.done() > 5 for each in signers)
    assert list(settings().secret_key) == [3]
    uses = key_changes.check_keys(database, settings())
    assert list(key_changes.faults(uses, settings().secret_key)) == []
    assert {number for use in uses for number in use.counts} == {3}
