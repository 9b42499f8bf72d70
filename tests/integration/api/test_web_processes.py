"""The web server as the image runs it: processes that share memory and add their counters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from api import gunicorn_config
from chainmeet.stack import ports
from scheduler.storage.database import Database
from tests.support.workers import ROOT, eventually, settings_for

pytestmark = [
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
TOKEN = "t" * 32
COUNTED = r'chainmeet_http_requests_total\{.*route="/sign-in".*\} (\S+)'


@dataclass(frozen=True)
class Web:
    """A running web server."""

    pid: int
    port: int

    def get(self, path: str, **headers: str) -> str:
        with urlopen(Request(f"http://{ports.HOST}:{self.port}{path}", headers=headers)) as response:
            text: str = response.read().decode()
        return text

    def answers(self) -> bool:
        with suppress(OSError):
            return bool(self.get("/healthz"))
        return False

    @property
    def processes(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]


@pytest.fixture
def web(database: Database, broker_url: str, tmp_path: Path) -> Iterator[Web]:
    counters, log = tmp_path / "counters", tmp_path / "web.log"
    counters.mkdir()
    port = ports.take(0, "the site", "--port")
    settings = settings_for(database, broker_url, metrics_token=TOKEN)
    options = ("--config", "python:api.gunicorn_config", "--bind", f"{ports.HOST}:{port}", "--timeout", "0")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options],
            env={**os.environ, **settings.to_env(), "PROMETHEUS_MULTIPROC_DIR": str(counters)},
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )
    running = Web(process.pid, port)
    try:
        eventually(lambda: process.poll() is not None or running.answers())
        yield running
    finally:
        process.terminate()
        process.wait()
        print(log.read_text(errors="replace"))  # noqa: T201 -- pytest shows it with a failure


def memory(pid: int, kind: str) -> int:
    """Return one figure of a process's memory in KB."""
    found = re.search(rf"^{kind}: +(\d+) kB$", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_processes_of_the_web_share_the_memory_of_the_code(web: Web) -> None:
    eventually(lambda: len(web.processes) == gunicorn_config.workers)
    for pid in web.processes:
        assert memory(pid, "Shared_Dirty") > memory(pid, "Private_Dirty")


def test_a_scrape_counts_the_requests_of_all_processes(web: Web) -> None:
    for _ in range(20):
        web.get("/sign-in")
    counted = re.search(COUNTED, web.get("/metrics", Authorization=f"Bearer {TOKEN}"))
    assert counted is not None
    assert float(counted[1]) == 20
