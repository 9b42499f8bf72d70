"""Web processes that are killed or stopped with a request in flight, started as the image starts them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import select

from chainmeet.stack import ports
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.schedule import versions
from scheduler.storage.models import VersionJob
from tests.faults.installation import Installation
from tests.faults.test_sending_faults import postgres_only
from tests.support.api import make_token
from tests.support.databases import locked, without_timeouts
from tests.support.threads import Step
from tests.support.web import NO_LIMITS
from tests.support.workers import ROOT, eventually

pytestmark = [pytest.mark.smtp, postgres_only]


@dataclass
class Web:
    """The web over an installation with a draft, whose publication a program requests."""

    installation: Installation
    process: subprocess.Popen[bytes]
    port: int
    token: str
    draft: int

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def request(self, method: str, path: str, body: str | None = None) -> int:
        """Return the status of the response. Raises ConnectionError if there is none."""
        connection = HTTPConnection(ports.HOST, self.port)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def request_publication(self) -> int:
        body = json.dumps({"compared_with": self.installation.version})
        return self.request("POST", f"/api/v1/versions/{self.draft}/publish", body)

    def jobs(self) -> list[int]:
        """Return the open and ended publications of the draft."""
        with self.installation.database.read() as session:
            version = versions.get_version(session, self.installation.expo.event.id, self.draft)
            query = select(VersionJob.id).where(VersionJob.version_id == version.id)
            return list(session.scalars(query))


def command(port: int) -> list[str]:
    """Return the command of the image, on a port of this machine."""
    said = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert said is not None
    program, *arguments = json.loads(said[1])
    return [sys.executable, "-m", program, *arguments, "--bind", f"{ports.HOST}:{port}"]


PATIENT = "--timeout 0 --graceful-timeout 600"
"""Further options: no worker counts as hanging, as a test suspends some and the machine may be busy."""


@pytest.fixture
def web(installation: Installation, tmp_path: Path) -> Iterator[Web]:
    port = ports.take(0, "the site", "--port")
    settings = replace(
        installation.settings, database_url=without_timeouts(installation.database), **NO_LIMITS
    )
    token = make_token(installation.database, installation.expo.organiser_actor())
    environment = {**os.environ, **settings.to_env(), "GUNICORN_CMD_ARGS": PATIENT}
    log = tmp_path / "web.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command(port), env=environment, cwd=ROOT, stdout=out, stderr=out)
    web = Web(installation, process, port, token, installation.make_draft(5, 1, None, 6, 7))
    try:
        eventually(lambda: (ports.answers(port) and len(web.workers) == 2) or process.poll() is not None)
        assert process.poll() is None
        yield web
    finally:
        process.terminate()
        process.wait(60)
        print(log.read_text(errors="replace"))  # noqa: T201 -- pytest shows it with a failure


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_killed_worker_leaves_the_rest_to_the_other_and_a_stopped_web_answers_what_is_in_flight(
    web: Web,
) -> None:
    """Both faults in one web, as a worker takes seconds to start."""
    installation = web.installation
    idle, busy = web.workers
    with locked(installation.database, "version_job"):
        with suspended(idle):
            asked = Step(web.request_publication)
            assert asked.stands(installation.database)
        with suspended(web.process.pid):  # starts no other one meanwhile
            os.kill(busy, signal.SIGKILL)
            with pytest.raises(ConnectionError):
                asked.done()
            assert web.request("GET", "/healthz") == 200
    assert web.jobs() == []
    eventually(lambda: len(web.workers) == 2 and busy not in web.workers)
    with locked(installation.database, "version_job"):
        with suspended(idle):
            again = Step(web.request_publication)  # by the new one
            assert again.stands(installation.database)
        web.process.terminate()
        eventually(lambda: idle not in web.workers)  # it had nothing to answer
    assert again.done() == 202
    assert web.process.wait() == 0
    (job,) = web.jobs()
    assert installation.execute(job) is JobEnding.DONE
    installation.recover()
    assert installation.breaches() == []
