"""The programs of the embedded stack: how each is started, known to be ready, and in which order stopped."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from chainmeet.stack import broker, ports
from chainmeet.stack.data_folder import DataFolder
from chainmeet.stack.processes import Program
from scheduler.config import Settings

THREADS = 8
"""Of the web server: waiting for the live progress of a run holds one."""
LONGEST_LINE = "8190"
"""Octets of the first line of a request, as many as gunicorn takes: the application refuses fewer."""
MAILERS = 3
"""Processes that send mails: while some wait for server or database, others make mails."""
WEB, CLOCK, WORKER, CATCHER, BROKER = range(5)
"""Ranks of stopping: nothing stops before what it needs. All graces together stay below ten seconds."""


def broker_program(folder: DataFolder, socket: Path) -> Program:
    """The broker, unless the environment names one that runs already."""
    return Program(
        "broker",
        broker.command(broker.find_server(), socket, folder.broker),
        folder.log("broker"),
        is_ready=lambda: broker.answers(socket),
        stop_rank=BROKER,
        grace=1.0,
    )


def catcher_program(folder: DataFolder, smtp_port: int, page_port: int) -> Program:
    """The mail catcher and its page."""
    options = ("--folder", str(folder.mails), "--smtp-port", str(smtp_port), "--page-port", str(page_port))
    return Program(
        "mail catcher",
        (sys.executable, "-m", "chainmeet.mailcatcher", *options),
        folder.log("mailcatcher"),
        is_ready=lambda: ports.answers(smtp_port) and ports.answers(page_port),
        stop_rank=CATCHER,
        grace=1.0,
    )


def worker_programs(folder: DataFolder, settings: Settings) -> tuple[Program, ...]:
    """The workers for solves, for tasks that a person waits for, for mails and the rest, and the clock."""
    environment = _environment(settings)
    program = (sys.executable, "-m", "chainmeet.cli")

    def worker(processes: int, *kinds: str) -> Program:
        command = (*program, "worker", *kinds, "--processes", str(processes))
        return Program(
            f"{kinds[0]} worker", command, folder.log(kinds[0]), environment, stop_rank=WORKER, grace=5.0
        )

    clock = Program(
        "clock", (*program, "clock"), folder.log("clock"), environment, stop_rank=CLOCK, grace=2.0
    )
    return (
        worker(1, "solve"),
        worker(1, "urgent"),
        worker(MAILERS, "mail"),
        worker(2, "jobs", "untrusted"),
        worker(1, "board"),
        clock,
    )


def receiver_program(folder: DataFolder, settings: Settings, port: int) -> Program:
    """Takes answers in by LMTP."""
    return Program(
        "answers",
        (sys.executable, "-m", "chainmeet.cli", "receive", "--host", ports.HOST, "--port", str(port)),
        folder.log("answers"),
        _environment(settings),
        is_ready=lambda: ports.answers(port),
        stop_rank=WORKER,
        grace=2.0,
    )


def web_program(folder: DataFolder, settings: Settings, port: int) -> Program:
    """The web server. It is ready when its database and broker answer."""
    options: tuple[str, ...] = ("--worker-class", "gthread", "--threads", str(THREADS), "--no-control-socket")
    options += ("--logger-class", "api.gunicorn_logs.Logger", "--limit-request-line", LONGEST_LINE)
    bind = ("--bind", f"{ports.HOST}:{port}", "--graceful-timeout", "1")
    return Program(
        "web",
        (sys.executable, "-m", "gunicorn", "api.app:create_app()", *options, *bind),
        folder.log("web"),
        _environment(settings),
        is_ready=_responds(f"http://{ports.HOST}:{port}/readyz"),
        stop_rank=WEB,
        grace=2.0,
    )


def _environment(settings: Settings) -> Mapping[str, str]:
    return {**settings.to_env(), "PYTHONUNBUFFERED": "1"}


def _responds(url: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 -- an address of our own
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    return ask
