"""The embedded stack: one folder, one supervisor, and everything that Chainmeet needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chainmeet.stack import broker, ports, programs
from chainmeet.stack.data_folder import DataFolder
from chainmeet.stack.supervisor import Supervisor
from scheduler.config import PREFIX, Settings
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the site and of the mail catcher's page. 0 means any free port."""

    site: int = 8000
    mails: int = 8025


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack."""

    folder: DataFolder
    settings: Settings
    database: Database
    supervisor: Supervisor
    answers_port: int
    """Port of the LMTP receiver of replies."""


@contextmanager
def embedded_stack(data: Path, wanted: Ports, *, say: Callable[[str], None] = print) -> Iterator[Stack]:
    """Start the stack on a data folder, and stop it on exit.

    Call it in the main thread. Raises FolderInUse, PortTaken, BrokerMissing or ProgramFailed.
    """
    with ExitStack() as cleanup:
        folder = DataFolder.open(data)
        cleanup.enter_context(folder.lock())
        site = ports.take(wanted.site, "the site", "--port")
        mails = ports.take(wanted.mails, "the test inbox", "--mail-port")
        smtp = ports.take(0, "the mail catcher", "")
        answers = ports.take(0, "answers", "")
        redis_url = broker.external_url()
        socket = None if redis_url else cleanup.enter_context(folder.socket())
        settings = Settings(
            database_url=folder.database_url,
            redis_url=redis_url or f"redis+socket://{socket}",
            secret_key=folder.secret_keys(),
            base_url=f"http://{ports.HOST}:{site}",
            smtp_port=smtp,
            smtp_security="none",
            solve_workers=min(os.cpu_count() or 2, 8),
            tick_seconds=2,  # short, because a trial user is watching
            log_format="console",
            journal=str(folder.journal),
            mail_catcher_url=f"http://{ports.HOST}:{mails}",
        )
        _forget_own_variables()
        database = Database(settings.database_url)
        cleanup.callback(database.dispose)
        cleanup.callback(database.fold_in)  # after all processes have ended
        supervisor = cleanup.enter_context(Supervisor(folder.processes, say))
        if socket is not None:
            supervisor.start(programs.broker_program(folder, socket))
            broker.restore_unacknowledged(settings.redis_url)
        upgrade_schema(database)
        folder.remember(settings)
        supervisor.start(
            programs.catcher_program(folder, smtp, mails),
            *programs.worker_programs(folder, settings),
            programs.receiver_program(folder, settings, answers),
            programs.web_program(folder, settings, site),
        )
        yield Stack(folder, settings, database, supervisor, answers)


def _forget_own_variables() -> None:
    """Unset CHAINMEET_* variables of the shell: they are for other installations."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
