"""The small installation (`chainmeet serve`): memory of all processes while an event goes through its days.

    python -m benchmarks.small_installation [--full] [--limit-mb MB [--swap-mb MB]] [--out benchmarks/results]

An expo is generated, scheduled, published and emailed by the running site, while pages are opened. By default
20 firms, with --full 100 firms with 1,450 requests. Memory is the sum of the proportional set sizes (PSS) of
all processes, read every half second. With --limit-mb the kernel limits the memory of the site, as on a
server of that size, files that it reads included. It then runs in a copy of the environment, because the
kernel counts a file for whoever reads it first. That takes root and a memory cgroup. The site has no swap,
unless --swap-mb allows it to use some of the machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from benchmarks.load_users import User
from benchmarks.machine import RESULTS, ROOT, machine
from benchmarks.page_list import ORGANISER as PAGES
from benchmarks.process_memory import descendants, program_name, pss, swapped
from benchmarks.report import Json, stem, write_json
from chainmeet import publish_draft
from chainmeet.accounts import account_link
from chainmeet.demo import delegations, load_sample
from chainmeet.demo.event import ORGANISER, first_day
from chainmeet.progress import draft_of, follow_run, queue_run, terminal_line
from chainmeet.stack.data_folder import DataFolder
from scheduler.config import PREFIX, Settings
from scheduler.domain.entities import OutboxState
from scheduler.samples.expo import make_expo
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail

QUICK, WHOLE = (20, 100), (100, 1450)
"""Firms and requests."""
EVERY = 0.5
"""Seconds between two readings of the memory."""
LIMIT = 900.0
"""Timeout in seconds of each step."""


class Sink:
    """A mail server that accepts everything and keeps nothing."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 -- aiosmtpd's name
        return "250 2.0.0 Ok"


class Memory:
    """Reads the memory of a process and its descendants in a thread.

    The peak is kept for each step, in bytes by program at that moment, and that of the swap for all steps.
    """

    def __init__(self, pid: int) -> None:
        self.pid, self.step = pid, "start"
        self.peaks: dict[str, Counter[str]] = {}
        self.swap_peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            used: Counter[str] = Counter()
            in_swap = 0
            for pid in descendants(self.pid):
                used[program_name(pid)] += pss(pid)
                in_swap += swapped(pid)
            self.swap_peak = max(self.swap_peak, in_swap)
            self.peaks[self.step] = max(self.peaks.get(self.step, Counter()), used, key=Counter.total)


class MemoryLimit:
    """A memory cgroup: of the first version of cgroups, or of the second one."""

    FILES: ClassVar[Mapping[Path, tuple[str, str, str, str]]] = {
        Path("/sys/fs/cgroup/memory"): (
            "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes",
            "memory.oom_control",
        ),
        Path("/sys/fs/cgroup"): ("memory.max", "memory.swap.max", "memory.peak", "memory.events"),
    }  # fmt: skip
    """By the folder of all groups: the files of the limit, that of swap, the peak, and the killed processes.

    The first version of cgroups limits memory and swap together, the second one limits swap alone.
    """

    def __init__(self, megabytes: int, swap_megabytes: int) -> None:
        parent, (limit, swap_limit, self._peak, self._events) = next(
            (parent, files) for parent, files in self.FILES.items() if (parent / "cgroup.procs").exists()
        )
        self._folder = parent / f"chainmeet-{os.getpid()}"
        self._folder.mkdir()
        (self._folder / limit).write_text(str(megabytes * 1_000_000))
        swap = swap_megabytes + (megabytes if "memsw" in swap_limit else 0)
        (self._folder / swap_limit).write_text(str(swap * 1_000_000))

    def enter(self) -> None:
        """Put this process, and what it starts from now on, under the limit."""
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def figures(self) -> Json:
        """Return the peak in MB, and the number of processes that the kernel killed."""
        events = dict(line.split() for line in (self._folder / self._events).read_text().splitlines())
        return {
            "limited_peak_mb": megabytes(int((self._folder / self._peak).read_text())),
            "killed": int(events["oom_kill"]),
        }

    def close(self) -> None:
        self._folder.rmdir()


@contextmanager
def fresh_environment() -> Iterator[Path]:
    """Yield the Python program of a copy of this environment. Nothing has read its files yet."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "environment"
        shutil.copytree(sys.prefix, copy, symlinks=True)
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")  # what is in memory from copying
        yield copy / Path(sys.executable).relative_to(sys.prefix)


@contextmanager
def running(
    python: Path, data: Path, smtp_port: int, limit: MemoryLimit | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `chainmeet serve` on a folder."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    port = free_port()
    own = {
        "BASE_URL": f"http://127.0.0.1:{port}",
        "MAIL_DOMAIN": "expo.example",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_port),
        "SMTP_SECURITY": "none",
        "TRUSTED_PROXIES": "0",
        "LIMIT_ACCOUNT": "0",
        "TICK_SECONDS": "2",
    }
    with (data.parent / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "chainmeet.cli", "serve", "--data", str(data), "--port", str(port)],
            env=environment | {PREFIX + name: text for name, text in own.items()},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            preexec_fn=None if limit is None else limit.enter,
        )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz") or process.poll() is not None)
        if process.poll() is not None:
            raise RuntimeError((data.parent / "serve.log").read_text()[-3000:])
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError
        time.sleep(EVERY)


def measure(
    firms: int, requests: int, seconds: int, *, python: Path, limit: MemoryLimit | None = None
) -> Json:
    """Return the peaks in MB by step, and the seconds of each step."""
    sink = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    sink.start()
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        with running(python, data, sink.port, limit) as process:
            folder = DataFolder(data)
            settings = folder.settings()
            database = Database(settings.database_url)
            memory = Memory(process.pid)

            @contextmanager
            def step(name: str) -> Iterator[None]:
                memory.step, began = name, time.monotonic()
                yield
                took[name] = round(time.monotonic() - began, 1)

            with step("idle"):
                time.sleep(10)
            event = load(database, settings, firms, requests)
            with step("pages"):
                browse(database, settings, event)
            with step("run"):
                run = follow_run(
                    database, queue_run(database, settings, event, seconds=seconds).id, line=terminal_line()
                )
            draft = draft_of(database, run)
            if draft is None:
                raise RuntimeError(run.error)
            with step("publish"):
                preview = publish_draft.preview_publishing(database, settings, event, draft.number)
                done = publish_draft.publish(
                    database, settings, event, draft.number, compared_with=preview.compared_with
                )
            with step("emails"):
                until(lambda: not waiting(database))
            with step("pages of the published schedule"):
                browse(database, settings, event)
            with step("idle afterwards"):
                time.sleep(10)
            memory.stop()
            database.dispose()
    sink.stop()
    return {
        "firms": firms,
        "requests": requests,
        "emails": done.mails,
        "peak_mb": max(megabytes(used.total()) for used in memory.peaks.values()),
        "peak_mb_by_step": {name: megabytes(used.total()) for name, used in memory.peaks.items()},
        "mb_by_program": {
            name: {program: megabytes(octets) for program, octets in used.most_common()}
            for name, used in memory.peaks.items()
        },
        "seconds": took,
        **({} if limit is None else {"swap_peak_mb": megabytes(memory.swap_peak), **limit.figures()}),
    }


def megabytes(octets: int) -> int:
    return round(octets / 1e6)


def load(database: Database, settings: Settings, firms: int, requests: int) -> str:
    """Insert the expo. Return the event's key."""
    now = database.now()
    expo = make_expo(firms=firms, requests=requests, seed=1, start=first_day(now.date()))
    with database.write() as session:
        event = load_sample.load(
            session, expo, organiser_email=ORGANISER, secret_key=settings.secret_key, now=now
        )
        delegations.come_together(session, event)
        return event.key


def browse(database: Database, settings: Settings, event: str) -> None:
    """Open each page of the event's organiser three times. Raises RuntimeError for a page with an error."""
    port = urlsplit(settings.base_url).port or 80
    token = account_link(database, settings, ORGANISER).rpartition("/")[2]

    async def read_pages() -> None:
        user = User(port, event, "192.0.2.1", random.Random(1))
        await user.sign_in(token)
        for name, path in [*PAGES.items()] * 3:
            answer = await user.ask(name, "GET", f"/events/{event}/{path}")
            if answer.status not in (200, 302, 303, 404):
                raise RuntimeError(f"{name} answers {answer.status}")

    asyncio.run(read_pages())


def waiting(database: Database) -> int:
    with database.read() as session:
        queued = OutboxEmail.state.in_((OutboxState.QUEUED, OutboxState.SENDING))
        return session.scalar(select(func.count()).select_from(OutboxEmail).where(queued)) or 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="100 firms and 1,450 requests")
    parser.add_argument("--seconds", type=int, default=20, help="search time of the run")
    parser.add_argument("--limit-mb", type=int, metavar="MB", help="memory that the site may use")
    parser.add_argument("--swap-mb", type=int, metavar="MB", default=0, help="swap that it may use then")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with ExitStack() as cleanup:
        python, limit = Path(sys.executable), None
        if options.limit_mb is not None:
            python = cleanup.enter_context(fresh_environment())
            limit = cleanup.enter_context(closing(MemoryLimit(options.limit_mb, options.swap_mb)))
        size = WHOLE if options.full else QUICK
        try:
            found = measure(*size, options.seconds, python=python, limit=limit)
        except Exception:
            if limit is not None:
                print(limit.figures(), flush=True)  # whether the kernel killed something
            raise
    name = "small-installation" if limit is None else f"small-installation-{options.limit_mb}"
    how = {} if limit is None else {"limit_mb": options.limit_mb, "swap_mb": options.swap_mb}
    write_json(options.out / f"{stem(name, options.full)}.json", {"machine": machine(), **how, **found})
    for name, peak in found["peak_mb_by_step"].items():
        print(f"{name}: {peak} MB {found['mb_by_program'][name]}")


if __name__ == "__main__":
    main()
