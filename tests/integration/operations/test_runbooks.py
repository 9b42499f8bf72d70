"""The runbooks: their commands run, and their first four are walked from the symptom to the check."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import make_url, update

from chainmeet.cli import main
from chainmeet.doctor.outbox_checks import RUNBOOKS
from scheduler.domain.entities import Refusal
from scheduler.services.delivery import email_alerts
from scheduler.services.identity.api_tokens import create_service_token
from scheduler.services.operations import job_intervals
from scheduler.services.publishing import release
from scheduler.storage.database import Database
from scheduler.storage.models import EmailRoute, Event, MeetingRequest
from tests.integration.delivery.test_sending import Sender
from tests.integration.operations.test_doctor import OPTIONS, Patient, patient
from tests.integration.operations.test_restore_drill import Drill, drill, lose_and_restore
from tests.support import clocks, servers
from tests.support.databases import APPLICATION, Databases, for_application
from tests.support.factories import NOW, SECRET_KEY, make_account, make_event, make_request, meet
from tests.support.mail_server import Catcher, serving
from tests.support.publishing import carry_out, draft
from tests.support.publishing import publish as publish_number
from tests.support.web import Browser, web_app
from tests.support.workers import eventually, worker
from workers import worker_registry

__all__ = ["drill", "patient"]

pytestmark = [pytest.mark.smtp, pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")]

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "runbooks.md").read_text("utf-8")
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
SMALL = yaml.safe_load((ROOT / "deploy" / "small" / "compose.yml").read_text("utf-8"))["services"]

IN_SERVICE = re.compile(
    r"docker compose (?:exec(?: -T)?|run --rm(?: -v \S+)?) (?P<service>[\w-]+) ?(?P<rest>.*)"
)
ON_SERVICES = re.compile(
    r"docker compose (?:ps|up -d(?: --wait| --force-recreate)?|logs --since 30m)(?P<names>[\w -]*)"
)

NOT_RUN = {
    "df -h": "it is a program of the system",
    "docker system df": "it is a program of the system",
    "sh deploy/rotate-key.sh --end-old": "tests/integration/chainmeet/test_keys.py runs it",
    "chainmeet mail check": "it asks DNS; tests/integration/delivery/test_mail_check.py runs it",
    "docker compose run --rm migrate": "it is the command of the service, chainmeet db upgrade",
    "pg_restore -U postgres --exit-on-error -d chainmeet < chainmeet.dump": "a lost server's walk runs it",
    'sh -c "cp -a /from/. /journal"': "it copies a folder",
}
"""Commands that `test_each_command_of_the_page_runs` doesn't run, and why."""


def fenced() -> list[str]:
    """Return the command lines of the page's code blocks."""
    blocks = re.findall(r"^ *```\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    return list(dict.fromkeys(line.strip() for block in blocks for line in block.splitlines()))


def inline() -> list[str]:
    """Return the commands that sentences and tables name."""
    named = re.findall(r"`((?:docker|chainmeet|sh|kubectl|runuser) [^`\n]+)`", PAGE)
    return list(dict.fromkeys(named))


def within(command: str) -> str:
    """Return the command without `docker compose exec SERVICE`."""
    found = IN_SERVICE.fullmatch(command)
    return found["rest"] if found and found["rest"] else command


def own_commands() -> list[str]:
    """Return the commands of ours on the page, once each, as Compose runs them."""
    found = [within(command) for command in (*fenced(), *inline())]
    return sorted({each for each in found if each.startswith("chainmeet ") and "--data" not in each})


def run(patient: Patient, *arguments: str, answer: str = "", **settings: object) -> Result:
    """Run a command of ours as an operator does, in the environment of the installation."""
    for name, value in replace(patient.settings, **settings).to_env().items():  # type: ignore[arg-type]
        patient.monkeypatch.setenv(name, value)
    return CliRunner().invoke(main, [*arguments], input=answer)


def test_each_command_of_the_page_is_run_or_listed_with_its_reason() -> None:
    left = [
        command
        for command in fenced()
        if not within(command).startswith("chainmeet ") and within(command) not in NOT_RUN
    ]
    unknown = [
        command
        for command in left
        if not ON_SERVICES.fullmatch(command) and "http://127.0.0.1:8000/readyz" not in command
    ]
    assert unknown == []
    said = {within(command) for command in fenced()}
    assert set(NOT_RUN) <= said, "a reason for a command that the page no longer has"


def test_services_that_commands_name_are_those_of_compose() -> None:
    named = set()
    for command in (*fenced(), *inline()):
        if found := IN_SERVICE.match(command):
            named.add(found["service"])
        elif found := ON_SERVICES.match(command):
            named |= set(found["names"].split())
    assert len(named) > 8
    assert named <= {*SERVICES, *SMALL}


def test_commands_run_where_their_passwords_are() -> None:
    for command in fenced():
        if (found := IN_SERVICE.fullmatch(command)) and "mail check" in command:
            assert "smtp_password" in SERVICES[found["service"]]["secrets"]
        if found and re.search("doctor --invariants|resume --accept-copy|key check", command):
            assert any("journal" in volume for volume in SERVICES[found["service"]]["volumes"]), command
    section = PAGE.split("## The mailbox can't be read")[1].split("\n## ")[0]
    asked = re.findall(r"exec ([\w-]+) chainmeet doctor", section)
    assert asked and all("imap_password" in SERVICES[service]["secrets"] for service in asked)


def test_alerts_name_sections_of_the_page() -> None:
    assert {f"\n## {section}\n" in PAGE for section in RUNBOOKS.values()} == {True}
    rules = (ROOT / "deploy" / "monitoring" / "prometheus-rules.yml").read_text("utf-8")
    named = re.findall(r"See ([^.]+) in docs/runbooks\.md", rules)
    assert len(named) > 5 and all(f"\n## {section}\n" in PAGE for section in named)


@pytest.mark.parametrize("command", [each for each in own_commands() if each not in NOT_RUN])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_each_command_of_ours_runs(patient: Patient, database: Database, command: str) -> None:
    name, *rest = shlex.split(command.removeprefix("chainmeet "))
    patient.settings = replace(
        patient.settings, secret_key=SECRET_KEY
    )  # with which the factories make tokens
    with database.write() as session:
        expo = make_event(session)
        make_account(session, "you@example.org")
        make_account(session, "li@firm.example")
        badges, _ = create_service_token(session, "Badges", ["events:read"], days=90, now=NOW)
        given = {
            "EVENT": expo.event.key,
            "VERSION": str(draft(session, expo, [])),
            "NUMBER": str(badges.id),
        }
    result = run(patient, name, *(given.get(each, each) for each in rest), answer="y\n")
    assert result.exit_code == 0, result.output


# Emails aren't sent


class Held:
    """An event with six due emails, and what holds them back until it is mended."""

    def __init__(self, patient: Patient, database: Database, broker_url: str) -> None:
        self.patient, self.database, self.broker_url = patient, database, broker_url
        with database.write() as session:
            expo = make_event(session, firms=4, slots="12", mail_per_minute=60_000)
            planned = [meet(make_request(session, expo, 0, i + 1), expo, slot=i) for i in range(3)]
            publish_number(session, expo, draft(session, expo, planned), None)
            self.key = expo.event.key

    def sent(self, port: int) -> int:
        """Return the number of emails that a sender sends now, unless it has no worker."""
        with worker_registry.connect(self.broker_url) as broker:
            if not worker_registry.count(broker)["mail"]:
                return 0
        settings = replace(self.patient.settings, smtp_port=port, smtp_username="", smtp_password="")
        minutes = (self.database.now() - NOW) / timedelta(minutes=1)
        return Sender(self.database, settings).deliver(minutes)

    def pause(self) -> None:
        assert "Site paused." in run(self.patient, "pause", "--reason", "The mail server moves").output

    def resume(self) -> None:
        assert "Site resumed." in run(self.patient, "resume").output

    def pause_event(self, *, ends: bool = False) -> None:
        with self.database.write() as session:
            session.execute(update(Event).values(mails_paused_at=None if ends else NOW))

    def refuse(self) -> None:
        with self.database.write() as session:
            session.add(
                EmailRoute(
                    name="", refusal=Refusal.DEAD, refusals=20, pauses=1, last_reply="550 5.7.1 Blocked",
                    paused_until=NOW + timedelta(minutes=30),
                )
            )  # fmt: skip

    def leave(self) -> None:
        with worker_registry.connect(self.broker_url) as broker:
            worker_registry.leave(broker, "all@here", ["mail"])

    def start(self) -> None:
        with worker_registry.connect(self.broker_url) as broker:
            worker_registry.say(broker, "new@here", ["mail"])

    def wait(self) -> None:
        clocks.go_on(timedelta(minutes=31))
        with self.database.write() as session:
            job_intervals.record_run(session, job_intervals.TICK, now=self.database.now())

    def nothing(self) -> None:
        pass


CAUSES: dict[str, tuple[Callable[[Held], None], str, Callable[[Held], None]]] = {
    "paused site": (Held.pause, "The site has been paused since 2026", Held.resume),
    "paused event": (Held.pause_event, "Organisers paused the emails", partial(Held.pause_event, ends=True)),
    "refusing server": (Held.refuse, "refuses emails. The next one is sent at", Held.wait),
    "no worker": (Held.leave, "No worker serves the queue mail", Held.start),
    "server that is down": (Held.nothing, "outgoing mail server: ", Held.nothing),
}


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_doctor_names_what_holds_emails_back_and_all_are_sent_once_it_is_mended(
    patient: Patient, database: Database, broker_url: str, cause: str
) -> None:
    begin, said, end = CAUSES[cause]
    held = Held(patient, database, broker_url)
    is_down = begin is Held.nothing
    with serving(Catcher()) as catcher:
        begin(held)
        assert held.sent(1 if is_down else catcher.port) == 0
        found = run(patient, "doctor", **({"smtp_port": 1} if is_down else {}))
        assert found.exit_code in (1, 2) and said in found.output, found.output
        assert "No email is blocked or late." not in found.output or cause in (
            "no worker",
            "server that is down",
        )
        end(held)
        clocks.go_on(timedelta(minutes=2))  # the retry of the first email
        assert held.sent(catcher.port) == 6
    healthy = run(patient, "doctor")
    assert "No email is blocked or late." in healthy.output, healthy.output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_emails_that_are_late_and_open_alerts_are_named_with_their_runbook(
    patient: Patient, database: Database, broker_url: str
) -> None:
    Held(patient, database, broker_url)
    clocks.go_on(timedelta(minutes=20))
    with database.write() as session:
        job_intervals.record_run(session, job_intervals.TICK, now=database.now())
        assert email_alerts.update_outbox_alert(session, now=database.now())
    found = run(patient, "doctor")
    assert found.exit_code == 2
    assert "An email has been due for 20 minutes." in found.output
    assert "alerts: No email has been sent for 15 minutes, although some are waiting." in found.output
    assert found.output.count("See Emails aren't sent in docs/runbooks.md.") == 2


# No one can sign in


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_worker_for_sign_in_links_a_printed_one_signs_in_until_the_worker_sends_them_again(
    patient: Patient, database: Database, broker_url: str, tmp_path: Path
) -> None:
    with worker_registry.connect(broker_url) as broker:
        worker_registry.leave(broker, "all@here", ["urgent"])
    with database.write() as session:
        make_account(session, "you@example.org")
    app = web_app(database, broker_url)
    found = run(patient, "doctor")
    assert found.exit_code == 2 and "No worker serves the queue urgent. No one can sign in." in found.output
    use_link(app, run(patient, "sign-in", "you@example.org", secret_key=SECRET_KEY).output)
    settings = replace(patient.settings, secret_key=SECRET_KEY)
    with (
        serving(Catcher(), **OPTIONS) as catcher,
        worker(replace(settings, smtp_port=catcher.port), "urgent", tmp_path) as urgent,
    ):
        asking = Browser(app)
        asking.get("/sign-in")
        asking.post("/sign-in", email="you@example.org")
        eventually(lambda: '"event": "email sent"' in urgent.log.read_text())
        assert "No worker serves the queue urgent" not in run(patient, "doctor").output
    ((_, _, content),) = catcher.taken
    body = message_from_bytes(content, policy=default).get_body(("plain",))
    assert body is not None
    use_link(app, body.get_content())


def use_link(app: Flask, shown: str) -> None:
    """Sign in with the link of a text, in a browser of its own."""
    (path,) = re.findall(r"https://\S+?(/sign-in/\S+)", shown)
    browser = Browser(app)
    browser.get(path)
    assert "you@example.org" in browser.post(path) + browser.get("/sessions")


# A wrong schedule was published


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_after_a_wrong_schedule_everyone_has_the_one_before_and_most_were_never_bothered(
    drill: Drill, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}
    drill.publish(right)
    with drill.database.write() as session:
        requests = [session.get_one(MeetingRequest, row.id) for row in drill.requests]
        wrong = [meet(request, drill.expo, slot=slot) for slot, request in enumerate(requests, 5)]
        publish_number(session, drill.expo, draft(session, drill.expo, wrong), 1, minutes=drill.minutes + 1)
        session.get_one(Event, drill.expo.event.id).mail_per_minute = 1
    drill.minutes += 1
    told = drill.deliver()
    assert 0 < told < 10
    wrongly = {recipients[0] for _, recipients, _ in drill.catcher.taken[-told:]}

    assert "Site paused." in command(
        drill, monkeypatch, "pause", "--reason", "A wrong schedule was published"
    )
    assert drill.deliver() == 0
    clocks.go_on(timedelta(minutes=drill.minutes))
    with drill.database.write() as session:
        session.get_one(Event, drill.expo.event.id).mail_per_minute = 60_000
        restored = release.restore_version(session, event_id=drill.expo.event.id, number=1, now=drill.now)
    said = command(drill, monkeypatch, "publish", drill.expo.event.key, str(restored.number), answer="y\n")
    assert f"Version 3 published. Emails queued: {told}." in said
    assert "Site resumed." in command(drill, monkeypatch, "resume")
    drill.minutes += 5
    assert drill.deliver() == told
    assert drill.calendars.meetings() == drill.planned(right)
    assert {recipients[0] for _, recipients, _ in drill.catcher.taken[10:]} == wrongly
    assert "5 of 5 invariants hold" in command(drill, monkeypatch, "doctor", "--invariants", status=2)


def command(
    drill: Drill,
    monkeypatch: pytest.MonkeyPatch,
    *arguments: str,
    answer: str = "",
    url: str = "",
    status: int = 0,
) -> str:
    """Run a command of ours for the drill's installation. Return what it printed."""
    url = url or drill.database.url.render_as_string(hide_password=False)
    for name, value in replace(drill.settings, database_url=url).to_env().items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, [*arguments], input=answer)
    assert result.exit_code == status, result.output
    return result.output


# The server is lost


@pytest.fixture
def restored(
    database: Database,
    postgres_databases: Databases,
    tmp_path: Path,
    drill: Drill,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], Database]]:
    """Return a function that restores the dump, which its first call makes, as the runbook says."""
    dump, programs = tmp_path / "chainmeet.dump", servers.postgres_binaries()
    made: list[Database] = []

    def restore() -> Database:
        if not dump.exists():
            source = plain(database.url.render_as_string(hide_password=False))
            with dump.open("wb") as file:
                subprocess.run([programs / "pg_dump", "-Fc", source], stdout=file, check=True)
            return database
        owner = postgres_databases.create(f"lost_{uuid4().hex}", "template0")
        target = plain(str(make_url(owner).set(username="postgres").render_as_string(hide_password=False)))
        with dump.open("rb") as file:
            subprocess.run([programs / "pg_restore", "--exit-on-error", "-d", target], stdin=file, check=True)
        command(drill, monkeypatch, "db", "upgrade", "--application-role", APPLICATION, url=owner)
        command(drill, monkeypatch, "pause", "--reason", "Restored", url=owner)
        said = command(drill, monkeypatch, "key", "check", url=owner, status=1)
        assert "feeds of people: 1 made with key 1 don't open" in said  # the drill has one of an ended key
        made.append(Database(for_application(owner)))
        return made[-1]

    yield restore
    for each in made:
        each.dispose()


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_lost_server_is_restored_from_its_dump_and_calendars_end_right(
    drill: Drill, restored: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_and_restore(drill, restored)
    before = drill.calendars.meetings()
    assert drill.deliver() == 0 and drill.calendars.meetings() == before
    assert "Site resumed." in command(drill, monkeypatch, "resume", "--accept-copy")
    carry_out(drill.database, settings=drill.settings)
    drill.minutes += 5
    assert drill.deliver() > 0
    assert drill.calendars.meetings() == drill.planned({0: 0, 1: 1, 2: 2, 3: 3, 4: 4})
    assert "5 of 5 invariants hold" in command(drill, monkeypatch, "doctor", "--invariants", status=2)
    assert "rows verified" in command(drill, monkeypatch, "audit", "verify")
