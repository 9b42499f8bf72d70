"""`chainmeet doctor`: each fault of an installation is found, with what to do, and no secret is printed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from chainmeet.cli import main
from chainmeet.doctor import machine_checks
from chainmeet.doctor.settings_checks import check_settings
from scheduler.config import Settings
from scheduler.domain.findings import Level
from scheduler.secret_keys import SecretKeys
from scheduler.services.operations import job_intervals
from scheduler.storage.database import Database
from scheduler.storage.schema import head_revision
from tests.integration.emails.inbound.test_receiving import lmtp, mailbox
from tests.support.databases import owning
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.mail_server import Catcher, serving
from tests.support.next_release import at_revision
from tests.support.signing import rsa_pem
from tests.unit.invites.test_transport import accept_ann
from workers import worker_registry
from workers.layout import QUEUES

pytestmark = [pytest.mark.smtp, pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")]

KEY = "4f1c9b7a2e8d6053b1a7c4e9f0d28365"
OPTIONS: dict[str, Any] = {"authenticator": accept_ann, "auth_required": True, "auth_require_tls": False}


@dataclass
class Patient:
    """An installation in which all is well, whose settings a test changes."""

    settings: Settings
    monkeypatch: pytest.MonkeyPatch
    lmtp: int
    environment: dict[str, str] = field(default_factory=dict)

    def examine(self, **changes: Any) -> tuple[int, list[dict[str, str]]]:
        """Return the exit status and the findings that are not ok."""
        status, document = self.report(**changes)
        assert document["status"] == Level(status).name.lower()
        return status, [each for each in document["findings"] if each["level"] != "ok"]

    def report(self, **changes: Any) -> tuple[int, dict[str, Any]]:
        result = self.run("--json", **changes)
        document: dict[str, Any] = json.loads(result.stdout)
        return result.exit_code, document

    def run(self, *options: str, lmtp: int | None = None, **changes: Any) -> Any:
        for name in list(self.environment):
            self.monkeypatch.delenv(name)
        self.environment = replace(self.settings, **changes).to_env()
        for name, value in self.environment.items():
            self.monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, ["doctor", "--lmtp", f"127.0.0.1:{lmtp or self.lmtp}", *options])


@pytest.fixture
def patient(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Patient]:
    with worker_registry.connect(broker_url) as broker:
        broker.flushall()
        worker_registry.say(broker, "all@here", QUEUES)
    with database.write() as session:
        job_intervals.record_run(session, job_intervals.TICK, now=database.now())
    monkeypatch.setattr(machine_checks, "MEMORY", write_memory(tmp_path, 8_000, 0))
    monkeypatch.setattr(machine_checks, "LSM", Path("/nowhere"))
    with (
        serving(Catcher(), **OPTIONS) as catcher,
        mailbox([b"To: a@b.c\r\n\r\nhi"]) as server,
        lmtp(database) as receiver,
    ):
        settings = Settings(
            database_url=database.url.render_as_string(hide_password=False),
            redis_url=broker_url,
            secret_key=SecretKeys(KEY),
            base_url="https://meet.expo.org",
            mail_domain="expo.org",
            smtp_port=catcher.port,
            smtp_security="none",
            smtp_username="ann",
            smtp_password="s3cret",
            imap_host="127.0.0.1",
            imap_port=server.server_address[1],
            imap_security="none",
            imap_username="answers",
            imap_password="secret word",
            solve_workers=1,
        )
        yield Patient(settings, monkeypatch, receiver.sock.getpeername()[1])
        assert catcher.taken == [] and len(server.unread) == 1 and server.fetched == []


def write_memory(folder: Path, memory: int, swap: int) -> Path:
    """Write a machine's memory and swap in MB, as /proc/meminfo has them."""
    file = folder / "meminfo"
    file.write_text(f"MemTotal:  {memory << 10} kB\nSwapTotal:  {swap << 10} kB\nHugePages_Total:  0\n")
    return file


def named(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(each["check"], each["level"]) for each in found]


def test_a_healthy_installation_has_no_finding(patient: Patient) -> None:
    status, found = patient.examine()
    assert (status, found) == (0, [])
    checked = {each["check"] for each in patient.report()[1]["findings"]}
    assert checked >= {
        "public address", "secrets", "database", "schema", "machine clock", "clock", "broker", "workers",
        "disk", "memory", "processors", "outgoing mail server", "mailbox", "receiver",
    }  # fmt: skip
    shown = patient.run()
    assert shown.exit_code == 0 and "0 errors, 0 warnings" in shown.stdout


@pytest.mark.parametrize(
    ("changes", "check", "level", "said"),
    [
        ({"base_url": "http://127.0.0.1:8000"}, "public address", "warning", "only on this machine"),
        ({"base_url": "http://meet.expo.org"}, "public address", "warning", "isn't encrypted"),
        ({"mail_domain": "chainmeet.example"}, "email domain", "warning", "can't receive replies"),
        ({"secret_key": SecretKeys("ab" * 16)}, "secrets", "error", "SECRET_KEY can be guessed"),
        ({"metrics_token": "1" * 32}, "secrets", "error", "METRICS_TOKEN can be guessed"),
        ({"metrics_token": KEY}, "secrets", "error", "is the secret key"),
        ({"smtp_password": "wr0ng-pass"}, "outgoing mail server", "error", "credentials invalid"),
        ({"smtp_password": ""}, "outgoing mail server", "warning", "no password"),
        ({"smtp_security": "starttls"}, "outgoing mail server", "error", "STARTTLS"),
        ({"smtp_port": 1}, "outgoing mail server", "error", "refused"),
        ({"imap_password": "wr0ng-pass"}, "mailbox", "error", "wrong password"),
        ({"imap_password": ""}, "mailbox", "warning", "no password"),
        ({"imap_folder": "Elsewhere"}, "mailbox", "error", "no such folder"),
        ({"imap_port": 1}, "mailbox", "error", "refused"),
        ({"solve_workers": 64}, "processors", "warning", "64 threads"),
        ({"lmtp": 1}, "receiver", "error", "doesn't answer"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_fault_is_named_with_what_to_do(
    patient: Patient, changes: dict[str, Any], check: str, level: str, said: str
) -> None:
    status, found = patient.examine(**changes)
    assert named(found) == [(check, level)]
    assert status == {"warning": 1, "error": 2}[level]
    assert said in found[0]["what"] and len(found[0]["advice"].split()) > 1


def test_a_port_of_another_server_is_no_receiver(patient: Patient) -> None:
    status, found = patient.examine(lmtp=patient.settings.smtp_port)
    assert (status, named(found)) == (2, [("receiver", "error")])
    assert "Something else uses this port" in found[0]["advice"]


def test_keys_that_sign_are_named_and_never_shown(patient: Patient) -> None:
    _, document = patient.report(dkim_keys=rsa_pem(), dkim_selectors="s1")
    (found,) = [each["what"] for each in document["findings"] if each["check"] == "DKIM"]
    assert found == "Emails are signed with the key s1._domainkey.expo.org (RSA, 2048 bits)."
    status, wrong = patient.examine(dkim_keys="no key", dkim_selectors="s1")
    assert (status, named(wrong)) == (2, [("settings", "error")])
    assert wrong[0]["what"] == "CHAINMEET_DKIM_KEYS: has no private key in PEM format"


def test_a_password_that_is_sent_in_the_clear_is_an_error() -> None:
    far = Settings(
        database_url="sqlite://", redis_url="redis://127.0.0.1:1", secret_key=SecretKeys(KEY),
        smtp_security="none", smtp_host="mail.expo.org", smtp_password="s3cret",
        imap_host="imap.expo.org", imap_password="s3cret",
    )  # fmt: skip
    found = [each.what for each in check_settings(far, {}) if each.check == "secrets" and each.level]
    assert found == ["The password for mail.expo.org is sent without encryption."]


def test_no_secret_is_printed(patient: Patient) -> None:
    """Not even one that a server repeats in its reply, or one in an address that is wrong."""
    secrets = {"smtp_password": "wr0ng-smtp", "imap_password": "wr0ng-imap", "metrics_token": "7" * 40}
    away = "postgresql://chainmeet:pass-of-database@127.0.0.1:1/chainmeet"
    broker = "redis://:pass-of-broker@127.0.0.1:1/0"
    for options in ((), ("--json",)):
        shown = patient.run(*options, **secrets, database_url=away, redis_url=broker)
        assert shown.exit_code == 2
        said = shown.stdout + shown.stderr
        assert "127.0.0.1:1" in said
        assert not [each for each in (*secrets.values(), KEY, "pass-of-") if each in said]


# Database, broker, workers and clocks


def test_a_schema_of_another_version_is_an_error(patient: Patient, database: Database) -> None:
    with owning(database) as owner, owner.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0109'"))
    status, found = patient.examine()
    assert (status, named(found)) == (2, [("schema", "error")])
    assert "chainmeet db upgrade" in found[0]["what"]


def test_a_newer_schema_that_this_version_works_with_is_ok(patient: Patient, database: Database) -> None:
    with at_revision(database, "9000", oldest_code=head_revision()):
        status, document = patient.report()
    (schema,) = [each for each in document["findings"] if each["check"] == "schema"]
    assert (status, schema["level"]) == (0, "ok")
    assert "A newer version has upgraded the schema to 9000" in schema["what"]


@pytest.mark.parametrize(("seconds", "level"), [(4, "ok"), (20, "warning"), (-90, "error")])
def test_a_clock_that_differs_from_the_databases_is_named(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, seconds: int, level: str
) -> None:
    monkeypatch.setattr(Database, "machine_is_ahead", lambda _self: timedelta(seconds=seconds))
    _, document = patient.report()
    (clock,) = [each for each in document["findings"] if each["check"] == "machine clock"]
    assert clock["level"] == level
    assert (
        level == "ok" or f"{abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'}" in clock["what"]
    )


def test_a_clock_that_stands_still_and_queues_without_workers_are_named(
    patient: Patient, database: Database, broker_url: str
) -> None:
    with database.write() as session:
        job_intervals.record_run(session, job_intervals.TICK, now=database.now() - timedelta(hours=1))
    with worker_registry.connect(broker_url) as broker:
        worker_registry.leave(broker, "all@here", ["mail", "urgent"])
        broker.set("chainmeet:disk-full", 1, ex=60)
    status, found = patient.examine()
    assert status == 2
    assert named(found) == [
        ("clock", "error"),
        ("disk", "error"),
        ("workers", "error"),
        ("workers", "warning"),
    ]
    assert [each["advice"] for each in found[2:]] == [
        "Start: chainmeet worker urgent",
        "Start: chainmeet worker mail",
    ]


def test_a_broker_that_is_away_is_an_error(patient: Patient, tmp_path: Path) -> None:
    status, found = patient.examine(redis_url=f"redis+socket://{tmp_path}/nowhere")
    assert (status, named(found)) == (2, [("broker", "error")])


# Stored data


def test_stored_data_are_checked_if_asked(patient: Patient, database: Database) -> None:
    checked = {each["check"] for each in patient.report()[1]["findings"]}
    assert "data" not in checked
    shown = patient.run("--invariants")
    assert (shown.exit_code, "data: 5 of 5 invariants hold." in shown.stdout) == (0, True)
    with database.write() as session:
        expo = make_event(session)
        make_version(session, expo, [meet(make_request(session, expo), expo)])
    shown = patient.run("--invariants")
    assert shown.exit_code == 2
    assert "Bookings differ from the published schedule." in shown.stdout
    assert "data: 3 of 5 invariants hold." in shown.stdout  # nor was anyone notified


# Machine


@pytest.mark.parametrize(("megabytes", "level"), [(3, "error"), (500, "warning"), (5_000, "ok")])
def test_little_space_is_named(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, megabytes: int, level: str
) -> None:
    monkeypatch.setattr(machine_checks.shutil, "disk_usage", lambda _: SimpleNamespace(free=megabytes << 20))
    monkeypatch.setattr(machine_checks.os.path, "ismount", lambda _: False)
    _, document = patient.report()
    assert {each["level"] for each in document["findings"] if each["check"] == "disk"} == {level}


def test_a_kernel_without_landlock_is_a_warning(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lsm").write_text("capability,yama\n")
    monkeypatch.setattr(machine_checks, "LSM", tmp_path / "lsm")
    status, found = patient.examine()
    assert (status, named(found)) == (1, [("sandbox", "warning")])


@pytest.mark.parametrize(
    ("memory", "swap", "small", "large"),
    [
        (8_000, 0, "ok", "ok"),
        (3_900, 4_000, "ok", "warning"),
        (960, 0, "ok", "warning"),  # sold as 1 GB
        (470, 0, "warning", "warning"),
        (470, 1_023, "ok", "warning"),  # 512 MB with 1 GB of swap
        (240, 2_047, "warning", "warning"),
    ],
)
def test_little_memory_is_a_warning_and_a_small_installation_needs_less(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memory: int, swap: int, small: str,
    large: str, database: Database,
) -> None:  # fmt: skip
    monkeypatch.setattr(machine_checks, "MEMORY", write_memory(tmp_path, memory, swap))
    _, document = patient.report()
    (found,) = [each for each in document["findings"] if each["check"] == "memory"]
    assert found["level"] == (small if database.is_sqlite else large)


def test_memory_is_found_on_other_systems_than_linux(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine_checks, "MEMORY", tmp_path / "nothing")
    _, document = patient.report()
    (found,) = [each for each in document["findings"] if each["check"] == "memory"]
    assert f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 20:,} MB" in found["what"]


# Settings and files


@pytest.mark.parametrize(
    ("mode", "folder", "level"),
    [(0o600, 0o755, None), (0o644, 0o700, None), (0o644, 0o755, "warning"), (0o620, 0o700, "error")],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_files_with_secrets_that_others_can_read_or_change_are_named(
    patient: Patient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    folder: int,
    level: str | None,
) -> None:
    file = tmp_path / "secrets" / "metrics_token"
    file.parent.mkdir()
    file.write_text("9" + KEY)
    file.chmod(mode)
    file.parent.chmod(folder)
    monkeypatch.setenv("CHAINMEET_METRICS_TOKEN_FILE", str(file))
    _, found = patient.examine()
    assert named(found) == ([("secret files", level)] if level else [])
    assert all(each["advice"].startswith("Run: chmod 600") for each in found)


def test_settings_that_are_invalid_are_all_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    given = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/a.db",
        "SECRET_KEY": "short-secret",
        "SMTP_PORT": "x",
        "SMPT_HOST": "y",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"CHAINMEET_{name}", value)
    result = CliRunner().invoke(main, ["doctor", "--json"])
    said = [each["what"].partition(":")[0] for each in json.loads(result.stdout)["findings"]]
    assert result.exit_code == 2
    assert said == [
        "CHAINMEET_SMPT_HOST",
        "CHAINMEET_REDIS_URL",
        "CHAINMEET_SECRET_KEY",
        "CHAINMEET_SMTP_PORT",
    ]
    assert "short-secret" not in result.stdout


def test_a_database_that_is_away_is_named_and_the_rest_is_checked(patient: Patient, tmp_path: Path) -> None:
    status, found = patient.examine(database_url=f"postgresql://nobody@/nothing?host={tmp_path}")
    assert (status, named(found)) == (2, [("database", "error")])
