"""The settings of the small installation: the environment's and the folder's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chainmeet.stack.data_folder import DataFolder
from chainmeet.stack.small_installation import read_settings
from scheduler.config import ConfigError, Settings
from scheduler.storage.database import Database

GIVEN = {
    "CHAINMEET_BASE_URL": "https://meetings.example.org",
    "CHAINMEET_MAIL_DOMAIN": "expo.example",
    "CHAINMEET_SMTP_HOST": "mail.example.org",
}


def settings_of(folder: DataFolder, given: dict[str, str]) -> Settings:
    return read_settings(folder, folder.running / "broker.sock", given)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder.open(tmp_path)


def test_the_folder_has_everything_but_the_mail_server_and_the_address(folder: DataFolder) -> None:
    settings = settings_of(folder, GIVEN)
    assert settings.database_url == f"sqlite:///{folder.root}/chainmeet.db?synchronous=full"
    assert (settings.journal, settings.pack_folder) == (str(folder.root / "journal"), str(folder.packs))
    assert (settings.smtp_security, settings.trusted_proxies) == ("starttls", 1)
    assert settings.secret_key == folder.secret_keys()
    other = settings_of(folder, {**GIVEN, "CHAINMEET_JOURNAL": "/journal"})
    assert other.journal == "/journal"


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_missing_is_named(folder: DataFolder, name: str) -> None:
    given = {**GIVEN, name: ""}
    with pytest.raises(ConfigError, match=f"{name}: is not set"):
        settings_of(folder, given)
    (folder.root / "value").write_text(GIVEN[name])
    read_settings(
        folder, folder.running / "broker.sock", {**given, f"{name}_FILE": str(folder.root / "value")}
    )


@pytest.mark.parametrize(
    "name", ["CHAINMEET_DATABASE_URL", "CHAINMEET_REDIS_URL", "CHAINMEET_SECRET_KEY_FILE"]
)
def test_what_the_folder_sets_is_refused(folder: DataFolder, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: is set by the data folder"):
        settings_of(folder, {**GIVEN, name: "x"})


def test_each_commit_reaches_the_disk(folder: DataFolder) -> None:
    settings = settings_of(folder, GIVEN)
    for url, level in ((settings.database_url, 2), (folder.database_url, 1)):  # FULL, NORMAL
        database = Database(url)
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == level
        database.dispose()


def test_what_the_other_processes_share_has_no_solver_and_starts_no_thread(folder: DataFolder) -> None:
    """A process with two threads must not be forked."""
    program = """
import sys, threading
from chainmeet.stack import preloading, small_installation
preloading.load_code(small_installation.PRELOADED)
print(threading.active_count(), *{"ortools", "highspy", "numba", "numpy", "prompt_toolkit"} & {*sys.modules})
"""
    environment = {**os.environ, **settings_of(folder, GIVEN).to_env()}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1"]
