"""Programs of the embedded stack: commands, readiness checks and the order of shutdown."""

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
"""Threads of the web server. A page that shows live progress of a run occupies one."""
LONGEST_LINE = "8190"
"""Size limit of the request line in bytes, the largest of gunicorn. The application's limit is lower."""
MAILERS = 3
"""Processes that send emails: while some wait for the server or the database, others render emails."""
WEB, CLOCK, WORKER, CATCHER, BROKER = range(5)
"""Stop ranks: nothing stops after its dependencies. All grace periods together are below ten seconds."""


def broker_program(folder: DataFolder, socket: Path, *, has_log: bool = True) -> Program:
    """Return the embedded broker. It is not needed if the environment names a running one."""
    return Program(
        "broker",
        broker.command(broker.find_server(), socket, folder.broker),
        folder.log("broker") if has_log else None,
        is_ready=lambda: broker.answers(socket),
        stop_rank=BROKER,
        grace=1.0,
    )


def catcher_program(folder: DataFolder, smtp_port: int, page_port: int) -> Program:
    """Return the mail catcher and its page."""
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
    """Return the workers for solves, urgent tasks, emails, other tasks and the board, and the clock."""
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
    """Return the LMTP receiver of replies."""
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
    """Return the web server. It is ready when its database and broker respond."""
    return Program(
        "web",
        (sys.executable, "-m", "gunicorn", *web_arguments(ports.HOST, port)),
        folder.log("web"),
        _environment(settings),
        is_ready=responds(f"http://{ports.HOST}:{port}/readyz"),
        stop_rank=WEB,
        grace=2.0,
    )


def web_arguments(host: str, port: int, *, threads: int = THREADS) -> tuple[str, ...]:
    """Return gunicorn's arguments for one process of the web."""
    options: tuple[str, ...] = ("--worker-class", "gthread", "--threads", str(threads), "--no-control-socket")
    options += ("--logger-class", "api.gunicorn_logs.Logger", "--limit-request-line", LONGEST_LINE)
    return ("api.app:create_app()", *options, "--bind", f"{host}:{port}", "--graceful-timeout", "1")


def _environment(settings: Settings) -> Mapping[str, str]:
    return {**settings.to_env(), "PYTHONUNBUFFERED": "1"}


def responds(url: str) -> Callable[[], bool]:
    """Return a check whether the URL answers with 200."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 -- our own URL
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    return ask
