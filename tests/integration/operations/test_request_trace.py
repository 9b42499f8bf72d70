"""The request that causes work is in its run, its job and its emails, and in every log line about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update
from structlog.contextvars import bound_contextvars, clear_contextvars, get_contextvars, merge_contextvars

from scheduler import logs
from scheduler.domain.entities import OutboxState
from scheduler.services.delivery import delivery
from scheduler.services.planning.runs import runs
from scheduler.services.planning.runs.execution import execute_run
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.storage.database import Database
from scheduler.storage.models import Event, OutboxEmail, Run
from tests.integration.publishing.scene import Scene
from tests.support.factories import NOW
from tests.support.mail_server import Catcher, serving
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

QUEUED_AS = "250 2.0.0 Ok: queued as 4Xy7Zq"


@pytest.fixture(autouse=True)
def _no_request() -> Iterator[None]:
    """A worker begins a task without the values of another one."""
    clear_contextvars()
    yield
    clear_contextvars()


def emails(database: Database) -> list[OutboxEmail]:
    with database.read() as session:
        return list(session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)))


def deliver(database: Database, reply: str) -> list[dict[str, Any]]:
    """Send all emails to a server that accepts them with `reply`. Return the log lines about them."""
    with (
        serving(Catcher(replies={"DATA": reply})) as catcher,
        structlog.testing.capture_logs(processors=[merge_contextvars]) as lines,
    ):
        delivery.deliver_emails(
            database,
            replace(SETTINGS, smtp_port=catcher.port, smtp_security="none"),
            worker="w",
            now=database.now,
        )
    return [dict(line) for line in lines if line["event"] == "email sent"]


@pytest.mark.smtp
def test_emails_of_a_publication_name_the_request_and_the_servers_queue_number(database: Database) -> None:
    scene = Scene(database)
    with bound_contextvars(request="abc-4"):
        job = scene.ask()
    assert scene.job(job).web_request == "abc-4"
    assert scene.do(job) is JobEnding.DONE  # a tick can have sent its task, without the request
    clear_contextvars()
    queued = emails(database)
    assert len(queued) > 4 and {row.web_request for row in queued} == {"abc-4"}
    assert {row.accepted_reply for row in queued} == {None}
    with database.write() as session:
        session.execute(update(Event).values(mail_per_minute=60_000))
    lines = deliver(database, QUEUED_AS)
    assert {row.accepted_reply for row in emails(database)} == {"2.0.0 Ok: queued as 4Xy7Zq"}
    assert {(line["request"], line["reply"]) for line in lines} == {("abc-4", "2.0.0 Ok: queued as 4Xy7Zq")}
    assert sorted(line["email_id"] for line in lines) == [row.id for row in queued]


@pytest.mark.smtp
def test_a_reply_that_names_the_recipient_is_kept_without_the_address(database: Database) -> None:
    scene = Scene(database)
    scene.do(scene.ask())
    to = emails(database)[0].to_address
    lines = deliver(database, f"250 message for {to} accepted")
    sent = [row for row in emails(database) if row.state is OutboxState.SENT and row.to_address == to]
    assert {row.accepted_reply for row in sent} == {"message for ... accepted"}
    assert to not in str([line for line in lines if line["email_id"] == sent[0].id])
    assert all("request" not in line for line in lines)  # nothing on the web caused it


def test_a_run_names_the_request_in_its_row_and_in_the_lines_of_its_worker(database: Database) -> None:
    scene = Scene(database)
    app = web_app(database, "redis://127.0.0.1:1")
    browser = Browser(app, scene.expo.organiser)
    path = f"/events/{scene.expo.event.key}/runs"
    sent = {"csrf_token": browser.token, "seconds": 1, "note": ""}
    browser.client.post(path, data=sent, headers={"X-Request-ID": "abc-5"})
    clear_contextvars()
    with database.read() as session:
        run = session.scalars(select(Run)).one()
    assert run.web_request == "abc-5"
    seen: list[Any] = []

    def solve(*_: Any, **__: Any) -> Any:
        seen.append(logs.current_request())
        raise OSError("enough")

    execute_run(database, run.id, worker="w", settings=SETTINGS, solve=solve)
    assert get_contextvars()["request"] == "abc-5"


def test_an_overnight_run_has_no_request(database: Database) -> None:
    scene = Scene(database)
    with database.write() as session:
        run = runs.queue_run(session, scene.expo.event.id, requested_by=None, now=NOW)
        assert run.web_request is None


def test_the_request_of_a_task_comes_before_that_of_its_work() -> None:
    logs.bind_request(None)
    assert logs.current_request() is None
    logs.bind_request("first")
    logs.bind_request("second")
    assert logs.current_request() == "first"
