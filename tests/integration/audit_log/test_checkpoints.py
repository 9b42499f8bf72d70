"""Emailed checkpoints detect a truncated, rewritten or emptied audit log."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select, text, update

from chainmeet.cli import main
from scheduler.domain.team import TeamRole
from scheduler.invites.mail.link_mail import LinkMail, render_link_mail
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.checkpoints import CheckpointSigner, read_checkpoints
from scheduler.services.audit_log.hashing import BEFORE_THE_FIRST, HASHED, hash_of
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.operations import checkpoint_emails
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditChain, AuditLogEntry, Event, OutboxEmail
from tests.integration.audit_log.test_audit_log import behind_its_back, note
from tests.support.databases import owning
from tests.support.factories import NOW, Expo, make_event, make_member
from tests.support.publishing import SETTINGS

SIGNER = CheckpointSigner.of(SETTINGS)
DAY = timedelta(days=1)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, created_at=NOW - 7 * DAY)


@pytest.fixture
def ready(database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch) -> Expo:
    """An event with five rows in its chain, and the environment of a command."""
    grow(database, expo, 5)
    monkeypatch.setenv("CHAINMEET_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CHAINMEET_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("CHAINMEET_SECRET_KEY", SETTINGS.secret_key.text)
    return expo


def grow(database: Database, expo: Expo, rows: int) -> None:
    with database.write() as session:
        for i in range(rows):
            note(session, expo, f"step {i}", after={"step": i})


def mail(database: Database, days: float = 0) -> list[tuple[str, str]]:
    """Return addresses and checkpoints of the letters that are queued at a time."""
    with database.write() as session:
        session.execute(text("DELETE FROM outbox_email"))
        checkpoint_emails.queue_checkpoints(session, SETTINGS, now=NOW + days * DAY)
        session.flush()
        queued = session.scalars(select(OutboxEmail).order_by(OutboxEmail.to_address)).all()
        return [(each.to_address, each.payload["values"]["checkpoint"]) for each in queued]


def mailed(database: Database, tmp_path: Path) -> Path:
    """Return a file with the letter to the owner."""
    ((_, checkpoint),) = mail(database)
    given = LinkMail(
        to_name="Owner",
        to_email="owner@expo.example",
        sender_name="Chainmeet",
        domain="expo.example",
        message_id="<1@expo.example>",
        letter="checkpoint",
        event="Expo",
        values={"checkpoint": checkpoint},
        counts={},
        link="https://expo.example/events/e/audit-log",
        bounce_token="b",
        reply_token="r",
    )
    read = email.message_from_bytes(render_link_mail(given).data, policy=email.policy.default)
    body = read.get_body(("plain",))
    assert body is not None
    file = tmp_path / "mail.txt"
    file.write_text(body.get_content())
    return file


def verify(*expect: Path) -> Result:
    arguments = [part for file in expect for part in ("--expect", str(file))]
    return CliRunner().invoke(main, ["audit", "verify", *arguments], catch_exceptions=False)


def rewrite(database: Database, expo: Expo) -> None:
    """Change the author of a row, and rebuild the hash chain as the database owner could."""
    behind_its_back(database, "UPDATE audit_log_entry SET who = 'x@y.example' WHERE number = 2")
    with owning(database) as owner, owner.write() as session:
        last = BEFORE_THE_FIRST
        for row in session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.number)).all():
            last = hash_of(last, {name: getattr(row, name) for name in HASHED})
            session.execute(update(AuditLogEntry).where(AuditLogEntry.id == row.id).values(hash=last))
        session.execute(update(AuditChain).values(hash=last))


def cut(database: Database, expo: Expo) -> None:
    """Delete the last rows, and update the head of the chain."""
    behind_its_back(database, "DELETE FROM audit_log_entry WHERE number > 3")
    with owning(database) as owner, owner.write() as session:
        last = session.scalars(select(AuditLogEntry.hash).where(AuditLogEntry.number == 3)).one()
        session.execute(update(AuditChain).values(number=3, hash=last))


def empty(database: Database, expo: Expo) -> None:
    behind_its_back(database, "DELETE FROM audit_log_entry")
    with owning(database) as owner, owner.write() as session:
        session.execute(text("DELETE FROM audit_chain"))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (rewrite, "the first 5 rows were written anew"),
        (cut, "5 rows were there, and 3 hold"),
        (empty, "5 rows were there, and 0 hold"),
    ],
)
def test_what_the_owner_of_the_database_does_is_found_by_a_mail(
    database: Database, ready: Expo, tmp_path: Path, harm: Callable[[Database, Expo], None], said: str
) -> None:
    letter = mailed(database, tmp_path)
    good = verify(letter)
    assert good.exit_code == 0 and "1 checkpoints compared; 1 match." in good.output
    harm(database, ready)
    assert verify().exit_code == 0, "the chain alone says nothing"
    bad = verify(letter)
    assert bad.exit_code == 1 and f"MISMATCH: chain {ready.event.id}: {said}" in bad.output


def test_a_chain_that_only_grew_is_as_expected(database: Database, ready: Expo, tmp_path: Path) -> None:
    letter = mailed(database, tmp_path)
    grow(database, ready, 2)
    assert verify(letter).exit_code == 0


def test_a_checkpoint_of_another_key_proves_nothing(database: Database, ready: Expo, tmp_path: Path) -> None:
    with database.read() as session:
        (head,) = read_checkpoints(session)
    other = CheckpointSigner.of(
        replace(SETTINGS, secret_key=SecretKeys("another secret key of forty characters"))
    )
    forged, torn, none = (tmp_path / name for name in ("forged.txt", "torn.txt", "none.txt"))
    forged.write_text(other.note(head))
    torn.write_text(SIGNER.note(head).replace("\n5\n", "\n4\n"))
    none.write_text("Nothing of it.")
    for file, rows in ((forged, 5), (torn, 4)):
        said = verify(file)
        assert said.exit_code == 1
        assert f"the checkpoint of {rows} rows is not signed by this installation" in said.output
    assert verify(none).exit_code == 1


def test_a_note_is_checked_by_the_public_key_alone(database: Database, ready: Expo) -> None:
    """The public key suffices, as for any signed note."""
    printed = CliRunner().invoke(main, ["audit", "checkpoint"], catch_exceptions=False).stdout
    key, body, signed = printed.removeprefix("key: ").split("\n\n")
    name, key_id, public = key.split("+", 2)
    signer, signature = signed.strip().removeprefix("\u2014 ").split()
    raw = base64.b64decode(signature)
    assert signer == name and raw[:4].hex() == key_id
    typed = base64.b64decode(public)
    assert hashlib.sha256(f"{name}\n".encode() + typed).digest()[:4] == raw[:4]
    Ed25519PublicKey.from_public_bytes(typed[1:]).verify(raw[4:], f"{body}\n".encode())
    origin, size, root = body.split("\n")
    assert (origin, size) == (f"{name}/{ready.event.id}", "5")
    with database.read() as session:
        last = session.scalars(select(AuditLogEntry.hash).where(AuditLogEntry.number == 5)).one()
    assert base64.b64decode(root).hex() == last


def test_owners_get_one_a_week_while_the_trail_grows(database: Database, expo: Expo) -> None:
    with database.write() as session:
        make_member(session, expo, TeamRole.VIEWER)
    assert mail(database) == []
    grow(database, expo, 1)
    assert [to for to, _ in mail(database)] == [expo.organiser.email]
    grow(database, expo, 1)
    assert mail(database, 6.9) == []
    ((_, note_of_two),) = mail(database, 7)
    (read,) = SIGNER.read(note_of_two)
    assert (read.is_ours, read.checkpoint.size) == (True, 2)
    assert mail(database, 14) == [], "nothing was added"


def test_who_has_just_made_an_event_gets_none(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    grow(database, expo, 1)
    assert mail(database, 6.9) == []
    assert [to for to, _ in mail(database, 7)] == [expo.organiser.email]


def test_operators_get_that_of_the_installation_and_nobody_that_of_an_archived_event(
    database: Database, expo: Expo
) -> None:
    grow(database, expo, 1)
    with database.write() as session:
        recording.record_act(session, NamedDoer(name="overnight run"), Act.SIGN_IN, now=NOW)
        operator = Account(email="op@site.example", name="", is_operator=True, created_at=NOW)
        session.add(operator)
        session.execute(update(Event).values(archived_at=NOW))
    assert [to for to, _ in mail(database)] == ["op@site.example"]


def test_none_are_mailed_where_the_setting_says_so(database: Database, expo: Expo) -> None:
    grow(database, expo, 1)
    with database.write() as session:
        assert (
            checkpoint_emails.queue_checkpoints(session, replace(SETTINGS, checkpoint_days=0), now=NOW) == 0
        )
