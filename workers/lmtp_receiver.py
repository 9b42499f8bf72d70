"""LMTP receiver (RFC 2033): an email is stored before it is acknowledged."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from scheduler.config import Settings
from scheduler.services.emails.inbound import inbound_addresses, inbox, intake
from scheduler.services.operations import site_pause
from scheduler.services.operations.site_pause import SitePaused
from scheduler.storage.database import Database
from scheduler.storage.schema import DatabaseUnavailable
from scheduler.storage.schema_gate import SchemaGate
from scheduler.watchdog import Watchdog

LARGEST = 25 * 1024 * 1024
"""Size limit of an accepted email, in bytes. Of a large email only the beginning is stored."""

LATER = "451 4.3.0 Try again later"

THREADS = 12
"""Less than the size of the database's connection pool."""

log = structlog.get_logger()


class Receiver:
    """Handler for aiosmtpd. Method names and replies follow SMTP (RFC 5321 4.2)."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self.gate = SchemaGate(database)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept one recipient per message, so that the reply concerns it alone. The client sends the others
        next.
        """
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        try:
            known = await asyncio.to_thread(self._knows, address)
        except (DatabaseUnavailable, SitePaused):
            return LATER
        except Exception:
            log.exception("recipient not looked up")
            return LATER
        if not known:
            return "550 5.1.1 There is no such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        try:
            kept = await asyncio.to_thread(self._keep, envelope)
        except (DatabaseUnavailable, SitePaused):
            return LATER
        except intake.InboxFull:
            return "452 4.2.2 The address had too much mail; try again later"
        except Exception:
            log.exception("mail not kept")
            return LATER
        return "250 2.6.0 Kept" if kept else "550 5.1.1 There is no such address here"

    def _knows(self, address: str) -> bool:
        self.gate.require()
        with self.database.read() as session:
            site_pause.require_running(session)
            return inbound_addresses.parse_address(session, address, self.settings) is not None

    def _keep(self, envelope: Envelope) -> bool:
        self.gate.require()
        with self.database.read() as session:
            site_pause.require_running(session)
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        return inbox.receive_email(
            self.database, self.settings, envelope.rcpt_tos[0], raw, now=self.database.now()
        )


class _LongLines(LMTP):
    # Some clients send longer lines than RFC 5321 allows. Set on the class: `__init__` creates the reader.
    line_length_limit = LARGEST


class _Lmtp(Controller):
    def factory(self) -> SMTP:
        return _LongLines(self.handler, **self.SMTP_kwargs)


def watch(server: Controller, watchdog: Watchdog, every: float = 10.0) -> None:
    """Send heartbeats to the watchdog from the server's event loop."""

    def pulse() -> None:
        watchdog.pulse()
        server.loop.call_later(every, pulse)

    server.loop.call_soon_threadsafe(pulse)


def lmtp_server(database: Database, settings: Settings, host: str, port: int) -> Controller:
    """Return an LMTP server (RFC 2033) that runs in its own thread. Call `start` and `stop`."""
    receiver = Receiver(database, settings)
    server = _Lmtp(
        receiver, hostname=host, port=port, ready_timeout=10, ident="Chainmeet", data_size_limit=LARGEST
    )
    # Waiting handlers occupy threads; further emails need some of their own.
    server.loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="mail"))
    return server
