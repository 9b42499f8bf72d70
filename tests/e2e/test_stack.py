"""The embedded stack as its user sees it: complete stop, persistent data, clear errors.

That SIGTERM stops every process is checked where `chainmeet_up` stops a stack.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from chainmeet.stack.data_folder import DataFolder
from scheduler.config import PREFIX
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.e2e.stack import COMMAND, Up, groups, is_gone, left_by
from tests.support.workers import ROOT, eventually

pytestmark = pytest.mark.broker


@contextmanager
def started(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `chainmeet up` until it is ready, and kill it at the end if it is still running."""
    log = data.with_suffix(".log")
    with log.open("ab") as out:
        process = subprocess.Popen(arguments(data), stdout=out, stderr=out, cwd=ROOT, env=environment())
    try:
        eventually(lambda: "Press Ctrl-C" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.kill()
        process.wait()
        log.unlink()


def arguments(data: Path, port: int = 0) -> list[str]:
    return [*COMMAND, "up", "--data", str(data), "--port", str(port), "--mail-port", "0"]


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**own, "PYTHONUNBUFFERED": "1"}


def responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def refused(*command: str) -> str:
    """Return the error message of a command that exits with status 2."""
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment(), check=False)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    return ended.stderr


def test_a_killed_stack_leaves_nothing_and_its_data_is_found_again_until_ctrl_c(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started(data) as process:
        running, secret = groups(data), DataFolder(data).secret_keys()
        assert len(running) == 10
        process.kill()
        if sys.platform == "linux":  # elsewhere the next start cleans up
            eventually(lambda: all(map(is_gone, running)))
    with started(data) as process:
        assert DataFolder(data).settings().secret_key == secret
        assert accounts(data) == ["organiser@example.org"]
        running = groups(data)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        assert left_by(data, running) == []


def test_a_program_that_dies_is_started_again(up: Up) -> None:
    web = groups(up.data)[-1]
    os.killpg(web, signal.SIGKILL)
    eventually(lambda: is_gone(web))
    eventually(lambda: responds(f"{up.site}/readyz"))


def test_two_stacks_do_not_share_a_folder(up: Up) -> None:
    said = refused(*arguments(up.data))
    assert f"Another stack already uses {up.data} (process " in said
    assert "--data" in said
    assert responds(f"{up.site}/readyz")


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused(*arguments(tmp_path / "data", port))
    assert f"Port {port} on 127.0.0.1, for the site, is used by another program." in said
    assert "--port 0" in said


def test_secrets_are_for_their_owner_only(up: Up) -> None:
    data, secret = up.data, up.settings.secret_key.key()
    holders = [path for path in data.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert holders == [data / "secret_key"]
    for path in (data / "secret_key", data / "run" / "settings.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / ("x" * 120))
    with folder.socket() as path:
        assert len(os.fsencode(path)) < 100
        assert path.parent.is_dir()
    assert not path.parent.exists()


def accounts(data: Path) -> list[str]:
    database = Database(DataFolder(data).settings().database_url)
    with database.read() as session:
        found = list(session.scalars(select(Account.email)))
    database.dispose()
    return found
