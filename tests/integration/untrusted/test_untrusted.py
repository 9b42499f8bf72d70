"""Untrusted data is parsed in child processes: whatever happens there, the caller gets an answer."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from xlsxwriter import Workbook as XlsxWorkbook

from scheduler.invites import inbound
from scheduler.invites.busy import UnusableCalendar
from scheduler.sheets.tables import MAX_OCTETS, UnreadableSheet
from scheduler.sheets.writers import OutputSheet, write_csv, write_xlsx
from scheduler.untrusted import limits, parsers
from scheduler.untrusted.jobs import Job
from scheduler.untrusted.pool import ChildKilled, ChildNotStarted, ChildPool, LimitExceeded, PoolExhausted
from tests.support.factories import NOW

CORPUS = sorted((Path(__file__).parents[2] / "unit" / "invites" / "corpus").glob("*.eml"))
HOSTILE = "tests.support.hostile_child"


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChildPool]:
    """Replace the process's pool by one child with hostile jobs and short limits."""
    hostile = ChildPool(1, HOSTILE)
    monkeypatch.setattr(parsers, "pool", hostile)
    yield hostile
    hostile.close()


def run(name: str, octets: bytes = b"") -> Any:
    return parsers.run_job(Job(name, print, TypeAdapter(Any)), octets)


def child_of(pool: ChildPool) -> int:
    pid = run("look_around")["pid"]
    assert isinstance(pid, int)
    return pid


@pytest.mark.parametrize(
    ("job", "octets", "why"),
    [
        ("spin", b"", "seconds of computing time"),
        ("hold_the_lock", b"a" * 60 + b"b", "seconds of computing time"),
        ("fill", b"", "too much memory"),
        ("talk", b"", "too large"),
        ("leave", b"", "it crashed the program that reads it"),
    ],
)
def test_what_exceeds_the_limits_is_a_sentence_and_the_next_job_is_done(
    pool: ChildPool, job: str, octets: bytes, why: str
) -> None:
    with pytest.raises(LimitExceeded, match=why):
        run(job, octets)
    assert run("sleep", b"0") == "slept"


def test_a_child_knows_no_secret_and_has_no_file_but_its_socket(
    pool: ChildPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINMEET_SECRET_KEY", "secret")
    found = run("look_around")
    allowed = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONPATH", "PYTHONTZPATH", "LD_LIBRARY_PATH"}
    assert set(found["environment"]) <= allowed | {"PYTHONDONTWRITEBYTECODE"}
    assert (found["files"].pop("0"), found["files"].pop("1")) == ("socket", "nothing")
    assert set(found["files"]) <= {"2"}


def test_a_child_is_used_again_and_renewed_after_its_share_of_jobs(pool: ChildPool) -> None:
    pids = [child_of(pool) for _ in range(11)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [5, 5, 1]


def test_a_child_that_left_while_it_was_idle_is_replaced_without_a_word(pool: ChildPool) -> None:
    os.kill(child_of(pool), signal.SIGKILL)
    assert run("sleep", b"0") == "slept"


def test_a_child_that_the_system_ends_in_the_middle_is_no_fault_of_its_job(
    pool: ChildPool,
) -> None:
    pid = child_of(pool)
    before = os.getpriority(os.PRIO_PROCESS, pid)
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(run, "be_nice_and_sleep")
        _wait_for(lambda: os.getpriority(os.PRIO_PROCESS, pid) > before)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ChildKilled, match="Try again"):
            asked.result()
    assert run("sleep", b"0") == "slept"


def test_who_asks_while_all_are_busy_waits_and_then_gets_a_clear_answer(
    pool: ChildPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = child_of(pool)
    with ThreadPoolExecutor() as threads:
        os.kill(pid, signal.SIGSTOP)
        first = threads.submit(run, "sleep", b"0")
        _wait_for(lambda: not pool._idle)
        monkeypatch.setattr(parsers, "WAIT_SECONDS", 0.05)
        with pytest.raises(PoolExhausted, match="Try again"):
            run("sleep", b"0")
        monkeypatch.setattr(parsers, "WAIT_SECONDS", 60)
        second = threads.submit(run, "sleep", b"0")
        os.kill(pid, signal.SIGCONT)
        assert (first.result(), second.result()) == ("slept", "slept")


def test_a_child_that_does_not_start_is_an_error_of_its_own() -> None:
    with pytest.raises(ChildNotStarted, match="can't start"):
        ChildPool(1, "tests.no_such_module").run("mail", b"", {}, wait=1)


def test_an_answer_of_another_type_is_not_believed(pool: ChildPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "nonsense")
    with pytest.raises(LimitExceeded, match="no sense"):
        parsers.read_email(b"hi")


def test_a_child_dies_with_its_parent_even_in_the_middle_of_a_job() -> None:
    program = (
        "import threading\n"
        "from scheduler.untrusted.pool import ChildPool\n"
        f"pool = ChildPool(2, {HOSTILE!r})\n"
        "pool.warm()\n"
        "print(*[child.process.pid for child in pool._idle], flush=True)\n"
        "pool.run('spin', b'', {}, wait=1)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    _wait_for(lambda: not any(_is_alive(pid) for pid in pids))


def test_many_threads_get_each_their_own_answer() -> None:
    mails = [path.read_bytes() for path in CORPUS]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(parsers.read_email, mails)) == [inbound.read_email(raw) for raw in mails]


def test_a_pool_works_in_a_daemonic_and_forked_process_as_the_workers_are() -> None:
    program = (
        "import multiprocessing, sys\n"
        "from scheduler.untrusted import parsers\n"
        "print(parsers.read_email(b'hi').kind, flush=True)\n"
        "tell = lambda: print(parsers.read_email(b'hi').kind, flush=True)\n"
        "child = multiprocessing.get_context('fork').Process(target=tell, daemon=True)\n"
        "child.start()\n"
        "child.join()\n"
        "print(parsers.read_email(b'hi').kind, child.exitcode)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["text", "text", "text", "0"], done.stderr


def test_the_refusal_of_a_calendar_is_its_own_sentence() -> None:
    with pytest.raises(UnusableCalendar, match="BEGIN:VCALENDAR"):
        parsers.read_busy_times(b"hi", NOW, NOW, "Europe/Budapest", own_uids=(), own_addresses=())


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _wait_for(condition: Any) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        threading.Event().wait(0.01)


def test_a_spreadsheet_is_read_and_its_refusal_has_its_sentence() -> None:
    book = write_xlsx([OutputSheet("Firms", ["key"], [["f1"]])])
    (sheet,) = parsers.read_sheets(book).sheets
    assert [row.cells for row in sheet.rows] == [("key",), ("f1",)]
    with pytest.raises(UnreadableSheet, match="The file is a PDF"):
        parsers.read_sheets(b"%PDF-1.4")


def test_the_rows_of_the_largest_file_come_back() -> None:
    rows = [[f"f{number}", "雁" * 200, "a" * 200, number] for number in range(15_000)]
    octets = write_csv(["key", "name", "note", "n"], rows)
    assert limits.MAX_ANSWER < len(octets) < MAX_OCTETS
    assert len(parsers.read_sheets(octets).sheets[0].rows) == 15_001


def test_a_sheet_with_two_cells_far_apart_is_refused_with_a_sentence() -> None:
    """Its rows would exhaust the machine's memory."""
    octets = io.BytesIO()
    with XlsxWorkbook(octets) as book:
        sheet = book.add_worksheet("A")
        sheet.write_string(0, 0, "key")
        sheet.write_string(1_048_575, 199, "f1")
    assert len(octets.getvalue()) < 10_000
    with pytest.raises((UnreadableSheet, LimitExceeded)):
        parsers.read_sheets(octets.getvalue())
    assert parsers.read_sheets(b"key\nf1\n").sheets[0].rows[1].cells == ("f1",)
