"""The data folder of an embedded stack: database, secret key, emails, logs."""

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
from scheduler.secret_keys import SecretKeys

LONGEST_SOCKET_PATH = 100
"""In bytes. The limit is 107 on Linux and 103 on macOS."""
LARGEST_LOG = 5_000_000
_SECRET_KEY_VARIABLES = ("CHAINMEET_SECRET_KEY", "CHAINMEET_SECRET_KEY_FILE")


class FolderInUse(ChainmeetError):
    """Another stack uses the data folder."""

    code = "folder-in-use"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths in a data folder. `open` creates missing folders."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> DataFolder:
        folder = cls(root.expanduser().resolve())
        try:
            for path in (folder.root, folder.logs, folder.mails, folder.running, folder.broker):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ChainmeetError(
                f"The data folder {folder.root} can't be created: {error.strerror}."
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
        """The file that lists the processes of the stack. The next stack uses it to clean up after a killed
        one.
        """
        return self.running / "processes.json"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def packs(self) -> Path:
        return self.root / "packs"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.root / 'chainmeet.db'}"

    def secret_keys(self) -> SecretKeys:
        """Return the secret keys. The first is generated, in a file that only its owner can read."""
        path = self.root / "secret_key"
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        return SecretKeys.of_file(path)

    def log(self, name: str) -> Path:
        """Return the log file of a program. One above LARGEST_LOG is rotated, keeping one old file."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder. Raises FolderInUse if another process holds the lock.

        The system releases the lock when this process ends.
        """
        with (self.running / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise FolderInUse(
                    f"Another stack already uses {self.root} (process {file.read().strip() or 'unknown'}). "
                    "Stop it, or choose another folder with --data."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    @contextlib.contextmanager
    def socket(self) -> Iterator[Path]:
        """Yield the path of the broker's socket: in the folder, or in a temporary one if that path is too
        long.
        """
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
        """Store the settings, except the secret key, for commands that connect to this stack.

        Only the owner can read the file: it has the password of the mail server.
        """
        environment = settings.to_env()
        for name in _SECRET_KEY_VARIABLES:
            environment.pop(name, None)
        part = self.running / "settings.part"
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(environment, file, indent=1)
        part.replace(self.running / "settings.json")

    def new_settings(self) -> Settings:
        """Return settings to restore a backup into this folder, which no stack has used yet.

        They reach no mail server and no broker. Without a copy of the old one, the secret key is a new one.
        """
        return Settings(
            database_url=self.database_url,
            redis_url=f"redis+socket://{self.running / 'broker.sock'}",
            secret_key=self.secret_keys(),
            journal=str(self.journal),
        )

    @property
    def has_settings(self) -> bool:
        """True if a stack has used the folder."""
        return (self.running / "settings.json").exists()

    def settings(self) -> Settings:
        """Return the settings of the stack that runs, or last ran, on this folder. Raises ChainmeetError."""
        path = self.running / "settings.json"
        try:
            environment = json.loads(path.read_text())
        except OSError as error:
            raise ChainmeetError(
                f"There is no stack in {self.root}. Start one with: chainmeet up --data {self.root}"
            ) from error
        return Settings.from_env({**environment, _SECRET_KEY_VARIABLES[1]: str(self.secret_keys().path)})
