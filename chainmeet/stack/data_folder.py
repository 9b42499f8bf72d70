"""The data folder of an embedded stack: database, secret key, mails, logs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError

LONGEST_SOCKET_PATH = 100
"""Bytes; Linux takes 107 and macOS 103."""
LARGEST_LOG = 5_000_000


class FolderInUse(ChainmeetError):
    """Another stack runs on the data folder."""

    code = "folder-in-use"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths in a data folder. `open` creates missing parts."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> DataFolder:
        folder = cls(root.expanduser().resolve())
        try:
            for path in (folder.root, folder.logs, folder.mails, folder.running, folder.broker):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ChainmeetError(
                f"The data folder {folder.root} cannot be made: {error.strerror}."
            ) from error
        return folder

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def mails(self) -> Path:
        return self.root / "mails"

    @property
    def broker(self) -> Path:
        return self.root / "broker"

    @property
    def running(self) -> Path:
        return self.root / "run"

    @property
    def processes(self) -> Path:
        """Which processes the stack started. A stack that was killed leaves it to the next one."""
        return self.running / "processes.json"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.root / 'chainmeet.db'}"

    def secret_key(self) -> str:
        """Made once, readable by its owner only."""
        path = self.root / "secret_key"
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        return path.read_text().strip()

    def log(self, name: str) -> Path:
        """The log of a program. One that has grown large is put aside, once."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder. Raises FolderInUse if another process holds it.

        The system unlocks it when we die.
        """
        with (self.running / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise FolderInUse(
                    f"A stack runs on {self.root} already (process {file.read().strip() or 'unknown'}). "
                    "Stop it, or choose another folder with --data."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    @contextlib.contextmanager
    def socket(self) -> Iterator[Path]:
        """The path of the broker's socket: in the folder, or in another one if that path is too long."""
        path = self.running / "broker.sock"
        if len(os.fsencode(path)) < LONGEST_SOCKET_PATH:
            yield path
            return
        short = Path(tempfile.mkdtemp(prefix="chainmeet-"))
        try:
            yield short / "broker.sock"
        finally:
            shutil.rmtree(short, ignore_errors=True)

    def remember(self, settings: Settings) -> None:
        """Keep the settings, but for the secret key, for commands that talk to this stack."""
        environment = settings.to_env()
        del environment["CHAINMEET_SECRET_KEY"]
        path = self.running / "settings.json"
        path.write_text(json.dumps(environment, indent=1))
        path.chmod(0o600)

    def settings(self) -> Settings:
        """The settings of the stack that runs, or last ran, on this folder."""
        path = self.running / "settings.json"
        try:
            environment = json.loads(path.read_text())
        except OSError as error:
            raise ChainmeetError(
                f"There is no stack in {self.root}. Start one with: chainmeet up --data {self.root}"
            ) from error
        return Settings.from_env({**environment, "CHAINMEET_SECRET_KEY": self.secret_key()})
