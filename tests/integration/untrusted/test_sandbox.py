"""Sandboxed parsers: what a compromised child process cannot do."""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.untrusted import frames, parsers, sandbox
from scheduler.untrusted.pool import ChildPool
from tests.integration.untrusted.test_untrusted import HOSTILE
from tests.support.raster_images import picture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a wall is what Linux has")

ZONE = "Africa/Ouagadougou"
BEHIND = "import os, sys; from scheduler.untrusted import sandbox; print(*sandbox.enter_sandbox())"


@pytest.fixture(scope="module")
def is_whole() -> bool:
    """Return True if this kernel has the full sandbox, as a separate process finds."""
    done = subprocess.run([sys.executable, "-c", BEHIND], capture_output=True, text=True, check=True)
    return not done.stdout.strip()


@pytest.fixture(scope="module")
def hostile(is_whole: bool) -> Iterator[ChildPool]:
    if not is_whole:
        pytest.skip("this kernel has no Landlock or no seccomp")
    pool = ChildPool(1, HOSTILE)
    yield pool
    pool.close()


def attack(pool: ChildPool, name: str, about: object = "") -> Any:
    ending, answer = pool.run("attack", f"{name} {about}".encode(), {}, wait=60)
    assert ending is frames.Ending.DONE
    return TypeAdapter(str).validate_json(answer)


@pytest.mark.parametrize(
    "name",
    ["socket", "connect", "fork", "exec", "kill", "ptrace", "environment", "read", "write", "delete", "mode",
     "limits"],
)  # fmt: skip
def test_an_attack_is_refused(hostile: ChildPool, tmp_path: Path, name: str) -> None:
    there = tmp_path / "there"
    there.write_text("as it was")
    there.chmod(0o600)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()
        about = {
            "connect": tmp_path / "socket", "exec": "/bin/true", "kill": os.getpid(), "ptrace": os.getpid(),
            "environment": os.getpid(), "read": there, "write": tmp_path / "new", "delete": there,
            "mode": there,
        }.get(name, "")  # fmt: skip
        assert attack(hostile, name, about) == "PermissionError"
    assert (there.read_text(), there.stat().st_mode & 0o777) == ("as it was", 0o600)
    assert not (tmp_path / "new").exists()


def test_behind_the_wall_every_zone_and_codec_is_there(hostile: ChildPool) -> None:
    """Those not loaded before the sandbox: zones in calendars, GB 18030 in spreadsheets and emails."""
    rows = "键,名称\nf1,长江新能源\n".encode("gb18030")
    assert parsers.read_sheets(rows).sheets[0].rows[1].cells == ("f1", "长江新能源")
    assert parsers.read_sheets(write_xlsx([OutputSheet("Firms", ["key"], [["f1"]])])).sheets[0].rows[
        1
    ].cells == ("f1",)
    assert parsers.read_picture(picture(200, 100)).width
    late = f"import zoneinfo; print(zoneinfo.ZoneInfo({ZONE!r})); '鍵'.encode('big5hkscs'); import pymupdf"
    done = subprocess.run(
        [sys.executable, "-c", f"{BEHIND}; {late}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [ZONE]


def test_a_call_of_another_architecture_ends_the_process(is_whole: bool) -> None:
    """The x32 interface has its own numbers, which a filter for the others would let pass."""
    if not is_whole or platform.machine() != "x86_64":
        pytest.skip("no seccomp, or no x32")
    number = 0x40000000 + 41
    call = f"{BEHIND}; import ctypes; ctypes.CDLL(None).syscall({number}, 2, 1, 0)"
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, check=False)
    assert done.returncode == -signal.SIGSYS


def test_a_process_that_has_readers_hides_its_memory() -> None:
    """PR_SET_DUMPABLE is 0, so that its environment, which has secrets, belongs to root."""
    hidden = "from scheduler.untrusted.pool import ChildPool; p = ChildPool(1); p.warm(); import ctypes"
    done = subprocess.run(
        [sys.executable, "-c", f"{hidden}; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)); p.close()"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "0"


def test_where_the_kernel_has_no_wall_it_is_said_once_and_files_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "no wall")
    pool = ChildPool(2, HOSTILE)
    said: list[str] = []
    monkeypatch.setattr("scheduler.untrusted.pool.log", SimpleNamespace(warning=said.append))
    pool.warm()
    ending, _ = pool.run("sleep", b"0", {}, wait=60)
    pool.close()
    assert ending is frames.Ending.DONE
    assert said == ["files of strangers are read with limits alone: the kernel has no Landlock or seccomp"]


def test_another_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert sandbox.enter_sandbox() == (sandbox.LANDLOCK, sandbox.SECCOMP)
